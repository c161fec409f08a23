"""Whose is what stands under a reader's id.

Ledger lines and orders are never changed, so joining two accounts, or a guest's purchase with an account, writes one line here:
"what stands under this identity belongs to that reader". Whoever reads by reader asks with `belongs_to`; whoever holds an
order's or a line's reader and wants the person asks `person_of`.

The lines are one step deep: joining moves what had been joined before along. An identity belongs to one reader, for good; only
the deletion of the account takes the line away.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, insert, or_, select, update

from gatekeeper.accounts.life.tables import JoinedRow


class How(StrEnum):
    """Stored in the database: never rename."""

    GUEST = "guest"
    MERGE = "merge"


def identities_of(reader: str) -> Select[str]:
    """The other ids whose things belong to this reader."""
    return select(JoinedRow.identity).where(JoinedRow.reader == reader)


def belongs_to(column: Any, reader: str) -> ColumnElement[bool]:
    """`column` (a reader's id) names this reader, or what was joined with them."""
    return or_(column == reader, column.in_(identities_of(reader)))


def person_of(connection: Connection, identity: str) -> str:
    """The reader whose it is: the id itself, unless it was joined with another."""
    found = connection.execute(
        select(JoinedRow.reader).where(JoinedRow.identity == identity)
    ).scalar_one_or_none()
    return identity if found is None else found


def all_of(connection: Connection, reader: str) -> list[str]:
    """The reader's id and all ids that were joined with it."""
    return [reader, *connection.execute(identities_of(reader).order_by(JoinedRow.at)).scalars()]


def persons(connection: Connection, readers: Sequence[str]) -> dict[str, str]:
    """Each of these readers' ids, and each id that was joined with one of them → the reader."""
    joined = connection.execute(
        select(JoinedRow.identity, JoinedRow.reader).where(JoinedRow.reader.in_(list(readers)))
    )
    return {reader: reader for reader in readers} | {row.identity: row.reader for row in joined}


def join(connection: Connection, identity: str, *, reader: str, how: How, now: datetime) -> None:
    """From now on what stands under `identity` belongs to `reader`. Both stood for themselves before."""
    if identity == reader or person_of(connection, reader) != reader:
        raise ValueError("an identity is joined with another reader, who stands for themselves")
    connection.execute(update(JoinedRow).where(JoinedRow.reader == identity).values(reader=reader))
    connection.execute(insert(JoinedRow).values(identity=identity, reader=reader, how=how.value, at=now))
