"""The bars, and how figures are shown beside them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One line of the table. is_least: the figure has to be at least the bar, else at most."""

    name: str
    figure: float
    bar: float
    unit: str
    is_least: bool = False

    @property
    def holds(self) -> bool:
        return self.figure >= self.bar if self.is_least else self.figure <= self.bar

    def line(self) -> str:
        sign = "≥" if self.is_least else "≤"
        return f"| {self.name} | {self.figure:.4g} {self.unit} | {sign} {self.bar:g} {self.unit} | {'holds' if self.holds else 'BELOW'} |"


def table(verdicts: list[Verdict]) -> str:
    head = ["| what | measured | bar | |", "|---|---|---|---|"]
    return "\n".join([*head, *(verdict.line() for verdict in verdicts)])


def slope_a_hour(samples: list[tuple[float, float]]) -> float:
    """Of (seconds, value): the least-squares line's rise in an hour."""
    count = len(samples)
    mean_x = sum(x for x, _ in samples) / count
    mean_y = sum(y for _, y in samples) / count
    spread = sum((x - mean_x) ** 2 for x, _ in samples)
    return sum((x - mean_x) * (y - mean_y) for x, y in samples) / spread * 3600 if spread else 0.0
