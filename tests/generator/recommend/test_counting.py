"""Counting: what an interaction is, what a pair is, and that every engine says the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pytest
from sqlalchemy.engine import make_url

from generator.errors import LyceumError
from generator.recommend.counting import Counting, load_events, load_interactions
from generator.recommend.engines import interactions_on, pairs_on
from generator.recommend.interactions import NO_TIME
from generator.recommend.queries import LEAST_READERS, LONGEST_HISTORY
from generator.signals import files
from generator.signals.files import Row
from tests.support.databases import postgres_server, why_not

# Ibis 12 asks DuckDB 2 for its answers by a name that goes away.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def written(folder: Path, rows: list[Row], name: str = "a") -> Path:
    files.write(folder / f"{name}.parquet", files.table_of(rows))
    return folder


def counted(folder: Path, rows: list[Row]) -> dict[tuple[int, str], tuple[int, float]]:
    found = load_interactions(written(folder, rows))
    return {
        (int(reader), found.lessons[lesson]): (int(at), round(float(weight), 3))
        for reader, lesson, at, weight in zip(found.reader, found.lesson, found.at, found.weight, strict=True)
    }


def pairs_of(folder: Path) -> dict[tuple[str, str], int]:
    with Counting.over_files(sorted(folder.glob("*.parquet"))) as counting:
        found = counting.pairs()
    ids = found.lessons
    return {
        (ids[a], ids[b]): int(n) for a, b, n in zip(found.lesson, found.other, found.readers, strict=True)
    }


def test_a_reader_and_a_lesson_are_one_interaction_with_its_earliest_time(tmp_path: Path) -> None:
    rows = [
        Row("ann", "a", "view", 300),
        Row("ann", "a", "finished", 100),
        Row("ann", "a", "view", None),
        Row("bob", "a", "view", 50),
    ]
    assert counted(tmp_path, rows) == {(0, "a"): (100, 5.0), (1, "a"): (50, 1.0)}


@pytest.mark.parametrize(
    ("row", "weight"),
    [
        (Row("ann", "a", "view", 1), 1.0),
        (Row("ann", "a", "depth", 1, 0.5), None),
        (Row("ann", "a", "depth", 1, 7.0), 1.0),
        (Row("ann", "a", "time", 1, 180.0), 1.0),
        (Row("ann", "a", "time", 1, 3600.0), 2.0),
        (Row("ann", "a", "time", 1, -5.0), None),
        (Row("ann", "a", "time", 1, None), None),
        (Row("ann", "a", "finished", 1), 3.0),
        (Row("ann", "a", "bought", 1), 3.0),
        (Row("ann", "a", "comment", 1), 2.0),
        (Row("ann", "a", "clicked", 1), None),
        (Row("ann", "a", "search", 1, 12.0), None),
        (Row("ann", "a", "of-a-later-version", 1), None),
    ],
)
def test_each_kind_has_its_weight_and_a_click_alone_is_no_interaction(
    tmp_path: Path, row: Row, weight: float | None
) -> None:
    expected = {} if weight is None else {(0, "a"): (1, weight)}
    assert counted(tmp_path, [row]) == expected


def test_what_names_nobody_or_no_lesson_counts_nowhere(tmp_path: Path) -> None:
    rows = [Row("ann", None, "view", 1), Row(None, "a", "view", 1), Row("ann", "a", "view", None)]  # type: ignore[arg-type]
    assert counted(tmp_path, rows) == {(0, "a"): (NO_TIME, 1.0)}
    assert not load_interactions(tmp_path).has_times


def test_weights_end_somewhere(tmp_path: Path) -> None:
    assert counted(tmp_path, [Row("ann", "a", "finished", n) for n in range(50)]) == {(0, "a"): (0, 10.0)}


def test_pairs_that_too_few_readers_share_are_not_told(tmp_path: Path) -> None:
    rows = [Row(f"r{n}", lesson, "view", n) for n in range(LEAST_READERS) for lesson in ("a", "b")]
    rows += [Row(f"r{n}", "c", "view", n) for n in range(LEAST_READERS - 1)]
    written(tmp_path, rows)
    assert pairs_of(tmp_path) == {("a", "b"): LEAST_READERS}


def test_of_a_reader_who_read_everything_only_the_latest_lessons_make_pairs(tmp_path: Path) -> None:
    count = LONGEST_HISTORY + 1
    rows = [Row(f"r{n}", f"l{lesson:03}", "view", lesson) for n in range(5) for lesson in range(count)]
    found = pairs_of(written(tmp_path, rows))
    assert len(found) == LONGEST_HISTORY * (LONGEST_HISTORY - 1) // 2
    assert not [pair for pair in found if "l000" in pair], "the oldest one is left out"


def test_files_may_lack_columns_have_others_and_none_may_be_there(tmp_path: Path) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    assert len(load_interactions(tmp_path / "nowhere")) == 0
    assert len(load_events(tmp_path)) == 0
    parquet.write_table(
        arrow.table({"reader": ["ann"], "lesson": ["a"], "kind": ["view"], "extra": [1]}),
        tmp_path / "b.parquet",
    )
    written(tmp_path, [Row("ann", "b", "view", 5, product="rust")])
    assert load_interactions(tmp_path).lessons == ("a", "b")


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_text("not parquet")
    with pytest.raises(LyceumError) as caught:
        load_interactions(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert caught.value.hint


def test_events_come_by_reader_and_time_with_their_names(tmp_path: Path) -> None:
    rows = [
        Row("bob", "b", "clicked", 5, None, "related", 3, "model"),
        Row("ann", "a", "time", 9, 12.5, variant="popularity"),
        Row("ann", None, "search", 2, 4.0),
        Row("ann", "a", "view", None),
        Row("cat", "a", "of-a-later-version", 1),
    ]
    found = load_events(written(tmp_path, rows))
    assert found.readers == ("ann", "bob", "cat")
    assert [found.readers[code] for code in found.reader] == ["ann", "ann", "bob"]
    assert found.at.tolist() == [2, 9, 5]
    assert found.lesson.tolist() == [-1, 0, 1]
    assert found.value[:2].tolist() == [4.0, 12.5]
    assert np.isnan(found.value[2])
    assert [found.lists[code] if code >= 0 else None for code in found.list_] == [None, None, "related"]
    assert found.place.tolist() == [0, 0, 3]
    assert [found.variants[code] if code >= 0 else None for code in found.variant] == [
        None,
        "popularity",
        "model",
    ]


# --- the same query elsewhere


def school() -> list[Row]:
    """Enough to be counted in many ways, drawn once; ids that engines sort differently."""
    random = np.random.default_rng(5)
    lessons = ["Rust/traits", "rust/traits", "rust-2/a", "rust/a_b", "sql/连接", "sql/a", "zig/z", "a"]
    kinds = ["view", "finished", "time", "depth", "clicked", "search", "copied"]
    rows = []
    for _ in range(3000):
        reader, lesson = f"reader-{random.integers(120)}", lessons[int(random.integers(8) * random.random())]
        kind = kinds[int(random.integers(len(kinds)))]
        value = float(random.random() * 300) if kind in {"time", "depth", "search"} else None
        at = int(random.integers(1_700_000_000, 1_800_000_000)) if random.random() < 0.9 else None
        rows.append(Row(reader, None if random.random() < 0.05 else lesson, kind, at, value))
    return rows


@pytest.fixture(scope="module")
def files_of_school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("signals"), school())


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def backend(request: pytest.FixtureRequest, files_of_school: Path) -> Iterator[Any]:
    """An engine with the school's signals in the table `told`."""
    if request.param == "duckdb":
        connection = ibis.duckdb.connect()
        connection.read_parquet(str(files_of_school / "a.parquet"), table_name="told")
        yield connection
        connection.disconnect()
        return
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with postgres_server() as cluster:
        place = make_url(cluster.url)
        connection = ibis.postgres.connect(
            host=place.host,
            port=place.port,
            user=place.username,
            password=place.password,
            database=place.database,
        )
        columns = ", ".join(
            f'"{name}" {type_}'
            for name, type_ in {
                "reader": "text", "lesson": 'text COLLATE "und-x-icu"', "kind": "text", "at": "bigint", "value": "double precision",
                "list": "text", "place": "integer", "variant": "text", "product": "text",
            }.items()
        )  # fmt: skip
        with connection.con.cursor() as cursor:
            cursor.execute(f"CREATE TABLE told ({columns})")
            with cursor.copy("COPY told FROM STDIN") as copy:
                for row in school():
                    copy.write_row(row)
        connection.con.commit()
        yield connection
        connection.disconnect()


def test_every_engine_counts_the_same_interactions(backend: Any, files_of_school: Path) -> None:
    here, there = load_interactions(files_of_school), interactions_on(backend, table="told")
    assert there.lessons == here.lessons
    assert there.reader_count == here.reader_count

    # Readers' numbers are each engine's own; what they stand for is the same.
    def sorted_rows(found: Any) -> list[tuple[int, int, float]]:
        return sorted(
            zip(found.lesson.tolist(), found.at.tolist(), np.round(found.weight, 3).tolist(), strict=True)
        )

    assert sorted_rows(there) == sorted_rows(here)


def test_every_engine_counts_the_same_pairs_and_so_does_plain_counting(
    backend: Any, files_of_school: Path
) -> None:
    there = pairs_on(backend, table="told")
    named = {
        (there.lessons[a], there.lessons[b]): int(n)
        for a, b, n in zip(there.lesson, there.other, there.readers, strict=True)
    }
    assert named == pairs_of(files_of_school)
    found = load_interactions(files_of_school)
    read: dict[int, list[str]] = {}
    for reader, lesson in zip(found.reader.tolist(), found.lesson.tolist(), strict=True):
        read.setdefault(reader, []).append(found.lessons[lesson])
    plain = Counter(pair for lessons in read.values() for pair in combinations(sorted(lessons), 2))
    assert named == {pair: count for pair, count in plain.items() if count >= LEAST_READERS}
    assert len(named) > 10


def test_a_table_that_is_called_like_the_queries_own_name_is_no_trouble(files_of_school: Path) -> None:
    connection = ibis.duckdb.connect()
    connection.read_parquet(str(files_of_school / "a.parquet"), table_name="signals")
    assert len(interactions_on(connection)) == len(load_interactions(files_of_school))
    connection.disconnect()
