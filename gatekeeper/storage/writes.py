"""The writes that must be atomic on both engines: insert unless it is there, one row or many, and count up.

Each is one statement, so that parallel callers need no lock of their own. Their syntax is common to SQLite and PostgreSQL, but
SQLAlchemy keeps it with each dialect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

Columns = Sequence[InstrumentedAttribute[Any]]


def insert_once(
    connection: Connection, table: type[DeclarativeBase], values: Mapping[str, Any], *, unique: Columns
) -> bool:
    """Inserts the row unless one with the same `unique` columns is there. Returns whether it was inserted."""
    statement = _insert(connection, table).values(**values)
    names = [column.key for column in unique]
    inserted = connection.execute(statement.on_conflict_do_nothing(index_elements=names).returning(unique[0]))
    return inserted.first() is not None


def insert_all_once(
    connection: Connection,
    table: type[DeclarativeBase],
    rows: Sequence[Mapping[str, Any]],
    *,
    unique: Columns,
) -> None:
    """Inserts the rows, all with the same columns, but those whose `unique` columns are there or came before."""
    if rows:
        names = [column.key for column in unique]
        connection.execute(
            _insert(connection, table).on_conflict_do_nothing(index_elements=names), list(rows)
        )


def count_up(
    connection: Connection,
    table: type[DeclarativeBase],
    values: Mapping[str, Any],
    *,
    unique: Columns,
    counter: InstrumentedAttribute[int],
) -> int:
    """Adds one to `counter` of the row with these `unique` columns, made with 1 when missing. Returns the new count."""
    statement = _insert(connection, table).values(**values, **{counter.key: 1})
    counted = statement.on_conflict_do_update(
        index_elements=[column.key for column in unique], set_={counter.key: counter + 1}
    ).returning(counter)
    return int(connection.execute(counted).scalar_one())


def _insert(connection: Connection, table: type[DeclarativeBase]) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
