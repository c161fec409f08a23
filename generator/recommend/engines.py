"""The same counting on an author's own engine, for a school that has outgrown one machine: Ibis says the queries in that engine's dialect.

An author names it by LYCEUM_SIGNALS_ENGINE_URL (`sources`); `connecting` opens it. From a program:

    import ibis
    from generator.recommend.engines import interactions_on, pairs_on

    warehouse = ibis.postgres.connect(host="…", database="…")     # or ibis.bigquery, ibis.clickhouse, ibis.pyspark, …
    counted = interactions_on(warehouse, table="signals_of_the_school")

`table` has the columns of `interactions.COLUMNS`; one may load the exported Parquet files into it as they are. The queries are `queries.py`'s, to the letter; tested on
DuckDB and PostgreSQL, elsewhere as far as Ibis keeps its promise. Of pairs nothing leaves the engine that fewer than LEAST_READERS readers share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.recommend import queries
from generator.recommend.counting import Pairs, events_of
from generator.recommend.interactions import Events, Interactions

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIALECT = "duckdb"  # in which the queries are written
_INTERACTIONS = {"reader": "int32", "lesson": "int32", "at": "int64", "weight": "float64"}
_PAIRS = {"lesson": "int32", "other": "int32", "readers": "int64"}
_LESSONS = {"lesson": "string", "code": "int64"}
_NAMES = {"name": "string", "code": "int64"}
_EVENTS = {
    **dict.fromkeys(queries.NAMES, "int32"),
    "kind": "int32",
    "at": "int64",
    "value": "float64",
    "place": "int32",
}
_STATE = {
    "signals": "int64",
    "latest": "int64",
    "times": "int64",
    "first_reader": "string",
    "last_reader": "string",
}


def interactions_on(backend: Any, *, table: str = "signals") -> Interactions:
    """As `counting.load_interactions`. backend: a connection of Ibis. Raises what the engine raises."""
    found = _answer(backend, queries.INTERACTIONS, _INTERACTIONS, table)
    lessons, codes = _lessons(backend, table)
    lesson = codes[found["lesson"]]
    order = np.lexsort((lesson, found["reader"]))
    (readers,) = _answer(backend, queries.READERS, {"readers": "int64"}, table)["readers"]
    return Interactions(
        reader_count=int(readers),
        lessons=lessons,
        reader=found["reader"][order].astype(np.int32),
        lesson=lesson[order],
        at=found["at"][order].astype(np.int64),
        weight=found["weight"][order].astype(np.float32),
    )


def pairs_on(backend: Any, *, table: str = "signals") -> Pairs:
    """As `counting.Counting.pairs`."""
    found = _answer(backend, queries.PAIRS, _PAIRS, table)
    lessons, codes = _lessons(backend, table)
    ends = np.sort(np.stack([codes[found["lesson"]], codes[found["other"]]]), axis=0)
    order = np.lexsort((ends[1], ends[0]))
    return Pairs(
        lessons=lessons,
        lesson=ends[0][order],
        other=ends[1][order],
        readers=found["readers"][order].astype(np.int64),
    )


def events_on(backend: Any, *, table: str = "signals") -> Events:
    """As `counting.load_events`. Every signal comes over, as numbers; who and what they stand for once each."""
    found = _answer(backend, queries.EVENTS, _EVENTS, table)
    names: dict[str, tuple[str, ...]] = {}
    for column, query in queries.NAMES.items():
        names[column], codes = _named(_answer(backend, query, _NAMES, table), "name")
        coded = found[column]
        found[column] = np.where(coded < 0, -1, codes[coded]) if len(codes) else coded
    return events_of(names, found)


def state_on(backend: Any, *, table: str = "signals") -> str:
    """Equal as long as the table's signals are, as far as one scan can tell (`queries.STATE`)."""
    found = _answer(backend, queries.STATE, _STATE, table)
    return repr([(name, column.tolist()) for name, column in found.items()])


def _lessons(backend: Any, table: str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    return _named(_answer(backend, queries.LESSONS, _LESSONS, table), "lesson")


def _named(found: Mapping[str, NDArray[Any]], column: str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The texts in order, and for each code of the engine its place there: an engine may sort texts in its own way."""
    named = sorted(zip((str(name) for name in found[column]), found["code"], strict=True))
    codes = np.zeros(len(named), np.int32)
    for place, (_, code) in enumerate(named):
        codes[int(code)] = place
    return tuple(name for name, _ in named), codes


def _answer(backend: Any, query: str, types: Mapping[str, str], table: str) -> dict[str, NDArray[Any]]:
    """The query over `table`, as arrays by column. The columns' types are given: not every engine can be asked for them beforehand."""
    source = ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))
    signals = f"WITH signals AS (SELECT * FROM {source})"  # noqa: S608 - a quoted name
    rest = query.strip()
    text = f"{signals}, {rest[5:]}" if rest.startswith("WITH ") else f"{signals} {rest}"
    columns = backend.sql(text, schema=dict(types), dialect=DIALECT).to_pyarrow()
    return {name: columns[name].to_numpy() for name in types}
