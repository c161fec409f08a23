"""Readers with one active day: how likely they are to come back, by how long ago it was.

BG/NBD holds a reader interested until a visit after which they are not, so of a reader without a second visit it says "interested" for ever.
Instead: of everybody, how many came a second time by day t (Kaplan-Meier over the gap to the second active day; who has not
come yet counts as long as they are known). The chance to come in the next `days` is what the curve still drops, as a share of what is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.members.activity import Floats, Visits

_READERS_BELIEVED = 20.0  # the drop on days that few readers have seen is drawn to the average day


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """stays: the share that has not come again by the end of day t after the first, t = 0, 1, …; hazard: a day's, after the last of them."""

    stays: Floats
    hazard: float

    def returns(self, age: Floats, days: float) -> Floats:
        """The chance that readers last seen `age` days ago, once, come within the next `days`."""
        return np.asarray(1 - self._stays(age + days) / np.maximum(self._stays(age), 1e-12))

    def _stays(self, at: Floats) -> Floats:
        last = len(self.stays) - 1
        inside = self.stays[np.clip(at, 0, last).astype(np.int64)]
        return np.asarray(inside * np.exp(-self.hazard * np.maximum(at - last, 0)))


def fit(visits: Visits) -> Return:
    """From all readers who came at all; nobody gives a curve that never drops."""
    if not len(visits):
        return Return(stays=np.ones(1), hazard=0.0)
    came = np.isfinite(visits.second)
    gap = np.where(came, visits.second, visits.age).astype(np.int64)
    length = int(gap.max()) + 1
    events = np.bincount(gap[came], minlength=length).astype(np.float64)
    left = np.bincount(gap, minlength=length)
    # Whoever is known for g days without a second visit has been watched on days 1 … g.
    watched = np.concatenate([[left.sum()], left.sum() - np.cumsum(left)[:-1]]).astype(np.float64)
    half = max(1, length // 2)
    tail_events, tail_watched = events[half:].sum(), watched[half:].sum()
    overall = events.sum() / max(watched.sum(), 1.0)
    hazard = (tail_events + overall * _READERS_BELIEVED) / (tail_watched + _READERS_BELIEVED)
    drop = (events + hazard * _READERS_BELIEVED) / (watched + _READERS_BELIEVED)
    drop[0] = 0.0
    return Return(stays=np.cumprod(1 - np.minimum(drop, 1.0)), hazard=float(hazard))
