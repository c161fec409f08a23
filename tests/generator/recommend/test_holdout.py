"""The lot: one in ten, always the same; and what readers did before and after it first showed."""

from __future__ import annotations

import numpy as np
import pytest

from generator.members.activity import DAY_SECONDS, Activity
from generator.recommend.holdout import HELD_OUT, TREATED, trial_of, variant
from generator.recommend.interactions import KINDS, Events

NOW = 20_300 * DAY_SECONDS
VARIANTS = (TREATED, HELD_OUT)


def told(*rows: tuple[str, str, float, str | None]) -> tuple[Events, Activity]:
    """(reader, kind, days ago, variant), one point each."""
    readers = tuple(sorted({row[0] for row in rows}))
    count = len(rows)
    at = np.array([NOW - round(row[2] * DAY_SECONDS) for row in rows], np.int64)
    reader = np.array([readers.index(row[0]) for row in rows], np.int32)
    none = np.full(count, -1, np.int32)
    events = Events(
        readers=readers,
        lessons=(),
        lists=(),
        variants=VARIANTS,
        reader=reader,
        lesson=none,
        kind=np.array([KINDS.index(row[1]) for row in rows], np.int32),
        at=at,
        value=np.full(count, np.nan),
        list_=none,
        place=np.zeros(count, np.int32),
        variant=np.array([-1 if row[3] is None else VARIANTS.index(row[3]) for row in rows], np.int32),
    )
    return events, Activity(readers=readers, reader=reader.astype(np.int64), at=at, points=np.ones(count))


def test_one_browser_in_ten_is_held_out() -> None:
    held = sum(variant(f"{number:032x}") == HELD_OUT for number in range(20_000))
    assert held / 20_000 == pytest.approx(0.1, abs=0.006)


def test_the_lot_of_an_id_never_changes() -> None:
    """Recorded values: browsers have drawn theirs; another hash would move them to the other side in the middle of a trial."""
    assert [variant(name) for name in ("", "a", "reader-2", "reader-8", "书院")] == RECORDED


RECORDED = [TREATED, TREATED, HELD_OUT, TREATED, TREATED]


def test_before_and_after_are_four_weeks_each_around_the_first_lot() -> None:
    rows = [
        ("a", "view", 70, None),  # too long before
        ("a", "view", 50, None),
        ("a", "view", 45, None),
        ("a", "view", 40, TREATED),  # the lot
        ("a", "clicked", 39, TREATED),
        ("a", "view", 20, TREATED),
        ("a", "view", 5, TREATED),  # too long after
    ]
    trial = trial_of(*told(*rows), NOW)
    assert (trial.x.tolist(), trial.y.tolist(), trial.z.tolist()) == ([2.0], [1.0], [3.0])


def test_the_first_lot_stays_whatever_later_events_say() -> None:
    rows = [("a", "view", 40, HELD_OUT), ("a", "view", 39, TREATED), ("b", "view", 40, TREATED)]
    assert trial_of(*told(*rows), NOW).treated.tolist() == [False, True]


def test_who_has_not_been_watched_for_four_weeks_is_no_part_of_the_trial() -> None:
    rows = [("a", "view", 27, TREATED), ("b", "view", 29, TREATED), ("c", "view", 40, None)]
    assert len(trial_of(*told(*rows), NOW)) == 1


def test_no_events_are_no_trial() -> None:
    assert len(trial_of(*told(), NOW)) == 0
