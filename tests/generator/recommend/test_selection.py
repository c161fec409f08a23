from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from generator.recommend import selection
from generator.recommend.candidates import BEHAVIOURS
from generator.recommend.material import material, shipped
from generator.recommend.packing import LONGEST_ROW
from generator.recommend.readings import Readings
from generator.recommend.selection import Choice, choose, fit
from tests.generator.recommend.communities import at_random, groups, readings

LESSONS = 60
ORDER = [list(range(LESSONS))]


def nothing_alike(lessons: int = LESSONS) -> dict[float, csr_array]:
    return {1.0: csr_array((lessons, lessons), dtype=np.float32)}


@pytest.fixture(scope="module")
def community() -> Readings:
    return readings(groups(400, LESSONS), LESSONS)


@pytest.fixture(scope="module")
def chosen(community: Readings) -> Choice:
    return choose(community, nothing_alike(), ORDER, seed=1)


def test_what_readers_have_in_common_is_found_and_published(chosen: Choice) -> None:
    assert chosen.chosen is not None
    assert chosen.chosen.family in BEHAVIOURS
    assert chosen.verdict.refused == ()
    best, floor = chosen.judged[0], next(one for one in chosen.judged if one.family == "popularity")
    assert best.lower > 0
    assert best.ndcg > 2 * floor.ndcg


def test_every_model_of_the_house_is_a_candidate(chosen: Choice) -> None:
    assert {one.family for one in chosen.judged} == {"popularity", "course order", *BEHAVIOURS}


def test_the_same_readings_choose_the_same_model(community: Readings, chosen: Choice) -> None:
    again = choose(community, nothing_alike(), ORDER, seed=1)
    assert [(one.name, one.ndcg, one.lower) for one in again.judged] == [
        (one.name, one.ndcg, one.lower) for one in chosen.judged
    ]


def test_where_readers_have_nothing_in_common_no_model_is_published() -> None:
    choice = choose(readings(at_random(300, LESSONS), LESSONS), nothing_alike(), ORDER, seed=1)
    assert choice.verdict.refused
    assert choice.verdict.published.startswith("popularity")


def test_a_model_that_got_worse_since_the_last_build_is_not_published(
    community: Readings, chosen: Choice
) -> None:
    assert chosen.ndcg is not None
    choice = choose(community, nothing_alike(), ORDER, seed=1, last=chosen.ndcg * 1.05)
    assert "worse than the last build" in choice.verdict.refused[0]
    assert choice.verdict.published != chosen.verdict.published


def test_content_that_tells_what_readers_take_up_is_blended_in(community: Readings) -> None:
    same = np.equal.outer(np.arange(LESSONS) % 4, np.arange(LESSONS) % 4).astype(np.float32)
    np.fill_diagonal(same, 0)
    few = readings(groups(40, LESSONS, seed=5), LESSONS)
    choice = choose(few, {1.0: csr_array(same)}, ORDER, seed=1)
    assert {"content", "blend"} <= {one.family for one in choice.judged}
    assert choice.judged[0].family in {"content", "blend"}
    assert choice.related is not None
    assert choice.related.family in {"content", "blend"}


@pytest.mark.parametrize(
    "histories",
    [[], [[3]], [[3, 4]], [[place] for place in range(50)], [[0, 1]] * 19],
    ids=["nobody", "one lesson", "one reader", "a lesson each", "nineteen"],
)
def test_with_too_few_to_judge_nothing_is_chosen(histories: list[list[int]]) -> None:
    choice = choose(readings(histories, LESSONS), nothing_alike(), ORDER, seed=1)
    assert choice.chosen is None
    assert choice.verdict.published == "course order"
    assert f"{selection.FEWEST_JUDGES} are needed" in choice.verdict.refused[0]


def test_readers_who_read_one_and_the_same_lesson_pair_choose_without_error() -> None:
    choice = choose(readings([[0, 1]] * 30, 2), nothing_alike(2), [[0, 1]], seed=1)
    assert choice.judges == 30
    assert choice.chosen is not None


def test_pairs_of_fewer_than_five_readers_leave_no_trace_in_any_model() -> None:
    """Lessons 0 to 3 are joined by four readers and no more; 10 to 13 by many."""
    histories = [[0, 1, 2, 3]] * 4 + [[10, 11, 12, 13]] * 40
    school = readings(histories, 20)
    made_of = material(school, nothing_alike(20), [list(range(20))])
    choice = choose(readings(histories * 10, 20), nothing_alike(20), [list(range(20))], seed=1, least=1)
    judged = 0
    for candidate in choice.candidates.values():
        if candidate.family in BEHAVIOURS:
            weights = candidate.fit(made_of).weights.toarray()
            assert weights[:4, :4].max() == 0, candidate.name
            assert weights[10, 11] > 0, candidate.name
            judged += 1
    assert judged >= 8


def test_five_readers_are_enough() -> None:
    made_of = material(readings([[0, 1]] * 5, 3), nothing_alike(3), [])
    assert made_of.shared.toarray().tolist() == [[0, 5, 0], [5, 0, 0], [0, 0, 0]]
    assert material(readings([[0, 1]] * 4, 3), nothing_alike(3), []).shared.nnz == 0


def test_a_published_row_is_no_longer_than_a_packed_one() -> None:
    school = readings([list(range(80))] * 6, 80)
    made_of = material(school, nothing_alike(80), [])
    choice = choose(readings(groups(60, 80), 80), nothing_alike(80), [], seed=1, least=1)
    assert choice.chosen is not None
    weights = fit(choice.candidates["ItemKNN cosine"], made_of).weights
    assert np.diff(weights.indptr).max() == LONGEST_ROW


def test_negative_weights_are_cut_by_size() -> None:
    row = np.concatenate((np.full(60, 0.1), np.full(40, -0.5))).astype(np.float32)
    kept = shipped(csr_array(row[None, :]), np.ones(1, np.float32))
    assert (kept.data < 0).sum() == 40


def test_what_cutting_takes_from_a_lesson_is_mostly_given_back() -> None:
    """Sixty lessons lead to the last one, but the first ten have fifty better ones: what the others say of it counts for more."""
    weights = np.zeros((60, 120), np.float32)
    weights[:10, 60:110] = 1.0
    weights[:, 119] = 0.5
    weights = np.vstack((weights, np.zeros((60, 120), np.float32)))
    kept = shipped(csr_array(weights), np.ones(120, np.float32)).toarray()
    assert kept[0, 119] == 0
    assert kept[10, 119] == pytest.approx(0.5 * (60 / 50) ** 0.7)
    assert kept[0, 60] == 1.0
