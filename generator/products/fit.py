"""Whether a new release differs from the running one in what is sold alone: products, coupons, the rules that follow from them and
the pages that print them. Anything else is published by `lyceum publish`, where it is looked at as a whole.

- The sources are the same but for products and coupons in school.yml (`sources`).
- The private half is the same to the byte: the same lessons at the same addresses, the same parts and files. Rules may differ.
- Of the public half only pages may differ that print what is sold: lessons that are sold, their courses' pages, the catalogue, and
  the data from which pages recommend.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from gatekeeper.contract import statement
from gatekeeper.contract.access import NOBODY, RuleKind
from gatekeeper.contract.manifest import LessonEntry, Manifest, ObjectEntry
from generator.products import sources
from generator.release.release import PublicFile
from generator.site import address

_MOST_NAMED = 5
_RECOMMENDED = "assets/recommend"


def source_obstacles(running: Mapping[str, str], here: Mapping[str, str]) -> tuple[str, ...]:
    """What of the sources keeps products from being applied alone, in words. running: as the running release's manifest has them."""
    if not running:
        return ("the running release does not say what it was made of; `lyceum publish` once, then it does",)
    return tuple(f"{name} differs from the running release" for name in sources.differing(running, here))


def release_obstacles(
    running: Manifest,
    shown: Mapping[str, PublicFile],
    after: Manifest,
    public: Mapping[str, PublicFile],
) -> tuple[str, ...]:
    """The same, of what was built. shown, public: the public files of the running release and of the new one."""
    found = [
        f"{what} would change: {_named(ids)}"
        for what, ids in (
            ("lessons", _differing(_lessons(running), _lessons(after))),
            ("private texts", _differing(_objects(running.parts), _objects(after.parts))),
            ("private files", _differing(_objects(running.files), _objects(after.files))),
            ("courses", _differing(running.courses, after.courses)),
        )
        if ids
    ]
    if (running.site, running.name, running.languages) != (after.site, after.name, after.languages):
        found.append("the school's address, name or languages would change")
    selling = {statement.PATH, *_pages_that_sell(running), *_pages_that_sell(after)}
    pages = [
        path
        for path in _differing(_hashes(shown), _hashes(public))
        if path not in selling and not PurePosixPath(path).is_relative_to(_RECOMMENDED)
    ]
    if pages:
        found.append(f"pages that print nothing that is sold would change: {_named(pages)}")
    return tuple(found)


def _pages_that_sell(whole: Manifest) -> set[str]:
    sold = [lesson for lesson in whole.lessons.values() if lesson.access.kind is RuleKind.PRODUCTS]
    courses = {lesson.course for lesson in sold}
    pages = {f"{lesson.url}index.html" for lesson in sold}
    pages |= {f"{course.url}index.html" for id_, course in whole.courses.items() if id_ in courses}
    first = whole.languages[0] if whole.languages else ""
    return pages | {f"{address.catalogue_url(language, first)}index.html" for language in whole.languages}


def _lessons(whole: Manifest) -> dict[str, LessonEntry]:
    return {id_: replace(lesson, access=NOBODY) for id_, lesson in whole.lessons.items()}


def _objects(entries: Mapping[str, ObjectEntry]) -> dict[str, ObjectEntry]:
    return {name: replace(entry, access=NOBODY) for name, entry in entries.items()}


def _hashes(public: Mapping[str, PublicFile]) -> dict[str, str]:
    return {path: file.sha256 for path, file in public.items()}


def _differing(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))


def _named(names: Iterable[str]) -> str:
    every = list(names)
    rest = len(every) - _MOST_NAMED
    return ", ".join(every[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
