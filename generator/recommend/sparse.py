"""What all models do with sparse matrices: products whose rows keep only their greatest entries, so that no lessons × lessons
matrix is ever whole in memory, on all cores that the process was given, with the same result on any number of them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, vstack

Vector = NDArray[np.float32]
Result = TypeVar("Result")

ROWS_AT_ONCE = 512


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def pinned() -> Iterator[None]:
    """Within it, BLAS takes as many threads as there are cores and no more: more would only wait for each other."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=cores()):
        yield


def across(function: Callable[[slice], Result], count: int, step: int = ROWS_AT_ONCE) -> list[Result]:
    """`function` of each slice of `range(count)`, in order, on all cores. SciPy lets go of the interpreter inside a product."""
    slices = [slice(start, min(start + step, count)) for start in range(0, count, step)]
    if len(slices) == 1 or cores() == 1:
        return [function(part) for part in slices]
    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(function, slices))


def top_products(
    left: csr_array, right: csr_array, keep: int, *, column_scale: Vector | None = None
) -> csr_array:
    """The `keep` greatest positive entries of each row of `left @ right`, without the diagonal.

    left: shape (lessons, readers). right: (readers, lessons). column_scale: a factor for each column, applied before the choice.
    """

    def part(rows: slice) -> csr_array:
        product = csr_array(left[rows] @ right)
        if column_scale is not None:
            product.data *= column_scale[product.indices]
        return top_rows(without_diagonal(product, rows.start), keep)

    return stacked(across(part, left.shape[0]), (left.shape[0], right.shape[1]))


def without_diagonal(matrix: csr_array, first: int = 0) -> csr_array:
    """The rows without the entry that a lesson has with itself. first: which lesson the first row is."""
    row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    return chosen(matrix, matrix.indices != row + first)


def chosen(matrix: csr_array, entries: NDArray[np.bool_]) -> csr_array:
    """The stored entries that are marked."""
    before = np.concatenate(([0], np.cumsum(entries)))
    return csr_array(
        (matrix.data[entries], matrix.indices[entries], before[matrix.indptr].astype(np.int64)),
        shape=matrix.shape,
    )


def top_rows(matrix: csr_array, keep: int, *, by_size: bool = False) -> csr_array:
    """The `keep` greatest entries of each row that are above zero; equal ones by column. by_size: the largest, whatever their sign."""
    order = np.abs(matrix.data) if by_size else matrix.data
    good = order > 0
    starts = matrix.indptr
    for row in np.flatnonzero(np.diff(starts) > keep):
        here = slice(starts[row], starts[row + 1])
        values = order[here]
        least = np.partition(values, len(values) - keep)[len(values) - keep]
        above = values > least
        equal = np.flatnonzero(values == least)
        equal = equal[np.argsort(matrix.indices[here][equal])][: keep - int(above.sum())]
        above[equal] = True
        good[here] &= above
    return chosen(matrix, good)


def stacked(parts: Sequence[csr_array], shape: tuple[int, int]) -> csr_array:
    return csr_array(vstack(parts, format="csr"), dtype=np.float32) if parts else empty(shape)


def empty(shape: tuple[int, int]) -> csr_array:
    return csr_array(shape, dtype=np.float32)


def scaled_rows(matrix: csr_array, factors: Vector) -> csr_array:
    return csr_array(diags_array(factors.astype(np.float32)) @ matrix)


def scaled_columns(matrix: csr_array, factors: Vector) -> csr_array:
    return csr_array(matrix @ diags_array(factors.astype(np.float32)))


def in_proportion(matrix: csr_array) -> csr_array:
    """The matrix times a factor that makes the rows that have anything add up to 1 on average: so that models can be mixed."""
    filled = int(np.count_nonzero(np.diff(matrix.indptr)))
    total = float(np.abs(matrix.data).sum())
    return csr_array(matrix * np.float32(filled / total)) if total > 0 else matrix


def powers(counts: Vector, exponent: float) -> Vector:
    """`counts ** exponent` where there is anything, else 0."""
    result = np.zeros(len(counts), np.float32)
    np.power(counts, exponent, out=result, where=counts > 0, dtype=np.float32)
    return result
