"""Public files cut into pieces that many of them share.

Pages repeat their head, header, navigation and footer; so the windows of a file are kept by piece, and a piece once. A piece
ends where the words themselves say so (after about 32 of them, by a hash of four in a row), so that a changed title moves no other
piece's ends; it also holds the words after it that a window begun in it can reach. A window, or a pair of words, of a file stands in one
of its pieces.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from generator.site.leaks.lasting import LastingVocabulary, spread
from generator.site.leaks.units import Told
from generator.site.leaks.words import WINDOW_WORDS, Numbers

Places = NDArray[np.int64]

_PIECE_WORDS = 32  # on average
_CONTEXT_WORDS = (
    4  # that decide whether a piece ends: pairs repeat too often, and make pieces of very unequal size
)
_END_BELOW = np.uint64(2**64 // _PIECE_WORDS)
_FACTORS = np.array(
    [0xA0761D6478BD642F, 0xE7037ED1A0B428DB, 0x8EBC6AF09C88C6E3, 0x589965CC75374CC3], np.uint64
)
_HALF = np.uint64(32)
_REACH = WINDOW_WORDS - 1
_GROUP_WORDS = 1 << 17


class Pieces:
    """Cuts what is read with one vocabulary, and remembers which pieces it has told."""

    def __init__(self, vocabulary: LastingVocabulary) -> None:
        self._vocabulary = vocabulary
        self._told: set[int] = set()

    def of(self, numbers: Numbers, *, of_a_program: bool) -> tuple[list[int], list[Told]]:
        """The ids of all pieces, and those that no earlier answer told."""
        ids: list[int] = []
        told: list[Told] = []
        for begins, ends in _groups(*_spans(self._vocabulary.values_of(numbers))):
            # A long file is taken in parts, so that it needs no long tables.
            part = numbers[begins[0] : ends[-1] + _REACH]
            starts, stops = begins - begins[0], ends - begins[0]
            some = self._ids(part, starts, stops, of_a_program=of_a_program).tolist()
            ids += some
            fresh = {id_: place for place, id_ in enumerate(some) if id_ not in self._told}
            if fresh:
                self._told.update(fresh)
                places = np.fromiter(fresh.values(), np.int64, len(fresh))
                names = np.fromiter(fresh, np.int64, len(fresh))
                told.append(
                    self._taken_apart(part, names, starts[places], stops[places], of_a_program=of_a_program)
                )
        return ids, told

    def _ids(
        self, numbers: Numbers, begins: Places, ends: Places, *, of_a_program: bool
    ) -> NDArray[np.int64]:
        """One for each piece, made of its words and those it reaches."""
        ends = np.minimum(ends + _REACH, len(numbers))
        kind = _FACTORS[1] if of_a_program else _FACTORS[2]
        mixed = self._vocabulary.hashes(numbers, begins, ends) ^ ((ends - begins).astype(np.uint64) * kind)
        mixed ^= mixed >> _HALF
        ids: NDArray[np.int64] = (mixed * _FACTORS[3]).view(np.int64)
        return ids

    def _taken_apart(
        self,
        numbers: Numbers,
        ids: Places,
        begins: Places,
        ends: Places,
        *,
        of_a_program: bool,
    ) -> Told:
        """All at once, because NumPy's calls cost more than the few words of a piece."""
        lengths = np.minimum(ends + _REACH, len(numbers)) - begins + 1  # and a gap
        stops = np.cumsum(lengths)
        inside = numbers[np.minimum(spread(begins, lengths), len(numbers) - 1)]
        inside[stops - 1] = 0
        starts = stops - lengths
        stops = starts + (ends - begins)
        hashes, hash_counts = self._vocabulary.hashes_between(inside, starts, stops)
        grams, gram_counts = self._vocabulary.grams_between(inside, starts, stops, of_a_program=of_a_program)
        return Told(ids=ids, hash_counts=hash_counts, gram_counts=gram_counts, hashes=hashes, grams=grams)


def _spans(values: NDArray[np.uint64]) -> tuple[Places, Places]:
    """Where each piece begins and ends."""
    mixed = values.copy()
    for distance in range(1, min(_CONTEXT_WORDS, len(values))):
        mixed[distance:] += values[:-distance] * _FACTORS[distance]
    ends = np.flatnonzero(mixed * _FACTORS[0] < _END_BELOW) + 1
    if len(values) and (not len(ends) or ends[-1] != len(values)):
        ends = np.append(ends, len(values))
    return np.concatenate([[0], ends[:-1]]).astype(np.int64)[: len(ends)], ends


def _groups(begins: Places, ends: Places) -> Iterator[tuple[Places, Places]]:
    start = 0
    while start < len(begins):
        stop = max(int(np.searchsorted(ends, begins[start] + _GROUP_WORDS)), start + 1)
        yield begins[start:stop], ends[start:stop]
        start = stop
