"""Counts what readers did, inside this process: DuckDB over Parquet files, one SQL aggregation for each answer (`queries`).

What does not fit into MEMORY is spilled to a temporary folder that is removed afterwards. Nothing is fetched: DuckDB's extensions that
would load themselves stay away.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from generator.errors import LyceumError, SettingsError
from generator.recommend.interactions import COLUMNS, Events, Interactions
from generator.recommend.queries import EVENTS, INTERACTIONS, LATEST, LESSONS, NAMES, PAIRS_OF_LATEST, READERS

if TYPE_CHECKING:
    import duckdb
    from numpy.typing import NDArray

MEMORY = "1200MB"  # of DuckDB's buffers; what needs more goes to disk. The process stays below 2 GB with it
THREADS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """How many readers took up both of two lessons; never fewer than `queries.LEAST_READERS`, and lesson < other.

    lessons: ids by code, as in `Interactions`. lesson, other: int32 codes, in order. readers: int64.
    """

    lessons: tuple[str, ...]
    lesson: NDArray[np.int32]
    other: NDArray[np.int32]
    readers: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lesson)


class Counting:
    """One count over files. A context manager: leaving it frees what was counted and removes what was spilled.

    Raises LyceumError for a file that is no Parquet file of signals, SettingsError if DuckDB is not installed.
    """

    def __init__(self, database: duckdb.DuckDBPyConnection, spill: tempfile.TemporaryDirectory[str]) -> None:
        self._database = database
        self._spill = spill
        self._is_counted = False

    @classmethod
    def over_files(cls, files: Sequence[Path], *, memory: str = MEMORY, threads: int = THREADS) -> Counting:
        """Over all rows of these Parquet files; over none if there is no file."""
        try:
            import duckdb
        except ImportError as error:
            raise SettingsError(
                "counting what readers did needs DuckDB", hint="pip install 'lyceum[recommend]'"
            ) from error
        spill = tempfile.TemporaryDirectory(prefix="lyceum-counting-")
        database = duckdb.connect(
            config={
                "memory_limit": memory,
                "threads": threads,
                "temp_directory": spill.name,
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        counting = cls(database, spill)
        try:
            database.execute("SET enable_progress_bar = false")  # it would print between the data
            counting._open(files)
        except duckdb.Error as error:
            counting.close()
            raise LyceumError(
                f"the signals cannot be read: {str(error).splitlines()[0]}",
                where=str(files[0].parent),
                hint="remove the file that is no Parquet file of signals; `lyceum signals export` writes them anew",
            ) from error
        return counting

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()
        self._spill.cleanup()

    def interactions(self) -> Interactions:
        """Every interaction, by reader and then lesson."""
        lessons = self._lessons()
        (readers,) = self._database.execute(READERS).fetchone() or (0,)
        self._count()
        found = self._arrays('SELECT reader, lesson, "at", weight FROM taken')
        order = np.lexsort((found["lesson"], found["reader"]))
        return Interactions(
            reader_count=int(readers),
            lessons=lessons,
            reader=found["reader"][order].astype(np.int32, copy=False),
            lesson=found["lesson"][order].astype(np.int32, copy=False),
            at=found["at"][order].astype(np.int64, copy=False),
            weight=found["weight"][order].astype(np.float32, copy=False),
        )

    def pairs(self) -> Pairs:
        """Every pair of lessons that enough readers share, by lesson and then the other."""
        lessons = self._lessons()
        self._count()
        found = self._arrays(f"WITH {LATEST} {PAIRS_OF_LATEST}")
        order = np.lexsort((found["other"], found["lesson"]))
        return Pairs(
            lessons=lessons,
            lesson=found["lesson"][order].astype(np.int32, copy=False),
            other=found["other"][order].astype(np.int32, copy=False),
            readers=found["readers"][order].astype(np.int64, copy=False),
        )

    def events(self) -> Events:
        """Every signal with a reader and a time, by reader and then time."""
        names = {
            column: tuple(name for name, _ in sorted(self._database.execute(query).fetchall(), key=_code))
            for column, query in NAMES.items()
        }
        return events_of(names, self._arrays(EVENTS))

    def _open(self, files: Sequence[Path]) -> None:
        columns = ", ".join(f'"{name}"::{type_} AS "{name}"' for name, type_ in COLUMNS.items())
        if files:
            self._database.read_parquet([str(file) for file in files], union_by_name=True).create_view(
                "found"
            )
            self._database.execute(f"CREATE TEMP VIEW signals AS SELECT {columns} FROM found")  # noqa: S608
            self._database.execute("SELECT * FROM signals LIMIT 1").fetchall()
        else:
            empty = ", ".join(f'"{name}" {type_}' for name, type_ in COLUMNS.items())
            self._database.execute(f"CREATE TEMP TABLE signals ({empty})")

    def _count(self) -> None:
        """The interactions, once; the pairs are made of the same table."""
        if not self._is_counted:
            self._database.execute(f"CREATE TEMP TABLE taken AS {INTERACTIONS}")
            self._is_counted = True

    def _lessons(self) -> tuple[str, ...]:
        rows = self._database.execute(LESSONS).fetchall()
        return tuple(name for name, _ in sorted(rows, key=_code))

    def _arrays(self, query: str) -> dict[str, NDArray[Any]]:
        found: dict[str, NDArray[Any]] = self._database.execute(query).fetchnumpy()
        return {
            name: column.filled(np.nan) if isinstance(column, np.ma.MaskedArray) else column
            for name, column in found.items()
        }


def events_of(names: Mapping[str, tuple[str, ...]], found: Mapping[str, NDArray[Any]]) -> Events:
    """The answer to `queries.EVENTS` as events. names: column → the texts that its codes stand for, in order."""
    order = np.lexsort((found["lesson"], found["kind"], found["at"], found["reader"]))
    order = order[found["kind"][order] >= 0]  # kinds of a later version say nothing here
    chosen = {name: column[order] for name, column in found.items()}
    return Events(
        readers=names["reader"],
        lessons=names["lesson"],
        lists=names["list"],
        variants=names["variant"],
        reader=chosen["reader"].astype(np.int32, copy=False),
        lesson=chosen["lesson"].astype(np.int32, copy=False),
        kind=chosen["kind"].astype(np.int32, copy=False),
        at=chosen["at"].astype(np.int64, copy=False),
        value=chosen["value"].astype(np.float64, copy=False),
        list_=chosen["list"].astype(np.int32, copy=False),
        place=chosen["place"].astype(np.int32, copy=False),
        variant=chosen["variant"].astype(np.int32, copy=False),
    )


def _code(row: tuple[str, int]) -> int:
    return row[1]


def load_interactions(folder: Path) -> Interactions:
    """The interactions in `folder/*.parquet`, all of them; none if there is no such folder or file.

    Raises LyceumError for a file that cannot be read, SettingsError if DuckDB is not installed.
    """
    with Counting.over_files(sorted(folder.glob("*.parquet"))) as counting:
        return counting.interactions()


def load_events(folder: Path) -> Events:
    """Every signal in `folder/*.parquet` that has a reader and a time. Raises as `load_interactions`."""
    with Counting.over_files(sorted(folder.glob("*.parquet"))) as counting:
        return counting.events()
