"""How well segments and chances tell the next 28 days: readers as they stood 28 days ago, against what they then did.

Calibration: of readers with a chance of about 0.3, did about 30 % come? Ten classes of equal width, each with the share that came
and its 95 % interval (Wilson 1927). Brier's score is the mean squared distance of chance and outcome, beside that of telling everybody the
average; the skill is what of that is saved. The order is judged by the area under the ROC curve: the chance that of two readers, one of
whom came, the right one has the higher chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.members.activity import DAY_SECONDS, Activity, Floats
from generator.members.segments import HORIZON_DAYS, ORDER, Members, members
from generator.members.settings import MemberSettings

_CLASSES = 10
_Z = 1.959964  # 95 %, two-sided


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Readers who were told about the same. name: a segment, or a class of chances. low, high: of the share that came, 95 %."""

    name: str
    readers: int
    expected: float
    came: float
    low: float
    high: float
    points: float  # mean in the 28 days


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """moment: Unix seconds, when readers were told apart; 28 days later they were looked at.

    skill: share of the average's squared error that is saved, 0 is worth nothing. order: area under the ROC curve, 0.5 is worth nothing;
    None where all readers did the same.
    """

    moment: int
    readers: int
    segments: tuple[Row, ...]
    classes: tuple[Row, ...]
    brier: float
    brier_of_average: float
    skill: float | None
    order: float | None


def judge(activity: Activity, now: int, settings: MemberSettings | None = None) -> Judgement | None:
    """None when nobody was known 28 days ago."""
    moment = now - HORIZON_DAYS * DAY_SECONDS
    then = members(activity.before(moment), moment, settings)
    if not len(then):
        return None
    points = activity.between(moment, now)[then.reader]
    came = _came(activity, moment, now)[then.reader]
    brier = float(np.mean((then.returns - came) ** 2))
    average = float(np.mean((came.mean() - came) ** 2))
    return Judgement(
        moment=moment,
        readers=len(then),
        segments=tuple(
            _row(name.value, then.segment == place, then, came, points) for place, name in enumerate(ORDER)
        ),
        classes=tuple(
            _row(f"{place / _CLASSES:.1f} to {(place + 1) / _CLASSES:.1f}", chosen, then, came, points)
            for place in range(_CLASSES)
            if (chosen := np.minimum((then.returns * _CLASSES).astype(np.int64), _CLASSES - 1) == place).any()
        ),
        brier=brier,
        brier_of_average=average,
        skill=1 - brier / average if average else None,
        order=_order(then.returns, came),
    )


def _came(activity: Activity, start: int, end: int) -> Floats:
    inside = (activity.at >= start) & (activity.at < end)
    found = np.zeros(len(activity.readers))
    found[activity.reader[inside]] = 1.0
    return found


def _row(name: str, chosen: NDArray[np.bool_], then: Members, came: Floats, points: Floats) -> Row:
    count = int(chosen.sum())
    if not count:
        return Row(name=name, readers=0, expected=0.0, came=0.0, low=0.0, high=1.0, points=0.0)
    share = float(came[chosen].mean())
    low, high = wilson(share, count)
    return Row(
        name=name,
        readers=count,
        expected=float(then.returns[chosen].mean()),
        came=share,
        low=low,
        high=high,
        points=float(points[chosen].mean()),
    )


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a share seen in `count` readers."""
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * float(np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2)))
    return max(0.0, middle - half), min(1.0, middle + half)


def _order(chance: Floats, came: Floats) -> float | None:
    positive = came > 0
    yes, no = int(positive.sum()), int((~positive).sum())
    if not yes or not no:
        return None
    _, place, counts = np.unique(chance, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]  # equal chances share their ranks
    return float((ranks[positive].sum() - yes * (yes + 1) / 2) / (yes * no))
