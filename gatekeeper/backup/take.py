"""Takes a backup while the service goes on: one transaction that sees one moment of the whole database, and blocks nobody.

Tables and columns are those of the database, not of this version's code, so nothing that lies there is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import IO

from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, Table, select

from gatekeeper.backup import form
from gatekeeper.backup.form import BackupError, Manifest, Row
from gatekeeper.storage.engine import Database

VERSION_TABLE = "alembic_version"  # what it holds stands in the backup's first line
_AT_ONCE = 1000


def take(database: Database, file: IO[bytes], *, now: datetime) -> Manifest:
    """Writes everything that was committed into `file`. Raises BackupError for a database that was never migrated."""
    with database.snapshot() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
        if revision is None:
            raise BackupError("the database holds nothing", hint="run `gatekeeper migrate` first")
        return form.write(file, _tables(connection), revision=revision, taken_at=now)


def tables_of(connection: Connection) -> list[Table]:
    """The tables that are there, parents before children, without Alembic's own."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != VERSION_TABLE]


def _tables(connection: Connection) -> Iterator[tuple[str, Sequence[str], Iterator[Row]]]:
    for table in tables_of(connection):
        yield str(table.name), [str(column.name) for column in table.columns], _rows(connection, table)


def _rows(connection: Connection, table: Table) -> Iterator[Row]:
    found = connection.execution_options(yield_per=_AT_ONCE).execute(
        select(table).order_by(*table.primary_key.columns)
    )
    for row in found:
        yield tuple(row)
