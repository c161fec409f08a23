"""What a build puts beside its pages: files, what it remembers of the school, and the list of what a release will hold."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

from gatekeeper.contract import canonical
from generator.access.edition import Edition
from generator.errors import ContentError, Problem
from generator.site import address, inputs, navigation, shelf
from generator.site.cache import Cache, LessonRow, Stamp
from generator.site.contents import contents_of
from generator.site.links import entries_of
from generator.site.offers import opened_lessons
from generator.site.outputs import MANIFEST, SITE, STAGE, Outputs, is_as, write
from generator.site.project import Project
from generator.site.stage import Plan


def surroundings(project: Project, cache: Cache) -> Mapping[str, Stamp]:
    """Settings and theme as they are, remembered."""
    looked_at = time.time_ns()
    different = inputs.compare(
        project.root,
        inputs.surroundings(project),
        cache.stamps("surroundings"),
        looked_at=int(cache.get("looked_around_at") or 0),
    )
    if not different.nothing or different.is_restamped:
        cache.put_stamps("surroundings", different.now, different.gone)
        cache.put("looked_around_at", str(looked_at).encode())
    return different.now


def put_files(
    here: Outputs,
    plan: Plan,
    project: Project,
    static: Mapping[str, str],
    templates: Mapping[str, bytes],
    *,
    is_same_theme: bool,
) -> None:
    """The author's public files, feeds and the like, and the theme's files; the author's go before the theme's.

    Raises ContentError with every file that cannot be read or lies outside the content folder.
    """
    mistakes: list[Problem] = []
    for path, source in plan.files.items():
        try:
            _put_both(here, path, shelf.read_file(project.content, source))
        except ContentError as error:
            mistakes += error.problems
    if mistakes:
        raise ContentError(mistakes)
    for path, text in plan.texts.items():
        _put_both(here, path, text)
    taken = plan.files.keys() | plan.texts.keys()
    for path, place in static.items():
        if path in taken:
            continue
        output = SITE + path
        if is_same_theme and output in here.before and output not in here.wrong:
            here.keep(output)
        else:
            here.put(output, Path(place).read_bytes())
    for path, text in templates.items():
        here.put(SITE + path, text)


def _put_both(here: Outputs, path: str, data: bytes) -> None:
    here.put(STAGE + path, data)
    here.put(SITE + path, data)


def put_school(cache: Cache, edition: Edition, plan: Plan, faces: Mapping[str, bytes]) -> None:
    """Remember what is needed to make a lesson anew by itself."""
    lessons = {
        cut.lesson.path.as_posix(): LessonRow(
            id=id_, course=cut.lesson.course, page=address.lesson_page(cut.lesson), face=faces[id_]
        )
        for id_, cut in edition.lessons.items()
        if id_ in faces
    }
    directory = {path: (target.value, page) for path, (target, page) in entries_of(edition).items()}
    slices = {
        course: navigation.dumps_with_neighbours(course, slice_, plan.places)
        for course, slice_ in plan.slices.items()
    }
    cache.put_school(lessons, directory, slices)
    cache.put("opens", json.dumps(opened_lessons(edition)).encode())
    cache.put("home", json.dumps(home_of(plan)).encode())


def home_of(plan: Plan) -> navigation.Entry:
    """The entry of the page where the site begins."""
    home = address.page_at("")
    for place in plan.places.values():
        for entry in (place.before, place.after):
            if entry is not None and entry["page"] == home:
                return entry
    raise AssertionError("a school has a catalogue and a page of tags")


def put_contents(cache: Cache, edition: Edition, project: Project, base_url: str) -> None:
    """Write `manifest.json`, unless it is there. Raises LyceumError for a private file that cannot be read."""
    sources = cache.stamps("sources")
    files = {}
    for path in sorted(edition.private_files):
        stamp = sources.get(path.as_posix())
        if stamp is None:
            data = shelf.read_file(project.content, path)
            stamp = Stamp(len(data), 0, inputs.sha256(data))
        files[path.as_posix()] = (stamp.sha256, stamp.size)
    contents = contents_of(edition, base_url=base_url, parts=cache.part_digests(), files=files)
    put_manifest(cache, project, canonical.dumps(contents))


def put_manifest(cache: Cache, project: Project, data: bytes) -> None:
    before = cache.stamp("outputs", MANIFEST)
    path = project.build / MANIFEST
    if before is not None and before.sha256 == inputs.sha256(data) and is_as(path, before):
        return
    cache.put_stamps("outputs", {MANIFEST: write(path, data)})
