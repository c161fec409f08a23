"""Signals in an author's own engine: the same lists and reports as from files, and a way out of every mistake."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from generator.cli import cli
from generator.cli.pipeline import read_edition
from generator.errors import LyceumError, SettingsError, StoreError
from generator.recommend import rehearsal
from generator.recommend.connecting import connected
from generator.recommend.engine_address import TABLE, URL
from generator.recommend.interactions import COLUMNS, Events
from generator.recommend.sources import Engine, Folder, source_of
from tests.generator.site.test_recommended import school_of
from tests.support.databases import postgres_server, why_not
from tests.support.gatekeeper import free_port

# Ibis 12 asks DuckDB 2 for its answers by a name that goes away.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

TYPES = {"VARCHAR": "text", "BIGINT": "bigint", "DOUBLE": "double precision", "INTEGER": "integer"}
Do = Callable[[str], None]


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With its signals in files."""
    root = school_of(tmp_path_factory.mktemp("engines") / "school")
    now = datetime.now(UTC).replace(microsecond=0)
    rehearsal.write(root / ".lyceum" / "signals", read_edition(root, now)[0], now, readers=150)
    return root


@pytest.fixture(scope="module", params=["duckdb", "postgresql"])
def engine(
    request: pytest.FixtureRequest, school: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Do]]:
    """The URL of an engine that has the school's signals in `reading.told`, and what runs a statement there."""
    columns = ", ".join(f'"{name}" {TYPES[type_]}' for name, type_ in COLUMNS.items())
    rows = parquet.read_table(school / ".lyceum" / "signals" / rehearsal.NAME).select(list(COLUMNS))
    with ExitStack() as ends:
        if request.param == "duckdb":
            import duckdb

            file = tmp_path_factory.mktemp("engine") / "signals.duckdb"
            url = f"duckdb://{file}"

            def do(statement: str) -> None:
                with duckdb.connect(str(file)) as database:
                    database.register("rows", rows)
                    database.execute(statement)

            do(f"CREATE SCHEMA reading; CREATE TABLE reading.told ({columns})")
            do("INSERT INTO reading.told SELECT * FROM rows")
        else:
            reason = why_not()
            if reason is not None:
                pytest.skip(reason)
            import psycopg

            cluster = ends.enter_context(postgres_server())
            url, do = cluster.url, cluster.run
            do(f"CREATE SCHEMA reading; CREATE TABLE reading.told ({columns})")
            with (
                psycopg.connect(url) as database,
                database.cursor() as cursor,
                cursor.copy("COPY reading.told FROM STDIN") as copy,
            ):
                for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
                    copy.write_row(row)
        yield url, do


@pytest.fixture
def source(engine: tuple[str, Do]) -> Engine:
    return Engine(url=engine[0], table="reading.told")


def told(found: Events) -> list[tuple[Any, ...]]:
    """Every event with its texts; equal ones in any order."""

    def named(names: tuple[str, ...], codes: Any) -> list[str | None]:
        return [names[code] if code >= 0 else None for code in codes.tolist()]

    return sorted(
        zip(
            named(found.readers, found.reader), found.at.tolist(), found.kind.tolist(),
            [repr(one) for one in named(found.lessons, found.lesson)], np.nan_to_num(found.value, nan=-1).tolist(),
            [repr(one) for one in named(found.lists, found.list_)], found.place.tolist(),
            [repr(one) for one in named(found.variants, found.variant)], strict=True,
        )
    )  # fmt: skip


def test_every_engine_tells_the_same_events_and_interactions(source: Engine, school: Path) -> None:
    files = Folder(path=school / ".lyceum" / "signals")
    assert told(source.events()) == told(files.events())
    here, there = files.interactions(), source.interactions()
    assert (there.lessons, there.reader_count) == (here.lessons, here.reader_count)
    assert there.lesson.tolist() == here.lesson.tolist()
    assert there.at.tolist() == here.at.tolist()


REPORTS = (("recommend", "evaluate"), ("recommend", "uplift"), ("members", "segments"))


def reports(school: Path) -> list[Any]:
    """What the commands say as JSON, but for how long it took them."""
    found = []
    for command in REPORTS:
        done = CliRunner().invoke(cli, [*command, "--json", "--school", str(school)])
        assert done.exit_code == 0, done.output
        found.append(json.loads(done.stdout))
    for one in found[0]["models"]:
        del one["seconds"]
    return found


@pytest.fixture(scope="module")
def at_one_moment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        now = datetime.now(UTC).replace(microsecond=0)
        patch.setattr("generator.cli.pipeline.moment", lambda: now)
        yield


@pytest.fixture(scope="module")
def reports_of_files(school: Path, at_one_moment: None) -> list[Any]:
    return reports(school)


def test_reports_of_an_engine_are_those_of_the_files(
    engine: tuple[str, Do], school: Path, reports_of_files: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL, engine[0])
    monkeypatch.setenv(TABLE, "reading.told")
    monkeypatch.setattr("generator.recommend.counting.Counting.over_files", None)
    assert reports(school) == reports_of_files


def test_the_state_is_another_when_signals_or_pseudonyms_are(engine: tuple[str, Do], source: Engine) -> None:
    states = [source.state(), source.state()]
    assert states[0] == states[1]
    for statement in (
        "INSERT INTO reading.told (reader, lesson, kind, \"at\") VALUES ('late', 'one/one1', 'view', 1763800200)",
        "UPDATE reading.told SET \"at\" = 1763800201 WHERE reader = 'late'",
        "UPDATE reading.told SET reader = 'zz-later' WHERE reader = 'late'",
        "DELETE FROM reading.told WHERE reader = 'zz-later'",
    ):
        engine[1](statement)
        states.append(source.state())
    assert len(set(states)) == 4, "each change, and back to the first"
    assert states[-1] == states[0]


def test_an_empty_table_is_a_school_without_readers(engine: tuple[str, Do]) -> None:
    engine[1]("CREATE TABLE reading.empty AS SELECT * FROM reading.told WHERE reader = 'nobody'")
    empty = Engine(url=engine[0], table="reading.empty")
    assert (len(empty.events()), len(empty.interactions()), empty.interactions().reader_count) == (0, 0, 0)
    assert empty.state() == empty.state()


def test_an_engine_may_sort_texts_in_its_own_way(engine: tuple[str, Do]) -> None:
    order = ' COLLATE "und-x-icu"' if engine[0].startswith("postgres") else " COLLATE NOCASE"
    columns = ", ".join(
        f'"{name}" {TYPES[type_]}{order if type_ == "VARCHAR" else ""}' for name, type_ in COLUMNS.items()
    )
    rows = [("b", "rust/Z"), ("C", "rust/a"), ("a", "Rust/b")]
    values = ", ".join(f"('{reader}', '{lesson}', 'view', 5)" for reader, lesson in rows)
    engine[1](f"CREATE TABLE reading.mixed ({columns})")
    engine[1](f'INSERT INTO reading.mixed (reader, lesson, kind, "at") VALUES {values}')
    mixed = Engine(url=engine[0], table="reading.mixed")
    found = mixed.events()
    assert (found.readers, found.lessons) == (("C", "a", "b"), ("Rust/b", "rust/Z", "rust/a"))
    assert [(one[0], one[3]) for one in told(found)] == sorted((r, repr(lesson)) for r, lesson in rows)
    assert mixed.interactions().lessons == found.lessons


def test_a_table_of_another_shape_says_what_is_wrong_with_it(engine: tuple[str, Do]) -> None:
    engine[1]('CREATE TABLE reading.strange (reader text, lesson integer, kind text, "at" timestamp)')
    for table, words in {
        "reading.nowhere": ["no table 'reading.nowhere'", "lyceum_signals_engine_table"],
        "reading.strange": [
            "'lesson' is int32, not text",
            "'at' is timestamp",
            "seconds since 1970",
            "'value' is missing",
            "a view",
        ],
    }.items():
        with pytest.raises(SettingsError) as caught:
            Engine(url=engine[0], table=table).events()
        said = f"{caught.value} {caught.value.hint}".lower()
        assert [word for word in words if word.lower() not in said] == []


def test_an_engine_that_fails_in_the_middle_is_told_from_a_wrong_setting(source: Engine) -> None:
    with pytest.raises(StoreError) as caught, connected(source.url, source.table) as backend:
        backend.sql("SELECT 1 AS one FROM nowhere", schema={"one": "int64"}, dialect="duckdb").to_pyarrow()
    assert caught.value.exit_code == 6


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("elastic://host/x", ["no engine that Ibis knows", "postgres://"]),
        ("postgresql+psycopg://host/x", ["did you mean postgresql://"]),
        ("/srv/signals.duckdb", ["no engine that Ibis knows", "duckdb:///"]),
        ("postgres://host:port/x", ["no URL"]),
        ("clickhouse://reader:geheim@127.0.0.1/x", ["driver for clickhouse", "ibis-framework[clickhouse]"]),
        ("duckdb:///nowhere/signals.duckdb", ["cannot be reached"]),
        ("postgres://reader:geheim@127.0.0.1:PORT/x", ["cannot be reached", "refused", "is it running"]),
    ],
    ids=["unknown", "driver", "path", "port", "not installed", "no file", "refused"],
)
def test_a_wrong_address_says_what_to_do_and_repeats_no_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, words: list[str]
) -> None:
    monkeypatch.setitem(sys.modules, "clickhouse_connect", None)
    with pytest.raises(SettingsError) as caught:
        source_of(None, tmp_path, {URL: url.replace("PORT", str(free_port()))}).events()
    said = f"{caught.value} {caught.value.hint}"
    assert [word for word in words if word not in said] == []
    assert "geheim" not in said
    assert caught.value.hint


def test_an_engine_that_repeats_its_address_repeats_no_password(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(url: str, **_options: object) -> None:
        raise RuntimeError(f"cannot open {url} with ge heim")

    monkeypatch.setattr(ibis, "connect", refuse)
    with pytest.raises(SettingsError) as caught:
        source_of(None, tmp_path, {URL: "postgres://reader:ge+heim@host/x"}).state()
    assert "cannot open postgres://reader:***@host/x with ***" in str(caught.value)


def test_without_ibis_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "ibis", None)
    with pytest.raises(SettingsError, match="Ibis") as caught:
        source_of(None, tmp_path, {URL: "postgres://host/x"}).interactions()
    assert "lyceum[recommend]" in caught.value.hint


def test_a_folder_that_is_named_comes_first_then_the_engine_then_the_schools_own(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgres://reader:geheim@host/x\n")
    engine = {f"{URL}_FILE": str(secret)}
    usual, named = tmp_path / "usual", tmp_path / "named"
    assert source_of(named, usual, engine) == Folder(path=named)
    assert source_of(None, usual, {}) == Folder(path=usual)
    found = source_of(None, usual, engine)
    assert found == Engine(url="postgres://reader:geheim@host/x", table="signals")
    assert "geheim" not in f"{found!r} {found.where} {found.mark()!r}"
    for wrong in ({**engine, URL: "duckdb:///x"}, {**engine, TABLE: "a..b"}, {f"{URL}_FILE": "/nowhere"}):
        with pytest.raises(LyceumError) as caught:
            source_of(None, usual, wrong)
        assert caught.value.exit_code == 2
        assert re.search(r"LYCEUM_SIGNALS_ENGINE_(URL|TABLE)", str(caught.value))


def test_a_file_of_duckdb_is_only_read_and_none_is_made(tmp_path: Path) -> None:
    file = tmp_path / "signals.duckdb"
    with pytest.raises(SettingsError, match="cannot be reached"):
        source_of(None, tmp_path, {URL: f"duckdb://{file}"}).events()
    assert not file.exists()
    connection = ibis.duckdb.connect(file)
    columns = ", ".join(f'"{name}" {type_}' for name, type_ in COLUMNS.items())
    connection.raw_sql(f"CREATE TABLE signals ({columns})")
    connection.disconnect()
    before = file.read_bytes()
    assert len(source_of(None, tmp_path, {URL: f"duckdb://{file}"}).events()) == 0
    assert file.read_bytes() == before
