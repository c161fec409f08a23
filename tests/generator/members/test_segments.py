"""Chances that come true, segments that promise what happens, and schools too small to say anything."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from generator.members import buying, once
from generator.members.activity import DAY_SECONDS, Activity, visits
from generator.members.judging import Judgement, judge, wilson
from generator.members.segments import LIKELY, ORDER, POSSIBLE, Segment, members
from generator.members.settings import MemberSettings
from tests.generator.members.readers import came, drawn, together

NOW = 20_300 * DAY_SECONDS
TRUE = buying.Model(r=0.8, alpha=8.0, a=0.8, b=2.5)


@pytest.fixture(scope="module")
def school() -> tuple[Activity, int]:
    return drawn(6_000, days=240, true=TRUE)


@pytest.fixture(scope="module")
def judged(school: tuple[Activity, int]) -> Judgement:
    found = judge(*school)
    assert found is not None
    return found


def test_chances_are_kept_class_by_class(judged: Judgement) -> None:
    """Of ten classes nine or more hold what they promise at 95 %, two points beside (days are not moments) allowed."""
    kept = [row.low - 0.02 <= row.expected <= row.high + 0.02 for row in judged.classes]
    assert len(kept) == 10
    assert sum(kept) >= 9


def test_every_segment_holds_what_it_promises(judged: Judgement) -> None:
    came = {row.name: row.came for row in judged.segments}
    assert came["champion"] >= LIKELY
    assert came["active"] >= LIKELY - 0.05
    assert POSSIBLE - 0.03 <= came["at risk"] < LIKELY
    assert came["lapsed"] < POSSIBLE
    points = {row.name: row.points for row in judged.segments}
    assert points["champion"] > points["active"] > points["at risk"] > points["lapsed"]


def test_chances_say_much_more_than_the_average(judged: Judgement) -> None:
    assert judged.skill is not None
    assert judged.order is not None
    assert judged.skill > 0.2
    assert judged.order > 0.8


def test_the_fit_finds_the_chance_of_readers_it_has_not_seen() -> None:
    """Means over a fresh school, under the fitted numbers and under the true ones."""
    fitted = buying.fit(visits(*drawn(6_000, days=240, true=TRUE, seed=1), MemberSettings()))
    assert fitted is not None
    fresh = visits(*drawn(6_000, days=240, true=TRUE, seed=2), MemberSettings())
    again = ~fresh.came_once
    theirs = TRUE.returns(fresh, 28)[again]
    assert abs(float(np.mean(fitted.returns(fresh, 28)[again] - theirs))) < 0.03


def test_who_came_once_is_judged_by_those_who_came_back(school: tuple[Activity, int]) -> None:
    """BG/NBD alone would hold them interested for ever: chance 1 of being alive however long ago it was."""
    activity, now = school
    found = visits(activity, now, MemberSettings())
    curve = once.fit(found)
    ages = np.array([1.0, 20.0, 60.0, 180.0])
    chances = curve.returns(ages, 28)
    assert (np.diff(chances) < 0).all()
    assert chances[-1] < 0.2


def test_an_old_single_visit_is_no_active_reader() -> None:
    crowd = [came(90 + n % 20, 60 + n % 20, 5 + n % 20, now=NOW, name=f"c{n}") for n in range(60)]
    found = members(together(came(150, now=NOW), *crowd), NOW)
    assert ORDER[found.segment[0]] is Segment.LAPSED
    assert found.came_once[0]


def test_readers_of_the_last_four_weeks_are_new_whatever_they_did() -> None:
    found = members(together(came(*range(1, 20), now=NOW), came(200, now=NOW, name="b")), NOW)
    assert ORDER[found.segment[0]] is Segment.NEW


def test_too_few_readers_get_no_model_and_still_a_segment() -> None:
    found = members(together(*[came(60, 30, now=NOW, name=str(n)) for n in range(29)]), NOW)
    assert found.model is None
    assert len(found) == 29


@pytest.mark.parametrize("readers", [0, 1])
def test_a_school_without_readers_or_with_one_has_a_report(readers: int) -> None:
    from datetime import UTC, datetime

    from generator.members.report import report

    nobody = Activity(readers=(), reader=np.zeros(0, np.int64), at=np.zeros(0, np.int64), points=np.zeros(0))
    found = report(nobody if not readers else came(40, 3, now=NOW), datetime.fromtimestamp(NOW, UTC))
    assert found.readers == readers
    assert sum(stand.readers for stand in found.segments) == readers
    assert (found.judgement is None) is (readers == 0)


def test_readers_without_any_worth_are_told_apart_all_the_same() -> None:
    still = dataclasses.replace(came(200, 120, 3, now=NOW), points=np.zeros(3))
    assert len(members(still, NOW)) == 1


def test_nothing_after_the_moment_is_used_to_tell_apart(school: tuple[Activity, int]) -> None:
    activity, now = school
    moment = now - 28 * DAY_SECONDS
    told = members(activity.before(moment), moment)
    again = members(activity, moment)
    assert np.array_equal(told.returns, again.returns)


def test_wilsons_interval_is_that_of_the_literature() -> None:
    """Newcombe 1998, table I: 81 of 263."""
    assert wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
