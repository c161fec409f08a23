from __future__ import annotations

from math import log2

import numpy as np
import pytest
from scipy.sparse import csr_array

from generator.recommend.evaluation import evaluate
from generator.recommend.models.model import Model
from generator.recommend.sparse import empty


def ranking(order: list[int], lessons: int) -> Model:
    """A model that shows everybody these lessons in this order, and no other."""
    base = np.zeros(lessons, np.float32)
    base[order] = np.arange(len(order), 0, -1)
    return Model(name="fixed", weights=empty((lessons, lessons)), base=base)


def rows(lists: list[list[int]], lessons: int) -> csr_array:
    found = np.zeros((len(lists), lessons), np.float32)
    for row, places in enumerate(lists):
        found[row, places] = 1
    return csr_array(found)


def test_ndcg_is_against_the_best_that_ten_places_allow() -> None:
    held = rows([[3, 5]], 40)
    scores = evaluate(ranking([0, 3, 1, 5], 40), rows([[]], 40), held, np.array([0]))
    assert scores.ndcg[0] == pytest.approx((1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3)))
    many = rows([list(range(20))], 40)
    perfect = evaluate(ranking(list(range(20)), 40), rows([[]], 40), many, np.array([0]))
    assert perfect.ndcg[0] == pytest.approx(1.0)  # twenty held, ten places: ten hits are all that can be
    assert perfect.recall[0] == pytest.approx(1.0)


def test_what_was_read_already_takes_no_place() -> None:
    scores = evaluate(ranking([0, 1, 2], 30), rows([[0, 1]], 30), rows([[2]], 30), np.array([0]))
    assert scores.ndcg[0] == pytest.approx(1.0)


def test_recall_looks_at_twenty_places() -> None:
    order = list(range(25))
    scores = evaluate(ranking(order, 30), rows([[]], 30), rows([[19, 20]], 30), np.array([0]))
    assert scores.recall[0] == pytest.approx(0.5)
    assert scores.ndcg[0] == 0


def test_a_score_of_zero_is_no_hit_and_takes_no_place() -> None:
    scores = evaluate(ranking([4], 30), rows([[]], 30), rows([[0]], 30), np.array([0]))
    assert scores.ndcg[0] == 0
    assert scores.length == 1


def test_coverage_is_the_share_of_lessons_that_anybody_is_shown() -> None:
    held = rows([[0], [0]], 40)
    scores = evaluate(ranking(list(range(12)), 40), rows([[], [0, 1]], 40), held, np.array([0, 1]))
    assert scores.coverage == pytest.approx(12 / 40)
    assert scores.length == 10


def test_a_pool_leaves_out_all_others() -> None:
    pool = np.zeros(30, np.bool_)
    pool[[7, 8]] = True
    scores = evaluate(ranking([0, 1, 8, 7], 30), rows([[]], 30), rows([[8]], 30), np.array([0]), pool=pool)
    assert scores.ndcg[0] == pytest.approx(1.0)


@pytest.mark.parametrize(("readers", "lessons"), [(0, 5), (3, 0)])
def test_nobody_or_nothing_scores_nothing(readers: int, lessons: int) -> None:
    held = rows([[] for _ in range(readers)], lessons)
    judges = np.zeros(0, np.int64) if lessons else np.arange(readers)
    scores = evaluate(ranking([], lessons), held, held, judges)
    assert (scores.ndcg_mean, scores.recall_mean, scores.coverage, scores.length) == (0, 0, 0, 0)


def test_fewer_lessons_than_places() -> None:
    scores = evaluate(ranking([2, 1], 3), rows([[0]], 3), rows([[1]], 3), np.array([0]))
    assert scores.ndcg[0] == pytest.approx(1 / log2(3))
    assert scores.recall[0] == 1
