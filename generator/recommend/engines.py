"""The same counting on an author's own engine, for a school that has outgrown one machine: Ibis says the queries in that engine's dialect.

    import ibis
    from generator.recommend.engines import interactions_on, pairs_on

    warehouse = ibis.postgres.connect(host="…", database="…")     # or ibis.bigquery, ibis.clickhouse, ibis.pyspark, …
    counted = interactions_on(warehouse, table="signals_of_the_school")

`table` has the columns of `interactions.COLUMNS`; one may load the exported Parquet files into it as they are. The queries are `queries.py`'s, to the letter; tested on
DuckDB and PostgreSQL, elsewhere as far as Ibis keeps its promise. Of pairs nothing leaves the engine that fewer than LEAST_READERS readers share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from generator.recommend import queries
from generator.recommend.counting import Pairs
from generator.recommend.interactions import Interactions

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIALECT = "duckdb"  # in which the queries are written
_TYPES = {
    queries.INTERACTIONS: {"reader": "int32", "lesson": "int32", "at": "int64", "weight": "float64"},
    queries.PAIRS: {"lesson": "int32", "other": "int32", "readers": "int64"},
    queries.LESSONS: {"lesson": "string", "code": "int64"},
    queries.READERS: {"readers": "int64"},
}


def interactions_on(backend: Any, *, table: str = "signals") -> Interactions:
    """As `interactions.load_interactions`. backend: a connection of Ibis. Raises what the engine raises."""
    found = _answer(backend, queries.INTERACTIONS, table)
    lessons, codes = _lessons(backend, table)
    lesson = codes[found["lesson"]]
    order = np.lexsort((lesson, found["reader"]))
    (readers,) = _answer(backend, queries.READERS, table)["readers"]
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
    found = _answer(backend, queries.PAIRS, table)
    lessons, codes = _lessons(backend, table)
    ends = np.sort(np.stack([codes[found["lesson"]], codes[found["other"]]]), axis=0)
    order = np.lexsort((ends[1], ends[0]))
    return Pairs(
        lessons=lessons,
        lesson=ends[0][order],
        other=ends[1][order],
        readers=found["readers"][order].astype(np.int64),
    )


def _lessons(backend: Any, table: str) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """The ids in order, and for each code of the engine its place there: an engine may sort texts in its own way."""
    found = _answer(backend, queries.LESSONS, table)
    named = sorted(zip((str(name) for name in found["lesson"]), found["code"], strict=True))
    codes = np.zeros(len(named), np.int32)
    for place, (_, code) in enumerate(named):
        codes[int(code)] = place
    return tuple(name for name, _ in named), codes


def _answer(backend: Any, query: str, table: str) -> dict[str, NDArray[Any]]:
    """The query over `table`, as arrays by column. The columns' types are given: not every engine can be asked for them beforehand."""
    source = ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))
    text = query.replace("WITH", f"WITH signals AS (SELECT * FROM {source}),", 1)  # noqa: S608 - a quoted name
    types = _TYPES[query]
    columns = backend.sql(text, schema=types, dialect=DIALECT).to_pyarrow()
    return {name: columns[name].to_numpy() for name in types}
