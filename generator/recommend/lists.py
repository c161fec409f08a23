"""Recommendations → what a page prints: titles, addresses and locks of the suggested lessons, each with its reason.

Titles, access and tags are public facts of lessons that the edition lists; whatever a model says, no other lesson gets into a list (rule
R2). The words around a reason are the theme's, in the page's language.

    lists      of lessons and of courses, as their pages print them: in the page's front matter, so part of what the page depends on
    files      what the pages' script and the gatekeeper's account page fetch: `publish`
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator.access.edition import Edition
from generator.catalogue.model import Lesson
from generator.recommend.fitting import fitting
from generator.recommend.recommendations import Reason, Recommendations, Suggestion

if TYPE_CHECKING:
    from generator.site.cache import Cache

Entry = dict[str, object]

SHOWN = 5
SHOWN_OF_COURSE = 4
_CACHED = "lists/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A list as a page prints it. fits: the product that opens most of it, and how many. has_row: the lesson has a row of its own."""

    entries: tuple[Entry, ...]
    fits: tuple[str, int] | None = None
    has_row: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """lessons, courses: by id. files: path on the site → bytes."""

    lessons: Mapping[str, Shown] = field(default_factory=dict)
    courses: Mapping[str, Shown] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)

    def remember(self, cache: Cache, edition: Edition) -> None:
        """Keep the lists of each course's lessons, for builds that read only that course."""
        for course in edition.courses:
            own = {
                lesson.id: _packed(self.lessons[lesson.id])
                for lesson in course.lessons
                if lesson.id in self.lessons
            }
            cache.put(_CACHED + course.id, json.dumps(own, ensure_ascii=False).encode())


NO_LISTS = Lists()


def remembered(cache: Cache, courses: Iterable[str]) -> Lists:
    """The lists of these courses' lessons as the last build of the school made them."""
    lessons: dict[str, Shown] = {}
    for course in courses:
        for id_, (entries, fits, has_row) in json.loads(cache.get(_CACHED + course) or b"{}").items():
            lessons[id_] = Shown(
                entries=tuple(entries), fits=None if fits is None else (fits[0], fits[1]), has_row=has_row
            )
    return Lists(lessons=lessons)


def _packed(shown: Shown) -> list[object]:
    return [shown.entries, shown.fits, shown.has_row]


def lists_of(
    found: Recommendations, edition: Edition, opens: Mapping[str, int], files: Mapping[str, bytes]
) -> Lists:
    """opens: product → how many published lessons it opens. files: as in Lists."""
    listed = {lesson.id: lesson for course in edition.courses for lesson in course.lessons}
    titles = {course.id: course.title for course in edition.courses}

    def shown(suggestions: tuple[Suggestion, ...], subject: str, length: int) -> Shown | None:
        chosen = [one for one in suggestions if one.lesson in listed and one.lesson != subject][:length]
        if not chosen:
            return None
        locked = [listed[one.lesson] for one in chosen if _is_locked(listed[one.lesson], edition)]
        return Shown(
            entries=tuple(_entry(one, subject, listed, titles, edition) for one in chosen),
            fits=fitting(locked, edition.school.products, opens),
            has_row=subject in found.rows,
        )

    lessons = {id_: shown(found.lessons.get(id_, ()), id_, SHOWN) for id_ in listed}
    courses = {id_: shown(found.courses.get(id_, ()), id_, SHOWN_OF_COURSE) for id_ in titles}
    return Lists(
        lessons={id_: one for id_, one in lessons.items() if one},
        courses={id_: one for id_, one in courses.items() if one},
        files=files,
    )


def _entry(
    one: Suggestion, subject: str, listed: Mapping[str, Lesson], titles: Mapping[str, str], edition: Edition
) -> Entry:
    lesson = listed[one.lesson]
    entry: Entry = {
        "title": lesson.title,
        "url": lesson.url,
        "language": lesson.language,
        "course": titles[lesson.course],
        "access": lesson.access.value,
        "minutes": edition.lessons[lesson.id].minutes,
        "reason": one.reason.value,
    }
    if one.reason is Reason.READERS:
        # Of the page's own lesson the text says "this lesson"; one that is listed no longer is not named.
        named = listed.get(one.subject)
        entry["subject"] = named.title if named is not None and one.subject != subject else ""
    elif one.subject:
        entry["subject"] = one.subject
    if one.explored:
        entry["explored"] = True
    return entry


def _is_locked(lesson: Lesson, edition: Edition) -> bool:
    return edition.lessons[lesson.id].private_markdown is not None
