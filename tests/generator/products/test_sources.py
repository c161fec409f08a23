"""What a release was made of, by its parts."""

from __future__ import annotations

import pytest

from generator.products.fit import source_obstacles
from generator.products.sources import differing, digests

SCHOOL = b"name: S\nproducts: [{id: a, prices: {USD: 1}}]\n"
CONTENT = {"school.yml": b"s", "rust/01.md": b"1", "rust/files/a.png": b"2", "sql/01.md": b"3"}
AROUND = {"mkdocs.yml": b"m", "theme/main.html": b"t", "../../house/theme/x.html": b"h"}
BEFORE = digests(CONTENT, AROUND, SCHOOL)


def test_each_course_and_what_lies_around_has_a_digest_and_the_house_has_none() -> None:
    assert list(BEFORE) == ["content/school.yml", "content/rust", "content/sql", "mkdocs.yml", "theme"]


@pytest.mark.parametrize(
    ("content", "around", "school", "differ"),
    [
        ({}, {}, SCHOOL.replace(b"USD: 1", b"USD: 2") + b"coupons: [{code: SPRING, percent: 5}]\n", ()),
        ({"school.yml": b"other"}, {}, b"# a comment\n" + SCHOOL, ()),
        ({}, {}, SCHOOL.replace(b"name: S", b"name: T"), ("content/school.yml",)),
        ({"rust/files/a.png": b"9"}, {}, SCHOOL, ("content/rust",)),
        ({"go/01.md": b"9"}, {}, SCHOOL, ("content/go",)),
        ({}, {"theme/main.html": b"9"}, SCHOOL, ("theme",)),
        ({}, {"../../house/theme/x.html": b"9"}, SCHOOL, ()),
    ],
)
def test_what_is_sold_may_differ_and_everything_else_is_named(
    content: dict[str, bytes], around: dict[str, bytes], school: bytes, differ: tuple[str, ...]
) -> None:
    assert differing(BEFORE, digests(CONTENT | content, AROUND | around, school)) == differ


def test_a_file_that_only_moved_is_another() -> None:
    moved = {("rust/02.md" if path == "rust/01.md" else path): data for path, data in CONTENT.items()}
    assert differing(BEFORE, digests(moved, AROUND, SCHOOL)) == ("content/rust",)


def test_a_release_that_does_not_say_what_it_was_made_of_is_no_ground_to_stand_on() -> None:
    (said,) = source_obstacles({}, BEFORE)
    assert "publish" in said
    assert source_obstacles(BEFORE, BEFORE) == ()
