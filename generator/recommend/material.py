"""What models are made of, and the rule that makes them fit for publishing.

Pairs of lessons that fewer than `least` readers share are no evidence: their weights are dropped before anything is built on them, so that
nothing that follows (blends, what leads on to new lessons) could tell of so few. A published row has at most `LONGEST_ROW` weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import csr_array

from generator.recommend.models.slim import Likeness
from generator.recommend.packing import LONGEST_ROW
from generator.recommend.queries import LEAST_READERS
from generator.recommend.readings import Readings
from generator.recommend.sparse import (
    Vector,
    across,
    chosen,
    scaled_columns,
    stacked,
    top_rows,
    without_diagonal,
)

MOST_RESTORED = 5.0
_RESTORED_POWER = (
    0.7  # settled by three lots of a tenth of what citeulike-a's models learn from; 0.5 to 0.8 were tried
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """shared: how many readers each two lessons share, as far as at least `least` do. contents: sharpness → how alike lessons are.

    terms: lessons × terms, as `content.features` has them; None where private text takes part, which may only order neighbours.
    courses: the places of each course's lessons, in reading order. kept: weights that were worked out already, by model.
    """

    readings: Readings
    shared: csr_array
    contents: Mapping[float, csr_array]
    courses: Sequence[Sequence[int]]
    least: int
    terms: csr_array | None = None
    kept: dict[str, csr_array] = field(default_factory=dict)

    @property
    def likeness(self) -> Likeness:
        return Likeness(shared=self.shared, own=self.readings.counts)

    def evident(self, weights: csr_array) -> csr_array:
        """The weights between lessons that enough readers share."""
        if self.least <= 1:
            return weights
        marks = csr_array(
            (np.ones_like(self.shared.data), self.shared.indices, self.shared.indptr), shape=self.shared.shape
        )
        found = csr_array(weights.multiply(marks))
        return chosen(found, found.data != 0)


def material(
    readings: Readings,
    contents: Mapping[float, csr_array],
    courses: Sequence[Sequence[int]],
    *,
    terms: csr_array | None = None,
    least: int = LEAST_READERS,
) -> Material:
    """least: pairs shared by fewer readers are no evidence; 1 where nothing will be published, as in comparisons with literature."""
    right = readings.matrix
    left = csr_array(right.T)

    def part(rows: slice) -> csr_array:
        counted = without_diagonal(csr_array(left[rows] @ right), rows.start)
        return chosen(counted, counted.data >= least)

    count = len(readings.lessons)
    shared = stacked(across(part, count), (count, count))
    shared.sort_indices()
    return Material(
        readings=readings, shared=shared, contents=contents, courses=courses, least=least, terms=terms
    )


def shipped(weights: csr_array, counts: Vector) -> csr_array:
    """What of the weights is in published rows: the greatest, or the largest of either sign where some are negative.

    Cutting takes most from lessons that many rows name far down, and what is left of these would come too late. So what leads to a lesson is
    multiplied by most of what it lost, over the readers of all lessons: by (before / after) to the power of 0.7, at most MOST_RESTORED of it. counts: readers of each lesson.
    """
    if (weights.data < 0).any():
        return top_rows(weights, LONGEST_ROW, by_size=True)
    cut = top_rows(weights, LONGEST_ROW)
    whole, left = weights.T @ counts, cut.T @ counts
    lost = np.divide(whole, left, out=np.ones_like(counts), where=left > 0)
    return scaled_columns(cut, np.clip(lost, 1, MOST_RESTORED) ** _RESTORED_POWER)
