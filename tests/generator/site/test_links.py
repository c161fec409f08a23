from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

import pytest

from generator.access.edition import Edition
from generator.site.links import Directory, Links, Rewritten, find
from tests.generator.site.editions import course, edition, lesson


@pytest.fixture(scope="module")
def school() -> Edition:
    return edition(
        course(
            "rust",
            lesson("01-intro.md", public_files=["rust/files/a b.png", "rust/files/图.svg"]),
            lesson("02-traits.md", "# T\n", "more\n", private_files=["rust/files/secret.zip"]),
            lesson("03-draft-secret.md", status="draft"),
            lesson("04-later.md", status="scheduled"),
            lesson("05-tools/01-cargo.md", slug="tools/cargo", id="rust/tools/cargo"),
            lesson("README.md", slug="overview", id="rust/overview"),
        ),
        course("web", lesson("01-http.md")),
    )


def rewrite(
    school: Edition, text: str, *, source: str = "rust/01-intro.md", private: bool = False
) -> Rewritten:
    page = {"rust/01-intro.md": "rust/intro.md", "rust/05-tools/01-cargo.md": "rust/tools/cargo.md"}[source]
    return Links(Directory.of(school), "https://gate.example").rewrite(
        text, source=PurePosixPath(source), page=page, first_line=5, private=private
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[t](02-traits.md)", "[t](traits.md)"),
        ("[t](02-traits.md#bounds)", "[t](traits.md#bounds)"),
        ("[t](02-traits.html#bounds)", "[t](traits.md#bounds)"),
        ('[t](02-traits.md "a title")', '[t](traits.md "a title")'),
        ("[t](<02-traits.md>)", "[t](<traits.md>)"),
        ("[`code`](02-traits.md)", "[`code`](traits.md)"),
        ("[t](../web/01-http.md)", "[t](../web/http.md)"),
        ("[t](../web/)", "[t](../web/index.md)"),
        ("[t](../web/index.md)", "[t](../web/index.md)"),
        ("[t](05-tools/01-cargo.md)", "[t](tools/cargo.md)"),
        ("[t](index.md)", "[t](overview.md)"),
        ("[t](04-later.md#x)", "[t](later.md)"),
        ("[t][r]\n\n[r]: 02-traits.md#b", "[t][r]\n\n[r]: traits.md#b"),
        ("![a](files/a%20b.png){ width=1 }", "![a](files/a%20b.png){ width=1 }"),
        ("[![a](files/图.svg)](02-traits.md)", "[![a](files/图.svg)](traits.md)"),
        ('<a href="02-traits.md#b">t</a>', '<a href="../traits/#b">t</a>'),
        ("<img src='files/图.svg' alt=''>", "<img src='../files/%E5%9B%BE.svg' alt=''>"),
        ("- item\n\n    [t](02-traits.md)", "- item\n\n    [t](traits.md)"),
    ],
)
def test_a_link_to_a_source_file_becomes_one_to_its_staged_page(
    school: Edition, before: str, after: str
) -> None:
    assert rewrite(school, before).text == after


@pytest.mark.parametrize(
    "text",
    [
        "`[t](02-traits.md)`",
        "```md\n[t](02-traits.md)\n```",
        "text\n\n    [t](02-traits.md)",
        "[t](https://example.com/02-traits.md)",
        "[t](//example.com/02-traits.md)",
        "[t](mailto:a@b.c)",
        "[t](#here)",
        "[t](/02-traits.md)",
        "[t](../../02-traits.md)",
        "[t](nowhere.md)",
        "[t](http://[broken)",
        "[^r]: 02-traits.md",
        r"[t\](02-traits.md)",
    ],
)
def test_code_foreign_and_unknown_links_are_left_alone(school: Edition, text: str) -> None:
    assert rewrite(school, text).text == text


def test_links_from_a_nested_lesson_are_relative_to_its_page(school: Edition) -> None:
    text = rewrite(
        school, "[t](../02-traits.md) ![](../files/图.svg)", source="rust/05-tools/01-cargo.md"
    ).text
    assert text == "[t](../traits.md) ![](../files/图.svg)"


def test_a_draft_is_neither_named_nor_linked(school: Edition) -> None:
    done = rewrite(school, "one\n\n[soon](03-draft-secret.md#hidden-heading)")
    assert done.text == "one\n\n[soon](index.md)"
    assert [(p.where, p.severity) for p in done.problems] == [("rust/01-intro.md:7", "warning")]
    assert "draft-secret" not in done.text
    assert "hidden-heading" not in done.text


def test_a_hidden_course_is_neither_named_nor_linked(school: Edition) -> None:
    web = next(course for course in school.courses if course.id == "web")
    hidden = replace(
        school,
        courses=tuple(course for course in school.courses if course is not web),
        lessons={id_: one for id_, one in school.lessons.items() if one.lesson.course != "web"},
        hidden=(*school.hidden, *web.lessons),
    )
    done = rewrite(hidden, "[a](../web/01-http.md#x) [b](../web/) <a href='../web/01-http.html'>c</a>")
    assert done.text == "[a](../index.md) [b](../index.md) <a href='../../'>c</a>"
    assert len(done.problems) == 3


def test_a_private_file_is_fetched_from_the_gatekeeper_by_private_text_only(school: Edition) -> None:
    text = "[code](files/secret.zip){ .md-button }"
    assert rewrite(school, text, private=True).text == (
        "[code](https://gate.example/files/rust/files/secret.zip){ .md-button }"
    )
    assert rewrite(school, text).text == text


def test_the_highlighter_gets_mdbooks_language(school: Edition) -> None:
    text = "```rust,ignore,noplayground\nlet x = [t](02-traits.md);\n```\n"
    assert rewrite(school, text).text == "```rust\nlet x = [t](02-traits.md);\n```\n"
    kept = '```{.python title="a,b"}\n```\n\n```py hl_lines="1,2"\n```\n'
    assert rewrite(school, kept).text == kept


def test_every_link_knows_its_line_and_how_the_author_wrote_it(school: Edition) -> None:
    origins = rewrite(school, "a\n\n[t](02-traits.md#b)\n\n[x](gone.md)").origins
    assert (origins["traits.md#b"].line, origins["traits.md#b"].destination) == (7, "02-traits.md#b")
    assert origins["gone.md"].line == 9


def test_destinations_are_found_in_order() -> None:
    found = find("[a](1.md) <a href='2.md'>x</a> ![b](3_(x).png)\n\n[r]: <4 5.md>\n")
    assert [link.destination for link in found] == ["1.md", "2.md", "3_(x).png", "4 5.md"]
