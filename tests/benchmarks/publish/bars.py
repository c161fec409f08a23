"""A figure beside its bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """case: what was done. figure, bar: as people read them. is_met: whether the figure keeps the bar."""

    case: str
    figure: str
    bar: str
    is_met: bool


def at_least(case: str, figure: float, bar: float, text: str) -> Row:
    return Row(case=case, figure=text, bar=f"≥ {bar:g}", is_met=figure >= bar)


def at_most(case: str, figure: float, bar: float, text: str) -> Row:
    return Row(case=case, figure=text, bar=f"≤ {bar:g}", is_met=figure <= bar)


def table(rows: Sequence[Row]) -> str:
    lines = ["| case | figure | bar | |", "|---|---|---|---|"]
    lines += [
        f"| {row.case} | {row.figure} | {row.bar} | {'met' if row.is_met else '**missed**'} |" for row in rows
    ]
    return "\n".join(lines)
