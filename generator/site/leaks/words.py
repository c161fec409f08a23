"""What counts as a word, and which runs of words are compared.

- Text is compared after folding: NFKC, case folding, apostrophes and invisible characters dropped. Everything else that
  is neither letter nor digit only separates words, so quotes, dashes, emphasis and line ends do not hide a phrase.
- A word is a run of letters and digits and weighs 2. A Chinese or Japanese character is a word of its own and weighs 1.
- A window is the shortest run from a given word on that weighs at least 16: 8 words, 16 characters, or a mixture. A run
  of private text is found exactly when it holds a window.
- Windows are compared by a rolling 64-bit hash over word numbers (Rabin–Karp, prefix form) and confirmed word by word, so
  that a collision of hashes never accuses anybody.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]
Hashes = NDArray[np.uint64]

WINDOW_WEIGHT = 16
WINDOW_WORDS = 16  # no window has more words: each weighs at least 1
_IDEOGRAPHS = "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Letters and digits as they are, everything else a space.
_ASCII_WORDS = "".join(sign if sign.isalnum() else " " for sign in map(chr, range(128)))
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\W_{_IDEOGRAPHS}]+")
_IDEOGRAPH = re.compile(rf"[{_IDEOGRAPHS}]")
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff"
# As NFKC has them, and all that most Chinese texts have of it: so these need not go the slow way. Nothing composes with them.
_PUNCTUATION = tuple(
    zip("，：；！？（）…\u3000\xa0", (",", ":", ";", "!", "?", "(", ")", "...", " ", " "), strict=True)
)
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse modulo 2**64
_INVERSE = np.uint64(pow(int(_BASE), -1, 2**64))
_SEED = 20_260_101  # any fixed number: the same input gives the same hashes in every run


def fold(text: str) -> str:
    """`text` as it is compared."""
    if text.isascii():
        return text.lower().replace("'", "")
    for sign, plain in _PUNCTUATION:
        if sign in text:
            text = text.replace(sign, plain)
    if not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    for sign in _INVISIBLE:
        if sign in text:
            text = text.replace(sign, "")
    return text.casefold().replace("'", "").replace("\u2019", "")


def words(text: str) -> list[str]:
    """The words of `text`, folded, in order."""
    text = fold(text)
    if text.isascii():
        return text.translate(_ASCII_WORDS).split()
    found: list[str] = []
    for is_ascii, lines in itertools.groupby(text.split("\n"), str.isascii):
        together = "\n".join(lines)
        found += together.translate(_ASCII_WORDS).split() if is_ascii else _WORD.findall(together)
    return found


def weight(word: str) -> int:
    return 1 if _IDEOGRAPH.fullmatch(word) else 2


def is_solid(word: str) -> bool:
    """Whether a word says something: it is neither a bare number nor a single letter."""
    return (len(word) > 1 and not word.isdigit()) or weight(word) == 1


def spell(found: Iterable[str]) -> str:
    """Words as a readable phrase: a space between words, none between Chinese characters."""
    phrase, before = "", 2
    for word in found:
        phrase += (" " if phrase and (before == 2 or weight(word) == 2) else "") + word
        before = weight(word)
    return phrase


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of a sequence of word numbers. starts: index of the first word; ends: one past the last; hashes: one each."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    hashes: Hashes

    def __len__(self) -> int:
        return len(self.starts)


class Vocabulary:
    """Numbers for the words of private text, from 1; 0 stands for every other word and for a break between texts."""

    def __init__(self) -> None:
        counter = itertools.count(1)
        self._numbers: defaultdict[str, int] = defaultdict(lambda: next(counter))
        self._known: list[str] = []
        self._values = np.zeros(1, np.uint64)
        self._weights = np.full(1, 2, np.int64)
        self._solid = np.zeros(1, np.int64)
        self._powers = np.ones(1, np.uint64)
        self._inverses = np.ones(1, np.uint64)

    def __len__(self) -> int:
        return len(self._numbers)

    def learn(self, text: str) -> Numbers:
        """The words of private `text` as numbers; new words are added."""
        found = words(text)
        return np.fromiter(map(self._numbers.__getitem__, found), np.int32, len(found))

    def read(self, text: str) -> Numbers:
        """The words of `text` as numbers; a word that no private text has is 0."""
        found = words(text)
        return np.fromiter(map(self._numbers.get, found, itertools.repeat(0)), np.int32, len(found))

    def spell(self, numbers: Sequence[int]) -> str:
        """The phrase that `numbers` stand for, once the vocabulary is closed."""
        return spell(self._known[number - 1] if number else "…" for number in numbers)

    def close(self) -> None:
        """No word is learnt any more; from here on windows can be made."""
        known = self._known = list(self._numbers)  # in the order of their numbers
        self._values = np.random.default_rng(_SEED).integers(
            1, 2**64, len(known) + 1, dtype=np.uint64, endpoint=False
        )
        self._weights = np.fromiter(itertools.chain((2,), map(weight, known)), np.int64, len(known) + 1)
        self._solid = np.fromiter(itertools.chain((False,), map(is_solid, known)), np.int64, len(known) + 1)

    def windows(self, numbers: Numbers) -> Windows:
        """Every window of `numbers` without an unknown word in it. Runs of bare digits and single letters are no phrase."""
        count = len(numbers)
        weights = self._weights[numbers]
        before = np.zeros(count + 1, np.int64)
        np.cumsum(weights, out=before[1:])
        starts = np.flatnonzero(before[:-1] + WINDOW_WEIGHT <= before[-1])
        holder = np.repeat(np.arange(count), weights)  # unit of weight → the word that holds it
        ends = holder[before[starts] + (WINDOW_WEIGHT - 1)] + 1
        whole = _none_between(numbers == 0, starts, ends) & ~_none_between(
            self._solid[numbers] != 0, starts, ends
        )
        starts, ends = starts[whole], ends[whole]
        return Windows(starts, ends, self.hashes(numbers, starts, ends))

    def hashes(self, numbers: Numbers, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> Hashes:
        """The hash of each run of `numbers` from a start to its end."""
        powers, inverses = self._powers_of(len(numbers))
        sums = np.zeros(len(numbers) + 1, np.uint64)
        np.cumsum(self._values[numbers] * powers[: len(numbers)], out=sums[1:])
        return (sums[ends] - sums[starts]) * inverses[starts]

    def _powers_of(self, count: int) -> tuple[Hashes, Hashes]:
        if len(self._powers) <= count:
            size = 1 << (count + 1).bit_length()
            self._powers = np.cumprod(np.full(size, _BASE, np.uint64), dtype=np.uint64)
            self._inverses = np.cumprod(np.full(size, _INVERSE, np.uint64), dtype=np.uint64)
        return self._powers, self._inverses


def rows(numbers: Numbers, windows: Windows, chosen: NDArray[np.int64]) -> NDArray[np.int32]:
    """The words of the `chosen` windows, shape (chosen, 16), padded with 0: what two windows are finally compared by."""
    padded = np.concatenate([numbers, np.zeros(WINDOW_WORDS, np.int32)])
    offsets = np.arange(WINDOW_WORDS)
    places = windows.starts[chosen][:, None] + offsets
    inside = offsets < (windows.ends[chosen] - windows.starts[chosen])[:, None]
    return np.where(inside, padded[places], np.int32(0))


def _none_between(
    marked: NDArray[np.bool_], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.bool_]:
    before = np.zeros(len(marked) + 1, np.int64)
    np.cumsum(marked, out=before[1:])
    same: NDArray[np.bool_] = before[ends] == before[starts]
    return same
