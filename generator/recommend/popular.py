"""What is read lately, by coarse segment: of all readers, of new ones, of those who have been here for longer.

A lesson counts once for a reader who viewed, read or finished it in the last 90 days. A reader is new in their first four weeks (as
`members.segments` says, with the data's last event for now). Lessons that fewer than five readers of a segment took up are not in that
segment's list, so that no list tells of few people. Each language has its own share of a list, so that a language that few read is not crowded out of it; ties go by id, so that equal data gives equal lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from generator.members.activity import DAY_SECONDS
from generator.members.segments import HORIZON_DAYS
from generator.recommend.publish import LONGEST, Popular

if TYPE_CHECKING:
    from generator.recommend.interactions import Events

LATELY_DAYS = 90
LEAST_READERS = 5
_READING = ("view", "depth", "time", "finished", "copied")


def popular(events: Events, listed: Mapping[str, str]) -> Popular:
    """listed: ids of the lessons that the school shows → their languages; LONGEST of each at most."""
    from generator.recommend.interactions import KINDS

    if not len(events):
        return Popular()
    end = int(events.at.max())
    first = np.full(len(events.readers), np.iinfo(np.int64).max)
    np.minimum.at(first, events.reader, events.at)
    is_new = end - first < HORIZON_DAYS * DAY_SECONDS
    reading = np.isin(events.kind, [KINDS.index(kind) for kind in _READING])
    lately = reading & (events.lesson >= 0) & (events.at > end - LATELY_DAYS * DAY_SECONDS)
    pairs = np.unique(np.stack([events.reader[lately], events.lesson[lately]]), axis=1)

    def most(chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[str]:
        counts = np.bincount(pairs[1][chosen[pairs[0]]], minlength=len(events.lessons))
        order = sorted(range(len(counts)), key=lambda place: (-counts[place], events.lessons[place]))
        taken: Counter[str] = Counter()
        chosen_ids = []
        for id_ in (events.lessons[place] for place in order if counts[place] >= LEAST_READERS):
            if id_ in listed and taken[listed[id_]] < LONGEST:
                taken[listed[id_]] += 1
                chosen_ids.append(id_)
        return chosen_ids

    return Popular(all=most(np.ones_like(is_new)), new=most(is_new), regular=most(~is_new))
