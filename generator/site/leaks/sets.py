"""Sets as sorted arrays. NumPy's own functions are made for any array, and import half a package at the first call."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", np.uint64, np.uint32, np.int64)


def distinct(values: NDArray[Number]) -> NDArray[Number]:
    """Sorted, each once."""
    return once(np.sort(values))


def once(ordered: NDArray[Number]) -> NDArray[Number]:
    """Of sorted values each once."""
    first = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


def is_in(values: NDArray[Any], ordered: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of `values` stand among the sorted ones."""
    if not len(ordered):
        return np.zeros(len(values), np.bool_)
    index = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    held: NDArray[np.bool_] = ordered[index] == values
    return held


def in_one_only(first: NDArray[Number], second: NDArray[Number]) -> NDArray[Number]:
    """What stands in one of two sets but not in both."""
    both = np.sort(np.concatenate([first, second]))
    differs = np.ones(len(both) + 1, np.bool_)
    np.not_equal(both[1:], both[:-1], out=differs[1:-1])
    return both[differs[1:] & differs[:-1]]


def counts_in(hashes: NDArray[Any], ordered: NDArray[Any]) -> NDArray[np.int64]:
    """How often each of `hashes` stands among the sorted ones, which may repeat and be many more."""
    counts = np.zeros(len(hashes), np.int64)
    if len(ordered):
        first = np.searchsorted(ordered, hashes)
        there = np.flatnonzero(ordered[np.minimum(first, len(ordered) - 1)] == hashes)
        counts[there] = np.searchsorted(ordered, hashes[there], side="right") - first[there]
    return counts
