"""Who took up which lesson, as a matrix over the lessons that the school lists now.

- A lesson that was renamed keeps its readers: signals name it by its id, and those that carry an old address or the id made of one
  (imports do) are counted for the lesson whose `moved_from` says so.
- Signals of lessons that are gone, drafts or retired count nowhere.
- Binary: a reader has taken a lesson up or has not. Only each reader's latest LONGEST_HISTORY lessons count: the few who read everything
  would be most of the work and say least about what belongs together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generator.catalogue.model import Lesson
from generator.recommend.interactions import NO_TIME, Interactions
from generator.recommend.queries import LONGEST_HISTORY
from generator.recommend.sparse import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """lessons: ids, column by column. matrix: readers × lessons, float32, 1 where a reader took the lesson up; readers without any
    are left out. at: seconds since 1970 for each stored entry, in the matrix's order; None unless every one has its time.
    """

    lessons: tuple[str, ...]
    matrix: csr_array
    at: NDArray[np.int64] | None = None

    @property
    def counts(self) -> Vector:
        """Readers of each lesson."""
        counted: Vector = np.bincount(self.matrix.indices, minlength=len(self.lessons)).astype(np.float32)
        return counted

    @property
    def lengths(self) -> Vector:
        """Lessons of each reader."""
        counted: Vector = np.diff(self.matrix.indptr).astype(np.float32)
        return counted


def readings_of(interactions: Interactions, lessons: Sequence[Lesson]) -> Readings:
    """The readings of these lessons. Each id once; what two names of one lesson say is one reading, at the earlier time."""
    ids = tuple(lesson.id for lesson in lessons)
    column = names(lessons)
    code = np.array([column.get(name, -1) for name in interactions.lessons], np.int64)
    known = code[interactions.lesson] >= 0 if len(interactions) else np.zeros(0, np.bool_)
    reader = interactions.reader[known].astype(np.int64)
    return build(
        ids,
        reader,
        code[interactions.lesson[known]] if len(interactions) else np.zeros(0, np.int64),
        interactions.at[known] if interactions.has_times else None,
    )


def names(lessons: Iterable[Lesson]) -> Mapping[str, int]:
    """Every name that signals may have for a lesson → its place: its id first, then its old addresses."""
    listed = list(lessons)
    column = {lesson.id: place for place, lesson in enumerate(listed)}
    for place, lesson in enumerate(listed):
        for address in lesson.moved_from:
            old = address.strip("/")
            column.setdefault(old, place)
            column.setdefault(address, place)
    return column


def build(
    ids: tuple[str, ...], reader: NDArray[np.int64], lesson: NDArray[np.int64], at: NDArray[np.int64] | None
) -> Readings:
    """reader, lesson, at: one of each for each event; readers are any numbers, lessons places in `ids`."""
    when = at if at is not None else np.full(len(reader), NO_TIME, np.int64)
    pair = reader * max(1, len(ids)) + lesson
    if (
        pair[1:] <= pair[:-1]
    ).any():  # else it is in order, each pair once, as counting leaves it: millions need not be sorted again
        order = np.lexsort((when, pair))
        first = np.ones(len(order), np.bool_)
        first[1:] = pair[order][1:] != pair[order][:-1]
        order = order[first]
        reader, lesson, when = reader[order], lesson[order], when[order]
    rows = _numbered(reader)
    if len(rows) and np.bincount(rows).max() > LONGEST_HISTORY:
        latest = _place_from_the_end(reader, when) < LONGEST_HISTORY
        reader, lesson, when, rows = reader[latest], lesson[latest], when[latest], rows[latest]
    count = int(rows[-1]) + 1 if len(rows) else 0
    starts = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=count)))).astype(np.int64)
    matrix = csr_array(
        (np.ones(len(lesson), np.float32), lesson.astype(np.int32), starts), shape=(count, len(ids))
    )
    return Readings(lessons=ids, matrix=matrix, at=when if at is not None else None)


def _numbered(reader: NDArray[np.int64]) -> NDArray[np.int64]:
    """Readers numbered from 0 without gaps. reader: sorted."""
    is_new = np.ones(len(reader), np.int64)
    is_new[1:] = reader[1:] != reader[:-1]
    numbered: NDArray[np.int64] = np.cumsum(is_new) - 1
    return numbered


def _place_from_the_end(reader: NDArray[np.int64], when: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each event, how many later ones its reader has. reader: sorted."""
    order = np.lexsort((when, reader))
    ends = np.searchsorted(reader, reader, side="right")
    places = np.empty(len(reader), np.int64)
    places[order] = ends - 1 - np.arange(len(reader))
    return places
