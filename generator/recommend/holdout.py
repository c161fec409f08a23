"""Who sees what: one browser in ten sees the popularity list, by a hash of its local id; and what came of it, from the events.

The browser decides by itself (`theme/assets/javascripts/lyceum/recommend/variant.js` has the same arithmetic) and says in each event which
list it shows. The hash is FNV-1a over the id's UTF-8 bytes, so the same browser always falls on the same side, and no server knows why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from generator.recommend.uplift import WINDOW_DAYS, Trial

if TYPE_CHECKING:
    from generator.members.activity import Activity
    from generator.recommend.interactions import Events

HELD_OUT = "popularity"
TREATED = "model"
SHARE_PERCENT = 10
DAY_SECONDS = 86_400

_BASIS, _PRIME = 2166136261, 16777619


def variant(local_id: str) -> str:
    """What the browser with this id is shown."""
    value = _BASIS
    for byte in f"lyceum:{local_id}".encode():
        value = (value ^ byte) * _PRIME % (1 << 32)
    value ^= value >> 16  # the low bits of FNV alone are poor
    value = value * 0x45D9F3B % (1 << 32)
    value ^= value >> 16
    return HELD_OUT if value % 100 < SHARE_PERCENT else TREATED


def trial_of(events: Events, activity: Activity, now: int) -> Trial:
    """Readers whose lot has been known for 28 days by `now` (Unix seconds), with what they did before and after.

    A reader's lot is that of their first event that names one, and it stays, whatever later ones say: the analysis is by assignment. A
    reader who never met a list is in no trial.
    """
    from generator.recommend.interactions import KINDS

    sides = np.array([-1, *({HELD_OUT: 0, TREATED: 1}.get(name, -1) for name in events.variants)])
    lot = sides[events.variant + 1]
    told = np.flatnonzero(lot >= 0)
    told = told[np.lexsort((events.at[told], events.reader[told]))]
    reader, first = np.unique(events.reader[told], return_index=True)
    entered = events.at[told][first]
    window = WINDOW_DAYS * DAY_SECONDS
    whole = entered + window <= now
    reader, entered, side = reader[whole], entered[whole], lot[told][first][whole]
    count = len(events.readers)
    begins = np.zeros(count, np.int64)
    begins[reader] = entered
    before = activity.between(begins - window, begins)
    after = activity.between(begins, begins + window)
    clicked = events.kind == KINDS.index("clicked")
    since = events.at - begins[events.reader]
    clicked &= (since >= 0) & (since < window)
    followed = np.bincount(events.reader[clicked], minlength=count).astype(np.float64)
    return Trial(treated=side == 1, x=before[reader], y=followed[reader], z=after[reader])
