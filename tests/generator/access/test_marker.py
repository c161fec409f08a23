"""The marker cuts at top level and nowhere else: the cut is right or refused (case L18)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.access.fences import fences, normalized
from generator.access.marker import MARKER, Verdict, find
from tests.generator.access.rendering import CONTAINERS, comments, html, tree


def verdict(text: str) -> Verdict:
    lines = normalized(text)
    return find(lines, fences(lines))


@pytest.mark.parametrize(
    "text",
    [
        "Lead.\n\n@\n\nRest.",
        "Lead.\n@\nRest.",
        "@",
        "# Title\n@\nRest.",
        "- item\n\n@\n\nRest.",
        "- item\n\n@\n\n- item",
        "```\ncode\n```\n@\nRest.",
        "<p>raw</p>\n\n@\n\nRest.",
        "<div>\n```\n</div>\n```\n\n</div>\n\n@",
        "<!-- a comment -->\n\n@",
        "/// tip\n\ninside\n\n///\n\n@",
        "| a | b |\n|---|---|\n| 1 | 2 |\n\n@\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "A line with `<div>` and a < b and Vec<T>.\n\n@",
        "!!! tip\n    inside\n\n@\n\nRest.",
        "[^1]: note\n\n@\n\nRest [^1].",
        "@\n\n    code",
        "- a\n    ```\n    x\n    ```\n\n@\n\nb",
    ],
)
def test_a_line_of_its_own_at_top_level_cuts(text: str) -> None:
    text = text.replace("@", MARKER)
    found = verdict(text)
    assert (found.line, found.mistakes) == (text.split("\n").index(MARKER), [])


@pytest.mark.parametrize(
    "text",
    [
        "```\n@\n```",
        "~~~ html\n@\n~~~",
        "````\n```\n@\n```\n````",
        "- item\n\n    ```\n    @\n    ```",
        "> ```\n> @\n> ```",
        "text\n\n    @",
        "    @",
        "\t@",
        "- item\n\n        @",
        "<div>\n@\n</div>",
        "<div>\n\n@\n\n</div>",
        "<pre>\n@\n</pre>",
        "<!--\n@\n-->",
        "<!-- before\n\n@\n\nafter -->",
        "Write `@` alone in a line.",
        "Write `` ` @ ` `` so.",
        "a `code\nspan @ over\nlines` b",
        "| a | b |\n|---|---|\n| `@` | 2 |",
    ],
)
def test_in_code_html_and_comments_it_is_text(text: str) -> None:
    found = verdict(text.replace("@", MARKER))
    assert (found.line, found.mistakes) == (None, [])
    assert len(found.as_text) == 1


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("- item\n\n    @", "a list"),
        ("- @", "a list"),
        ("1. item\n@\n2. item", "a list"),
        ("- item\n  @", "a list"),
        ("- item\n\n  @", "is indented"),
        ("- item\n\n@\n\n    more of the item", "a list"),
        ("> @", "a quotation"),
        ("> quote\n@", "a quotation"),
        ("| a | b |\n|---|---|\n| @ | 2 |", "a table"),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n@\n| 3 | 4 |", "a table"),
        ('=== "Tab"\n\n    @', "a tab"),
        ("!!! note\n    @", "an admonition"),
        ("!!! note\n\n    text\n\n    @\n\n    text", "an admonition"),
        ("??? note\n    @", "a collapsible block"),
        ("!!! note\n    text\n\n@\n\n    text", "an admonition"),
        ("/// tip\n\n@\n\n///", "an admonition"),
        ("/// details | x\n@\n///", "a collapsible block"),
        ("//// tab | A\n\n/// note\nx\n///\n\n@\n\n////", "a tab"),
        ("[^1]: @\n\nuse [^1]", "a footnote"),
        ("[^1]: note\n\n    @\n\nuse [^1]", "a footnote"),
        ("term\n:   @", "a definition list"),
        ("term\n:   text\n\n    @", "a definition list"),
        ("term\n\n@\n\n:   text", "a definition list"),
        ("# @", "a heading"),
        ("text @ text", "a paragraph"),
        ("text\n    @", "a paragraph"),
        ("  @", "is indented"),
        ("<div markdown>\n\n@\n\n</div>", "an HTML block"),
        ("<div>\n\n@\n\ntext", "an HTML block that is never closed"),
        ("text <b>bold\n@\n</b>", "a paragraph"),
        ("@ text", "not quite a paywall marker"),
        ("@ @", "not quite a paywall marker"),
        ("```\ncode\n\n@\n\ntext", "the code block that starts here is never closed"),
        (
            "```python\ncode\n\n@\n\n```python\nmore\n```",
            "the code block that starts here runs over the paywall marker",
        ),
        ("Lead.\n\n@\n\ntext\n\n@", "a second paywall marker; the first is in line"),
    ],
)
def test_inside_other_blocks_twice_or_after_an_open_fence_it_is_refused(text: str, what: str) -> None:
    found = verdict(text.replace("@", MARKER))
    assert what in " ".join(mistake.what for mistake in found.mistakes)
    assert all(mistake.hint for mistake in found.mistakes)
    if "second" not in what:
        assert found.line is None


@pytest.mark.parametrize(
    "written",
    [
        *(
            "<!--paywall-->",
            "<!-- pay-wall -->",
            "<!-- Paywall -->",
            "<!-- PAYWALL -->",
            "<!-- paywal -->",
            "<!-- payall -->",
        ),
        *(
            "<!-- pay wall -->",
            "<!--  paywall  -->",
            "<!-- paywall-->",
            "<!-- paywall",
            "<! paywall >",
            "<!- paywall ->",
        ),
        *(
            "<!— paywall —>",
            "<!–– paywall ––>",
            "＜!-- paywall --＞",
            "&lt;!-- paywall --&gt;",
            "<!-- paywall. -->",
        ),
        *(
            "<!-- paywall here -->",
            "<!-- end paywall -->",
            "<!-- /paywall -->",
            "<!--\npaywall\n-->",
            "<!-- pa\u00adywall -->",
        ),
        *("<!-- paywall\u200b -->", "<!--\u00a0paywall\u00a0-->", "<!-- paywall --> x", "x <!-- paywall -->"),
        *(
            "[paywall]",
            "{% paywall %}",
            "{{ paywall }}",
            "<paywall>",
            "<paywall/>",
            "<!-- payawll -->",
            "<!-- Paywall: from here -->",
        ),
    ],
)
def test_l18_a_marker_written_otherwise_is_refused(written: str) -> None:
    """L18"""
    found = verdict(f"Lead.\n\n{written}\n\nRest.")
    assert found.line is None
    assert len(found.mistakes) == 1, found
    assert "<!-- paywall -->" in found.mistakes[0].hint or "top level" in found.mistakes[0].hint


@pytest.mark.parametrize(
    "written",
    [
        *(
            "<!-- payment -->",
            "<!-- more -->",
            "<!-- play -->",
            "See [paywall](x.md).",
            "A paywall is a wall.",
            "# Paywall",
        ),
        "<!-- we might want to move the paywall of this lesson further down -->",
        *(
            "- paywall",
            "**paywall**",
            "`<!--paywall-->`",
            "    <!--paywall-->",
            "<!-- overall -->",
            "<small>",
            "[firewall]",
        ),
    ],
)
def test_other_comments_and_the_word_itself_are_left_alone(written: str) -> None:
    found = verdict(f"Lead.\n\n{written}\n\nRest.")
    assert (found.line, found.mistakes) == (None, [])


_BLOCKS = st.sampled_from(
    [
        *(
            "Text with *markup*.",
            "Two\nlines.",
            "# Heading",
            "Setext\n---",
            "---",
            "Text `code <div>` text.",
            "a < b & c > d",
        ),
        *(
            "- one\n- two",
            "- one\n\n- two",
            "- one\n\n    more",
            "1. one\n2. two\n    - deep",
            "- [ ] task",
            "*   one\n    two",
        ),
        *(
            "> quote",
            "> quote\nlazy",
            "> - a\n>\n> b",
            "| a | b |\n|---|---|\n| 1 | 2 |",
            "term\n:   text\n\n    more",
        ),
        *(
            "```\ncode\n```",
            "~~~ py\n# x\n~~~",
            "    code\n    code",
            "- a\n\n    ```\n    x\n    ```",
            "```\n<div>\n```",
        ),
        *(
            "!!! note\n    text",
            '??? tip "T"\n    text\n\n    more',
            '=== "A"\n\n    text\n\n=== "B"\n\n    text',
        ),
        *("/// tip\ntext\n///", "/// details | T\n\ntext\n\n///", "//// tab | A\n\n/// note\nx\n///\n\n////"),
        *(
            "<div>\nraw\n</div>",
            "<section>\n\nraw\n\n</section>",
            "<p>raw</p>",
            "<!-- comment -->",
            "<!--\nlong\n\ncomment\n-->",
        ),
        *(
            "<div markdown>\n\n*text*\n\n</div>",
            "text <span>x</span> text",
            '<img src="x.png">',
            "<br>",
            "$$\nx\n$$",
        ),
        *(
            "[^1]: note\n\n    more",
            "use [^1]",
            "[ref]: http://x.y",
            "*[AB]: abbreviation",
            "text [ref] AB",
            "```python",
        ),
    ]
)
_PREFIXES = st.sampled_from(["", "", "", "", "  ", "    ", "        ", "> ", "- ", "text ", "`"])


@st.composite
def _documents(draw: st.DrawFn) -> str:
    lines = "\n\n".join(draw(st.lists(_BLOCKS, min_size=1, max_size=6))).split("\n")
    prefix = draw(_PREFIXES)
    place = draw(st.integers(0, len(lines)))
    if draw(st.booleans()):
        lines[place:place] = ["", prefix + MARKER + ("`" if prefix == "`" else ""), ""]
    else:
        lines.insert(place, prefix + MARKER + ("`" if prefix == "`" else ""))
    return "\n".join(lines)


@given(_documents())
@settings(max_examples=800, deadline=None)
def test_the_verdict_agrees_with_where_the_engine_puts_the_comment(text: str) -> None:
    found = verdict(text)
    trails = comments(tree(html(text)), "paywall")
    if found.line is not None:
        assert trails == [[]], "cut where the comment is not at top level"
    elif not found.mistakes:
        assert [] not in trails, "a marker at top level was passed over"
        held = {element.tag for trail in trails for element in trail}
        classes = " ".join(element.get("class") or "" for trail in trails for element in trail)
        assert not held & CONTAINERS
        assert not re.search("admonition|tabbed|footnote", classes)


@given(_documents())
@settings(max_examples=400, deadline=None)
def test_the_halves_render_as_the_whole_did(text: str) -> None:
    """Without what definitions share, cutting changes nothing: both halves are closed where they are cut."""
    if any(sign in text for sign in ("[^1]", "[ref]", "*[AB]")):
        return
    found = verdict(text)
    if found.line is None:
        return
    lines = text.split("\n")
    lead, rest = "\n".join(lines[: found.line]), "\n".join(lines[found.line + 1 :])
    whole = html(text).replace(MARKER, "")
    assert _plain(_tabs(html(lead) + html(rest))) == _plain(_tabs(whole))


def _plain(markup: str) -> str:
    return re.sub(r"\s+", "", markup)


def _tabs(markup: str) -> str:
    """Tabs are numbered by document; numbers do not matter here."""
    return re.sub(r"__tabbed_\d+(_\d+)?|data-tabs=\"[^\"]*\"|(?<=\")\d+:\d+(?=\")", "", markup)
