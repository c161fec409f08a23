"""What counting costs: 1,000,000 readers × 10,000 lessons with 14 M events, beside the bars of 30 s and 2 GB.

    python -m tests.benchmarks.recommend.counting [--readers N --lessons N --events N]

The count runs in a process of its own, three times, and the middle time counts; memory is that process's largest. Prints each figure beside its bar; exits 1 above.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from tests.benchmarks.recommend.simulate import write_signals

MOST_SECONDS, MOST_GIGABYTES = 30.0, 2.0
ROUNDS = 3
_COUNT = """
import json, resource, sys, time
from pathlib import Path
from generator.recommend.counting import Counting
begun = time.perf_counter()
with Counting.over_files(sorted(Path(sys.argv[1]).glob("*.parquet"))) as counting:
    interactions = counting.interactions()
    between = time.perf_counter()
    pairs = counting.pairs()
print(json.dumps({
    "seconds": time.perf_counter() - begun, "interactions_seconds": between - begun,
    "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    "interactions": len(interactions), "pairs": len(pairs),
}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--lessons", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=14_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lyceum-bench-") as folder:
        events = write_signals(
            Path(folder), readers=options.readers, lessons=options.lessons, events=options.events
        )
        rounds = [counted(Path(folder)) for _ in range(ROUNDS)]
    seconds = median(one["seconds"] for one in rounds)
    gigabytes = max(one["gigabytes"] for one in rounds)
    first = rounds[0]
    print(f"{events:,} events, {first['interactions']:,.0f} interactions, {first['pairs']:,.0f} pairs")
    print(
        f"seconds    {seconds:6.1f}  ≤ {MOST_SECONDS:.0f}   (interactions {median(one['interactions_seconds'] for one in rounds):.1f})"
    )
    print(f"gigabytes  {gigabytes:6.2f}  ≤ {MOST_GIGABYTES:.0f}")
    return 0 if seconds <= MOST_SECONDS and gigabytes <= MOST_GIGABYTES else 1


def counted(folder: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _COUNT, str(folder)], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.exit(main())
