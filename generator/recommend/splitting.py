"""What of the readings a model may learn from, and what it is judged by.

Of each reader with two lessons or more a fifth is held back, at least one and never all: the newest where every reading has its time, else
chosen by lot. Readers with one lesson are learned from and judge nothing. Same seed, same split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generator.recommend.readings import Readings

KEPT_SHARE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """train: what models learn from, same readers. held: readers × lessons, what they took up besides. readers: rows that judge.

    by_time: whether what is held back is the newest.
    """

    train: Readings
    held: csr_array
    readers: NDArray[np.int64]
    by_time: bool


def split(readings: Readings, *, seed: int, judges: int) -> Split:
    """judges: at most so many readers judge, chosen by lot."""
    lot = np.random.default_rng(seed)
    matrix = readings.matrix
    lengths = np.diff(matrix.indptr)
    row = np.repeat(np.arange(matrix.shape[0]), lengths)
    chance = lot.random(len(matrix.indices))
    key = (chance, row) if readings.at is None else (chance, readings.at, row)
    order = np.lexsort(key)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - matrix.indptr[row[order]]
    kept = np.maximum(1, np.floor(KEPT_SHARE * lengths)).astype(np.int64)
    is_kept = place < kept[row]
    judging = np.flatnonzero(lengths > kept)
    if len(judging) > judges:
        judging = np.sort(lot.choice(judging, judges, replace=False))
    train = Readings(
        lessons=readings.lessons,
        matrix=_part(matrix, row, is_kept),
        at=None if readings.at is None else readings.at[is_kept],
    )
    return Split(
        train=train,
        held=_part(matrix, row, ~is_kept),
        readers=judging.astype(np.int64),
        by_time=readings.at is not None,
    )


def sample(readings: Readings, readers: int, *, seed: int) -> Readings:
    """Readings of at most so many readers, chosen by lot: choosing a model needs no more."""
    count = readings.matrix.shape[0]
    if count <= readers:
        return readings
    rows = np.sort(np.random.default_rng(seed).choice(count, readers, replace=False))
    at = None
    if readings.at is not None:
        is_chosen = np.zeros(count, np.bool_)
        is_chosen[rows] = True
        at = readings.at[np.repeat(is_chosen, np.diff(readings.matrix.indptr))]
    return Readings(lessons=readings.lessons, matrix=csr_array(readings.matrix[rows]), at=at)


def _part(matrix: csr_array, row: NDArray[np.int64], marked: NDArray[np.bool_]) -> csr_array:
    starts = np.concatenate(([0], np.cumsum(np.bincount(row[marked], minlength=matrix.shape[0]))))
    return csr_array(
        (matrix.data[marked], matrix.indices[marked], starts.astype(np.int64)), shape=matrix.shape
    )
