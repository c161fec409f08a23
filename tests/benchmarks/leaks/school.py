"""A school as the leak check's ledger sees it: windows by the thousand, drawn by lot, the same in every run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

import numpy as np

from generator.site.leaks import FileReading, Unit
from generator.site.leaks.private import PrivateName
from generator.site.leaks.units import Told

PRIVATE, PUBLIC = 1_000, 400  # windows of a lesson
OWN_PIECES, SHARED_PIECES = 14, 50  # of a page
WINDOWS, GRAMS = 57, 80  # of a piece
NAMES = tuple(
    PrivateName(lesson="a", path="a/x.png", text=f"drawing {number} of a lesson.png", is_file=True)
    for number in range(500)
)

Value = TypeVar("Value")


class Made(Mapping[str, Value]):
    """As many values as there are lessons, each made when it is asked for."""

    def __init__(self, make: Callable[[int, int], Value], count: int) -> None:
        self._make = make
        self._count = count

    def __getitem__(self, key: str) -> Value:
        return self._make(int(key), 0)

    def __iter__(self) -> Iterator[str]:
        return map(str, range(self._count))

    def __len__(self) -> int:
        return self._count


def unit(number: int, version: int) -> Unit:
    random = np.random.default_rng((1, number, version))
    return Unit(
        private=np.sort(random.integers(0, 2**64, PRIVATE, np.uint64)),
        public=np.sort(random.integers(0, 2**64, PUBLIC, np.uint64)),
        source=random.bytes(16),
    )


def page(number: int, version: int) -> FileReading:
    """The first page tells what all share."""
    random = np.random.default_rng((2, number, version))
    own = random.integers(1 << 32, 2**62, OWN_PIECES)
    shared = np.arange(SHARED_PIECES)
    told = own if number or version else np.concatenate([shared, own])
    return FileReading(
        sha256=random.bytes(32),
        pieces=np.sort(np.concatenate([shared, own])),
        told=Told(
            ids=told,
            hash_counts=np.full(len(told), WINDOWS),
            gram_counts=np.full(len(told), GRAMS),
            hashes=random.integers(0, 2**64, WINDOWS * len(told), np.uint64),
            grams=random.integers(0, 2**32, GRAMS * len(told), np.uint32),
        ),
        members=((f"{number}.html", random.bytes(32)),),
    )
