from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from generator.recommend.models import neighbours
from generator.recommend.readings import Readings
from tests.generator.recommend.communities import groups, readings

Floats = NDArray[np.float64]


@pytest.fixture(scope="module")
def school() -> Readings:
    return readings(groups(60, 15), 16)  # nobody reads the last lesson


def dense(school: Readings) -> Floats:
    found: Floats = school.matrix.toarray().astype(np.float64)
    return found


def without_diagonal(weights: Floats) -> Floats:
    np.fill_diagonal(weights, 0)
    return weights


def test_cosine_is_what_readers_share_by_the_root_of_both_counts(school: Readings) -> None:
    x = dense(school)
    n = np.maximum(x.sum(0), 1e-9)
    expected = without_diagonal((x.T @ x) / np.sqrt(np.outer(n, n)))
    np.testing.assert_allclose(neighbours.cosine(school).weights.toarray(), expected, rtol=1e-4, atol=1e-6)


def test_tf_idf_gives_less_to_readers_of_everything(school: Readings) -> None:
    x = dense(school)
    weighed = x * np.log1p(x.shape[1] / x.sum(1))[:, None]
    norms = np.maximum(np.sqrt((weighed**2).sum(0)), 1e-9)
    expected = without_diagonal((weighed / norms).T @ (weighed / norms))
    np.testing.assert_allclose(neighbours.tf_idf(school).weights.toarray(), expected, rtol=1e-4, atol=1e-6)


def test_bm25_is_its_formula(school: Readings) -> None:
    x = dense(school)
    n = x.sum(0)
    b = 2.2 / (1 + 1.2 * (0.25 + 0.75 * n / n.mean()))
    weighed = x * np.log1p(x.shape[1] / x.sum(1))[:, None] * b
    expected = without_diagonal(weighed.T @ weighed)
    np.testing.assert_allclose(neighbours.bm25(school).weights.toarray(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.6, 0.4)])
def test_rp3beta_is_a_walk_of_three_steps(school: Readings, alpha: float, beta: float) -> None:
    x = dense(school)
    n = np.maximum(x.sum(0), 1e-9)
    to_reader = (x.T / n[:, None]) ** alpha * (x.T > 0)
    to_lesson = (x / x.sum(1)[:, None]) ** alpha * (x > 0)
    expected = without_diagonal(to_reader @ to_lesson / n**beta)
    found = neighbours.rp3beta(school, alpha, beta).weights.toarray()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_only_the_nearest_are_kept(school: Readings) -> None:
    whole = neighbours.cosine(school).weights.toarray()
    short = neighbours.cosine(school, keep=3).weights.toarray()
    assert ((short > 0).sum(1) <= 3).all()
    np.testing.assert_allclose(np.sort(short, 1)[:, -3:], np.sort(whole, 1)[:, -3:], rtol=1e-6)


def test_a_lesson_that_nobody_read_has_no_neighbours(school: Readings) -> None:
    for weights in (neighbours.bm25(school).weights, neighbours.rp3beta(school, 1.0, 0.4).weights):
        assert weights[15].nnz == 0
        assert weights[:, 15].nnz == 0
        assert np.isfinite(weights.data).all()
