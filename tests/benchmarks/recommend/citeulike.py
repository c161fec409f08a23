"""The measured behaviour: readers' libraries of articles, the articles' tags, and which articles cite each other. Never part of this repository.

A folder with `users.dat` (a line a reader: a count, then article numbers from 0), `item-tag.dat` (a line an article: a count, then tag numbers) and
`citations.dat` (a line an article: a count, then article numbers), as in citeulike-a of Wang, Chen and Li, IJCAI 2013.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generator.recommend.content import evened, near, weighed
from generator.recommend.readings import Readings

Places = NDArray[np.int64]
KEEP = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """libraries: articles of each reader, in the file's order. tags, citations: of each article."""

    libraries: tuple[Places, ...]
    tags: tuple[Places, ...]
    citations: tuple[Places, ...]

    @property
    def articles(self) -> int:
        return len(self.tags)

    def readings(self, libraries: Sequence[Places]) -> Readings:
        ids = tuple(f"{number:05}" for number in range(self.articles))
        return Readings(lessons=ids, matrix=rows(libraries, self.articles))

    def alike(self, sharpness: float) -> csr_array:
        """Content similarity of articles by their tags, as `content.alike` has it for lessons that have nothing but tags."""
        return near(self.terms(sharpness), KEEP)

    def terms(self, sharpness: float = 1.0) -> csr_array:
        """Articles × tags, as `content.features` has lessons × terms."""
        width = 1 + max((int(one.max()) for one in self.tags if len(one)), default=0)
        return evened(weighed(rows(self.tags, width), sharpness))


def read(folder: Path) -> Community:
    return Community(
        libraries=_lists(folder / "users.dat"),
        tags=_lists(folder / "item-tag.dat"),
        citations=_lists(folder / "citations.dat"),
    )


def parted(libraries: Sequence[Places], seed: int = 0) -> tuple[list[Places], list[Places]]:
    """The protocol of the bars: for each reader in order a permutation, of which floor(0.8 n) are kept."""
    lot = np.random.default_rng(seed)
    kept, held = [], []
    for library in libraries:
        order = lot.permutation(library)
        count = int(np.floor(0.8 * len(library)))
        kept.append(order[:count])
        held.append(order[count:])
    return kept, held


def rows(lists: Sequence[Places], width: int) -> csr_array:
    """Lists as a matrix of ones, each column once a row, in order."""
    sets = [np.unique(one) for one in lists]
    starts = np.concatenate(([0], np.cumsum([len(one) for one in sets]))).astype(np.int64)
    columns = np.concatenate([np.zeros(0, np.int64), *sets]).astype(np.int32)
    return csr_array((np.ones(len(columns), np.float32), columns, starts), shape=(len(sets), width))


def _lists(path: Path) -> tuple[Places, ...]:
    with path.open(encoding="ascii") as lines:
        return tuple(np.array(line.split()[1:], np.int64) for line in lines)
