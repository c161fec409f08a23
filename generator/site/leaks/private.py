"""What must not become public: the secrets of an edition, as texts, names and bytes.

- The private half of every lesson, as written and as rendered (text, and attributes that hold prose).
- Lessons that are not out yet: of an announced one the body, of a hidden one everything: title, summary, address, body,
  and tags that stand nowhere in public.
- Every file of the school that is not public: its bytes, the files inside it if it is an archive, its name.
- Canaries: strings that a test planted.

What also stands in public source text (lead-ins, titles, descriptions, outlines, products, theme) is no secret.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generator.access.edition import Edition, LessonEdition
from generator.catalogue.model import Course, Lesson, Product, School
from generator.site.leaks import containers, prose
from generator.site.leaks.markup import decode_entities, without_tags
from generator.site.leaks.words import weight, words
from generator.site.project import Project

MINIMUM_FILE_BYTES = 16  # shorter contents (an empty file, one line end) are nobody's secret
MINIMUM_CANARY_CHARACTERS = 8
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+)$", re.MULTILINE)
_THEME_SUFFIXES = frozenset(
    {".html", ".json", ".svg", ".txt", ".xml"}
)  # scripts and styles are published as they are
_PROSE_ATTRIBUTE = re.compile(
    r"""\s(?:alt|title|summary|content|placeholder|label|aria-[a-z]+|data-[a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')"""
)
# What the renderer adds by itself: line numbers, and the way back from a footnote.
_FURNITURE = re.compile(
    r"""<td class="linenos">.*?</td>|<span class="linenos"[^>]*>.*?</span>|<a class="footnote-backref"[^>]*>""",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateText:
    """A private text. line: number of its first line in `path`, 0 when its lines are not those of the file."""

    lesson: str
    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateName:
    """A short private string, found whole. is_file: confirmed letter by letter, as a name or an address.

    Otherwise it is a title or a tag, found word by word in pages, feeds and indexes.
    """

    lesson: str
    path: str
    text: str
    is_file: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """See the module. root: the content folder. public_markdown: a page's address → what of
    `public_texts` is rendered for it."""

    texts: tuple[PrivateText, ...]
    names: tuple[PrivateName, ...]
    public_texts: tuple[str, ...]
    public_markdown: Mapping[str, str]
    root: Path
    private_files: tuple[PurePosixPath, ...] = ()
    public_files: tuple[PurePosixPath, ...] = ()
    canaries: tuple[str, ...] = ()
    theme: tuple[Path, ...] = ()

    @classmethod
    def of(
        cls,
        edition: Edition,
        parts: Mapping[str, bytes],
        *,
        public_texts: Iterable[str] = (),
        theme: Iterable[Path] | None = None,
        canaries: Iterable[str] = (),
    ) -> Secrets:
        """The secrets of an edition. parts: lesson id → rendered private half, HTML.

        public_texts, theme: strings and folders of templates that are public anyway, looked into only when something is
            found. Without `theme` it is the school's own and Material's.
        Raises ValueError for a canary that is too short to be one.
        """
        planted = tuple(canaries)
        if any(len(canary) < MINIMUM_CANARY_CHARACTERS for canary in planted):
            raise ValueError(f"a canary has at least {MINIMUM_CANARY_CHARACTERS} characters")
        files = tuple(sorted(set(edition.school.files) - edition.public_files))
        return cls(
            texts=tuple(_texts(edition, parts)),
            names=tuple(_names(edition, files)),
            public_texts=(*_public_texts(edition), *public_texts),
            public_markdown={course.url: course.description for course in edition.courses}
            | {cut.lesson.url: cut.public_markdown for cut in edition.lessons.values()},
            root=edition.school.root,
            private_files=files,
            public_files=tuple(sorted(edition.public_files)),
            canaries=planted,
            theme=_default_theme(edition.school.root) if theme is None else tuple(theme),
        )

    def fingerprints(self) -> dict[bytes, str]:
        """SHA-256 of every private file and of everything inside it → its name."""
        return _fingerprints(self.root, self.private_files)

    def public_fingerprints(self) -> frozenset[bytes]:
        return frozenset(_fingerprints(self.root, self.public_files))

    @property
    def settings(self) -> Path:
        """The mkdocs.yml that the school is rendered with."""
        return Project(root=self.root.parent).settings

    def theme_texts(self) -> Iterator[str]:
        """The texts of the theme's files, templates without their tags too."""
        for path in _files_of(self.theme):
            if path.suffix in _THEME_SUFFIXES:
                text = path.read_text(encoding="utf-8", errors="replace")
                yield text
                yield decode_entities(without_tags(text))


def _files_of(folders: Iterable[Path]) -> Iterator[Path]:
    """Every file of the theme, in order. Icons are drawings, ten thousand of them, and left out."""
    for folder in folders:
        for place, inner, names in os.walk(folder):
            inner[:] = sorted(set(inner) - {".icons"})
            yield from (Path(place) / name for name in sorted(names))


def _default_theme(content: Path) -> tuple[Path, ...]:
    material = importlib.util.find_spec("material")
    installed = tuple(
        Path(place) / "templates" for place in (material and material.submodule_search_locations) or ()
    )
    return (Project(root=content.parent).theme, *installed)


def _texts(edition: Edition, parts: Mapping[str, bytes]) -> Iterator[PrivateText]:
    for id_, cut in edition.lessons.items():
        path = cut.lesson.path.as_posix()
        if cut.private_markdown is not None:
            written = decode_entities(cut.private_markdown)
            yield PrivateText(lesson=id_, path=path, line=cut.private_line, text=written)
        if id_ in parts:
            rendered = _FURNITURE.sub(" ", parts[id_].decode("utf-8", "replace"))
            yield PrivateText(lesson=id_, path=path, line=0, text=decode_entities(without_tags(rendered)))
            for double, single in _PROSE_ATTRIBUTE.findall(rendered):
                value = decode_entities(double or single)
                if len(value) >= 15:  # eight words have at least fifteen characters
                    yield PrivateText(lesson=id_, path=path, line=0, text=value)
    hidden = {lesson.id for lesson in edition.hidden}
    for lesson in (*edition.upcoming, *edition.hidden):
        path = lesson.path.as_posix()
        for number, text in enumerate(prose.readings(lesson.body)):
            yield PrivateText(
                lesson=lesson.id, path=path, line=lesson.body_line if number == 0 else 0, text=text
            )
        if lesson.id in hidden:
            yield PrivateText(lesson=lesson.id, path=path, line=0, text=lesson.title)
            yield PrivateText(lesson=lesson.id, path=path, line=0, text=lesson.summary)


def _names(edition: Edition, files: Iterable[PurePosixPath]) -> Iterator[PrivateName]:
    for path in files:
        for text in dict.fromkeys((path.as_posix(), path.name)):
            if "." in path.name or "/" in text:
                yield PrivateName(lesson=path.parts[0], path=path.as_posix(), text=text, is_file=True)
    for lesson in edition.hidden:
        path_text = lesson.path.as_posix()
        address = lesson.url.rstrip("/")
        yield PrivateName(lesson=lesson.id, path=path_text, text=address, is_file=True)
        for text in (lesson.title, *lesson.tags):
            if _is_telling(text):
                yield PrivateName(lesson=lesson.id, path=path_text, text=text, is_file=False)


def _is_telling(text: str) -> bool:
    """Whether a title or tag is long enough to say anything: 4 letters, or 2 Chinese characters."""
    return sum(2 if weight(word) == 1 else len(word) for word in words(text)) >= 4


def _public_texts(edition: Edition) -> Iterator[str]:
    yield from _school_texts(edition.school)
    for product in edition.school.products.values():
        yield from _product_texts(product)
    for course in edition.courses:
        yield from _course_texts(course)
    for id_, cut in edition.lessons.items():
        yield id_
        yield from _lesson_texts(cut)
    for lesson in edition.upcoming:
        yield from _card_texts(lesson)
    yield from (path.as_posix() for path in edition.public_files)


def _in_a_row(text: str) -> str:
    """A text as pages say it several times in a row: title, breadcrumb, heading; the addresses of a sitemap."""
    return "\n".join((text, text, text))


def _school_texts(school: School) -> Iterator[str]:
    yield from (
        *school.name.values(),
        *school.summary.values(),
        _in_a_row(school.base_url),
        school.gatekeeper_url,
    )
    for author in school.authors.values():
        yield from (*author.name.values(), *author.bio.values())


def _product_texts(product: Product) -> Iterator[str]:
    yield from (product.id, *product.title.values(), *product.summary.values())
    yield from ("\n".join(lines) for lines in product.includes.values())


def _course_texts(course: Course) -> Iterator[str]:
    yield from (course.id, course.title, course.summary, *prose.readings(course.description))
    yield from ("\n".join(course.outcomes), "\n".join(course.prerequisites))
    # Lesson lists name the lessons one after the other; so do navigation and feeds.
    yield "\n".join(lesson.title for lesson in course.lessons)


def _lesson_texts(cut: LessonEdition) -> Iterator[str]:
    yield from _card_texts(cut.lesson)
    yield from prose.readings(cut.public_markdown)
    # A heading stands again in its own id and in the links to it.
    yield from (f"id {found[1]}\nhref {found[1]}" for found in _HEADING.finditer(cut.public_markdown))
    yield "\n".join(entry.title for entry in cut.outline)


def _card_texts(lesson: Lesson) -> Iterator[str]:
    yield _in_a_row(lesson.title)
    yield from (lesson.title, lesson.summary, lesson.url, lesson.section or "", *lesson.moved_from)
    yield "\n".join(lesson.tags)


def _fingerprints(root: Path, paths: Iterable[PurePosixPath]) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    for path in paths:
        for leaf in containers.unpack(path.as_posix(), (root / path).read_bytes()):
            if leaf.is_file and len(leaf.data) >= MINIMUM_FILE_BYTES:
                found.setdefault(hashlib.sha256(leaf.data).digest(), leaf.name)
    return found
