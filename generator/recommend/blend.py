"""Behaviour and content together: what readers do says most where many have read, what lessons say has to do where few or none have.

    w = b + share · c            for lessons that behaviour knows
    to a new lesson n            (1 + through · b) · s     s: from a known lesson to n, when it is among the SOURCES most alike of n
    from a new lesson n          (1 + through · s) · …     what n is most alike to, and what follows from that

b and c are scaled to rows that add up to 1 on average (`in_proportion`). A lesson is new while no behaviour weight leads to it. `share` and `through`
are learned on validation. Everything here is made of b and c alone: whatever b may not contain, the blend cannot contain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.preprocessing import normalize

from generator.recommend.models.model import Model
from generator.recommend.sparse import in_proportion, scaled_columns, scaled_rows, top_rows

SOURCES = 30
THROUGH = 1.0


def blended(behaviour: csr_array, content: csr_array, share: float, *, through: float = THROUGH) -> csr_array:
    """share: how much content counts beside behaviour; 0 is behaviour alone, which says nothing of new lessons."""
    if not share:
        return behaviour
    b = in_proportion(behaviour)
    c = in_proportion(content)
    known = np.bincount(b.indices, minlength=b.shape[1]) > 0
    if known.all() or not known.any():
        return csr_array(b + c * np.float32(share))
    step = _steps_to_new(c, known)
    to_new = csr_array(step + b @ step * np.float32(through))
    from_new = csr_array(step.T @ b) * np.float32(through)
    rest = scaled_columns(c, known.astype(np.float32))
    return csr_array(b + (rest + to_new + from_new) * np.float32(share))


def cold(behaviour: csr_array, content: csr_array, *, through: float = THROUGH) -> Model:
    """How new lessons alone are ranked: the blend's part that leads to them."""
    b = in_proportion(behaviour)
    known = np.bincount(b.indices, minlength=b.shape[1]) > 0
    step = _steps_to_new(in_proportion(content), known)
    return Model(name="new lessons", weights=csr_array(step + b @ step * np.float32(through)))


def _steps_to_new(content: csr_array, known: NDArray[np.bool_]) -> csr_array:
    """known × new: each new lesson's SOURCES most alike known ones, their likeness adding up to 1, scaled to what `content` gives a lesson."""
    old = known.astype(np.float32)
    sources = top_rows(scaled_columns(scaled_rows(content, 1 - old), old), SOURCES)
    received = np.asarray(content.sum(axis=0)).ravel()
    usual = float(received[known].mean()) if known.any() else 1.0
    return csr_array((normalize(sources, norm="l1") * np.float32(usual)).T)
