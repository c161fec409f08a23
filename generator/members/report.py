"""Members for the author: how many stand where, how well that was told a month ago. Counts, shares and means; no reader by name.

Written at each build that has signals to `build/reports/members.md` and `members.json`; `lyceum members segments` prints the same.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from generator.members.activity import Activity
from generator.members.judging import Judgement, Row, judge
from generator.members.segments import HORIZON_DAYS, ORDER, members
from generator.members.settings import MemberSettings

FOLDER = "reports"
NAME = "members"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One segment now. once: of them, readers with one active day. score: mean of decayed points; returns: mean chance."""

    segment: str
    readers: int
    once: int
    score: float
    returns: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """moment: RFC 3339. expected: how many readers will be active in the next 28 days. model: BG/NBD's r, alpha, a, b, or none."""

    moment: str
    readers: int
    expected: float
    horizon_days: int
    half_life_days: float
    model: dict[str, float] | None
    segments: tuple[Stand, ...]
    judgement: Judgement | None


def report(activity: Activity, now: datetime, settings: MemberSettings | None = None) -> Report:
    settings = settings or MemberSettings()
    second = int(now.timestamp())
    here = members(activity, second, settings)
    stands = []
    for place, name in enumerate(ORDER):
        chosen = here.segment == place
        stands.append(
            Stand(
                segment=name.value,
                readers=int(chosen.sum()),
                once=int((chosen & here.came_once).sum()),
                score=float(here.score[chosen].mean()) if chosen.any() else 0.0,
                returns=float(here.returns[chosen].mean()) if chosen.any() else 0.0,
            )
        )
    return Report(
        moment=now.astimezone(UTC).isoformat(),
        readers=len(here),
        expected=float(np.sum(here.returns)),
        horizon_days=HORIZON_DAYS,
        half_life_days=settings.half_life_days,
        model=None if here.model is None else dataclasses.asdict(here.model),
        segments=tuple(stands),
        judgement=judge(activity, second, settings),
    )


def write(found: Report, build: Path) -> Path:
    """Put the report beside what was built; returns the Markdown file."""
    folder = build / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps(dataclasses.asdict(found), ensure_ascii=False, indent=2) + "\n"
    (folder / f"{NAME}.json").write_text(data, encoding="utf-8")
    place = folder / f"{NAME}.md"
    place.write_text("\n".join([*_lines(found), ""]), encoding="utf-8")
    return place


def _lines(found: Report) -> Iterator[str]:
    yield f"# Members on {found.moment[:10]}"
    yield ""
    yield (
        f"{found.readers} readers; about {found.expected:.0f} of them will be active in the next "
        f"{found.horizon_days} days. Points halve every {found.half_life_days:g} days."
    )
    yield ""
    yield "| segment | readers | came once | mean score | chance to come |"
    yield "|---|--:|--:|--:|--:|"
    for stand in found.segments:
        yield f"| {stand.segment} | {stand.readers} | {stand.once} | {stand.score:.1f} | {stand.returns:.0%} |"
    yield ""
    if found.judgement is None:
        yield "Nobody was known 28 days ago, so nothing can be said yet of how well this tells what comes."
        return
    judged = found.judgement
    day = datetime.fromtimestamp(judged.moment, UTC).date().isoformat()
    yield f"## Told on {day}, looked at 28 days later"
    yield ""
    yield from _rows("segment", judged.segments)
    yield ""
    yield from _rows("chance", judged.classes)
    yield ""
    yield sentence(judged)


def _rows(what: str, rows: tuple[Row, ...]) -> Iterator[str]:
    yield f"| {what} | readers | expected | came | 95 % interval | mean points |"
    yield "|---|--:|--:|--:|--:|--:|"
    for row in rows:
        if row.readers:
            yield (
                f"| {row.name} | {row.readers} | {row.expected:.0%} | {row.came:.0%} | "
                f"{row.low:.0%} to {row.high:.0%} | {row.points:.1f} |"
            )


def sentence(judged: Judgement) -> str:
    """What the judgement comes to."""
    if judged.skill is None or judged.order is None:
        return f"All {judged.readers} readers did the same, so nothing can be told apart."
    worth = (
        f"{judged.skill:.0%} less squared error than telling everybody the average"
        if judged.skill > 0
        else "no better than telling everybody the average"
    )
    return f"Of {judged.readers} readers: {worth}; of two readers, one of whom came, the right one had the higher chance in {judged.order:.0%}."
