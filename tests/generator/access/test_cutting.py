"""What each half of a lesson holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from gatekeeper.contract.access import MEMBER, PUBLIC, products_rule
from generator.access.cutting import escaped
from generator.access.edition import OutlineEntry
from tests.generator.access.rendering import html, tree
from tests.generator.access.splitting import notices, one, refused, split


def test_the_marker_parts_a_lesson(tmp_path: Path) -> None:
    text = "---\ntitle: T\n---\n# T\n\nLead-in.\n\n<!-- paywall -->\n\n## Rest\n\nSecret.\n"
    found = one(tmp_path, text)
    assert found.public_markdown == "# T\n\nLead-in.\n"
    assert found.private_markdown == "## Rest\n\nSecret.\n"
    assert text.split("\n")[found.private_line - 1] == "## Rest"
    assert found.rule == products_rule(["rust"])


def test_bom_and_crlf_do_not_move_the_cut(tmp_path: Path) -> None:
    found = one(tmp_path, "\ufeff# T\r\n\r\nLead-in.\r\n\r\n<!-- paywall -->\r\n\r\nSecret.\r\n")
    assert (found.public_markdown, found.private_markdown) == ("# T\n\nLead-in.\n", "Secret.\n")


def test_tabs_and_code_stay_as_written(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        "# T\n\n```make\nall:\n\tcc x.c\n```\n\n<!-- paywall -->\n\n```go\nfunc f() {\n\treturn\n}\n```\n",
    )
    assert "\n\tcc x.c\n" in found.public_markdown
    assert found.private_markdown == "```go\nfunc f() {\n\treturn\n}\n```\n"


def test_a_free_lesson_is_public_whole(tmp_path: Path) -> None:
    found = one(tmp_path, "---\naccess: free\n---\n# T\n\nAll `<!-- paywall -->` of it.\n")
    assert found.rule == PUBLIC
    assert found.private_markdown is None
    assert found.public_markdown == "# T\n\nAll `<!-- paywall -->` of it.\n"


def test_a_member_lesson_is_cut_too(tmp_path: Path) -> None:
    found = one(tmp_path, "---\naccess: member\n---\n# T\n\nLead-in.\n\n<!-- paywall -->\n\nSecret.\n")
    assert (found.rule, found.private_markdown) == (MEMBER, "Secret.\n")


@pytest.mark.parametrize("marker", ["<!-- paywall -->", "<!--paywall-->", "<!-- Paywall -->"])
def test_l18_a_marker_in_a_free_lesson_is_refused(tmp_path: Path, marker: str) -> None:
    """L18"""
    (problem,) = refused(
        tmp_path, {"rust/01-first.md": f"---\naccess: free\n---\n# T\n\nA\n\n{marker}\n\nB\n"}
    )
    assert problem.where == "rust/01-first.md:8"


def test_mistakes_name_lines_of_the_file_and_all_lessons_are_looked_at(tmp_path: Path) -> None:
    files = {
        "rust/01-a.md": "---\ntitle: A\n---\n# A\n\nx\n\n<!-- paywall -->\n\ny\n\n<!-- paywall -->\n",
        "rust/02-b.md": "# B\n\n- x\n\n    <!-- paywall -->\n",
        "rust/03-c.md": "# C\n\n```\nx\n\n<!-- paywall -->\n",
    }
    assert [(problem.where, problem.what) for problem in refused(tmp_path, files)] == [
        ("rust/01-a.md:12", "a second paywall marker; the first is in line 8"),
        ("rust/02-b.md:5", "the paywall marker stands in a list"),
        (
            "rust/03-c.md:3",
            "the code block that starts here is never closed, so the cut after it cannot be trusted",
        ),
    ]


def test_without_a_marker_the_summary_is_public(tmp_path: Path) -> None:
    found = one(tmp_path, "---\nsummary: What it is *about*.\n---\n# The `title` { #t }\n\nSecret.\n")
    assert found.public_markdown == "# The `title` { #t }\n\nWhat it is &#42;about&#42;.\n"
    assert found.private_markdown == "Secret.\n"
    assert found.private_line == 6


def test_without_marker_and_summary_only_the_heading_is_public_and_it_is_said(tmp_path: Path) -> None:
    edition = split(tmp_path, {"rust/01-first.md": "# T\n\nSecret.\n"})
    found = edition.lessons["rust/first"]
    assert (found.public_markdown, found.private_markdown) == ("# T\n", "Secret.\n")
    assert notices(edition) == [
        (
            "rust/01-first.md:1",
            "a paid lesson without a marker and without a summary: only its title is public",
        )
    ]


def test_a_title_from_front_matter_becomes_the_heading_where_there_is_none(tmp_path: Path) -> None:
    found = one(tmp_path, "---\ntitle: A <b> & `c`\nsummary: S\n---\nSecret *text*.\n")
    assert "".join(tree(html(found.public_markdown)).itertext()).split("\n")[0] == "A <b> & `c`"
    assert found.private_markdown == "Secret *text*.\n"


@pytest.mark.parametrize("lead", ["", "# T\n\n", "# T\n\n<!-- a note to myself -->\n\n", "[ref]: x.md\n\n"])
def test_an_empty_lead_in_is_filled_with_the_summary_and_it_is_said(tmp_path: Path, lead: str) -> None:
    edition = split(
        tmp_path, {"rust/01-first.md": f"---\ntitle: T\nsummary: S\n---\n{lead}<!-- paywall -->\n\nSecret.\n"}
    )
    found = edition.lessons["rust/first"]
    assert found.public_markdown.startswith("# T\n\n")
    assert found.public_markdown.endswith("\nS\n")
    assert found.private_markdown is not None
    assert found.private_markdown.startswith("Secret.\n")
    assert "nothing stands above the paywall marker: its summary is public instead" in [
        what for _, what in notices(edition)
    ]


def test_a_heading_right_below_an_empty_lead_in_is_not_shown_twice(tmp_path: Path) -> None:
    found = one(tmp_path, "---\nsummary: S\n---\n<!-- paywall -->\n\n# T\n\nSecret.\n")
    assert (found.public_markdown, found.private_markdown) == ("# T\n\nS\n", "Secret.\n")


def test_a_marker_that_is_text_is_mentioned_when_no_other_cuts(tmp_path: Path) -> None:
    edition = split(
        tmp_path, {"rust/01-first.md": "---\nsummary: S\n---\n# T\n\n```\n<!-- paywall -->\n```\n"}
    )
    assert [notice.hint for notice in edition.notices] == [
        "the marker in line 7 stands in code or HTML and is text; write a lead-in that everybody may read, and <!-- paywall --> below it"
    ]


@pytest.mark.parametrize(
    "text",
    [
        'Plain words, with (some) signs: a/b - c; 100% "sure"?',
        "*stars* _and_ __init__ `code` [link](x) <b>tag</b> &amp; ![x](y) $x$ ~~no~~ ^^u^^ ==m== ++k++ H~2~O x^2^",
        "# not a heading",
        "1. not a list",
        "- not a list",
        '!!! not "an admonition"',
        "> no quote",
        '--8<-- "no/include.md"',
        '=== "no tab"',
        "/// no block",
        "[^1]: no note",
        "*[AB]: no abbreviation",
        "| a | b |",
        "a { .class }",
        ":smile: http://x.y/z user@host",
        "\\(x\\) \\[y\\] \\* \\",
        "中文、标点;和 *星号*。",
        "<!-- paywall -->",
    ],
)
def test_a_summary_shows_as_it_is_written(text: str) -> None:
    shown = tree(html(escaped(text)))
    assert [element.tag for element in shown] == ["p"]
    assert "".join(shown.itertext()) == text
    assert not list(shown[0])


def test_the_outline_shows_private_headings_only_where_the_course_allows(tmp_path: Path) -> None:
    text = (
        "# T\n\n## Public\n\nx\n\n<!-- paywall -->\n\n## One `f()` { #one }\n\n```\n## code\n```\n\n    ## code\n\n"
        "### Two *b*\ntext\n\nThree\n-----\n\n> ## quoted\n\n# Four\n"
    )
    open_ = {"rust/course.yml": "title: R\naccess: paid\noutline: public\n", "rust/01-first.md": text}
    expected = (
        OutlineEntry(level=2, title="One f()"),
        OutlineEntry(level=3, title="Two b"),
        OutlineEntry(level=2, title="Three"),
        OutlineEntry(level=2, title="Four"),
    )
    assert split(tmp_path / "a", open_).lessons["rust/first"].outline == expected
    assert split(tmp_path / "b", {"rust/01-first.md": text}).lessons["rust/first"].outline == ()


def test_l09_a_heading_in_a_comment_or_html_is_not_in_the_outline(tmp_path: Path) -> None:
    """L09"""
    text = "# T\n\nx\n\n<!-- paywall -->\n\n## One\n\n<!--\n## Commented out\n-->\n\n<div>\n## Raw\n</div>\n\n## Two\n"
    files = {"rust/course.yml": "title: R\naccess: paid\noutline: public\n", "rust/01-first.md": text}
    outline = split(tmp_path, files).lessons["rust/first"].outline
    assert [entry.title for entry in outline] == ["One", "Two"]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("# T\n", 5),
        ("# T\n" + "word " * 2000, 10),
        ("# 题\n" + "字" * 6000, 15),
        ("---\nminutes: 7\n---\n# T\n", 7),
    ],
)
def test_minutes_are_the_authors_or_rounded_to_five(tmp_path: Path, text: str, minutes: int) -> None:
    assert one(tmp_path, text).minutes == minutes
