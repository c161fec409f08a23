"""The screen: what the leak check remembers of texts and public files, so that only what changed is read again.

It reads the very texts that the exact check reads (`sources`, `reader`), and compares sets of window hashes instead of words
(`ledger`). It may suspect a file that is clean, never the other way round; suspects are settled by `settling`, in the last instance by the
exact check.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np

from generator.access.edition import LessonEdition
from generator.catalogue.model import Course, Lesson, School
from generator.site.leaks import containers, sources
from generator.site.leaks.check import leaves
from generator.site.leaks.lasting import LastingVocabulary
from generator.site.leaks.names import PROGRAM_SUFFIXES
from generator.site.leaks.pieces import Pieces
from generator.site.leaks.private import MINIMUM_FILE_BYTES, fingerprints_of
from generator.site.leaks.reader import Reader
from generator.site.leaks.sets import distinct
from generator.site.leaks.units import FileReading, Told, Unit
from generator.site.leaks.words import Numbers

_MAXIMUM_WORDS = 1 << 21  # more different words than any language has: what was remembered is dropped


class Reading:
    """Reads texts and public files. One a process: it remembers words, and lines that pages share."""

    def __init__(self, theme: Iterable[Path] = ()) -> None:
        """theme: folders whose files, published unchanged, hold nothing of the school."""
        self._theme = tuple(theme)
        self._begin()

    def lesson(self, cut: LessonEdition, part: bytes | None) -> Unit:
        """A visible lesson. part: its rendered private half, HTML."""
        private = (text.text for text in sources.private_texts_of_lesson(cut, part))
        return self._unit(private, sources.public_texts_of_lesson(cut))

    def awaited(self, lesson: Lesson, *, is_hidden: bool) -> Unit:
        """A lesson that is not out yet; of one that is not hidden, title and summary are public."""
        private = (text.text for text in sources.private_texts_of_awaited(lesson, is_hidden=is_hidden))
        return self._unit(private, () if is_hidden else sources.public_texts_of_announced(lesson))

    def course(self, course: Course) -> Unit:
        return self._unit((), sources.public_texts_of_course(course))

    def school(
        self, school: School, public_files: Iterable[PurePosixPath], *, more: Iterable[str] = ()
    ) -> Unit:
        """more: other texts that are public anyway."""
        return self._unit((), [*sources.public_texts_of_school(school, sorted(public_files)), *more])

    def theme(self, folders: Iterable[Path]) -> Unit:
        """The templates of a theme: what they say is said by every school."""
        return self._unit((), sources.theme_texts(folders))

    def public(self, texts: Iterable[str]) -> Unit:
        """Texts that are public, whatever they are."""
        return self._unit((), texts)

    def fingerprints(self, path: str, data: bytes) -> tuple[tuple[str, bytes], ...]:
        """Name and SHA-256 of a file of the school and of everything in it. Raises UnreadableError."""
        return tuple(fingerprints_of(path, data))

    def file(self, path: str, data: bytes) -> FileReading:
        """A public file: everything that stands in it, however it is written, and in its address."""
        if len(self._vocabulary) > _MAXIMUM_WORDS:
            self._begin()
        sha256 = hashlib.sha256(data).digest()
        if sources.is_of_a_theme(self._theme, path, data):
            return FileReading(sha256=sha256, pieces=np.zeros(0, np.int64))
        texts = [self._vocabulary.joined([path])]  # each ends with a break
        programs: list[Numbers] = []
        members: list[tuple[str, bytes]] = []
        problem = ""
        try:
            for leaf in leaves(path, data):
                if leaf.is_file and len(leaf.data) >= MINIMUM_FILE_BYTES:
                    inner = sha256 if leaf.data is data else hashlib.sha256(leaf.data).digest()
                    members.append((leaf.name, inner))
                numbers, _ = self._reader.read(leaf)
                (programs if leaf.suffix in PROGRAM_SUFFIXES else texts).append(numbers)
        except containers.UnreadableError as error:
            problem = str(error)
        ids, told = self._pieces.of(np.concatenate(texts), of_a_program=False)
        if programs:
            more, others = self._pieces.of(np.concatenate(programs), of_a_program=True)
            ids += more
            told += others
        return FileReading(
            sha256=sha256,
            pieces=distinct(np.array(ids, np.int64)),
            told=Told.joined(told),
            members=tuple(members),
            problem=problem,
        )

    def _begin(self) -> None:
        self._vocabulary = LastingVocabulary()
        self._reader = Reader(self._vocabulary)
        self._pieces = Pieces(self._vocabulary)

    def _unit(self, private: Iterable[str], public: Iterable[str]) -> Unit:
        shown = list(public)
        digest = hashlib.blake2b(digest_size=16)
        for text in shown:
            digest.update(len(text).to_bytes(8, "little") + text.encode("utf-8", "surrogatepass"))
        return Unit(
            private=self._vocabulary.hashes_of(self._vocabulary.joined(private)),
            public=self._vocabulary.hashes_of(self._vocabulary.joined(shown)),
            source=digest.digest(),
        )
