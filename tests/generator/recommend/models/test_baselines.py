from __future__ import annotations

import numpy as np

from generator.recommend.models.course_order import course_order
from generator.recommend.models.model import Model
from generator.recommend.models.popularity import popularity
from generator.recommend.readings import build
from generator.recommend.sparse import empty
from tests.generator.recommend.communities import readings

DAY = 86_400


def test_popularity_counts_readers() -> None:
    base = popularity(readings([[0, 1], [1], [1, 2]], 4)).base
    assert base is not None
    assert base.tolist() == [1, 3, 1, 0]


def test_recent_readings_count_for_more() -> None:
    reader = np.array([0, 1, 2])
    lesson = np.array([0, 0, 1])
    at = np.array([0, 0, 60 * DAY])
    school = build(("old", "new"), reader, lesson, at)
    base = popularity(school, half_life_days=30).base
    assert base is not None
    np.testing.assert_allclose(base, [0.5, 1.0])


def test_without_times_all_readings_count_the_same() -> None:
    base = popularity(readings([[0], [0], [1]], 2), half_life_days=30).base
    assert base is not None
    assert base.tolist() == [2, 1]


def test_course_order_leads_on_and_never_back_or_into_another_course() -> None:
    weights = course_order([[0, 1, 2, 3, 4], [5, 6]], 7).weights.toarray()
    assert weights[0].tolist() == [0, 1, 0.25, np.float32(1 / 9), 0, 0, 0]
    assert weights[4].sum() == 0
    assert weights[5].tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_what_everybody_reads_comes_after_what_the_weights_say() -> None:
    model = Model(
        name="m", weights=course_order([[0, 1]], 4).weights, base=np.array([9, 1, 5, 0], np.float32)
    )
    scores = model.scores(readings([[0]], 4).matrix)[0]
    assert np.argsort(-scores).tolist() == [1, 0, 2, 3]
    assert scores[3] == 0


def test_a_model_without_weights_shows_what_everybody_reads() -> None:
    model = Model(name="m", weights=empty((3, 3)), base=np.array([1, 3, 0], np.float32))
    assert np.argsort(-model.scores(readings([[2]], 3).matrix)[0]).tolist() == [1, 0, 2]
