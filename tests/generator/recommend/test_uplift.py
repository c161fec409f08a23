"""Readers whose truth is known: no effect where there is none, the effect where there is one, and silence where nobody could tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from generator.recommend.uplift import Trial, Verdict, analyse, effects

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """Many schools of readers, each array of shape (schools, readers)."""

    treated: NDArray[np.bool_]
    x: Floats
    y: Floats
    z: Floats

    def trial(self, school: int = 0) -> Trial:
        return Trial(treated=self.treated[school], x=self.x[school], y=self.y[school], z=self.z[school])


def simulate(
    schools: int, readers: int, *, per_follow: float, takes: float = 1.0, seed: int = 0
) -> Simulated:
    """Interest drives what readers did, what they click and what they do next; the lot drives `takes` of what they click.

    per_follow: what one followed recommendation truly adds. With 0 the recommendations change nothing, however much they are clicked.
    """
    random = np.random.default_rng(seed)
    shape = (schools, readers)
    interest = random.normal(0, 0.8, shape)
    treated = random.random(shape) < 0.9
    x = random.poisson(np.exp(1.2 + interest)).astype(np.float64)
    liking = np.exp(interest - 1) * np.where(treated, 1 + takes, 1.0)
    y = random.poisson(liking).astype(np.float64)
    drift = random.normal(0, 0.3, shape)
    z = random.poisson(np.exp(1.5 + 0.8 * interest + drift)) + per_follow * y
    return Simulated(treated=treated, x=x, y=y, z=z)


def test_a_true_effect_of_zero_raises_at_most_seven_percent_false_alarms() -> None:
    schools = simulate(2_000, 600, per_follow=0.0)
    value, error = effects(schools.treated, schools.x, schools.z)
    assert float(np.mean(np.abs(value) > 1.959964 * error)) <= 0.07


def test_comparing_who_clicked_with_who_did_not_raises_a_false_alarm_every_time() -> None:
    schools = simulate(400, 600, per_follow=0.0)
    clicked = schools.y > 0
    means, variances = [], []
    for side in (clicked, ~clicked):
        count = side.sum(axis=1)
        mean = (schools.z * side).sum(axis=1) / count
        means.append(mean)
        variances.append((((schools.z - mean[:, None]) * side) ** 2).sum(axis=1) / count**2)
    naive = np.abs(means[0] - means[1]) / np.sqrt(variances[0] + variances[1])
    assert bool((naive > 1.959964).all())


def test_the_whole_answer_alarms_at_most_seven_times_in_a_hundred() -> None:
    schools = simulate(200, 6_000, per_follow=0.0, seed=3)
    verdicts = [analyse(schools.trial(school)).verdict for school in range(200)]
    assert Verdict.TOO_FEW not in verdicts
    assert sum(verdict is not Verdict.NONE for verdict in verdicts) <= 14


def test_a_real_effect_is_found_with_its_size() -> None:
    school = simulate(1, 30_000, per_follow=1.5, takes=1.0, seed=4)
    found = analyse(school.trial())
    assert found.verdict is Verdict.HELPS
    assert found.effect is not None
    assert found.per_followed is not None
    assert found.effect.low > 0
    # The cap of the 99th percentile takes a little away from a slope of 1.5.
    assert 1.1 < found.per_followed.value < 1.7


def test_harm_is_told_as_harm() -> None:
    found = analyse(simulate(1, 30_000, per_follow=-1.5, seed=5).trial())
    assert found.verdict is Verdict.HARMS


def test_the_error_terms_are_those_that_made_the_readers() -> None:
    """y = 1 + 0.5 x + lot + e, z = 2 + 3 y + x + h with e of 2 and h of 5, and h moves with e: what a plain regression gets wrong."""
    random = np.random.default_rng(6)
    count = 20_000
    x = random.normal(10, 3, count)
    treated = random.random(count) < 0.5
    e = random.normal(0, 2, count)
    h = 0.8 * 5 / 2 * e + random.normal(0, 3, count)
    y = 1 + 0.5 * x + treated + e
    z = 2 + 3 * y + x + h
    found = analyse(Trial(treated=treated, x=x, y=y, z=z))
    assert found.e == pytest.approx(2.0, rel=0.03)
    assert found.h == pytest.approx(5.0, rel=0.1)
    assert found.per_followed is not None
    assert found.per_followed.low < 3 < found.per_followed.high
    plain = np.linalg.lstsq(np.stack([np.ones(count), y, x], axis=1), z, rcond=None)[0][1]
    assert plain > found.per_followed.high


def test_too_few_readers_are_told_so_with_how_many_are_needed() -> None:
    found = analyse(simulate(1, 300, per_follow=2.0, seed=7).trial())
    assert found.verdict is Verdict.TOO_FEW
    assert found.power < 0.8
    assert found.needed is not None
    assert found.needed > 300


@pytest.mark.parametrize("readers", [0, 1, 9])
def test_hardly_any_readers_get_an_answer_without_a_figure(readers: int) -> None:
    trial = simulate(1, readers, per_follow=0.0).trial()
    found = analyse(trial)
    assert (found.verdict, found.effect) == (Verdict.TOO_FEW, None)


def test_readers_who_all_did_nothing_are_too_few_to_say() -> None:
    nothing = np.zeros(400)
    found = analyse(Trial(treated=np.arange(400) % 10 > 0, x=nothing, y=nothing, z=nothing))
    assert (found.verdict, found.relative, found.needed) == (Verdict.TOO_FEW, None, None)


def test_the_covariate_narrows_the_interval_and_does_not_move_it() -> None:
    schools = simulate(300, 800, per_follow=0.0, seed=8)
    with_x = effects(schools.treated, schools.x, schools.z)
    without = effects(schools.treated, np.zeros_like(schools.x), schools.z)
    assert float(np.median(with_x[1] / without[1])) < 0.9
    assert abs(float(np.mean(with_x[0]))) < 3 * float(np.std(with_x[0])) / 300**0.5


def test_a_lot_that_moves_no_clicks_says_nothing_of_what_a_click_does() -> None:
    found = analyse(simulate(1, 5_000, per_follow=1.0, takes=0.0, seed=9).trial())
    assert found.first_stage is not None
    assert found.first_stage < 10
    assert (found.per_followed, found.h) == (None, None)
