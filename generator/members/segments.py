"""Where a reader stands: one of five segments, from two facts and a chance.

    new        first seen in the last 28 days
    champion   likely to come (≥ 0.5) and among the highest tenth of the activity scores of readers known for longer
    active     likely to come in the next 28 days (≥ 0.5)
    at risk    may come (≥ 0.2)
    lapsed     will hardly come

The chance is BG/NBD's for readers who came on two days or more (`buying`), and that of the return curve for those who came once (`once`).
With too few of the first for a fit the return curve speaks for all. Thresholds are chances, so a segment says what it promises: of 100
active readers 50 or more come in the next four weeks. `judging` looks whether they did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from generator.members import buying, once
from generator.members.activity import Activity, Floats, Ints, Visits, visits
from generator.members.settings import MemberSettings

HORIZON_DAYS = 28
LIKELY = 0.5
POSSIBLE = 0.2
CHAMPIONS = 0.1


class Segment(StrEnum):
    NEW = "new"
    ACTIVE = "active"
    AT_RISK = "at risk"
    LAPSED = "lapsed"
    CHAMPION = "champion"


ORDER = (Segment.NEW, Segment.CHAMPION, Segment.ACTIVE, Segment.AT_RISK, Segment.LAPSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Readers at a moment. reader: index into `readers`; each array has one place for each reader who came at all.

    segment: index into ORDER. returns: the chance of an active day within the horizon. score: decayed points. model: None when too few
    readers came again.
    """

    readers: Sequence[str]
    reader: Ints
    segment: NDArray[np.int64]
    returns: Floats
    score: Floats
    came_once: NDArray[np.bool_]
    model: buying.Model | None

    def __len__(self) -> int:
        return len(self.reader)


def members(activity: Activity, now: int, settings: MemberSettings | None = None) -> Members:
    """Every reader who was active before `now` (Unix seconds)."""
    found = visits(activity, now, settings or MemberSettings())
    model = buying.fit(found)
    chance = _chances(found, model)
    return Members(
        readers=activity.readers,
        reader=found.reader,
        segment=_segments(found, chance),
        returns=chance,
        score=found.score,
        came_once=found.came_once,
        model=model,
    )


def _chances(found: Visits, model: buying.Model | None) -> Floats:
    """Of an active day in the next 28 days."""
    apart = once.fit(found).returns(found.age - found.recency, HORIZON_DAYS)
    if model is None:
        return apart
    return np.asarray(np.where(found.came_once, apart, model.returns(found, HORIZON_DAYS)))


def _segments(found: Visits, chance: Floats) -> NDArray[np.int64]:
    is_new = found.age < HORIZON_DAYS
    long_known = found.score[~is_new]
    high = float(np.quantile(long_known, 1 - CHAMPIONS)) if len(long_known) else np.inf
    is_likely = chance >= LIKELY
    return np.select(
        [is_new, is_likely & (found.score >= high), is_likely, chance >= POSSIBLE],
        [ORDER.index(name) for name in (Segment.NEW, Segment.CHAMPION, Segment.ACTIVE, Segment.AT_RISK)],
        ORDER.index(Segment.LAPSED),
    ).astype(np.int64)
