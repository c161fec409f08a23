"""Hits in the words of an author: whose text, where it stands in the source, in which public file, how it begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.site.leaks.search import Found
from generator.site.leaks.sources import PrivateText
from generator.site.leaks.words import Vocabulary, words

PHRASE_CHARACTERS = 60
_PREFIX_WORDS = 4  # so many words in a row are enough to say where a phrase stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """lesson: whose it is; where: `path:line` or `path` of it, relative to the content folder; what: its beginning.

    lesson and where are empty for what is wrong with a public file by itself.
    """

    lesson: str
    where: str
    public_file: str
    what: str

    def __str__(self) -> str:
        if not self.lesson:
            return f"{self.public_file}: {self.what}"
        return f"{self.where}: {self.what} of {self.lesson} stands in the public file {self.public_file}"


def hits_of(
    found: Found, vocabulary: Vocabulary, texts: Sequence[PrivateText], files: Sequence[str]
) -> Iterator[Hit]:
    """One hit for each run of windows that follow each other, in the order of the public files."""
    before = (-1, -1, -2)
    spelled: set[tuple[str, str, str]] = set()
    for file, place, text, row, origin in zip(
        found.files.tolist(),
        found.places.tolist(),
        found.texts.tolist(),
        found.words,
        found.origins.tolist(),
        strict=True,
    ):
        continues = (file, place) == (before[0], before[2] + 1)
        before = (file, text, place)
        if continues:
            continue
        private = texts[text]
        phrase = vocabulary.spell([number for number in row.tolist() if number])
        key = (private.lesson, phrase, files[file])
        if key in spelled:
            continue
        spelled.add(key)
        yield Hit(
            lesson=private.lesson,
            where=_where(private, origin, phrase, texts),
            public_file=files[file],
            what=f"“{shortened(phrase)}”",
        )


def shortened(phrase: str) -> str:
    return phrase if len(phrase) <= PHRASE_CHARACTERS else phrase[: PHRASE_CHARACTERS - 1].rstrip() + "…"


def _where(private: PrivateText, origin: int, phrase: str, texts: Sequence[PrivateText]) -> str:
    if private.line:
        return f"{private.path}:{private.line + _line_of(private.text, origin)}"
    wanted = words(phrase)
    for text in texts:
        if text.lesson == private.lesson and text.line:
            place = _place_of(wanted, words(text.text))
            if place is not None:
                return f"{private.path}:{text.line + _line_of(text.text, place)}"
    return private.path


def _line_of(text: str, place: int) -> int:
    """The line, from 0, that holds the word number `place`."""
    for number, line in enumerate(text.split("\n")):
        place -= len(words(line))
        if place < 0:
            return number
    return 0


def _place_of(wanted: Sequence[str], text: Sequence[str]) -> int | None:
    for length in (len(wanted), _PREFIX_WORDS):
        for place in range(len(text) - length + 1):
            if text[place] == wanted[0] and list(text[place : place + length]) == list(wanted[:length]):
                return place
    return None
