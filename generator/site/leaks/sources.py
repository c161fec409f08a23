"""Which texts of a school are private and which are public, one lesson, course or school at a time.

The exact check (`private`, `check`) and the screen (`screen`) read the same texts from here, so that they cannot differ in
what they hold for secret.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generator.access.edition import LessonEdition
from generator.catalogue.model import Course, Lesson, Product, School
from generator.site.leaks import prose
from generator.site.leaks.markup import decode_entities, without_tags
from generator.site.project import Project

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


def private_texts_of_lesson(cut: LessonEdition, part: bytes | None) -> Iterator[PrivateText]:
    """The private half of a visible lesson: as written, and as rendered in `part` (text, and attributes that hold prose)."""
    lesson, path = cut.lesson.id, cut.lesson.path.as_posix()
    if cut.private_markdown is not None:
        written = decode_entities(cut.private_markdown)
        yield PrivateText(lesson=lesson, path=path, line=cut.private_line, text=written)
    if part is not None:
        rendered = _FURNITURE.sub(" ", part.decode("utf-8", "replace"))
        yield PrivateText(lesson=lesson, path=path, line=0, text=decode_entities(without_tags(rendered)))
        for double, single in _PROSE_ATTRIBUTE.findall(rendered):
            value = decode_entities(double or single)
            if len(value) >= 15:  # eight words have at least fifteen characters
                yield PrivateText(lesson=lesson, path=path, line=0, text=value)


def private_texts_of_awaited(lesson: Lesson, *, is_hidden: bool) -> Iterator[PrivateText]:
    """What an announced lesson must not show: its body; what a hidden one must not show: title and summary, too."""
    path = lesson.path.as_posix()
    for number, text in enumerate(prose.readings(lesson.body)):
        yield PrivateText(lesson=lesson.id, path=path, line=lesson.body_line if number == 0 else 0, text=text)
    if is_hidden:
        yield PrivateText(lesson=lesson.id, path=path, line=0, text=lesson.title)
        yield PrivateText(lesson=lesson.id, path=path, line=0, text=lesson.summary)


def public_texts_of_school(school: School, public_files: Iterable[PurePosixPath]) -> Iterator[str]:
    yield from (
        *school.name.values(),
        *school.summary.values(),
        _in_a_row(school.base_url),
        school.gatekeeper_url,
    )
    for author in school.authors.values():
        yield from (*author.name.values(), *author.bio.values())
    for product in school.products.values():
        yield from _product_texts(product)
    yield from (path.as_posix() for path in public_files)


def public_texts_of_course(course: Course) -> Iterator[str]:
    yield from (course.id, course.title, course.summary, *prose.readings(course.description))
    yield from ("\n".join(course.outcomes), "\n".join(course.prerequisites))
    # Lesson lists name the lessons one after the other; so do navigation and feeds.
    yield "\n".join(lesson.title for lesson in course.lessons)


def public_texts_of_lesson(cut: LessonEdition) -> Iterator[str]:
    yield cut.lesson.id
    yield from public_texts_of_announced(cut.lesson)
    yield from prose.readings(cut.public_markdown)
    # A heading stands again in its own id and in the links to it.
    yield from (f"id {found[1]}\nhref {found[1]}" for found in _HEADING.finditer(cut.public_markdown))
    yield "\n".join(entry.title for entry in cut.outline)


def public_texts_of_announced(lesson: Lesson) -> Iterator[str]:
    """What a card says of a lesson, whether it is out or only announced."""
    yield _in_a_row(lesson.title)
    yield from (lesson.title, lesson.summary, lesson.url, lesson.section or "", *lesson.moved_from)
    yield "\n".join(lesson.tags)


def theme_texts(folders: Iterable[Path]) -> Iterator[str]:
    """The texts of a theme's files, templates without their tags too."""
    for path in _files_of(folders):
        if path.suffix in _THEME_SUFFIXES:
            text = path.read_text(encoding="utf-8", errors="replace")
            yield text
            yield decode_entities(without_tags(text))


def default_theme(content: Path) -> tuple[Path, ...]:
    """The folders of the school's own theme and of Material's. content: the content folder."""
    material = importlib.util.find_spec("material")
    installed = tuple(
        Path(place) / "templates" for place in (material and material.submodule_search_locations) or ()
    )
    return (Project(root=content.parent).theme, *installed)


def is_of_a_theme(folders: Iterable[Path], path: str, data: bytes) -> bool:
    """Whether a public file is a theme's own file, unchanged: scripts and styles that every school has."""
    for folder in folders:
        original = folder / path
        if original.is_file() and original.stat().st_size == len(data) and original.read_bytes() == data:
            return True
    return False


def _files_of(folders: Iterable[Path]) -> Iterator[Path]:
    """Every file of the theme, in order. Icons are drawings, ten thousand of them, and left out."""
    for folder in folders:
        for place, inner, names in os.walk(folder):
            inner[:] = sorted(set(inner) - {".icons"})
            yield from (Path(place) / name for name in sorted(names))


def _in_a_row(text: str) -> str:
    """A text as pages say it several times in a row: title, breadcrumb, heading; the addresses of a sitemap."""
    return "\n".join((text, text, text))


def _product_texts(product: Product) -> Iterator[str]:
    yield from (product.id, *product.title.values(), *product.summary.values())
    yield from ("\n".join(lines) for lines in product.includes.values())
