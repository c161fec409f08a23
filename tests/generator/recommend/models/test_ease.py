from __future__ import annotations

import numpy as np
import pytest

from generator.recommend.models import ease
from tests.generator.recommend.communities import groups, readings


def test_weights_are_the_closed_form() -> None:
    school = readings(groups(80, 20), 20)
    x = school.matrix.toarray().astype(np.float64)
    inverse = np.linalg.inv(x.T @ x + 30 * np.eye(20))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(ease.ease(school, 30).weights.toarray(), expected, rtol=2e-3, atol=1e-5)


def test_negative_weights_are_kept_where_they_are_large() -> None:
    weights = ease.ease(readings(groups(80, 20), 20), 30, keep=12).weights
    assert (weights.data < 0).any()
    assert (np.diff(weights.indptr) == 12).all()


def test_more_lessons_than_it_can_bear_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ease, "MOST_LESSONS", 10)
    with pytest.raises(ValueError, match="10 lessons at most"):
        ease.ease(readings([[0, 1]], 11), 30)


def test_no_lesson_gives_no_weights() -> None:
    assert ease.ease(readings([], 0), 30).weights.shape == (0, 0)
