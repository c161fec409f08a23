"""EASE^R: the linear model that predicts each lesson from all others, in closed form; weights may be negative. Steck 2019.

With G = XᵀX + λI and P = G⁻¹: w_ij = -P_ij / P_jj, w_ii = 0. Costs 4·n² bytes and n³ operations, so it is offered up to MOST_LESSONS.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.sparse import csr_array

from generator.recommend.models.model import Model
from generator.recommend.models.neighbours import KEEP
from generator.recommend.readings import Readings
from generator.recommend.sparse import across, pinned, stacked, top_rows, without_diagonal

MOST_LESSONS = 10_000


def ease(readings: Readings, ridge: float, keep: int = KEEP) -> Model:
    """ridge: λ, in readers. keep: the largest weights of a row, whatever their sign. Raises ValueError beyond MOST_LESSONS."""
    count = len(readings.lessons)
    if count > MOST_LESSONS:
        raise ValueError(f"EASE is for {MOST_LESSONS} lessons at most")
    name = f"EASE λ={ridge:g}"
    if not count:
        return Model(name=name, weights=csr_array((0, 0), dtype=np.float32))
    with pinned():
        inverse = _inverse(gram(readings), ridge)
    divisor = -np.diagonal(inverse).copy()

    def part(rows: slice) -> csr_array:
        weights = csr_array(inverse[rows] / divisor)
        return top_rows(without_diagonal(weights, rows.start), keep, by_size=True)

    return Model(name=name, weights=stacked(across(part, count), (count, count)))


def gram(readings: Readings) -> NDArray[np.float32]:
    """How many readers each two lessons share, dense and in Fortran's order; on the diagonal the readers of each."""
    right = readings.matrix
    left = csr_array(right.T)
    counted = np.empty((len(readings.lessons),) * 2, np.float32, order="F")

    def part(rows: slice) -> None:
        counted[:, rows] = (left[rows] @ right).toarray().T

    across(part, len(readings.lessons))
    return counted


def _inverse(counted: NDArray[np.float32], ridge: float) -> NDArray[np.float32]:
    """Of `counted` + ridge, which is symmetric and positive; in place."""
    counted[np.diag_indices_from(counted)] += ridge
    factor, failed = lapack.spotrf(counted, lower=1, overwrite_a=1)
    if failed:
        raise ValueError("the readings' matrix cannot be inverted")
    inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    lower = np.tril(inverse)
    symmetric: NDArray[np.float32] = lower + np.tril(lower, -1).T
    return symmetric
