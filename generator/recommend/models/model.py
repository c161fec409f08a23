"""What every model is: weights from lesson to lesson, and perhaps what everybody is shown.

A reader's score of a lesson is the sum of that lesson's weights in the rows of what the reader has taken up. That is all a browser can
work out from packed rows, so it is all that any model may need. `base` comes after everything that has a score of its own: it fills lists.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generator.recommend.sparse import Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """weights: lessons × lessons, no diagonal. base: a number for each lesson, not negative, or None."""

    name: str
    weights: csr_array
    base: Vector | None = None

    def scores(self, history: csr_array) -> NDArray[np.float32]:
        """history: readers × lessons. Returns the same shape, dense; above zero is worth showing."""
        scores: NDArray[np.float32] = np.asarray((history @ self.weights).toarray(), np.float32)
        if self.base is None or not self.base.any():
            return scores
        greatest = np.maximum(scores.max(axis=1, keepdims=True, initial=0), np.float32(1e-30))
        filling = self.base / self.base.max()
        np.copyto(scores, np.where(scores > 0, scores / greatest + 2, filling))
        return scores

    def filled_with(self, base: Vector | None) -> Model:
        return replace(self, base=base)
