"""fsSLIM: each lesson predicted from its nearest neighbours alone, by an elastic net. Ning & Karypis 2011.

For lesson j with neighbours N: minimise ½‖x_j - X_N w‖² + ½·ridge·‖w‖² + lasso·‖w‖₁ by coordinate descent (Friedman et al. 2010). Only products
of columns occur in it, so the readings themselves are not needed, only what `likeness` of any two lessons is: how many readers they
share, and, where content takes part, what their texts share, as if some readers had read every two lessons that say the same.
The lessons are taken in batches whose coordinates go on side by side; that is as fast as compiled code and needs no compiler.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generator.recommend.models.model import Model
from generator.recommend.sparse import (
    Vector,
    across,
    chosen,
    cores,
    powers,
    scaled_columns,
    scaled_rows,
    stacked,
    top_products,
    top_rows,
    without_diagonal,
)

NEIGHBOURS = 50
KEEP = 400  # lessons that content joins to one
LASSO = 0.1  # readers
SWEEPS = 6
BATCH = 128
MOST_DENSE = 20_000  # lessons: up to there the likeness is looked up in a dense matrix, 1.6 GB at most

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """shared: lessons × lessons, symmetric, without diagonal. own: the diagonal: what a lesson has in common with itself."""

    shared: csr_array
    own: Vector

    def with_terms(self, terms: csr_array, readers: float, joined: csr_array | None = None) -> Likeness:
        """terms: lessons × terms. As if so many readers had taken up every two lessons that say the same, of usual length.

        joined: `in_common(terms)` if it is known already.
        """
        joined = in_common(terms) if joined is None else joined
        lengths = np.asarray(terms.power(2).sum(axis=1)).ravel()
        return Likeness(
            shared=csr_array(self.shared + joined * np.float32(readers)),
            own=(self.own + lengths * readers).astype(np.float32),
        )

    def neighbours(self, count: int) -> csr_array:
        """The `count` nearest of each lesson, by cosine."""
        scale = powers(self.own, -0.5)
        return top_rows(scaled_columns(scaled_rows(self.shared, scale), scale), count)


def in_common(terms: csr_array) -> csr_array:
    """lessons × lessons: the products of their features, of each lesson the KEEP greatest."""
    return top_products(terms, csr_array(terms.T), KEEP)


def slim(likeness: Likeness, ridge: float, *, lasso: float = LASSO, neighbours: int = NEIGHBOURS) -> Model:
    """ridge, lasso: in readers."""
    near = likeness.neighbours(neighbours)
    count = near.shape[0]
    shared = likeness.shared.toarray() if count <= MOST_DENSE else likeness.shared

    def part(rows: slice) -> csr_array:
        return _batch(shared, likeness.own, csr_array(near[rows]), rows.start, ridge, lasso)

    step = min(BATCH, max(1, -(-count // cores())))
    by_target = stacked(across(part, count, step), (count, count))
    return Model(name=f"fsSLIM ridge={ridge:g}", weights=csr_array(by_target.T))


def _batch(
    shared: csr_array | Floats, all_own: Vector, near: csr_array, first: int, ridge: float, lasso: float
) -> csr_array:
    """Rows: the weights with which a lesson follows from its neighbours. near: neighbours of lessons from `first` on."""
    lengths = np.diff(near.indptr)
    batch, width = near.shape[0], int(lengths.max(initial=0))
    if not width:
        return csr_array(near.shape, dtype=np.float32)
    is_used = np.arange(width) < lengths[:, None]
    index = np.zeros((batch, width), np.int64)
    index[is_used] = near.indices
    inner = np.empty((batch, width, width), np.float32)
    wanted = np.zeros((batch, width), np.float32)
    for row in range(batch):
        own = index[row, : lengths[row]]
        inner[row] = 0
        if isinstance(shared, np.ndarray):
            inner[row, : len(own), : len(own)] = shared[np.ix_(own, own)]
            wanted[row, : len(own)] = shared[own, first + row]
        else:
            block = shared[np.append(own, first + row)][:, own].toarray()
            inner[row, : len(own), : len(own)] = block[:-1]
            wanted[row, : len(own)] = block[-1]
    steps = np.where(is_used, all_own[index], 0).astype(np.float32)
    weights = _descend(inner, wanted, steps, is_used, ridge, lasso)
    found = csr_array((weights[is_used], near.indices, near.indptr), shape=near.shape)
    return without_diagonal(chosen(found, found.data != 0), first)


def _descend(
    inner: Floats, wanted: Floats, own: Floats, is_used: NDArray[np.bool_], ridge: float, lasso: float
) -> Floats:
    """inner: (batch, width, width) without its diagonal, which is `own` (batch, width). wanted: (batch, width)."""
    weights = np.zeros_like(wanted)
    rest = wanted.copy()  # wanted minus what the other coordinates explain already
    divisor = np.where(is_used, own + np.float32(ridge), np.float32(1))
    for _ in range(SWEEPS):
        for place in range(wanted.shape[1]):
            value = rest[:, place]
            moved = np.sign(value) * np.maximum(np.abs(value) - np.float32(lasso), 0) / divisor[:, place]
            change = np.where(is_used[:, place], moved - weights[:, place], 0).astype(np.float32)
            rest -= inner[:, place, :] * change[:, None]
            weights[:, place] += change
    return weights
