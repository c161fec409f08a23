"""Window hashes that are the same in every process, run and machine, so that they can be kept.

- Every word has a number here, not only private ones; its 64-bit value is taken from BLAKE2b of the folded word. Windows
  and rolling hashes are those of `words`.
- A gram is a word or two words in a row, as a 32-bit hash: what short names are looked for by.
- Hashes are compared without a second look at the words: that two different windows of a school share one has odds of about one
  in a hundred thousand for ten thousand lessons, and would only call the exact check.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from generator.site.leaks.markup import BREAK
from generator.site.leaks.sets import Number, distinct
from generator.site.leaks.words import WINDOW_WORDS, Hashes, Numbers, Vocabulary, is_solid, weight, words

Grams = NDArray[np.uint32]

_PERSON = b"lyceum leaks 1"  # another one makes every kept hash worthless: raise `ledger.FORMAT` with it
_SLICE_WORDS = 1 << 17  # a long file is read in slices, so that its tables stay small
_PAIR = np.uint64(0xD6E8FEB86659FD93)
_PROGRAM = np.uint64(0xA0761D6478BD642F)  # grams of programs are apart: titles mean nothing there
_HIGH = np.uint64(32)
_GAP = np.zeros(1, np.int32)


def value_of(word: str) -> int:
    digest = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8, person=_PERSON).digest()
    return int.from_bytes(digest, "little") | 1


class _Lazy(dict[str, int]):
    """Word → number; a new word gets the next one."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(words(BREAK), 0))
        self.fresh: list[str] = []
        self.count = 1

    def __missing__(self, word: str) -> int:
        number = self[word] = self.count
        self.count += 1
        self.fresh.append(word)
        return number


class LastingVocabulary(Vocabulary):
    """Numbers for every word that is read; 0 stands for a break between texts. Nothing needs to be learnt or closed."""

    def __init__(self) -> None:
        super().__init__()
        self._lazy = _Lazy()

    def __len__(self) -> int:
        return self._lazy.count

    def read(self, text: str) -> Numbers:
        found = words(text)
        return np.fromiter(map(self._lazy.__getitem__, found), np.int32, len(found))

    def learn(self, text: str) -> Numbers:
        return self.read(text)

    def joined(self, texts: Iterable[str]) -> Numbers:
        """The words of all texts with a break after each."""
        pieces = [piece for text in texts for piece in (self.read(text), _GAP)]
        return np.concatenate(pieces) if pieces else _GAP

    def values_of(self, numbers: Numbers) -> Hashes:
        """The value of each word; 0 for a break."""
        self._catch_up()
        return self._values[numbers]

    def hashes_of(self, numbers: Numbers) -> Hashes:
        """The hashes of all windows, sorted, each once."""
        self._catch_up()
        slices = range(0, len(numbers), _SLICE_WORDS)
        found = [
            self.windows(numbers[start : start + _SLICE_WORDS + WINDOW_WORDS]).hashes for start in slices
        ]
        return distinct(np.concatenate(found)) if found else np.zeros(0, np.uint64)

    def hashes_between(
        self, numbers: Numbers, begins: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> tuple[Hashes, NDArray[np.int64]]:
        """The hashes of the windows that start in each stretch, one stretch after the other, and how many each has."""
        self._catch_up()
        windows = self.windows(numbers)
        first = np.searchsorted(windows.starts, begins)
        counts = np.searchsorted(windows.starts, ends) - first
        return windows.hashes[spread(first, counts)], counts

    def grams(self, text: str, *, of_a_program: bool = False) -> Grams:
        """The words of `text` and its pairs of words in a row: every text that holds this run of words has these grams."""
        numbers = self.read(text)
        whole = np.array([0]), np.array([len(numbers)])
        return self.grams_between(numbers, *whole, of_a_program=of_a_program)[0]

    def grams_between(
        self, numbers: Numbers, begins: NDArray[np.int64], ends: NDArray[np.int64], *, of_a_program: bool
    ) -> tuple[Grams, NDArray[np.int64]]:
        """The grams that begin in each stretch, sorted, each once; and how many each has. The stretches follow one another."""
        values = self.values_of(numbers)
        whole = numbers != 0
        pair = (values[:-1] * _PAIR) ^ values[1:]
        is_pair = whole[:-1] & whole[1:]
        stretch = np.searchsorted(ends, np.arange(len(values)), side="right")
        inside = np.zeros(len(values), np.bool_)
        known = np.minimum(stretch, len(ends) - 1)
        inside[:] = (stretch < len(ends)) & (np.arange(len(values)) >= begins[known])
        single = whole & inside
        is_pair &= inside[:-1]
        mixed = np.concatenate([values[single], pair[is_pair]])
        if of_a_program:
            mixed ^= _PROGRAM
        keys = (mixed * _PAIR) >> _HIGH
        keys |= np.concatenate([stretch[single], stretch[:-1][is_pair]]).astype(np.uint64) << _HIGH
        keys = distinct(keys)
        cuts = np.searchsorted(keys, np.arange(len(ends) + 1, dtype=np.uint64) << _HIGH)
        return keys.astype(np.uint32), np.diff(cuts)

    def _catch_up(self) -> None:
        fresh = self._lazy.fresh
        if not fresh:
            return
        before, after = self._lazy.count - len(fresh), self._lazy.count
        if after > len(self._values):
            room = 1 << after.bit_length()
            self._values = _grown(self._values, room)
            self._weights = _grown(self._weights, room)
            self._solid = _grown(self._solid, room)
        self._values[before:after] = np.fromiter(map(value_of, fresh), np.uint64, len(fresh))
        self._weights[before:after] = np.fromiter(map(weight, fresh), np.int64, len(fresh))
        self._solid[before:after] = np.fromiter(map(is_solid, fresh), np.int64, len(fresh))
        fresh.clear()


def _grown(values: NDArray[Number], room: int) -> NDArray[Number]:
    larger = np.zeros(room, values.dtype)
    larger[: len(values)] = values
    return larger


def spread(begins: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places of stretches, one stretch after the other: of begins 5 and 9, counts 2 and 3, they are 5 6 9 10 11."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    places: NDArray[np.int64] = np.arange(total) + np.repeat(begins - (ends - counts), counts)
    return places
