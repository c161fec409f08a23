"""Public files cut into pieces that many of them share.

Pages repeat their head, header, navigation and footer; so the windows of a file are kept by piece, and a piece once. A piece
ends where the words themselves say so (after about 32 of them, by a hash of four in a row), so that a changed title moves no other
piece's ends; it also holds the words after it that a window begun in it can reach. A window, or a pair of words, of a file stands in one
of its pieces.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from generator.site.leaks.lasting import LastingVocabulary
from generator.site.leaks.sets import distinct
from generator.site.leaks.units import Piece
from generator.site.leaks.words import WINDOW_WORDS, Numbers

_PIECE_WORDS = 32  # on average
_CONTEXT_WORDS = (
    4  # that decide whether a piece ends: pairs repeat too often, and make pieces of very unequal size
)
_END_BELOW = np.uint64(2**64 // _PIECE_WORDS)
_FACTORS = np.array(
    [0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3], np.uint64
)
_REACH = WINDOW_WORDS - 1
_GAP = np.zeros(1, np.int32)
_GROUP_WORDS = 1 << 17


class Pieces:
    """Cuts what is read with one vocabulary, and remembers which pieces it has taken apart."""

    def __init__(self, vocabulary: LastingVocabulary) -> None:
        self._vocabulary = vocabulary
        self._told: set[int] = set()

    def of(self, numbers: Numbers, *, of_a_program: bool) -> tuple[list[int], dict[int, Piece]]:
        """The ids of all pieces, and those that no earlier answer held."""
        values = self._vocabulary.values_of(numbers)
        mark = b"program" if of_a_program else b"text"
        ids: list[int] = []
        fresh: dict[int, tuple[int, int]] = {}
        for start, end in _spans(values):
            digest = hashlib.blake2b(
                values[start : end + _REACH].tobytes(), digest_size=8, person=mark
            ).digest()
            id_ = int.from_bytes(digest, "little", signed=True)
            ids.append(id_)
            if id_ not in self._told:
                self._told.add(id_)
                fresh[id_] = (start, end)
        return ids, dict(self._taken_apart(numbers, fresh, of_a_program=of_a_program))

    def _taken_apart(
        self, numbers: Numbers, spans: dict[int, tuple[int, int]], *, of_a_program: bool
    ) -> Iterator[tuple[int, Piece]]:
        """All at once, because NumPy's calls cost more than the few words of a piece."""
        for group in _groups(spans):
            inside = np.concatenate(
                [piece for _, (start, end) in group for piece in (numbers[start : end + _REACH], _GAP)]
            )
            lengths = [min(end + _REACH, len(numbers)) - start + len(_GAP) for _, (start, end) in group]
            begins = np.cumsum([0, *lengths])[:-1]
            ends = begins + [end - start for _, (start, end) in group]
            hashes = self._vocabulary.hashes_between(inside, begins, ends)
            grams = self._vocabulary.grams_between(inside, begins, ends, of_a_program=of_a_program)
            for (id_, _), windows, pairs in zip(group, hashes, grams, strict=True):
                yield id_, Piece(hashes=windows, grams=distinct(pairs))


def _groups(spans: dict[int, tuple[int, int]]) -> Iterator[list[tuple[int, tuple[int, int]]]]:
    """Pieces that are taken apart together, so that a long file needs no long tables."""
    group: list[tuple[int, tuple[int, int]]] = []
    words = 0
    for id_, (start, end) in spans.items():
        group.append((id_, (start, end)))
        words += end - start
        if words >= _GROUP_WORDS:
            yield group
            group, words = [], 0
    if group:
        yield group


def _spans(values: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
    if not len(values):
        return
    mixed = values.copy()
    for distance in range(1, min(_CONTEXT_WORDS, len(values))):
        mixed[distance:] += values[:-distance] * _FACTORS[distance]
    ends = [*(np.flatnonzero(mixed * _FACTORS[0] < _END_BELOW) + 1).tolist(), len(values)]
    start = 0
    for end in ends:
        if end > start:
            yield start, end
            start = end
