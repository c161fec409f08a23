"""Definitions follow their use, and nothing private follows them out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.access.definitions import definitions
from generator.access.fences import fences, normalized
from tests.generator.access.rendering import html
from tests.generator.access.splitting import notices, one, refused, split

CUT = "\n\n<!-- paywall -->\n\n"


def halves(root: Path, lead: str, rest: str) -> tuple[str, str]:
    found = one(root, f"# T\n\n{lead}{CUT}{rest}\n")
    assert found.private_markdown is not None
    return found.public_markdown, found.private_markdown


def test_a_definition_above_the_marker_that_only_the_private_half_uses_is_not_public(tmp_path: Path) -> None:
    public, private = halves(
        tmp_path,
        "Lead.\n\n[secret]: https://hidden.example/x\n*[SEC]: hidden words\n\nMore.",
        "See [it][secret], SEC.",
    )
    assert public == "# T\n\nLead.\n\nMore.\n"
    assert private == "See [it][secret], SEC.\n\n[secret]: https://hidden.example/x\n\n*[SEC]: hidden words\n"


def test_a_definition_below_that_the_lead_in_uses_is_public_and_it_is_said(tmp_path: Path) -> None:
    text = f"# T\n\nSee [Docs] and [^n], GIL.{CUT}Rest.\n\n[docs]: https://x.example\n\n[^n]: A note,\n    on two lines.\n\n    And a block.\n\n*[GIL]: lock\n"
    edition = split(tmp_path, {"rust/01-first.md": text})
    found = edition.lessons["rust/first"]
    assert found.public_markdown == (
        "# T\n\nSee [Docs] and [^n], GIL.\n\n[docs]: https://x.example\n\n[^n]: A note,\n    on two lines.\n\n    And a block.\n\n*[GIL]: lock\n"
    )
    assert found.private_markdown == "Rest.\n"
    assert notices(edition) == [
        (
            "rust/01-first.md:9",
            "defined below the paywall and public, because the lead-in uses it: [docs], [^n], [GIL]",
        )
    ]


def test_a_definition_that_both_use_is_in_both(tmp_path: Path) -> None:
    public, private = halves(tmp_path, "See [a].\n\n[a]: https://a.example", "Again [a].")
    assert public == "# T\n\nSee [a].\n\n[a]: https://a.example\n"
    assert private == "Again [a].\n\n[a]: https://a.example\n"


def test_a_definition_that_nobody_uses_stays_private(tmp_path: Path) -> None:
    public, private = halves(
        tmp_path, "Lead.\n\n[^old]: A forgotten note.\n[url]: https://old.example", "Rest."
    )
    assert "forgotten" not in public
    assert "old.example" not in public
    assert "forgotten" in private


@pytest.mark.parametrize(
    "mention",
    [
        "`[x]`",
        "``[y][x] [^x] XY``",
        "```\n[x] [^x] XY\n```",
        "    [x] [^x] XY",
        "\\[x\\]",
        "<!-- [x] XY -->",
        "[x](files.md)",
    ],
)
def test_a_mention_in_code_or_comment_is_no_use(tmp_path: Path, mention: str) -> None:
    rest = "[x] [^x] XY\n\n[x]: https://secret.example\n[^x]: secret note\n\n*[XY]: secret words"
    public, private = halves(tmp_path, f"Lead.\n\n{mention}", rest)
    assert "secret" not in public
    assert private.count("secret") == 3


def test_uses_are_followed_through_footnotes(tmp_path: Path) -> None:
    rest = "Rest.\n\n[^a]: See [^b].\n\n[^b]: And [ref] of ABC.\n\n[ref]: https://deep.example\n\n*[ABC]: alphabet\n\n[^c]: Not this [other].\n\n[other]: https://not.example"
    public, private = halves(tmp_path, "Lead[^a].", rest)
    assert {name for name in ("[^a]:", "[^b]:", "[ref]:", "*[ABC]:") if name in public} == {
        "[^a]:",
        "[^b]:",
        "[ref]:",
        "*[ABC]:",
    }
    assert "[^c]" not in public
    assert "not.example" not in public
    assert "[^a]" not in private
    assert "not.example" in private


def test_footnotes_with_code_and_blocks_move_whole(tmp_path: Path) -> None:
    note = "[^n]: First.\n\n    ```python\n    x = [1]\n\n    y = 2\n    ```\n\n    Last [l].\n\n[l]: https://l.example"
    public, private = halves(tmp_path, f"Lead.\n\n{note}\n\nEnd.", "Use[^n].")
    assert public == "# T\n\nLead.\n\nEnd.\n"
    assert private == f"Use[^n].\n\n{note}\n"


@pytest.mark.parametrize(
    "written",
    [
        "- item\n\n    [x]: https://secret.example",
        "!!! note\n    [x]: https://secret.example\n\n    text",
        "> [x]: https://secret.example",
        "[x]:\n    https://secret.example\n    'A title'",
        '[x]: <https://secret.example> "secret title"',
        "Text right above\n[x]: https://secret.example\nand below.",
        "   [X]: https://secret.example (title)",
    ],
)
def test_definitions_of_every_shape_are_found(tmp_path: Path, written: str) -> None:
    public, private = halves(tmp_path, f"Lead.\n\n{written}\n\nEnd.", "Use [it][x].")
    assert "secret" not in public
    assert "https://secret.example" in html(private)


def test_a_definition_that_cannot_be_moved_is_refused(tmp_path: Path) -> None:
    text = f"# T\n\n- [x]: https://secret.example\n{CUT}Use [x].\n"
    (problem,) = refused(tmp_path, {"rust/01-first.md": text})
    assert (problem.where, problem.what) == (
        "rust/01-first.md:3",
        "a definition in a place where it cannot be moved to the half that uses it",
    )


def test_what_looks_like_a_definition_in_code_or_html_is_text(tmp_path: Path) -> None:
    lead = "Lead.\n\n    [x]: code\n\n```\n[x]: code\n```\n\n<div>\n[x]: html\n</div>"
    public, _ = halves(tmp_path, lead, "Use [x].\n\n[x]: https://secret.example")
    assert public == f"# T\n\n{lead}\n"


def test_each_half_keeps_its_own_definition_of_a_name(tmp_path: Path) -> None:
    public, private = halves(
        tmp_path, "See [a].\n\n[a]: https://one.example", "See [a].\n\n[a]: https://two.example"
    )
    assert public == "# T\n\nSee [a].\n\n[a]: https://one.example\n"
    assert private == "See [a].\n\n[a]: https://two.example\n"


def test_a_lesson_without_a_marker_keeps_its_definitions_where_they_are(tmp_path: Path) -> None:
    text = "Text [a].\n\n[a]: https://a.example\n\n[^1]: Note.\n"
    assert one(tmp_path, f"# T\n\n{text}").private_markdown == text


_NAMES = ["alpha", "beta", "Gamma"]
_USES = st.sampled_from(
    [
        *(f"text [{name}] text" for name in _NAMES),
        *(f"[link `c`][{name}]" for name in _NAMES),
        *(f"![picture][{name}]" for name in _NAMES),
        *(
            "an AB here",
            "the CD, again",
            "note[^1]",
            "note[^2] and [^3]",
            "`[alpha] AB [^1]`",
            "plain",
            "[alpha](x.md)",
        ),
        *(
            "```\n[beta] CD [^2]\n```",
            "    [alpha] AB",
            "- item [beta]\n\n    more AB",
            "> quote [Gamma]",
            "\\[alpha]",
            "[a [beta] b]",
        ),
        *(
            "| a [alpha] | CD |\n|---|---|\n| [^3] | x |",
            "!!! note\n    [beta] AB",
            "<div>\n[alpha] AB\n</div>",
            "# Heading [alpha]",
        ),
    ]
)
_DEFINED = st.sampled_from(
    [
        *(f"[{name}]: https://u{n}.example" for n, name in enumerate(_NAMES)),
        '[ALPHA]:\n  https://u5.example\n  "title"',
        *(
            "*[AB]: u6",
            "*[CD]: u7",
            "[^1]: u8 [beta]",
            "[^2]: u9 AB\n\n    more u10",
            "[^3]: see [^1]\n    u11",
            "- li\n\n    [beta]: https://u12.example",
        ),
    ]
)


@given(st.lists(st.one_of(_USES, _DEFINED), max_size=5), st.lists(st.one_of(_USES, _DEFINED), max_size=5))
@settings(max_examples=400, deadline=None)
def test_the_public_half_holds_exactly_the_definitions_that_it_shows(
    tmp_path_factory: pytest.TempPathFactory, lead: list[str], rest: list[str]
) -> None:
    """Every definition carries a word of its own; the words in the public half are those that rendering it shows."""
    text = "Lead.\n\n" + "\n\n".join(lead)
    found = one(tmp_path_factory.mktemp("s"), f"# T\n\n{text}{CUT}Rest.\n\n" + "\n\n".join(rest) + "\n")
    assert found.private_markdown is not None
    assert _words(found.public_markdown) == _words(html(found.public_markdown))
    whole = html(f"# T\n\n{text}{CUT}Rest.\n\n" + "\n\n".join(rest))
    if not {*re.findall(r"^ *\[\^?\w+\]:|^\*\[", text, re.MULTILINE)}:  # no name is defined in both halves
        shown = whole.partition("<!-- paywall -->")[0]
        assert _links(found.public_markdown) == _links_in(shown)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\bu\d+\b", text))


def _links(markdown: str) -> list[str]:
    return _links_in(html(markdown).partition('<div class="footnote">')[0])


def _links_in(markup: str) -> list[str]:
    return re.findall(r'(?:href|src|title)="([^"#]+)"', markup)


@given(st.lists(st.one_of(_USES, _DEFINED), max_size=8))
@settings(max_examples=300, deadline=None)
def test_reading_lines_finds_what_the_engine_finds(parts: list[str]) -> None:
    from generator.access import engine

    text = "\n\n".join(parts)
    lines = normalized(text)
    found = {one.key for one in definitions(lines, fences(lines).mask(len(lines)))}
    real = engine.defined(text)
    assert found == real.references | real.footnotes | real.abbreviations
