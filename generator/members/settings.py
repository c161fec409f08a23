"""What a reader's event is worth: `members` in school.yml, else these weights.

A finished lesson is what a school is for, so it is the yardstick; a view is the least that can be said of a reader. Time is
worth its minutes, up to an hour a lesson, so that a forgotten tab is no champion. Points decay by half every `half_life_days`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

POINTS: Mapping[str, float] = MappingProxyType(
    {
        "view": 1.0,
        "depth": 0.5,
        "time": 0.2,  # a minute
        "finished": 5.0,
        "search": 0.5,
        "copied": 1.0,
        "clicked": 0.5,
        "bought": 20.0,
        "comment": 3.0,
    }
)
HALF_LIFE_DAYS = 30
LONGEST_MINUTES = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSettings:
    """points: of each kind of event; half_life_days: after how many days they count half."""

    points: Mapping[str, float] = field(default_factory=lambda: POINTS)
    half_life_days: float = HALF_LIFE_DAYS
