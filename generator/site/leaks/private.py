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
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from generator.access.edition import Edition
from generator.site.leaks import containers, sources
from generator.site.leaks.sources import PrivateText
from generator.site.leaks.words import weight, words
from generator.site.project import Project

MINIMUM_FILE_BYTES = 16  # shorter contents (an empty file, one line end) are nobody's secret
MINIMUM_CANARY_CHARACTERS = 8


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
        return cls(
            texts=tuple(_texts(edition, parts)),
            names=names_of(edition),
            public_texts=(*_public_texts(edition), *public_texts),
            public_markdown={course.url: course.description for course in edition.courses}
            | {cut.lesson.url: cut.public_markdown for cut in edition.lessons.values()},
            root=edition.school.root,
            private_files=private_files(edition),
            public_files=tuple(sorted(edition.public_files)),
            canaries=planted,
            theme=sources.default_theme(edition.school.root) if theme is None else tuple(theme),
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
        return sources.theme_texts(self.theme)


def _texts(edition: Edition, parts: Mapping[str, bytes]) -> Iterator[PrivateText]:
    for id_, cut in edition.lessons.items():
        yield from sources.private_texts_of_lesson(cut, parts.get(id_))
    for lesson in edition.upcoming:
        yield from sources.private_texts_of_awaited(lesson, is_hidden=False)
    for lesson in edition.hidden:
        yield from sources.private_texts_of_awaited(lesson, is_hidden=True)


def private_files(edition: Edition) -> tuple[PurePosixPath, ...]:
    """Every file of the school that is not public, in order."""
    return tuple(sorted(set(edition.school.files) - edition.public_files))


def names_of(edition: Edition) -> tuple[PrivateName, ...]:
    """The private names of an edition: of its private files and of its hidden lessons."""
    return tuple(_names(edition, private_files(edition)))


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
    yield from sources.public_texts_of_school(edition.school, sorted(edition.public_files))
    for course in edition.courses:
        yield from sources.public_texts_of_course(course)
    for cut in edition.lessons.values():
        yield from sources.public_texts_of_lesson(cut)
    for lesson in edition.upcoming:
        yield from sources.public_texts_of_announced(lesson)


def _fingerprints(root: Path, paths: Iterable[PurePosixPath]) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    for path in paths:
        for name, digest in fingerprints_of(path.as_posix(), (root / path).read_bytes()):
            found.setdefault(digest, name)
    return found


def fingerprints_of(path: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and SHA-256 of a file of the school and of everything inside it. Raises UnreadableError."""
    for leaf in containers.unpack(path, data):
        if leaf.is_file and len(leaf.data) >= MINIMUM_FILE_BYTES:
            yield leaf.name, hashlib.sha256(leaf.data).digest()
