"""The ledger: whatever changed in whatever order, its verdict is that of somebody who is told the whole school anew."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.site.leaks import FileReading, Ledger, Reading, Unit, Verdict, shelf
from generator.site.leaks import ledger as ledger_module
from generator.site.leaks.private import PrivateName
from generator.site.leaks.units import Piece, Told

NAMES = [
    PrivateName(lesson="a", path="a/chart.png", text="chart.png", is_file=True),
    PrivateName(lesson="a", path="a/plan.md", text="Folding mirrors", is_file=False),
    PrivateName(lesson="a", path="a/plan.md", text="mirrors", is_file=False),
]
TEXTS = ["see chart.png", "folding mirrors", "mirrors folding", "nothing at all", "CHART, png"]
SHA = [bytes([number]) * 32 for number in range(4)]


def hashes(values: set[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Small numbers spread over all hashes, as the ledger divides them by their first bits."""
    return np.array(sorted(value * 0x0F0F_0F0F_0F0F_0F0F for value in values), np.uint64)


def unit(private: set[int], public: set[int], source: int = 0) -> Unit:
    return Unit(private=hashes(private), public=hashes(public), source=bytes([source]) * 16)


def file(
    windows: set[int], text: str = "", members: frozenset[int] = frozenset(), problem: str = ""
) -> FileReading:
    """A reading with a piece for each window, so that files share pieces, and one for its text."""
    words = _read(text)
    told = {window + 1: Piece(hashes=hashes({window}), grams=np.zeros(0, np.uint32)) for window in windows}
    told |= words.told.apart()
    return FileReading(
        sha256=bytes(32),
        pieces=np.array(sorted(told), np.int64),
        told=Told.of(told),
        members=tuple((str(number), SHA[number]) for number in sorted(members)),
        problem=problem,
    )


@cache
def _read(text: str) -> FileReading:
    return Reading().file("x", text.encode())


@dataclass
class School:
    units: dict[str, Unit] = field(default_factory=dict)
    files: dict[str, FileReading] = field(default_factory=dict)
    names: list[PrivateName] = field(default_factory=list)
    private_files: set[int] = field(default_factory=set)

    def tell(
        self,
        ledger: Ledger,
        *,
        units: dict[str, Unit | None] | None = None,
        files: dict[str, FileReading | None] | None = None,
    ) -> Verdict:
        """Everything; or, of units and files, these changes."""
        complete = units is None or files is None
        return ledger.judge(
            units=self.units if units is None else units,
            files=self.files if files is None else files,
            names=self.names,
            fingerprints={SHA[number]: str(number) for number in self.private_files},
            complete=complete,
        )


@contextmanager
def ledger(folder: Path) -> Iterator[Ledger]:
    with closing(sqlite3.connect(folder / "cache.sqlite")) as database, database:
        database.execute("PRAGMA synchronous = OFF")
        yield Ledger(database, folder / "arrays")


def told_anew(school: School) -> tuple[Verdict, list[int]]:
    with TemporaryDirectory() as folder, ledger(Path(folder)) as fresh:
        return school.tell(fresh), fresh.unexplained().tolist()


windows = st.sets(st.integers(0, 11), max_size=5)
units_ = st.builds(unit, windows, windows, st.integers(0, 2))
files_ = st.builds(
    file,
    windows,
    st.sampled_from(TEXTS),
    st.frozensets(st.integers(0, 3), max_size=1),
    st.sampled_from(["", "", "", "broken"]),
)


@dataclass(frozen=True)
class Change:
    units: dict[str, Unit | None]
    files: dict[str, FileReading | None]
    names: list[PrivateName]
    private_files: set[int]


changes = st.lists(
    st.builds(
        Change,
        st.dictionaries(st.sampled_from("abcd"), st.none() | units_, max_size=2),
        st.dictionaries(st.sampled_from("pqrs"), st.none() | files_, max_size=2),
        st.lists(st.sampled_from(NAMES), unique=True),
        st.sets(st.integers(0, 3), max_size=2),
    ),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(start=changes, rest=changes, fresh_rows=st.sampled_from([0, 5, 1000]))
def test_a_verdict_after_changes_is_that_of_the_whole_school(
    start: list[Change], rest: list[Change], fresh_rows: int
) -> None:
    school = School()
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelf, "_FRESH_ROWS", fresh_rows)
        patch.setattr(shelf, "_FEW_OWNERS", fresh_rows)
        patch.setattr(ledger_module, "_PARTS", 4)
        patch.setattr(os, "fsync", lambda _file: None)
        for number, change in enumerate((*start[:1], *rest)):
            with ledger(Path(folder)) as kept:
                assert kept.is_complete == (number > 0)
                for key, unit_ in change.units.items():
                    school.units.pop(key, None)
                    if unit_ is not None:
                        school.units[key] = unit_
                for path, reading in change.files.items():
                    school.files.pop(path, None)
                    if reading is not None:
                        school.files[path] = reading
                school.names, school.private_files = change.names, change.private_files
                if number == 0:
                    verdict = school.tell(kept)
                else:
                    verdict = school.tell(kept, units=change.units, files=change.files)
                found = kept.unexplained().tolist()
            assert (verdict, found) == told_anew(school)
