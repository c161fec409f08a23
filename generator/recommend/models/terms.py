"""RP3beta over readers and terms: a term joins the lessons that say it as a reader joins those that they took up.

One walk over both: from a lesson to a reader or a term, to another lesson, divided by the power β of everything that leads to it. Terms weigh √`readers`
times their features, so that two lessons which say the same, at usual length, are joined as by so many readers. What leads over readers is cut
to evident pairs before both are added, so content alone joins the others.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from generator.recommend.material import Material
from generator.recommend.models.neighbours import KEEP
from generator.recommend.sparse import powers, scaled_columns, scaled_rows, top_products, top_rows


def rp3beta_over_terms(
    material: Material, terms: csr_array, readers: float, alpha: float, beta: float
) -> csr_array:
    """terms: lessons × terms, rows of length 1 on average. Returns the weights."""
    said = csr_array(terms.T)
    weight = np.float32(np.sqrt(readers))
    degrees = (material.readings.counts + weight * np.asarray(said.sum(axis=0)).ravel()).astype(np.float32)
    over_readers = _walked(material.readings.matrix, alpha)
    if (name := f"walk over terms, α={alpha:g}") not in material.kept:
        material.kept[name] = _walked(said, alpha)
    # A step over a term twice takes its weight twice, and divides by its degree to the power α once.
    over_terms = material.kept[name] * weight ** np.float32(2 - alpha)
    both = csr_array(material.evident(over_readers) + over_terms)
    return top_rows(scaled_columns(scaled_rows(both, powers(degrees, -alpha)), powers(degrees, -beta)), KEEP)


def _walked(steps: csr_array, alpha: float) -> csr_array:
    """steps: readers or terms × lessons. From lesson to lesson over them, not yet divided by what leads to or from lessons."""
    onward = powers(np.asarray(steps.sum(axis=1)).ravel().astype(np.float32), -alpha)
    return top_products(scaled_columns(csr_array(steps.T), onward), steps, 2 * KEEP)
