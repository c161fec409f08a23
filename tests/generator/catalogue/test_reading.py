"""What a well-kept school says, down to defaults, orders, titles and products."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath

import pytest

from gatekeeper.contract.products import Seats
from generator import catalogue
from generator.catalogue.model import Access, Level, Status, Visibility
from generator.errors import ContentError, Severity
from tests.generator.catalogue.building import COURSE, SCHOOL, lesson, read, write

SITES = Path(__file__).parents[2] / "sites"


def test_every_field_of_a_lesson_arrives(tmp_path: Path) -> None:
    text = """---
id: rust/known-by
title: The "title"
access: member
status: scheduled
publish_at: 2027-03-01T09:00:00+08:00
summary: Plain
  text.
tags: [a, "1.10", a]
authors: [ada]
level: advanced
prerequisites: [rust]
moved_from: [/rust/old, older/]
minutes: 12
updated: 2026-11-10
search: {exclude: true}
---
# Another title

Body
"""
    found = lesson(tmp_path, text)
    assert found.id == "rust/known-by"
    assert (found.course, found.slug, found.url) == ("rust", "first", "rust/first/")
    assert found.title == 'The "title"'
    assert (found.access, found.products) == (Access.MEMBER, ())
    assert found.status is Status.SCHEDULED
    assert found.publish_at == datetime(2027, 3, 1, 1, tzinfo=UTC)
    assert found.summary == "Plain text."
    assert found.tags == ("a", "1.10")
    assert (found.authors, found.level, found.prerequisites) == (("ada",), Level.ADVANCED, ("rust",))
    assert found.moved_from == ("rust/old/", "older/")
    assert (found.minutes, found.updated, found.search_exclude) == (12, date(2026, 11, 10), True)
    assert found.body == "# Another title\n\nBody\n"
    assert text.split("\n")[found.body_line - 1] == "# Another title"


def test_defaults_flow_from_school_to_course_to_lesson(tmp_path: Path) -> None:
    school = read(
        tmp_path,
        {
            "school.yml": "access: member\nlevel: advanced\nupcoming: public\n" + SCHOOL,
            "rust/course.yml": "title: R\nauthors: [ada]\nlanguage: zh\noutline: public\n",
            "rust/01-first.md": "# A\n",
            "rust/02-second.md": "---\naccess: free\nlevel: beginner\nauthors: []\n---\n# B\n",
        },
    )
    course = school.courses[0]
    assert (course.access, course.level, course.upcoming, course.outline) == (
        Access.MEMBER,
        Level.ADVANCED,
        Visibility.PUBLIC,
        Visibility.PUBLIC,
    )
    first, second = course.lessons
    assert (first.access, first.level, first.authors, first.language) == (
        Access.MEMBER,
        Level.ADVANCED,
        ("ada",),
        "zh",
    )
    assert (second.access, second.level, second.authors) == (Access.FREE, Level.BEGINNER, ())


def test_sibling_course_does_not_inherit_free_access(tmp_path: Path) -> None:
    """A name that starts like another's is another: `rust` and `rust-pro` (rule R3)."""
    files = {
        "rust/course.yml": "title: R\naccess: free\n",
        "rust-pro/course.yml": "title: P\n",
        "rust/01-first.md": "# A\n",
        "rust-pro/01-first.md": "# A\n",
    }
    with pytest.raises(ContentError) as caught:
        catalogue.read(write(tmp_path, files))
    assert [(problem.where, problem.what) for problem in caught.value.problems] == [
        ("rust-pro/01-first.md:1", "no access rule")
    ]


def test_a_lesson_of_a_paid_course_is_paid_and_opened_by_every_product_that_grants_it(tmp_path: Path) -> None:
    products = """
  - {id: all, kind: subscription, interval: month, title: All, grants: ["*"], prices: {USD: 1}}
  - {id: one, kind: bundle, title: One, grants: [rust/second], prices: {USD: 1}, active: false}
  - {id: other, kind: course, title: Other, grants: [go], prices: {USD: 1}}
"""
    school = read(
        tmp_path,
        {
            "school.yml": SCHOOL.rstrip("\n") + products,
            "go/course.yml": "title: Go\naccess: paid\nproducts: [other, all]\n",
            "go/01-first.md": "# A\n",
            "rust/01-first.md": "# A\n",
            "rust/02-second.md": "# B\n",
            "rust/03-third.md": "---\nproducts: [other, rust]\n---\n# C\n",
            "rust/04-fourth.md": "---\naccess: free\n---\n# D\n",
        },
    )
    assert {each.id: each.products for each in school.lessons} == {
        "go/first": ("all", "other"),
        "rust/first": ("rust", "all"),
        "rust/second": ("rust", "all", "one"),
        "rust/third": ("rust", "other"),
        "rust/fourth": (),
    }


def test_a_folder_of_plain_markdown_becomes_a_course_by_one_file() -> None:
    school, warnings = catalogue.read(SITES / "plain-folder" / "content")
    assert warnings == ()
    course = school.courses[0]
    assert [(each.slug, each.title, each.section) for each in course.lessons] == [
        ("overview", "Start here & now", None),
        ("setext", "Setext title with code", None),
        ("rules", "After rules", None),
        ("deeper", "Going deeper", "Going deeper"),
        ("deeper/second", "Second", "Going deeper"),
        ("deeper/ninth", "Ninth", "Going deeper"),
        ("deeper/tenth", "Tenth", "Going deeper"),
        ("faq", "FAQ", None),
        ("how-to/install", "Install", "How to"),
    ]
    assert {each.access for each in course.lessons} == {Access.PAID}
    rules = course.lessons[2]
    assert rules.body.startswith("---\n\nA motto: between rules\n\n---\n")
    assert school.files == {PurePosixPath("plain/files/data.csv"): 4}


def test_an_mdbook_summary_gives_order_and_sections() -> None:
    school, warnings = catalogue.read(SITES / "mdbook-summary" / "content")
    assert warnings == ()
    parts, nested = school.courses
    assert [(each.path.name, each.title, each.section) for each in parts.lessons] == [
        ("intro.md", "Intro", None),
        ("b.md", "Beta", "Part One"),
        ("a.md", "Title from the summary", "Part One"),
        ("c.md", "Gamma", "Part Two: more"),
        ("end.md", "End", "Part Two: more"),
    ]
    assert [(each.path.name, each.section) for each in nested.lessons] == [
        ("preface.md", None),
        ("one.md", "One"),
        ("one-b.md", "One"),
        ("two-a.md", "Two, not written"),
        ("deep.md", "Two, not written"),
    ]


def test_an_explicit_list_gives_order_and_sections(tmp_path: Path) -> None:
    course = COURSE + "lessons:\n  - z.md\n  - section: Basics\n    lessons: [sub/b.md, a.md]\n"
    school = read(
        tmp_path,
        {"rust/course.yml": course, "rust/a.md": "# A\n", "rust/sub/b.md": "# B\n", "rust/z.md": "# Z\n"},
    )
    assert [(each.slug, each.section) for each in school.lessons] == [
        ("z", None),
        ("sub/b", "Basics"),
        ("a", "Basics"),
    ]


def test_bom_and_crlf_do_not_matter(tmp_path: Path) -> None:
    text = "\ufeff---\r\ntitle: A\r\nsummary: S\r\n---\r\n# A\r\n\r\nBody\r\n"
    found = lesson(tmp_path, text)
    assert (found.title, found.summary, found.body, found.body_line) == ("A", "S", "# A\n\nBody\n", 5)


@pytest.mark.parametrize(
    ("markdown", "title"),
    [
        ("# Plain", "Plain"),
        ("## `Vec<T>` and *more* { #anchor .x }", "Vec<T> and more"),
        ("# A [link](x.md) and ![picture](y.png)[^1] ##", "A link and picture"),
        ("<!-- old\n# Not this\n-->\n\n# This", "This"),
        ("```\n# code\n```\n\n# Text", "Text"),
        ("~~~ sh\n# code\n```\n# code\n~~~\n\n# Text", "Text"),
        ("Setext *title*\n===", "Setext title"),
        ("paragraph\n\nTwo\n---", "Two"),
        ("- item\n---\n\n# H", "H"),
        ("# `__init__.py` 的作用", "__init__.py 的作用"),
        ("# snake_case_name", "snake_case_name"),
        ("# 第一步 { #first-steps }", "第一步"),
        ("# AT&amp;T <kbd>x</kbd> \\* ==mark== ++ctrl+c++", "AT&T x * mark ctrl + c"),
        ("# C# and F#", "C# and F"),
    ],
)
def test_a_title_is_the_first_heading_without_markup(tmp_path: Path, markdown: str, title: str) -> None:
    assert lesson(tmp_path, markdown + "\n").title == title


@pytest.mark.parametrize(
    "text",
    [
        "---\n\n# A\n\ntext\n\n---\n\nmore: text\n",
        "---\n# A\n\nSome words: here\n\n---\n",
        "---\n\n# A\n",
        "----\n# A\n",
        "***\n# A\n",
    ],
)
def test_a_rule_at_the_top_is_no_front_matter(tmp_path: Path, text: str) -> None:
    found = lesson(tmp_path, text)
    assert (found.title, found.body, found.body_line) == ("A", text, 1)


def test_hidden_files_are_ignored_and_configuration_is_no_attachment(tmp_path: Path) -> None:
    school = read(
        tmp_path,
        {
            ".ids.json": "{}",
            "rust/.drafts/x y.md": "# X\n",
            "rust/.DS_Store": b"\x00",
            "rust/files/a.bin": b"\x00\x01",
            "includes/setup.md": "text",
            "includes/setup.py": "x",
            "rust/includes/part.md": "text",
            "rust/01-first.md": "# A\n",
        },
    )
    assert [str(each.path) for each in school.lessons] == ["rust/01-first.md"]
    assert school.files == {PurePosixPath("includes/setup.py"): 1, PurePosixPath("rust/files/a.bin"): 2}


def test_fields_that_only_mkdocs_knows_are_passed_over_with_a_warning(tmp_path: Path) -> None:
    content = write(tmp_path, {"rust/01-first.md": "---\nhide: [toc]\n---\n# A\n"})
    _, warnings = catalogue.read(content)
    assert [(each.where, each.severity) for each in warnings] == [("rust/01-first.md:2", Severity.WARNING)]


def test_courses_come_in_their_order_then_by_id(tmp_path: Path) -> None:
    files = {
        f"{name}/course.yml": f"title: T\naccess: free\n{order}"
        for name, order in [("a", ""), ("b", "order: 2\n"), ("c", "order: 1\n")]
    }
    files |= {f"{name}/01-x.md": "# X\n" for name in "abc"}
    assert [course.id for course in read(tmp_path, files).courses] == ["c", "b", "a", "rust"]


def test_a_missing_cover_is_a_warning_where_the_course_says_so(tmp_path: Path) -> None:
    content = write(tmp_path, {"rust/course.yml": COURSE + "cover: files/none.svg\nmissing_files: warn\n"})
    school, warnings = catalogue.read(content)
    assert school.courses[0].cover is None
    assert [each.what for each in warnings] == ["cover: there is no file 'files/none.svg'"]


def test_addresses_of_the_school_are_brought_into_one_form(tmp_path: Path) -> None:
    school = read(
        tmp_path,
        {
            "school.yml": SCHOOL.replace("example/", "example/learn")
            + "gatekeeper_url: https://gate.example/\n"
        },
    )
    assert (school.base_url, school.gatekeeper_url) == (
        "https://school.example/learn/",
        "https://gate.example",
    )


def test_files_that_differ_in_their_numbers_alone_keep_them(tmp_path: Path) -> None:
    """A folder of `01-lesson.md`, `02-lesson.md` … is a course, too; a file with a name of its own still loses its number."""
    names = ("01-lesson.md", "02-lesson.md", "03-Lesson.md", "04-other.md")
    school = read(tmp_path, {f"rust/{name}": f"# {name}\n" for name in names} | {"rust/course.yml": COURSE})
    assert [each.slug for each in school.courses[0].lessons] == [
        "01-lesson",
        "02-lesson",
        "03-Lesson",
        "other",
    ]


def test_every_kind_of_product_is_read_with_its_defaults(tmp_path: Path) -> None:
    school = read(
        tmp_path,
        {
            "school.yml": SCHOOL
            + """\
  - {id: all, kind: subscription, interval: year, title: All, grants: ["*"], prices: {JPY: 9800}, grace_days: 14}
  - {id: life, kind: membership, title: Life, prices: {USD: 9}, giftable: false}
  - {id: team, kind: team, title: Team, grants: [rust], prices: {USD: 9}, seats: {max: 50}}
  - {id: taste, kind: trial, title: Taste, grants: [rust/first], days: 14}
""",
            "rust/01-first.md": "---\nproducts: [rust]\n---\n# First\n",
        },
    )
    sold = school.products
    assert [product.giftable for product in sold.values()] == [True, False, False, False, False]
    assert [product.grace_days for product in sold.values()] == [7, 14, 7, 7, 7]
    assert sold["life"].grants == ("*",)
    assert sold["team"].seats == Seats(least=1, most=50)
    assert (sold["taste"].days, dict(sold["taste"].prices)) == (14, {})
    assert school.lessons[0].products == ("rust", "taste"), (
        "a trial opens its lesson whatever the lesson names"
    )


def test_a_trial_opens_its_lesson_and_no_other_of_the_course(tmp_path: Path) -> None:
    files = {
        "school.yml": f"{SCHOOL}  - {{id: taste, kind: trial, title: Taste, grants: [rust/first]}}\n",
        "rust/01-first.md": "# First\n",
        "rust/02-second.md": "# Second\n",
    }
    school = read(tmp_path, files)
    assert [lesson.products for lesson in school.lessons] == [("rust", "taste"), ("rust",)]
    assert school.courses[0].products == ("rust",)


def test_coupons_are_read_with_their_limits(tmp_path: Path) -> None:
    coupons = """\
coupons:
  - {code: spring-27, percent: 20, expires: 2027-06-01T00:00:00+08:00}
  - {code: FIRST-50, amount: {USD: 500}, uses: 50, per_reader: 1, products: [rust]}
"""
    school = read(tmp_path, {"school.yml": SCHOOL + coupons})
    spring, first = school.coupons.values()
    assert (spring.code, spring.percent, spring.uses, spring.products) == ("SPRING-27", 20, None, ())
    assert spring.expires == datetime(2027, 5, 31, 16, tzinfo=UTC)
    assert (dict(first.amounts), first.uses, first.per_reader, first.products) == (
        {"USD": 500},
        50,
        1,
        ("rust",),
    )
    assert (spring.line, first.line) == (9, 10)
