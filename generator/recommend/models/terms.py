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
    read = material.readings.matrix
    said = csr_array(terms.T * np.float32(np.sqrt(readers)))
    degrees = (material.readings.counts + np.asarray(said.sum(axis=0)).ravel()).astype(np.float32)
    columns = powers(degrees, -beta)

    def walked(steps: csr_array) -> csr_array:
        onward = powers(np.asarray(steps.sum(axis=1)).ravel().astype(np.float32), -alpha)
        left = scaled_rows(scaled_columns(csr_array(steps.T), onward), powers(degrees, -alpha))
        return top_products(left, steps, KEEP, column_scale=columns)

    return top_rows(csr_array(material.evident(walked(read)) + walked(said)), KEEP)
