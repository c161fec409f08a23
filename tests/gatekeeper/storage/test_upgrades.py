"""Z20: from every released schema to this one, with rows in it; killed midway; and the older version still at work."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData, func, insert, select

import gatekeeper.app  # noqa: F401  (every table registers itself)
from gatekeeper.backup.form import Reading
from gatekeeper.backup.restore import restore, verify
from gatekeeper.backup.take import tables_of, take
from gatekeeper.commerce import ledger
from gatekeeper.commerce.entitlements import State, entitlements
from gatekeeper.storage.columns import Base
from gatekeeper.storage.engine import Database, open_database
from gatekeeper.storage.migrate import current_revision, require_migrated, upgrade
from tests.support.databases import why_not
from tests.support.schemas import ORDER, RELEASED, ROWS, T, load
from tests.support.shop import START

ROOT = Path(__file__).resolve().parents[3]
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=RELEASED)
def released(request: pytest.FixtureRequest, empty_database_url: str) -> Iterator[Database]:
    """A database as that release left it."""
    load(empty_database_url, request.param)
    database = open_database(empty_database_url)
    assert current_revision(database) == request.param
    yield database
    database.close()


def rows_of(database: Database) -> Rows:
    with database.read() as connection:
        return {
            table.name: [
                dict(row._mapping)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in tables_of(connection)
        }


def test_z20_nothing_is_lost_on_the_way_from_a_released_schema(released: Database) -> None:
    """Z20: tables are those of this version, and every row of the older one says what it said."""
    before = rows_of(released)
    assert all(before.values()), "a released table without rows proves nothing"
    upgrade(released)
    require_migrated(released)
    with released.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    after = rows_of(released)
    for table, rows in before.items():
        kept = [{name: row[name] for name in old} for row, old in zip(after[table], rows, strict=True)]
        assert kept == rows, table


def test_z20_the_ledger_means_what_it_meant(released: Database) -> None:
    upgrade(released)
    with released.read() as connection:
        owned = entitlements(ledger.of_reader(connection, "ada"), START)
    assert {product: holding.state for product, holding in owned.holdings.items()} == {
        "rust": State.ACTIVE,  # refunded in part
        "sql": State.ACTIVE,
        "all": State.EXPIRED,
    }


def test_z20_the_older_version_goes_on_writing_until_it_is_replaced(released: Database) -> None:
    """Z20: rows with the columns that it knows are still taken, so a migration may run before the processes change."""
    with released.read() as connection:
        known = {table.name: {column.name for column in table.columns} for table in tables_of(connection)}
    upgrade(released)
    metadata = MetaData()
    with released.write() as connection:
        metadata.reflect(connection)
        for name, columns in known.items():
            for row in ROWS[name]:
                new = {
                    column: f"{value}-2" if isinstance(value, str) and column in _NAMES else value
                    for column, value in row.items()
                    if column in columns
                }
                new |= {"window": 4712} if name == "limits" else {}
                connection.execute(insert(metadata.tables[name]), new)
        count = connection.execute(select(func.count()).select_from(metadata.tables["ledger"])).scalar_one()
    assert count == 2 * len(ROWS["ledger"])


# What must be another in a second row, with what refers to it.
_NAMES = frozenset(
    {
        "id",
        "email",
        "reader",
        "mark",
        "handle",
        "browser",
        "link",
        "key",
        "number",
        "order_number",
        "event",
        "payment",
        "network",
        "reference",
    }
)


def test_z20_a_backup_of_a_released_schema_is_restored_by_this_version(
    released: Database, tmp_path: Path
) -> None:
    """Z20, Z19"""
    file = io.BytesIO()
    take(released, file, now=T)
    target = open_database(f"sqlite:///{tmp_path / 'target.db'}")
    try:
        file.seek(0)
        restore(target, Reading(file), is_forced=False)
        require_migrated(target)
        upgrade(released)
        assert digest(target) == digest(released)
    finally:
        target.close()


def digest(database: Database) -> str:
    file = io.BytesIO()
    take(database, file, now=T)
    file.seek(0)
    return verify(Reading(file)).sha256


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_z20_a_migration_that_is_killed_leaves_the_old_schema_or_the_new_one(engine: str) -> None:
    """Z20: in a process of its own, which forks: the test's has threads."""
    if engine == "postgresql" and (reason := why_not()) is not None:
        pytest.skip(reason)
    more = ["--postgres"] if engine == "postgresql" else []
    done = subprocess.run(
        [sys.executable, "-m", "tests.gatekeeper.storage.kill_migrations", "--kills", "6", *more],
        cwd=ROOT,
        capture_output=True,
        timeout=200,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr.decode()
    result = json.loads(done.stdout)
    assert sum(result["left at"].values()) == 6
    assert result["wrong"] == []


def test_the_released_schemas_are_whole() -> None:
    assert RELEASED == ["0001", "0002", "0003", "0004"]
    for revision in RELEASED:
        for engine in ("sqlite", "postgresql"):
            text = (ROOT / f"tests/gatekeeper/storage/schemas/{revision}.{engine}.sql").read_text("utf-8")
            assert ORDER in text
