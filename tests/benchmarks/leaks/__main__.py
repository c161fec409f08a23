"""What the leak check's ledger costs: a whole school, then one changed lesson, at two sizes, each in a process of its own.

    python -m tests.benchmarks.leaks [--lessons 1000 10000]

Prints medians of CPU time, peak memory and bytes on disk; fails when a change costs more than a thirtieth of the larger school, more than three
times what it costs in the smaller one, or when a process needs more than 400 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from generator.site.leaks import Ledger
from tests.benchmarks.leaks.school import NAMES, Made, page, unit

CHANGES = 7
SHARE_OF_THE_WHOLE = 1 / 30
GROWTH = 3
PEAK_BYTES = 400 * 1024**2


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lessons", type=int, nargs=2, default=(1_000, 10_000))
    parser.add_argument("--judge", nargs=3, metavar=("FOLDER", "LESSONS", "VERSION"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.judge:
        folder, lessons, version = options.judge
        print(json.dumps(judge(Path(folder), int(lessons), int(version))))
        return 0
    whole, change, peaks = {}, {}, []
    for lessons in options.lessons:
        with tempfile.TemporaryDirectory() as folder:
            seconds, peak = judged(folder, lessons, 0)
            on_disk = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
            runs = [judged(folder, lessons, version) for version in range(1, CHANGES + 1)]
        whole[lessons] = seconds
        change[lessons] = statistics.median(seconds for seconds, _ in runs)
        peaks += [peak, *(peak for _, peak in runs)]
        print(
            f"{lessons:6} lessons: everything {seconds:.2f} s of CPU, a change {change[lessons] * 1000:.0f} ms,"
            f" peak memory {peak / 1024**2:.0f} MB, on disk {on_disk / lessons / 1000:.0f} kB a lesson"
        )
    small, large = options.lessons
    bars = {
        f"a change ≤ 1/30 of everything: 1/{whole[large] / change[large]:.0f}": change[large]
        <= SHARE_OF_THE_WHOLE * whole[large],
        f"a change of {large} ≤ {GROWTH} × of {small}: {change[large] / change[small]:.1f} ×": change[large]
        <= GROWTH * change[small],
        f"peak memory ≤ 400 MB: {max(peaks) / 1024**2:.0f} MB": max(peaks) <= PEAK_BYTES,
    }
    for bar, is_held in bars.items():
        print("held  " if is_held else "MISSED", bar)
    return 0 if all(bars.values()) else 1


def judged(folder: str, lessons: int, version: int) -> tuple[float, int]:
    """CPU seconds of the judgement, and the peak memory of its process."""
    command = [
        sys.executable,
        "-m",
        __spec__.name if __spec__ else "",
        "--judge",
        folder,
        str(lessons),
        str(version),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, peak = json.loads(done.stdout)
    return seconds, peak


def judge(folder: Path, lessons: int, version: int) -> tuple[float, int]:
    """Version 0 is the whole school; any other changes one lesson and its page. Drawing the school's lots is not counted."""
    units, files = (Made(unit, lessons), Made(page, lessons))
    changed_units = {str(version): unit(version, version)}
    changed_files = {str(version): page(version, version)}
    with closing(sqlite3.connect(folder / "cache.sqlite")) as database:
        made = 0.0
        if not version:
            start = time.process_time()
            for key in units:
                units[key], files[key]
            made = time.process_time() - start
        start = time.process_time()
        verdict = Ledger(database, folder / "leaks").judge(
            units=changed_units if version else units,
            files=changed_files if version else files,
            names=NAMES,
            fingerprints={},
            complete=not version,
        )
        database.commit()
        seconds = time.process_time() - start - made
    if verdict.suspects:
        raise AssertionError("windows drawn by lot do not meet")
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    sys.exit(main())
