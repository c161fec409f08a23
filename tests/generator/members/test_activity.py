"""Points decay, days count once, and an event is worth what school.yml says."""

from __future__ import annotations

import numpy as np
import pytest

from generator.members.activity import DAY_SECONDS, activity_of, visits
from generator.members.settings import MemberSettings
from generator.recommend.interactions import KINDS, Events
from tests.generator.members.readers import came, together

NOW = 20_300 * DAY_SECONDS


def events(*rows: tuple[str, int, float]) -> Events:
    """Of one reader: (kind, at, value)."""
    none = np.full(len(rows), -1, np.int32)
    return Events(
        readers=("a",),
        lessons=(),
        lists=(),
        variants=(),
        reader=np.zeros(len(rows), np.int32),
        lesson=none,
        kind=np.array([KINDS.index(kind) for kind, _, _ in rows], np.int32),
        at=np.array([at for _, at, _ in rows], np.int64),
        value=np.array([value for _, _, value in rows], np.float64),
        list_=none,
        place=np.zeros(len(rows), np.int32),
        variant=none,
    )


def test_points_count_half_after_the_half_life() -> None:
    found = visits(came(30, now=NOW), NOW, MemberSettings(half_life_days=30))
    assert found.score.tolist() == pytest.approx([0.5])


def test_ten_events_on_one_day_are_one_visit() -> None:
    found = visits(came(*[3 - hour / 24 for hour in range(10)], 9, now=NOW), NOW, MemberSettings())
    assert found.repeats.tolist() == [1.0]
    assert found.recency.tolist() == [6.0]


def test_age_recency_and_the_second_visit_are_in_days() -> None:
    found = visits(came(40, 33, 10, now=NOW), NOW, MemberSettings())
    assert (found.age[0], found.recency[0], found.second[0], found.repeats[0]) == (40, 30, 7, 2)


def test_what_comes_later_is_not_known_yet() -> None:
    found = visits(together(came(5, now=NOW), came(-5, now=NOW, name="b")), NOW, MemberSettings())
    assert found.reader.tolist() == [0]


def test_an_event_is_worth_what_the_school_says() -> None:
    settings = MemberSettings(points={"finished": 7.0, "time": 2.0})
    rows = [("finished", 1, float("nan")), ("time", 2, 90.0), ("view", 3, float("nan"))]
    assert activity_of(events(*rows), settings).points.tolist() == [7.0, 3.0, 0.0]


def test_a_forgotten_tab_is_an_hour_at_most() -> None:
    settings = MemberSettings(points={"time": 1.0})
    assert activity_of(
        events(("time", 1, 86_400.0), ("time", 2, float("nan"))), settings
    ).points.tolist() == [60.0, 0.0]


def test_points_between_two_moments_may_differ_by_reader() -> None:
    both = together(came(1, 2, 8, now=NOW), came(1, 2, 8, now=NOW, name="b"))
    start = np.array([NOW - 3 * DAY_SECONDS, NOW - 9 * DAY_SECONDS])
    assert both.between(start, NOW).tolist() == [2.0, 3.0]
