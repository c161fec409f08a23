"""A page costs what its course costs, not what the school costs."""

from __future__ import annotations

from generator.site.build import Site
from tests.generator.site.conftest import Builder
from tests.generator.site.editions import course, edition, lesson


def _site(builder: Builder, courses: int) -> Site:
    drafts = [
        course(
            f"course-{number:02}",
            lesson("01-first.md", "# First\n\nText.\n"),
            lesson("02-second.md", "# Second\n\nText.\n", "More.\n"),
            lesson("03-third.md", "# Third\n\nText.\n"),
        )
        for number in range(courses)
    ]
    return builder(edition(*drafts))[0]


def test_pages_of_a_course_do_not_grow_with_the_school(builder: Builder) -> None:
    small, large = _site(builder, 3), _site(builder, 60)
    # A course in the middle, so that its neighbours are courses in both schools.
    for url in ("course-01/", "course-01/first/", "course-01/second/", "course-01/third/"):
        few, many = ((site.public / url / "index.html").read_bytes() for site in (small, large))
        assert few == many, f"{url}: {len(few)} bytes in 3 courses, {len(many)} in 60"
    few, many = ((site.public / "404.html").read_bytes() for site in (small, large))
    assert len(few) == len(many)
