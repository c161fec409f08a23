"""The bars: what each case may cost at most, mostly as a ratio to a peer in the same run."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.build.lyceum import SEARCH
from tests.benchmarks.build.measure import Sample, middle

Samples = Mapping[str, Sequence[Sample]]  # "<engine> <lessons> <case>" → its samples
Numbers = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """value None: not measured in this run. unit: of value and limit; "×" for a ratio."""

    case: str
    bar: str
    value: float | None
    limit: float
    unit: str

    @property
    def holds(self) -> bool | None:
        return None if self.value is None else self.value <= self.limit


def verdicts(samples: Samples, numbers: Numbers, small: int, large: int) -> list[Verdict]:
    """Every bar of the table, in its order. small, large: numbers of lessons."""

    def wall(engine: str, lessons: int, case: str) -> float:
        return middle(samples[f"{engine} {lessons} {case}"])

    def cpu(engine: str, lessons: int, case: str) -> float:
        return middle(samples[f"{engine} {lessons} {case}"], "cpu_seconds")

    def quick(lessons: int, case: str) -> float:
        """Without the search index, which the peers that this is compared with do not make."""
        return statistics.median(sample.without(SEARCH) for sample in samples[f"lyceum {lessons} {case}"])

    def slowest(lessons: int) -> float:
        return max(quick(lessons, "public edit"), quick(lessons, "private edit"))

    def verdict(case: str, bar: str, limit: float, value: Callable[[], float], unit: str = "×") -> Verdict:
        try:
            return Verdict(case=case, bar=bar, value=value(), limit=limit, unit=unit)
        except KeyError:
            return Verdict(case=case, bar=bar, value=None, limit=limit, unit=unit)

    cold, one, big = f"{small} lessons, cold", f"one of {small} changed", f"{large} lessons"
    return [
        verdict(
            cold,
            "wall, of Material's with navigation.prune",
            1 / 4,
            lambda: wall("lyceum", small, "cold") / wall("material", small, "cold"),
        ),
        verdict(
            cold,
            "CPU, of Material's with navigation.prune",
            1 / 2,
            lambda: cpu("lyceum", small, "cold") / cpu("material", small, "cold"),
        ),
        verdict(
            cold,
            "wall, of Zensical's",
            1 / 4,
            lambda: wall("lyceum", small, "cold") / wall("zensical", small, "cold"),
        ),
        verdict(
            cold,
            "wall without search, of Hugo's",
            2,
            lambda: quick(small, "cold") / wall("hugo", small, "cold"),
        ),
        verdict(
            one, "wall without search, of Hugo's", 1 / 4, lambda: slowest(small) / wall("hugo", small, "one")
        ),
        verdict(
            one,
            "wall without search, of Eleventy's",
            1 / 3,
            lambda: slowest(small) / wall("eleventy", small, "one"),
        ),
        verdict(
            f"one of {large} changed",
            "wall without search, of Hugo's",
            1 / 30,
            lambda: slowest(large) / wall("hugo", large, "one"),
        ),
        verdict(
            f"one of {large} changed",
            f"wall without search, of the same at {small}",
            1.5,
            lambda: slowest(large) / slowest(small),
        ),
        verdict(f"nothing of {large} changed", "CPU", 1, lambda: cpu("lyceum", large, "nothing"), "s"),
        verdict(
            f"nothing of {large} changed",
            "files written",
            0,
            lambda: max(s.files_written or 0 for s in samples[f"lyceum {large} nothing"]),
            "files",
        ),
        verdict(
            f"{big}, cold",
            f"wall without search, of that of {small}",
            1.1 * large / small,
            lambda: quick(large, "cold") / quick(small, "cold"),
        ),
        verdict(
            f"{big}, cold",
            "wall without search, of Hugo's",
            1.8,
            lambda: quick(large, "cold") / wall("hugo", large, "cold"),
        ),
        verdict(
            f"{big}, cold",
            "peak memory of the largest process",
            600,
            lambda: max(s.peak_mb for s in samples[f"lyceum {large} cold"]),
            "MB",
        ),
        verdict(
            "100 courses instead of 10",
            "bytes of the same lessons' pages",
            1.0,
            lambda: numbers["page bytes at 100"] / numbers["page bytes at 10"],
        ),
        verdict(
            "100 courses instead of 10",
            "bytes of everything but assets and index, a lesson",
            1.0,
            lambda: numbers["all bytes at 100"] / numbers["all bytes at 10"],
        ),
        verdict(f"save to screen, {small} lessons", "in Chromium", 1, lambda: numbers["save to screen"], "s"),
        verdict("lyceum --help", "CPU", 0.25, lambda: cpu("lyceum", 0, "help"), "s"),
    ]
