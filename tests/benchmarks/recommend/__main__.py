"""Recommendations beside their bars: how good the models are, and what the stage costs.

    python -m tests.benchmarks.recommend --data FOLDER [--cases behaviour tags cold related few shipped unseen cost]

FOLDER (or LYCEUM_RECOMMEND_DATA) holds the measured behaviour, see `citeulike`; without it only `cost` runs, on simulated readers, and the
others count as missed. Prints each figure beside its bar; exits 1 when one is missed.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from tests.benchmarks.recommend.quality import Figure

QUALITY = ("behaviour", "tags", "cold", "related", "few", "shipped", "unseen")
CASES = (*QUALITY, "cost")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=os.environ.get("LYCEUM_RECOMMEND_DATA"))
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--readers", type=int, default=1_000_000, help="simulated readers of the case cost")
    parser.add_argument("--lessons", type=int, default=10_000, help="simulated lessons of the case cost")
    options = parser.parse_args()
    figures: list[Figure] = []
    asked = [case for case in QUALITY if case in options.cases]
    if asked and options.data is None:
        print("no --data FOLDER: the quality of the models is not measured")
        figures += [Figure(what=case, value=0.0, bar=1.0, note="no data") for case in asked]
    elif asked:
        from tests.benchmarks.recommend.citeulike import read
        from tests.benchmarks.recommend.quality import Quality

        quality = Quality(read(Path(options.data)))
        for case in asked:
            begun = time.perf_counter()
            for figure in getattr(quality, case)():
                figures.append(figure)
                show(figure)
            print(f"        ({case}: {time.perf_counter() - begun:.0f} s)", flush=True)
    if "cost" in options.cases:
        from tests.benchmarks.recommend.cost import cost

        for figure in cost(options.readers, options.lessons):
            figures.append(figure)
            show(figure)
    missed = [figure.what for figure in figures if not figure.is_held]
    print(f"missed: {', '.join(missed)}" if missed else "every bar is held")
    return 1 if missed else 0


def show(figure: Figure) -> None:
    label = "      " if figure.bar is None else "held  " if figure.is_held else "MISSED"
    bar = "" if figure.bar is None else f"{'≤' if figure.is_cost else '≥'} {figure.bar:.4g}"
    print(f"{label}  {figure.what:<52} {figure.value:>9.4f}  {bar:<9} {figure.note}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
