"""Lessons whose own text is all that has changed, made anew by themselves: nothing of the school is read but their courses.

Everything that others show of a lesson (its `face`: title, access, tags, minutes, outline, files, the whole front matter of its page)
is compared with what the cache knows. When it is the same, no other output can differ; when it is not, or when anything else
speaks against it, `make` gives up and the whole school is read (`build`). So this is only ever a shorter way to the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from gatekeeper.contract import canonical
from generator.access.edition import Edition, LessonEdition
from generator.access.splitting import split_alone, state
from generator.catalogue.model import Course, School, Status
from generator.catalogue.reading import read_courses
from generator.errors import ContentError, Problem
from generator.recommend.lists import remembered
from generator.site import known, navigation, outputs, schedule
from generator.site.cache import Cache
from generator.site.contents import entry
from generator.site.finish import put_manifest
from generator.site.links import Target
from generator.site.navigation import NeedsWholeNavigation, ShownPage
from generator.site.outputs import STAGE, Outputs
from generator.site.pages import Finish, PageResult, Pages
from generator.site.project import Project
from generator.site.render import Renderer
from generator.site.stage import Stager

if TYPE_CHECKING:
    from generator.site.leaks.screen import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """What was made. results: of the changed lessons' pages. is_page_changed: whether the HTML of any page is another."""

    results: tuple[PageResult, ...]
    is_page_changed: bool


class _GiveUpError(Exception):
    """More than these lessons' texts is concerned."""


def make(
    paths: Collection[str],
    *,
    project: Project,
    cache: Cache,
    here: Outputs,
    now: datetime,
    reading: Reading | None = None,
    finish: Finish | None = None,
) -> Alone | None:
    """Make the lessons at these content paths anew, or None when the whole school must be read.

    here: the outputs, all as they were left. The cache is changed, and not committed.
    """
    try:
        return _make(paths, project, cache, here, now, reading, finish)
    except (_GiveUpError, ContentError, NeedsWholeNavigation):
        return None


def _make(
    paths: Collection[str],
    project: Project,
    cache: Cache,
    here: Outputs,
    now: datetime,
    reading: Reading | None,
    finish: Finish | None,
) -> Alone:
    rows = {}
    for path in paths:
        row = cache.lesson(path)
        if row is None:
            raise _GiveUpError
        rows[path] = row
    if not cache.get("is_pure") or set(json.loads(cache.get("included") or b"[]")).intersection(paths):
        raise _GiveUpError
    school, warnings = read_courses(project.content, {path.partition("/")[0] for path in paths})
    if warnings:
        raise _GiveUpError
    edition, notices = _edition(school, paths, project, cache, now)
    stager = Stager(
        edition,
        project,
        directory=known.directory(cache),
        opens=json.loads(cache.get("opens") or b"{}"),
        lists=remembered(cache, {course.id for course in edition.courses}),
    )
    pages = _pages(edition, stager, project, cache, here, reading, finish)
    results = tuple(schedule.across(pages.make, [rows[path].page for path in paths]))
    is_page_changed = any(
        result.record is None or cache.html_digest(result.path) != result.record.html_sha256
        for result in results
    )
    for path, result in zip(paths, results, strict=True):
        if result.face != rows[path].face:
            raise _GiveUpError
        _put(path, result, notices[path], cache, here)
    _put_parts(results, edition, project, cache)
    return Alone(results=results, is_page_changed=is_page_changed)


def _edition(
    school: School, paths: Collection[str], project: Project, cache: Cache, now: datetime
) -> tuple[Edition, dict[str, tuple[Problem, ...]]]:
    """As much of the edition as the pages of these lessons are made of, and what was noticed in them."""
    targets = known.targets(cache, project.content)
    lessons: dict[str, LessonEdition] = {}
    notices: dict[str, tuple[Problem, ...]] = {}
    courses: list[Course] = []
    for course in school.courses:
        shown = []
        for lesson in course.lessons:
            status = state(lesson, course, now)
            if status is Status.PUBLISHED:
                shown.append(lesson)
            path = lesson.path.as_posix()
            if path not in paths:
                continue
            alone = split_alone(lesson, course, school, now, targets)
            if alone is None:
                raise _GiveUpError
            cut, notices[path] = alone
            lessons[lesson.id] = replace(
                cut,
                private_files=frozenset(file for file in cut.private_files if not _is_public(file, cache)),
            )
        courses.append(replace(course, lessons=tuple(shown)))
    if notices.keys() != set(paths):
        raise _GiveUpError
    covers = frozenset(course.cover for course in courses if course.cover is not None)
    return Edition(
        school=school,
        now=now,
        courses=tuple(courses),
        lessons=lessons,
        public_files=covers,
        private_files={},
        unused_files=frozenset(),
        upcoming=(),
        hidden=(),
        notices=(),
    ), notices


def _is_public(file: PurePosixPath, cache: Cache) -> bool:
    found = cache.entry(file.as_posix())
    return found is not None and found[0] == Target.PUBLIC


def _pages(
    edition: Edition,
    stager: Stager,
    project: Project,
    cache: Cache,
    here: Outputs,
    reading: Reading | None,
    finish: Finish | None,
) -> Pages:
    places: dict[str, navigation.Place] = {}
    slices: dict[str, navigation.Slice] = {}
    for course in edition.courses:
        text = cache.slice(course.id)
        if text is None:
            raise _GiveUpError
        slices[course.id], found = navigation.loads(text)
        places |= {page: place for page, place in found.items() if place.course}

    def exists(path: str) -> bool:
        return STAGE + path in here.before

    from generator.site import address

    lessons = {address.lesson_page(cut.lesson): cut for cut in edition.lessons.values()}
    return Pages(
        edition=edition,
        stage=lambda path: stager.lesson(lessons[path]),
        lessons={path: cut.lesson.id for path, cut in lessons.items()},
        places=places,
        shown={course: navigation.shown(slice_) for course, slice_ in slices.items()},
        slices={course: navigation.digest(slice_) for course, slice_ in slices.items()},
        making=cache.get("making") or b"",
        renderer=Renderer(
            project,
            cache.get("settings") or b"",
            home=ShownPage(json.loads(cache.get("home") or b"{}")),
            exists=exists,
        ),
        exists=exists,
        known={},
        outputs=here,
        reading=reading,
        finish=finish,
    )


def _put(path: str, result: PageResult, notices: tuple[Problem, ...], cache: Cache, here: Outputs) -> None:
    if result.record is None:
        raise AssertionError("nothing is known beforehand, so everything has a record")
    cache.put_page(result.record)
    cache.put_stamps("outputs", result.stamps)
    for output, stamp in result.stamps.items():
        here.wrote(output, stamp)
    cache.put_problems("split", notices, [path])
    cache.put_problems("pages", result.problems, [path])


def _put_parts(results: tuple[PageResult, ...], edition: Edition, project: Project, cache: Cache) -> None:
    """Write the new private halves into `manifest.json`."""
    changed: Mapping[str, tuple[bytes, int]] = {
        record.lesson: (record.part_sha256, record.part_size)
        for result in results
        if (record := result.record)
        and record.lesson
        and record.part_sha256 is not None
        and record.part_size is not None
    }
    path = project.build / outputs.MANIFEST
    if not changed or not path.is_file():
        return
    contents = json.loads(path.read_bytes())
    for lesson, digest in changed.items():
        contents["parts"][lesson] = entry(digest, edition.lessons[lesson].rule, lesson)
    put_manifest(cache, project, canonical.dumps(contents))
