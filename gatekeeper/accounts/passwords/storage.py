"""Passwords as the database has them: a hash, and how often somebody was wrong since the reader last proved who they are.

After a hundred wrong ones in a row the password sleeps until its owner has come in by another way, such as the e-mailed code (attack case A03).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from gatekeeper.accounts.life.tables import JoinedRow
from gatekeeper.accounts.passwords.tables import PasswordRow
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.storage.writes import insert_once

MOST_FAILURES = 100
NOBODY = ""  # no reader has this id


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A reader's password. reader: their id."""

    reader: str
    phc: str
    is_asleep: bool


def of_address(connection: Connection, email: str) -> Kept | None:
    """The password of the reader whom this normal address leads to, also by the address of a joined account; None if there is none.

    One statement in each case, so that none can be told by the time (attack case A01).
    """
    row = connection.execute(
        select(PasswordRow.reader, PasswordRow.phc, PasswordRow.failures)
        .select_from(ReaderRow)
        .outerjoin(JoinedRow, JoinedRow.identity == ReaderRow.id)
        .join(PasswordRow, PasswordRow.reader == func.coalesce(JoinedRow.reader, ReaderRow.id))
        .where(ReaderRow.email == email)
    ).one_or_none()
    if row is None:
        return None
    return Kept(reader=row.reader, phc=row.phc, is_asleep=row.failures >= MOST_FAILURES)


def changed_at(connection: Connection, reader: str) -> datetime | None:
    """When the reader's password was set; None without one."""
    return connection.execute(
        select(PasswordRow.changed_at).where(PasswordRow.reader == reader)
    ).scalar_one_or_none()


def put(connection: Connection, reader: str, phc: str, *, now: datetime) -> None:
    """The reader's password from now on."""
    values = {"phc": phc, "failures": 0, "changed_at": now}
    if not insert_once(connection, PasswordRow, {"reader": reader, **values}, unique=(PasswordRow.reader,)):
        connection.execute(update(PasswordRow).where(PasswordRow.reader == reader).values(**values))


def rehashed(connection: Connection, reader: str, old: str, new: str) -> None:
    """The same password under newer parameters, unless it was changed meanwhile."""
    connection.execute(
        update(PasswordRow).where(PasswordRow.reader == reader, PasswordRow.phc == old).values(phc=new)
    )


def is_still(connection: Connection, kept: Kept) -> bool:
    """Whether the password is the one that was looked up, and awake: it may have been changed while it was hashed."""
    found = connection.execute(
        select(PasswordRow.reader).where(
            PasswordRow.reader == kept.reader,
            PasswordRow.phc == kept.phc,
            PasswordRow.failures < MOST_FAILURES,
        )
    ).scalar_one_or_none()
    return found is not None


def failed(connection: Connection, reader: str) -> None:
    """One more wrong password. reader: NOBODY for an address without one, so that the work is the same."""
    connection.execute(
        update(PasswordRow).where(PasswordRow.reader == reader).values(failures=PasswordRow.failures + 1)
    )


def forgive(connection: Connection, reader: str) -> None:
    """The reader has proven who they are."""
    connection.execute(
        update(PasswordRow).where(PasswordRow.reader == reader, PasswordRow.failures > 0).values(failures=0)
    )


def remove(connection: Connection, reader: str) -> bool:
    """Takes the password away. Whether there was one."""
    return connection.execute(delete(PasswordRow).where(PasswordRow.reader == reader)).rowcount == 1
