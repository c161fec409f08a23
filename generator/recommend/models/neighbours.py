"""Lessons that the same readers took up: ItemKNN with three weights, and RP3beta. All are one product of the readings with themselves.

With x the readers × lessons matrix, n_i the readers of lesson i, l_u the lessons of reader u, N the number of lessons:

    cosine   w_ij = Σ_u x_ui x_uj / √(n_i n_j)                                                   Sarwar et al. 2001
    tf-idf   the cosine of rows weighted by ln(1 + N / l_u): who reads everything says little
    bm25     Σ_u idf_u² b_i b_j, with idf_u = ln(1 + N / l_u) and b_i = (k+1) / (1 + k(1 - b + b n_i/n̄)), k 1.2, b 0.75
    rp3beta  the chance to come from i over a reader to j, each step taken to the power α, divided by n_j^β    Paudel et al. 2017
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from generator.recommend.models.model import Model
from generator.recommend.readings import Readings
from generator.recommend.sparse import Vector, powers, scaled_columns, scaled_rows, top_products

KEEP = 300  # neighbours of a lesson; a published row has fewer
_K, _B = 1.2, 0.75


def cosine(readings: Readings, keep: int = KEEP) -> Model:
    scale = powers(readings.counts, -0.5)
    return Model(name="ItemKNN cosine", weights=_product(readings, scale, None, scale, keep))


def tf_idf(readings: Readings, keep: int = KEEP) -> Model:
    idf = _idf(readings)
    norms: Vector = np.asarray(readings.matrix.T @ (idf * idf), np.float32)
    scale = powers(norms, -0.5)
    return Model(name="ItemKNN TF-IDF", weights=_product(readings, scale, idf * idf, scale, keep))


def bm25(readings: Readings, keep: int = KEEP) -> Model:
    idf = _idf(readings)
    counts = readings.counts
    mean = max(float(counts.mean()) if len(counts) else 1.0, 1e-9)
    scale: Vector = ((_K + 1) / (1 + _K * (1 - _B + _B * counts / mean))).astype(np.float32)
    return Model(name="ItemKNN BM25", weights=_product(readings, scale, idf * idf, scale, keep))


def rp3beta(readings: Readings, alpha: float, beta: float, keep: int = KEEP) -> Model:
    counts = readings.counts
    weights = _product(
        readings, powers(counts, -alpha), powers(readings.lengths, -alpha), powers(counts, -beta), keep
    )
    return Model(name=f"RP3beta α={alpha:g} β={beta:g}", weights=weights)


def _product(
    readings: Readings, rows: Vector, readers: Vector | None, columns: Vector, keep: int
) -> csr_array:
    right = readings.matrix
    left = csr_array(right.T)
    if readers is not None:
        left = scaled_columns(left, readers)
    return top_products(scaled_rows(left, rows), right, keep, column_scale=columns)


def _idf(readings: Readings) -> Vector:
    lengths = readings.lengths
    idf: Vector = np.log1p(len(readings.lessons) / np.maximum(lengths, 1)).astype(np.float32)
    return idf
