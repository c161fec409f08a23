"""Readers as BG/NBD draws them, all at once, so that what is told of them can be held against what made them."""

from __future__ import annotations

import numpy as np

from generator.members.activity import DAY_SECONDS, Activity
from generator.members.buying import Model

BEGIN = 20_000  # a day, in days since 1970


def drawn(count: int, *, days: int, true: Model, seed: int = 0) -> tuple[Activity, int]:
    """`count` readers who come first on some day of `days`, and the moment after the last one, in Unix seconds."""
    random = np.random.default_rng(seed)
    rate, leaving = random.gamma(true.r, 1 / true.alpha, count), random.beta(true.a, true.b, count)
    day = random.integers(0, days - 30, count).astype(np.float64)
    still = np.arange(count)
    readers, days_of_events = [still], [day.copy()]
    is_first = True
    while len(still):
        if not is_first:
            still = still[random.random(len(still)) >= leaving[still]]
        is_first = False
        day[still] += random.exponential(1 / rate[still])
        still = still[day[still] < days]
        readers.append(still)
        days_of_events.append(day[still])
    at = ((np.concatenate(days_of_events) + BEGIN) * DAY_SECONDS).astype(np.int64)
    reader = np.concatenate(readers).astype(np.int64)
    activity = Activity(
        readers=tuple(f"r{number}" for number in range(count)),
        reader=reader,
        at=at,
        points=np.ones(len(reader)),
    )
    return activity, (BEGIN + days) * DAY_SECONDS


def came(*days_ago: float, now: int, name: str = "a") -> Activity:
    """One reader, one point at each of these days before `now`."""
    at = np.array([now - round(days * DAY_SECONDS) for days in days_ago], np.int64)
    return Activity(
        readers=(name,), reader=np.zeros(len(at), np.int64), at=at, points=np.ones(len(at), np.float64)
    )


def together(*activities: Activity) -> Activity:
    """Several readers."""
    shift = np.cumsum([0, *(len(one.readers) for one in activities)])
    return Activity(
        readers=tuple(name for one in activities for name in one.readers),
        reader=np.concatenate([one.reader + shift[place] for place, one in enumerate(activities)]),
        at=np.concatenate([one.at for one in activities]),
        points=np.concatenate([one.points for one in activities]),
    )
