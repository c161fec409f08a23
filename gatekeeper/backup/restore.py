"""Puts a backup back, into either engine, in one transaction: whatever goes wrong leaves the database as it was.

The schema of the backup's revision is made first, the rows go into it, and the migrations that came since follow; so a backup of an
older version is restored by a newer one. Rows are counted and, on SQLite, the file is checked before anything is committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Table, func, insert, select
from sqlalchemy.exc import DataError, IntegrityError

from gatekeeper.backup.form import BackupError, Manifest, Reading, Row, reader_of_values
from gatekeeper.backup.take import tables_of
from gatekeeper.storage.engine import Database
from gatekeeper.storage.migrate import upgrade_within

_AT_ONCE = 1000


def verify(reading: Reading) -> Manifest:
    """Reads a backup to its end. Raises BackupError unless every line is there as it was written."""
    for _, columns, rows in reading.tables():
        for row in rows:
            if len(row) != len(columns):
                raise BackupError("the backup is damaged", hint="take another one")
    return _whole(reading)


def restore(database: Database, reading: Reading, *, is_forced: bool) -> Manifest:
    """Makes the database what the backup says. is_forced: throw away what is in it; else it must hold no rows.

    Raises BackupError, and migrate.SchemaError for a backup of a newer version.
    """
    with database.write() as connection:
        before = tables_of(connection)
        if not is_forced and any(_count(connection, table) for table in before):
            raise BackupError(
                "the database is not empty",
                hint="name an empty one, or replace everything in it with --force",
            )
        _drop_all(connection)
        upgrade_within(connection, reading.revision)
        there = {str(table.name): table for table in tables_of(connection)}
        for name, columns, rows in reading.tables():
            _fill(connection, there, name, columns, rows)
        manifest = _whole(reading)
        counted = {name: _count(connection, table) for name, table in there.items()}
        if counted != {**dict.fromkeys(there, 0), **manifest.rows}:
            raise BackupError("other rows came back than the backup says", hint="try another backup")
        _go_on_counting(connection, there)
        upgrade_within(connection)
        _check(connection)
    return manifest


def _fill(
    connection: Connection, there: Mapping[str, Table], name: str, columns: list[str], rows: Iterator[Row]
) -> None:
    table = there.get(name)
    if table is None or not set(columns) <= set(table.columns.keys()):
        raise BackupError(f"the backup's table {name!r} is not of its schema", hint="try another backup")
    values = reader_of_values([_kind(table.columns[column]) for column in columns])
    while batch := [dict(zip(columns, values(row), strict=True)) for row in islice(rows, _AT_ONCE)]:
        try:
            connection.execute(insert(table), batch)
        except (IntegrityError, DataError) as error:
            raise BackupError(
                f"rows of the backup's table {name!r} do not fit together", hint="try another backup"
            ) from error


def _kind(column: Column[Any]) -> type[object] | None:
    kind: type[object] = column.type.python_type
    return kind if kind in {datetime, bytes} else None


def _drop_all(connection: Connection) -> None:
    metadata = MetaData()
    metadata.reflect(connection)
    metadata.drop_all(connection)


def _go_on_counting(connection: Connection, tables: Mapping[str, Table]) -> None:
    """PostgreSQL counts rows up apart from them; SQLite looks at the highest."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables.values():
        for column in table.primary_key.columns:
            name = func.pg_get_serial_sequence(table.name, column.name)
            sequence = connection.execute(select(name)).scalar_one()
            highest = connection.execute(select(func.max(column))).scalar_one()
            if sequence is not None and highest is not None:
                connection.execute(select(func.setval(sequence, highest)))


def _check(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    found = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
    if found != ["ok"] or connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise BackupError(
            "the restored file does not hold together", hint="check the disk; try another backup"
        )


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _whole(reading: Reading) -> Manifest:
    if reading.manifest is None:
        raise BackupError("the backup was not read to its end")
    return reading.manifest
