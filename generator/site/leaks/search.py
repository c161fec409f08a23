"""The comparison itself: which windows of private text stand in public sequences.

Millions of windows meet millions; so two tables of bits, filled from the private hashes, let nearly every innocent public
window pass at once. The few that remain are joined with the private windows by hash, then compared word by word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.site.leaks.words import WINDOW_WORDS, Hashes, Numbers, Vocabulary, Windows, rows

_GAP = np.zeros(1, np.int32)
_TABLE_BITS = (16, 26)  # at least 64 KB, at most 64 MB each
_BATCH_WORDS = 200_000


class Bits:
    """A set of hashes that may claim to hold one it does not (Bloom, 1970; two hash functions)."""

    def __init__(self, hashes: Hashes) -> None:
        low, high = _TABLE_BITS
        bits = min(max((8 * len(hashes) + 1).bit_length(), low), high)
        self._shift = np.uint64(64 - bits)
        self._mask = np.uint64((1 << bits) - 1)
        self._first = np.zeros(1 << bits, np.bool_)
        self._second = np.zeros(1 << bits, np.bool_)
        self._first[hashes >> self._shift] = True
        self._second[self._other(hashes)] = True

    def might_hold(self, hashes: Hashes) -> NDArray[np.int64]:
        """Indices of the hashes that could be in the set; every one that is in it is among them."""
        likely = np.flatnonzero(self._first[hashes >> self._shift])
        return likely[self._second[self._other(hashes[likely])]]

    def _other(self, hashes: Hashes) -> Hashes:
        return (hashes >> np.uint64(7)) & self._mask


@dataclass(frozen=True, slots=True)
class Found:
    """Windows found in public files, in the order of files and places.

    files: index of the public file; places: of the window's first word in all that was read; words: shape (found, 16);
    texts: index of the private text; origins: of the window's first word in that text.
    """

    files: NDArray[np.int64]
    places: NDArray[np.int64]
    hashes: Hashes
    words: NDArray[np.int32]
    texts: NDArray[np.int64]
    origins: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.files)

    def only(self, chosen: NDArray[np.bool_]) -> Found:
        return Found(
            self.files[chosen],
            self.places[chosen],
            self.hashes[chosen],
            self.words[chosen],
            self.texts[chosen],
            self.origins[chosen],
        )


class Search:
    """Windows of private texts, looked for in one public sequence after the other."""

    def __init__(
        self, vocabulary: Vocabulary, private: Sequence[Numbers], public: Sequence[Numbers] = ()
    ) -> None:
        """Windows that also stand in `public` are not looked for."""
        self._vocabulary = vocabulary
        self._numbers, self._text_starts = _joined(private)
        self._windows = _without(
            vocabulary.windows(self._numbers), vocabulary.windows(_joined(public)[0]).hashes
        )
        self._bits = Bits(self._windows.hashes)
        self._waiting: list[Numbers] = []
        self._waiting_files: list[int] = []
        self._waiting_words = 0
        self._read_words = 0
        self._hashes: list[Hashes] = []
        self._files: list[NDArray[np.int64]] = []
        self._places: list[NDArray[np.int64]] = []
        self._rows: list[NDArray[np.int32]] = []

    @property
    def phrases(self) -> int:
        return len(self._windows)

    def look(self, file: int, numbers: Numbers) -> None:
        """Compare a public file's words, in batches."""
        self._waiting.append(numbers)
        self._waiting_files.append(file)
        self._waiting_words += len(numbers)
        if self._waiting_words >= _BATCH_WORDS:
            self._compare()

    def found(self) -> Found:
        """Everything found so far."""
        self._compare()
        if not self._hashes:
            return _nothing()
        hashes = np.concatenate(self._hashes)
        found = np.concatenate(self._rows)
        # The join: private windows whose hash was met, first of each hash, then every found window against it.
        met = np.unique(hashes)
        chosen = Bits(met).might_hold(self._windows.hashes)
        chosen = chosen[np.isin(self._windows.hashes[chosen], met)]
        known, first = np.unique(self._windows.hashes[chosen], return_index=True)
        chosen = chosen[first]
        if not len(chosen):
            return _nothing()
        private = rows(self._numbers, self._windows, chosen)
        index = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
        true = (known[index] == hashes) & (private[index] == found).all(axis=1)
        origins = self._windows.starts[chosen[index[true]]]
        texts = np.searchsorted(self._text_starts, origins, side="right") - 1
        return Found(
            np.concatenate(self._files)[true],
            np.concatenate(self._places)[true],
            hashes[true],
            found[true],
            texts,
            origins - self._text_starts[texts],
        )

    def _compare(self) -> None:
        if not self._waiting:
            return
        numbers, starts = _joined(self._waiting)
        windows = self._vocabulary.windows(numbers)
        likely = self._bits.might_hold(windows.hashes)
        if len(likely):
            places = windows.starts[likely]
            self._hashes.append(windows.hashes[likely])
            self._files.append(
                np.asarray(self._waiting_files)[np.searchsorted(starts, places, side="right") - 1]
            )
            self._places.append(places + self._read_words)
            self._rows.append(rows(numbers, windows, likely))
        self._read_words += len(numbers)
        self._waiting, self._waiting_files, self._waiting_words = [], [], 0


def explained(vocabulary: Vocabulary, found: Found, innocent: Iterable[str]) -> NDArray[np.bool_]:
    """Which of the found windows also stand in one of the `innocent` texts."""
    hashes = vocabulary.windows(_joined([vocabulary.read(text) for text in innocent])[0]).hashes
    held: NDArray[np.bool_] = np.isin(found.hashes, hashes)
    return held


def has_words_of(found: Found, numbers: Numbers, vocabulary_size: int) -> bool:
    """Whether a text holds nearly every word of at least one of the found windows, in whatever order.

    Two may be missing: highlighting can cut a word of code in two.
    """
    held = np.zeros(vocabulary_size + 1, np.bool_)
    held[numbers] = True
    held[0] = True  # rows are padded with it
    return bool(((~held[found.words]).sum(axis=1) <= 2).any())


def _without(windows: Windows, hashes: Hashes) -> Windows:
    """The windows whose hash is not among `hashes`.

    Here a hash counts without a second look: that two different windows of a school share one has odds of about one in a
    million million, and it would excuse a single window of a run.
    """
    if not len(hashes) or not len(windows):
        return windows
    known = np.sort(hashes)
    order = np.argsort(windows.hashes)
    wanted = windows.hashes[order]
    index = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    kept = np.ones(len(windows), np.bool_)
    kept[order] = known[index] != wanted
    return Windows(windows.starts[kept], windows.ends[kept], windows.hashes[kept])


def _joined(sequences: Sequence[Numbers]) -> tuple[Numbers, NDArray[np.int64]]:
    """All sequences with a gap after each, and where each starts."""
    pieces = [piece for sequence in sequences for piece in (sequence, _GAP)]
    starts = np.zeros(len(sequences) + 1, np.int64)
    np.cumsum([len(sequence) + 1 for sequence in sequences], out=starts[1:])
    return (np.concatenate(pieces) if pieces else _GAP), starts[:-1]


def _nothing() -> Found:
    empty = np.zeros(0, np.int64)
    return Found(empty, empty, np.zeros(0, np.uint64), np.zeros((0, WINDOW_WORDS), np.int32), empty, empty)
