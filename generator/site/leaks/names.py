"""Short private strings, found whole: names of private files, and addresses, titles and tags of hidden lessons.

A name is first met as a sequence of words by its last two; whether it really stands there is then confirmed: a file's name
or an address letter by letter (not as a piece of a longer name), a title or tag word by word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from generator.site.leaks.private import PrivateName
from generator.site.leaks.words import Numbers, Vocabulary, fold, words

PROGRAM_SUFFIXES = frozenset({".js", ".mjs", ".css", ".map"})  # single words of a title mean nothing there


class Names:
    """Made before the vocabulary is closed, used after."""

    def __init__(self, vocabulary: Vocabulary, names: Sequence[PrivateName]) -> None:
        self._names = names
        self._by_ending: defaultdict[tuple[int, int], list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
        for index, name in enumerate(names):
            numbers = tuple(vocabulary.learn(name.text).tolist())
            if numbers:
                ending = (numbers[-2] if len(numbers) > 1 else 0, numbers[-1])
                self._by_ending[ending].append((index, numbers))
        self._last: NDArray[np.bool_] = np.zeros(1, np.bool_)
        self._met: set[tuple[int, int]] = set()

    def close(self, vocabulary: Vocabulary) -> None:
        self._last = np.zeros(len(vocabulary) + 1, np.bool_)
        self._last[[last for _, last in self._by_ending]] = True

    def look(self, file: int, numbers: Numbers, suffix: str) -> None:
        """Remember which names could stand in a public file."""
        for place in np.flatnonzero(self._last[numbers]).tolist():
            last = int(numbers[place])
            before = int(numbers[place - 1]) if place else 0
            for ending in ((before, last), (0, last)):
                for index, sequence in self._by_ending.get(ending, ()):
                    if (file, index) in self._met or (
                        suffix in PROGRAM_SUFFIXES and not self._names[index].is_file
                    ):
                        continue
                    start = place + 1 - len(sequence)
                    if start >= 0 and tuple(numbers[start : place + 1].tolist()) == sequence:
                        self._met.add((file, index))

    def met(self) -> list[tuple[int, PrivateName]]:
        """(file, name) pairs to be confirmed, in order."""
        return [(file, self._names[index]) for file, index in sorted(self._met)]


class Texts:
    """Texts in which names are looked for; read and folded at the first question, once."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = texts

    def hold(self, name: PrivateName) -> bool:
        """Whether `name` stands in one of the texts."""
        if not name.is_file:
            return f" {' '.join(words(name.text))} " in self._words
        wanted = fold(name.text)
        place = self._letters.find(wanted)
        while place >= 0:
            around = self._letters[place - 1 : place] + self._letters[place + len(wanted) :][:1]
            if not any(sign == "-" or sign == "_" or sign.isalnum() for sign in around):
                return True
            place = self._letters.find(wanted, place + 1)
        return False

    @cached_property
    def _folded(self) -> list[str]:
        return [fold(text) for text in self._texts]

    @cached_property
    def _letters(self) -> str:
        return "\n".join(self._folded)

    @cached_property
    def _words(self) -> str:
        return " / ".join(f" {' '.join(words(text))} " for text in self._folded)
