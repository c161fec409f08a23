"""One command, measured: wall time, CPU time of it and of every process it waited for, peak memory of the largest of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


class CommandFailed(Exception):  # noqa: N818 - what happened, not what is wrong
    """A measured command did not end well; the benchmark cannot go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """stages: name → seconds, as the command printed them."""

    wall_seconds: float
    cpu_seconds: float
    peak_mb: float
    stages: Mapping[str, float] = field(default_factory=dict)
    files_written: int | None = None

    def without(self, stage: str) -> float:
        """Wall seconds less those of a stage."""
        return self.wall_seconds - self.stages.get(stage, 0.0)


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> tuple[Sample, str]:
    """What it took and what it said on standard error. Raises CommandFailed."""
    said = cwd / ".stderr"
    started = time.perf_counter()
    with said.open("wb") as stderr:
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr
        )
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    text = said.read_text("utf-8", errors="replace")
    said.unlink()
    if process.returncode:
        raise CommandFailed(f"{' '.join(command)} ended with {process.returncode}:\n{text[-3000:]}")
    sample = Sample(
        wall_seconds=wall,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss / 1024,  # Linux counts in KiB
    )
    return sample, text


def middle(samples: Sequence[Sample], what: str = "wall_seconds") -> float:
    return float(statistics.median(getattr(sample, what) for sample in samples))


def fingerprint(*folders: Path) -> dict[str, tuple[int, int, int]]:
    """Path → inode, size and time of the last change, by which a written file is told from one that was left alone."""
    found = {}
    for folder in folders:
        for place in folder.rglob("*"):
            if place.is_file() and not place.is_symlink():
                status = place.stat()
                found[str(place)] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def written(before: Mapping[str, tuple[int, int, int]], after: Mapping[str, tuple[int, int, int]]) -> int:
    """How many files were written, made or removed."""
    return sum(before.get(path) != after.get(path) for path in before.keys() | after.keys())
