"""The run as text: a table of medians, a table of bars, and JSON of everything that was measured."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence

from tests.benchmarks.build.bars import Numbers, Samples, Verdict
from tests.benchmarks.build.lyceum import SEARCH
from tests.benchmarks.build.measure import middle


def markdown(
    samples: Samples, numbers: Numbers, verdicts: Sequence[Verdict], versions: Mapping[str, str]
) -> str:
    lines = [
        f"{os.cpu_count()} cores, Python {platform.python_version()}; "
        + ", ".join(f"{name} {version}" for name, version in versions.items()),
        "",
        "| engine | lessons | case | runs | wall s | of it search s | CPU s | peak MB |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for name, found in samples.items():
        engine, lessons, case = name.split(" ", 2)
        searching = statistics.median(sample.stages.get(SEARCH, 0.0) for sample in found)
        lines.append(
            f"| {engine} | {int(lessons) or ''} | {case} | {len(found)} | {middle(found):.2f} | "
            f"{f'{searching:.2f}' if searching else ''} | {middle(found, 'cpu_seconds'):.2f} | {middle(found, 'peak_mb'):.0f} |"
        )
    lines += [f"| lyceum | | {name} | | {value:.2f} | | | |" for name, value in numbers.items()]
    lines += ["", "| case | bar | measured | at most | |", "|---|---|--:|--:|---|"]
    for verdict in verdicts:
        value = "not measured" if verdict.value is None else _shown(verdict.value, verdict.unit)
        mark = {True: "holds", False: "**fails**", None: ""}[verdict.holds]
        lines.append(
            f"| {verdict.case} | {verdict.bar} | {value} | {_shown(verdict.limit, verdict.unit)} | {mark} |"
        )
    return "\n".join(lines) + "\n"


def as_json(
    samples: Samples, numbers: Numbers, verdicts: Sequence[Verdict], versions: Mapping[str, str]
) -> str:
    return json.dumps(
        {
            "versions": dict(versions),
            "samples": {name: [dataclasses.asdict(s) for s in found] for name, found in samples.items()},
            "numbers": dict(numbers),
            "bars": [{**dataclasses.asdict(v), "holds": v.holds} for v in verdicts],
        },
        indent=1,
    )


def _shown(value: float, unit: str) -> str:
    if unit == "files":
        return f"{value:.0f}"
    return f"{value:.3f} {unit}" if value < 10 else f"{value:.1f} {unit}"
