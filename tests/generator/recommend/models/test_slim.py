from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.linear_model import ElasticNet

from generator.recommend.material import material
from generator.recommend.models import slim
from generator.recommend.models.slim import Likeness
from tests.generator.recommend.communities import groups, readings


def likeness() -> tuple[np.ndarray, Likeness]:
    school = readings(groups(120, 24), 24)
    return school.matrix.toarray(), material(school, {}, [], least=1).likeness


@pytest.mark.parametrize("lookup", ["dense", "sparse"])
def test_weights_are_those_of_an_elastic_net_on_the_neighbours(
    monkeypatch: pytest.MonkeyPatch, lookup: str
) -> None:
    monkeypatch.setattr(slim, "SWEEPS", 200)
    monkeypatch.setattr(slim, "MOST_DENSE", 0 if lookup == "sparse" else 10_000)
    x, known = likeness()
    x = x.astype(np.float64)
    found = slim.slim(known, ridge=6.0, lasso=1.5, neighbours=7).weights.toarray()
    near = known.neighbours(7)
    for lesson in (0, 5, 23):
        own = near.indices[near.indptr[lesson] : near.indptr[lesson + 1]]
        net = ElasticNet(
            alpha=(1.5 + 6.0) / len(x), l1_ratio=1.5 / 7.5, fit_intercept=False, tol=1e-9, max_iter=100_000
        ).fit(x[:, own], x[:, lesson])
        expected = np.zeros(24)
        expected[own] = net.coef_
        np.testing.assert_allclose(found[:, lesson], expected, atol=2e-4)


def test_a_lesson_is_never_predicted_from_itself_or_from_afar() -> None:
    _, known = likeness()
    weights = slim.slim(known, ridge=5.0, neighbours=4).weights
    assert weights.diagonal().max() == 0
    assert (np.bincount(weights.indices, minlength=24) <= 4).all()


def test_content_joins_lessons_that_no_reader_joins() -> None:
    school = readings([[0, 1], [0, 1], [0, 1]], 3)
    known = material(school, {}, [], least=1).likeness
    terms = csr_array(np.array([[1, 0], [0, 1], [0.9, 0]], np.float32))
    alone = slim.slim(known, ridge=1.0).weights.toarray()
    mixed = slim.slim(known.with_terms(terms, 10), ridge=1.0).weights.toarray()
    assert alone[0, 2] == 0
    assert mixed[0, 2] > 0.1
    assert mixed[0, 1] > 0


def test_no_readings_give_no_weights() -> None:
    empty = Likeness(shared=csr_array((3, 3), dtype=np.float32), own=np.zeros(3, np.float32))
    assert slim.slim(empty, ridge=1.0).weights.nnz == 0
    nothing = Likeness(shared=csr_array((0, 0), dtype=np.float32), own=np.zeros(0, np.float32))
    assert slim.slim(nothing, ridge=1.0).weights.shape == (0, 0)
