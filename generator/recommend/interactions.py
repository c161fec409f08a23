"""What readers did, as arrays ready for models; `counting` reads them from files, `engines` from an author's own engine.

    reader   string   a pseudonym; null where nobody is named
    lesson   string   the lesson's id; null for what belongs to no lesson
    kind     string   view, depth, time, finished, search, copied, clicked, bought, comment
    at       int64    seconds since 1970 UTC; null where it is not known
    value    float64  depth: the share of the lesson; time: seconds; search: number of results; else null
    list     string   clicked: the list that the lesson stood in
    place    int32    clicked: its place there, from 1
    variant  string   what the browser was shown ("popularity" for the holdout), if anything was decided

A folder holds any number of `*.parquet` files with these columns; others are ignored. Files that are not there are no readers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gatekeeper.contract.signals import KINDS as KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

# name → type in SQL, in the order of the files
COLUMNS = {
    "reader": "VARCHAR",
    "lesson": "VARCHAR",
    "kind": "VARCHAR",
    "at": "BIGINT",
    "value": "DOUBLE",
    "list": "VARCHAR",
    "place": "INTEGER",
    "variant": "VARCHAR",
}
NO_TIME = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    """Readers × lessons, one row for each pair that happened, by reader and then lesson (`generator.recommend.counting` says what counts).

    reader_count: readers are 0 … reader_count - 1. lessons: ids in order, known to the school or not. reader, lesson: int32 codes.
    at: int64 seconds since 1970, when the reader took up the lesson first; NO_TIME where that is not known. weight: float32, 1 to 10.
    """

    reader_count: int
    lessons: tuple[str, ...]
    reader: NDArray[np.int32]
    lesson: NDArray[np.int32]
    at: NDArray[np.int64]
    weight: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.reader)

    @property
    def has_times(self) -> bool:
        """Whether every row has a time, so that a split by time means something."""
        return len(self.at) > 0 and bool((self.at != NO_TIME).all())


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Every signal with a reader and a time, in the order of (reader, time): for activity, segments and uplift.

    readers, lessons: names by code; lists, variants: likewise. reader, lesson, kind, list_, variant: int32 codes, -1 for none; kind is
    a place in KINDS. at: int64 seconds since 1970. value: float64, NaN for none. place: int32, 0 for none.
    """

    readers: tuple[str, ...]
    lessons: tuple[str, ...]
    lists: tuple[str, ...]
    variants: tuple[str, ...]
    reader: NDArray[np.int32]
    lesson: NDArray[np.int32]
    kind: NDArray[np.int32]
    at: NDArray[np.int64]
    value: NDArray[np.float64]
    list_: NDArray[np.int32]
    place: NDArray[np.int32]
    variant: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.reader)
