from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator.recommend.gate import Judged, decide, lower_bound

POPULAR = Judged(
    name="popularity", family="popularity", ndcg=0.10, recall=0.2, coverage=0.1, length=10, lower=0
)
ORDER = replace(POPULAR, name="course order", family="course order", ndcg=0.12, length=3, lower=0.01)
CONTENT = replace(POPULAR, name="content", family="content", ndcg=0.11, coverage=0.8, lower=0.002)
GOOD = replace(POPULAR, name="RP3beta", family="RP3beta", ndcg=0.2, coverage=0.7, lower=0.05)
BLEND = replace(GOOD, name="blend", family="blend", ndcg=0.25)


def test_the_best_model_is_published_when_it_holds() -> None:
    verdict = decide([POPULAR, ORDER, CONTENT, GOOD, BLEND], last=None)
    assert (verdict.published, verdict.refused) == ("blend", ())


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (replace(BLEND, lower=0.0), "not surely better than popularity"),
        (replace(BLEND, lower=-0.01), "not surely better than popularity"),
        (replace(BLEND, coverage=0.05), "shows fewer lessons"),
        (replace(BLEND, length=8.9), "lists are too short"),
    ],
    ids=["even", "worse", "narrow", "short"],
)
def test_a_model_that_fails_a_bar_is_refused_with_its_figures(model: Judged, said: str) -> None:
    verdict = decide([POPULAR, ORDER, CONTENT, model], last=None)
    assert verdict.published == "course order"  # the best of what may stand in
    assert len(verdict.refused) == 1
    assert said in verdict.refused[0]


def test_a_model_more_than_two_per_cent_below_the_last_builds_is_refused() -> None:
    all_ = [POPULAR, ORDER, CONTENT, BLEND]
    assert decide(all_, last=BLEND.ndcg / 0.981).published == "blend"
    refused = decide(all_, last=BLEND.ndcg / 0.979)
    assert refused.published == "course order"
    assert "worse than the last build" in refused.refused[0]


def test_whichever_baseline_wins_stands_in() -> None:
    weak = replace(BLEND, lower=-1)
    for winner in (POPULAR, ORDER, CONTENT):
        others = [one for one in (POPULAR, ORDER, CONTENT) if one is not winner]
        best = replace(winner, ndcg=0.3)
        assert decide([best, *others, weak], last=None).published == winner.name


def test_the_best_of_several_popularities_is_what_must_be_beaten() -> None:
    recent = replace(POPULAR, name="popularity, lately", coverage=0.9, ndcg=0.15)
    verdict = decide([POPULAR, recent, GOOD], last=None)
    assert "against 90.0%" in verdict.refused[0]


def test_the_bound_is_below_the_mean_and_comes_closer_with_readers() -> None:
    lot = np.random.default_rng(1)
    few, many = lot.normal(0.1, 0.3, 50), lot.normal(0.1, 0.3, 5_000)
    nothing = np.zeros(50), np.zeros(5_000)
    assert lower_bound(few, nothing[0], seed=1) < few.mean()
    assert lower_bound(many, nothing[1], seed=1) == pytest.approx(
        many.mean() - 1.96 * many.std() / np.sqrt(5_000), abs=0.001
    )


def test_readers_are_compared_with_themselves() -> None:
    """A small gain for each of many very different readers is sure; unpaired it would drown."""
    lot = np.random.default_rng(1)
    before = lot.random(200)
    assert lower_bound(before + 0.01, before, seed=1) == pytest.approx(0.01)
    assert lower_bound(lot.permutation(before) + 0.01, before, seed=1) < 0


def test_equal_models_have_a_bound_of_zero_and_nobody_proves_nothing() -> None:
    same = np.random.default_rng(1).random(100)
    assert lower_bound(same, same, seed=1) == 0
    assert lower_bound(np.zeros(0), np.zeros(0), seed=1) == float("-inf")


def test_a_bound_that_is_nothing_refuses() -> None:
    """The gate is closed to what could not be judged."""
    assert decide([POPULAR, replace(BLEND, lower=float("nan"))], last=None).published == "popularity"
