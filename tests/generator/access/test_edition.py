"""What shows at a moment: published, upcoming, hidden, retired (case L11)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator import access
from generator.access.edition import Edition
from generator.catalogue.model import Lesson
from tests.generator.access.splitting import NOW, notices, split
from tests.generator.catalogue.building import COURSE, read

AT = "2027-03-01T09:00:00+08:00"
BEFORE = datetime(2027, 3, 1, 0, 59, 59, tzinfo=UTC)
EXACTLY = datetime(2027, 3, 1, 1, tzinfo=UTC)
FILES = {
    "rust/01-out.md": "---\nsummary: S\n---\n# Out\n",
    "rust/02-draft.md": "---\nstatus: draft\n---\n# Draft\n\n<!--paywall-->\n\n![x](files/none.png)\n",
    "rust/03-later.md": f"---\nsummary: S\nstatus: scheduled\npublish_at: {AT}\n---\n# Later\n",
    "rust/04-old.md": "---\nsummary: S\nstatus: retired\n---\n# Old\n",
}


def ids(lessons: tuple[Lesson, ...]) -> list[str]:
    return [lesson.slug for lesson in lessons]


def shown(edition: Edition) -> list[str]:
    return [lesson.slug for course in edition.courses for lesson in course.lessons]


def test_l11_drafts_and_unannounced_lessons_are_nowhere(tmp_path: Path) -> None:
    """L11"""
    edition = split(tmp_path, FILES, BEFORE)
    assert shown(edition) == ["out"]
    assert set(edition.lessons) == {"rust/out", "rust/old"}
    assert (ids(edition.upcoming), ids(edition.hidden)) == ([], ["draft", "later"])
    assert len(edition.school.lessons) == 4


def test_a_scheduled_lesson_is_announced_only_where_the_course_says_so(tmp_path: Path) -> None:
    edition = split(tmp_path, FILES | {"rust/course.yml": COURSE + "upcoming: public\n"}, BEFORE)
    assert (ids(edition.upcoming), ids(edition.hidden)) == (["later"], ["draft"])
    assert "rust/later" not in edition.lessons


def test_a_scheduled_lesson_is_out_at_its_very_second(tmp_path: Path) -> None:
    edition = split(tmp_path, FILES, EXACTLY)
    assert shown(edition) == ["out", "later"]
    assert ids(edition.hidden) == ["draft"]


def test_mistakes_of_a_draft_are_warnings(tmp_path: Path) -> None:
    edition = split(tmp_path, FILES)
    assert [where for where, _ in notices(edition)] == ["rust/02-draft.md:6"]


@pytest.mark.parametrize(("status", "lessons"), [("draft", set()), ("retired", {"rust/out", "rust/old"})])
def test_a_course_that_is_not_out_covers_its_lessons(tmp_path: Path, status: str, lessons: set[str]) -> None:
    edition = split(
        tmp_path, FILES | {"rust/course.yml": COURSE + f"upcoming: public\nstatus: {status}\n"}, BEFORE
    )
    assert edition.courses == ()
    assert set(edition.lessons) == lessons
    assert edition.upcoming == ()


def test_a_moment_without_a_zone_is_refused(tmp_path: Path) -> None:
    school = read(tmp_path, {})
    with pytest.raises(ValueError, match="time zone"):
        access.split(school, NOW.replace(tzinfo=None))


def test_the_same_school_gives_the_same_edition(tmp_path: Path) -> None:
    """Z27"""
    school = read(tmp_path, FILES | {"rust/02-draft.md": "---\nstatus: draft\n---\n# D\n"})
    assert access.split(school, NOW) == access.split(school, NOW)
