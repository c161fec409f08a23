"""What pages show of each other: the navigation, cut into one slice a course, so that a page costs what it shows.

A theme may print, on every page, the list of its course's lessons and the pages before and after it. A slice holds just
that; it is part of what each of these pages depends on. Templates are handed it in the shapes of MkDocs (`Section`, `Page`),
and a template that reaches for anything else of the navigation raises `NeedsWholeNavigation`: the site is then
built as a whole by MkDocs, and never from half of what it shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from generator.site import address

if TYPE_CHECKING:
    from generator.access.edition import Edition
    from generator.catalogue.model import Course
    from generator.site.describe import Descriptions, Meta

Entry = dict[str, object]  # of a page: page, url, title, facts; of a section: title, entries
Slice = dict[str, object]  # of a course: title, entries

# What a page shows of another page's front matter; `Descriptions.neighbour` gives exactly these.
NEIGHBOUR = frozenset(
    {
        "kind",
        "language",
        "id",
        "access",
        "locked",
        "state",
        "number",
        "count",
        "minutes",
        "section",
        "course",
        "publish_at",
    }
)


class NeedsWholeNavigation(Exception):  # noqa: N818 - a signal to the builder, not an error
    """A template asks for more of the navigation than a slice holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page stands. course: whose slice it shows, if any. before, after: entries of its neighbours."""

    course: str | None = None
    before: Entry | None = None
    after: Entry | None = None

    def digest(self, slices: Mapping[str, bytes]) -> bytes:
        """Of everything that the page shows of others. slices: course → digest of its slice."""
        own = json.dumps([self.before, self.after], ensure_ascii=False, sort_keys=True).encode()
        return hashlib.sha256(own + slices.get(self.course or "", b"")).digest()


NOWHERE = Place()


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """entries: `nav` of mkdocs.yml. slices: by course. places: staged path → place, of the pages in the navigation."""

    entries: list[object]
    slices: Mapping[str, Slice]
    places: Mapping[str, Place]


def dumps(slice_: Slice) -> str:
    return json.dumps(slice_, ensure_ascii=False, sort_keys=True)


def digest(slice_: Slice) -> bytes:
    return hashlib.sha256(dumps(slice_).encode()).digest()


def map_of(edition: Edition, describe: Descriptions) -> Map:
    languages = edition.school.languages
    entries: list[object] = []
    order: list[tuple[str | None, Entry]] = []
    slices: dict[str, Slice] = {}
    for language in languages:
        page = address.catalogue_page(language, languages[0])
        entries.append(page)
        order.append((None, _entry(page, describe.catalogue_title(language), _facts("catalogue", language))))
    for course in edition.courses:
        named, slice_ = _course(course, describe)
        entries.append({course.title: named})
        slices[course.id] = slice_
        order += [(course.id, entry) for entry in pages_of(slice_)]
    entries.append(address.TAGS)
    language = languages[0]
    order.append((None, _entry(address.TAGS, describe.tags_title(language), _facts("tags", language))))
    return Map(entries=entries, slices=slices, places=_places(order))


def _places(order: Sequence[tuple[str | None, Entry]]) -> dict[str, Place]:
    return {
        str(entry["page"]): Place(
            course=course,
            before=order[number - 1][1] if number else None,
            after=order[number + 1][1] if number + 1 < len(order) else None,
        )
        for number, (course, entry) in enumerate(order)
    }


def dumps_with_neighbours(course: str, slice_: Slice, places: Mapping[str, Place]) -> str:
    """A slice and the pages before and after it, so that `loads` can give every place in it."""
    pages = [str(entry["page"]) for entry in pages_of(slice_)]
    first, last = places[pages[0]], places[pages[-1]]
    return json.dumps(
        {"course": course, "slice": slice_, "before": first.before, "after": last.after}, ensure_ascii=False
    )


def loads(text: str) -> tuple[Slice, dict[str, Place]]:
    """The slice and the places of its pages."""
    raw = json.loads(text)
    order: list[tuple[str | None, Entry]] = [(raw["course"], entry) for entry in pages_of(raw["slice"])]
    if raw["before"]:
        order.insert(0, (None, raw["before"]))
    if raw["after"]:
        order.append((None, raw["after"]))
    return raw["slice"], _places(order)


def _facts(kind: str, language: str) -> Meta:
    return {"kind": kind, "language": language}


def _entry(page: str, title: str, facts: Meta) -> Entry:
    return {"page": page, "url": address.url_of(page) or "./", "title": title, "facts": facts}


def _course(course: Course, describe: Descriptions) -> tuple[list[object], Slice]:
    """The course's entry in `nav`, and its slice."""
    page = address.course_page(course)
    names: list[object] = [page]
    entries: list[Entry] = [_entry(page, course.title, describe.neighbouring_course(course))]
    inner_names, inner = names, entries
    name: str | None = None
    for lesson in describe.listed(course):
        if lesson.section != name:
            name = lesson.section
            inner_names, inner = names, entries
            if name is not None:
                inner_names, inner = [], []
                names.append({name: inner_names})
                entries.append({"title": name, "entries": inner})
        page = address.lesson_page(lesson)
        inner_names.append(page)
        inner.append(_entry(page, lesson.title, describe.neighbour(lesson)))
    return names, {"title": course.title, "entries": entries}


def pages_of(slice_: Slice) -> Iterator[Entry]:
    """The entries of a slice's pages, in order."""
    entries = slice_["entries"]
    if not isinstance(entries, list):
        raise TypeError("a slice without entries")
    for entry in entries:
        if "entries" in entry:
            yield from pages_of(entry)
        else:
            yield entry


class _Strict:
    """Refuses what a slice does not hold."""

    def __getattr__(self, name: str) -> NoReturn:
        if name[:2] == "__":
            raise AttributeError(name)
        raise NeedsWholeNavigation(f"{type(self).__name__}.{name}")


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> object:
        if key in NEIGHBOUR:
            raise KeyError(key)
        raise NeedsWholeNavigation(f"lyceum.{key}")


class _Front(dict[str, object]):
    """A neighbour's front matter: its title and facts."""

    def __missing__(self, key: str) -> object:
        raise NeedsWholeNavigation(f"meta.{key}")


class ShownPage(_Strict):
    """Another page, or the page itself, as the navigation shows it."""

    is_page, is_section, is_link = True, False, False
    children = None

    def __init__(self, entry: Entry) -> None:
        facts = entry["facts"]
        if not isinstance(facts, dict):
            raise TypeError("an entry without facts")
        self.path = str(entry["page"])
        self.url = str(entry["url"])
        self.title = str(entry["title"])
        self.meta = _Front(title=self.title, lyceum=_Facts(facts))

    def __eq__(self, other: object) -> bool:
        file = getattr(other, "file", None)
        return self is other or (file is not None and bool(file.src_uri == self.path))

    __hash__ = object.__hash__


class ShownSection(_Strict):
    """A course, or a part of one, with what is in it."""

    is_page, is_section, is_link = False, True, False

    def __init__(self, title: str, parent: ShownSection | None = None) -> None:
        self.title = title
        self.parent = parent
        self.children: list[ShownSection | ShownPage] = []

    @property
    def ancestors(self) -> list[ShownSection]:
        return [] if self.parent is None else [self.parent, *self.parent.ancestors]


class ShownNavigation(_Strict):
    """`nav` in a template: only where the site begins."""

    def __init__(self, homepage: ShownPage) -> None:
        self.homepage = homepage

    def __len__(self) -> int:
        return 1

    def __iter__(self) -> NoReturn:
        raise NeedsWholeNavigation("nav")


class ShownPages:
    """`pages` in a template: nothing of them."""

    def __iter__(self) -> NoReturn:
        raise NeedsWholeNavigation("pages")

    def __len__(self) -> NoReturn:
        raise NeedsWholeNavigation("pages")

    def __getattr__(self, name: str) -> NoReturn:
        if name[:2] == "__":
            raise AttributeError(name)
        raise NeedsWholeNavigation(f"pages.{name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A slice in the shapes of MkDocs. section: the course. parents: staged path → the section that holds the page."""

    section: ShownSection
    parents: Mapping[str, ShownSection]


def shown(slice_: Slice) -> Shown:
    parents: dict[str, ShownSection] = {}
    return Shown(section=_section(slice_, None, parents), parents=parents)


def _section(
    of: Mapping[str, object], parent: ShownSection | None, parents: dict[str, ShownSection]
) -> ShownSection:
    section = ShownSection(str(of["title"]), parent)
    entries = of["entries"]
    if not isinstance(entries, list):
        raise TypeError("a section without entries")
    for entry in entries:
        if "entries" in entry:
            section.children.append(_section(entry, section, parents))
        else:
            section.children.append(ShownPage(entry))
            parents[str(entry["page"])] = section
    return section
