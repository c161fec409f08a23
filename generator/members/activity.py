"""Events → what each reader did: points, and the days on which they did it.

A day is 86,400 seconds of UTC. What happens on one day counts as one visit, because BG/NBD counts occasions, and a reader who opens
ten lessons in an evening came once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from generator.members.settings import LONGEST_MINUTES, MemberSettings

if TYPE_CHECKING:
    from generator.recommend.interactions import Events

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """Events of known time. readers: pseudonyms; reader: index into them, at: Unix seconds, points: each of one length, an event a place."""

    readers: Sequence[str]
    reader: Ints
    at: Ints
    points: Floats

    def before(self, moment: int) -> Activity:
        """What had happened by then; readers keep their places."""
        kept = self.at < moment
        return Activity(
            readers=self.readers, reader=self.reader[kept], at=self.at[kept], points=self.points[kept]
        )

    def between(self, start: Ints | int, end: Ints | int) -> Floats:
        """The points of each reader in [start, end). start, end: a moment, or one for each reader."""
        count = len(self.readers)
        first, last = (np.broadcast_to(np.asarray(side, np.int64), (count,)) for side in (start, end))
        inside = (self.at >= first[self.reader]) & (self.at < last[self.reader])
        return np.bincount(self.reader[inside], self.points[inside], minlength=count).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """What BG/NBD knows of readers who came at all, in days.

    reader: index into the activity's readers. repeats: active days after the first. recency: first to last active day; age: first active
    day to now. second: first to second active day, infinite for who came once. score: decayed points.
    """

    reader: Ints
    repeats: Floats
    recency: Floats
    age: Floats
    second: Floats
    score: Floats

    @property
    def came_once(self) -> NDArray[np.bool_]:
        return np.asarray(self.repeats == 0)

    def __len__(self) -> int:
        return len(self.reader)


def activity_of(events: Events, settings: MemberSettings) -> Activity:
    """What every signal is worth. `time` counts by its minutes."""
    from generator.recommend.interactions import KINDS

    worth = np.array([settings.points.get(kind, 0.0) for kind in KINDS])
    points = worth[events.kind]
    is_time = events.kind == KINDS.index("time")
    minutes = np.clip(np.nan_to_num(events.value[is_time]) / 60, 0.0, LONGEST_MINUTES)
    points[is_time] *= minutes
    return Activity(
        readers=events.readers,
        reader=events.reader.astype(np.int64),
        at=events.at,
        points=points,
    )


def visits(activity: Activity, now: int, settings: MemberSettings) -> Visits:
    """Readers with at least one event before `now`, in the order of their pseudonyms' places. now: Unix seconds."""
    known = activity.before(now)
    days = known.at // DAY_SECONDS
    today = now // DAY_SECONDS
    pairs = np.unique(np.stack([known.reader, days]), axis=1) if len(days) else np.zeros((2, 0), np.int64)
    reader, first, counts = np.unique(pairs[0], return_index=True, return_counts=True)
    start, end = pairs[1][first], pairs[1][first + counts - 1]
    second = np.full(len(reader), np.inf)
    again = counts > 1
    second[again] = pairs[1][first[again] + 1] - start[again]
    age_of_event = (now - known.at) / DAY_SECONDS
    decayed = known.points * np.exp2(-age_of_event / settings.half_life_days)
    score = np.bincount(known.reader, decayed, minlength=len(activity.readers))
    return Visits(
        reader=reader.astype(np.int64),
        repeats=(counts - 1).astype(np.float64),
        recency=(end - start).astype(np.float64),
        age=(today - start).astype(np.float64),
        second=second,
        score=score[reader],
    )
