"""Readers: found by their address, made at their first sign-in, never before.

An id outlives its person (rule R8): guests and deleted accounts have one without an address, accounts that were joined lead to the
reader they were joined with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from gatekeeper.accounts.life import identities
from gatekeeper.accounts.life.tables import GuestRow
from gatekeeper.accounts.marks import new_id
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.storage.writes import insert_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    id: str
    email: str
    language: str


def find_by_address(connection: Connection, email: str) -> Reader | None:
    """The reader with this normal address; also by the address of an account that was joined with theirs."""
    row = connection.execute(select(ReaderRow.id).where(ReaderRow.email == email)).scalar_one_or_none()
    return None if row is None else find(connection, row)


def find(connection: Connection, reader: str) -> Reader | None:
    """The person behind this id, which may have been joined with another's. None for guests and deleted accounts."""
    found = _row(connection, identities.person_of(connection, reader))
    return None if found is None or is_nobody(found.email) else found


def find_recipient(connection: Connection, reader: str) -> Reader | None:
    """To whom to write about what stands under this id: the person, or a guest at the address they typed, which nobody has proven."""
    found = _row(connection, identities.person_of(connection, reader))
    if found is None or not is_nobody(found.email):
        return found
    guest = connection.execute(select(GuestRow.email).where(GuestRow.reader == found.id)).scalar_one_or_none()
    return None if guest is None else Reader(id=found.id, email=guest, language=found.language)


def make_nobody(connection: Connection, *, language: str, now: datetime) -> str:
    """An id without a person, for what a guest buys. Returns it."""
    made = new_id()
    connection.execute(
        insert(ReaderRow).values(id=made, email=nobody(made), language=language, created_at=now)
    )
    return made


def nobody(reader: str) -> str:
    """What stands in place of the address of a reader who has none: it can never be typed or written to."""
    return f"~{reader}"


def is_nobody(email: str) -> bool:
    return email[:1] == "~"


def find_or_create(connection: Connection, email: str, *, language: str, now: datetime) -> Reader:
    """The reader with this normal address, made if there is none. Parallel callers get the same one (attack case A12)."""
    insert_once(
        connection,
        ReaderRow,
        {"id": new_id(), "email": email, "language": language, "created_at": now},
        unique=(ReaderRow.email,),
    )
    found = find_by_address(connection, email)
    if found is None:
        raise LookupError("a reader vanished inside the transaction that made it")
    if found.language != language:
        connection.execute(update(ReaderRow).where(ReaderRow.id == found.id).values(language=language))
        found = Reader(id=found.id, email=found.email, language=language)
    return found


def _row(connection: Connection, reader: str) -> Reader | None:
    row = connection.execute(
        select(ReaderRow.id, ReaderRow.email, ReaderRow.language).where(ReaderRow.id == reader)
    ).one_or_none()
    return None if row is None else Reader(id=row.id, email=row.email, language=row.language)
