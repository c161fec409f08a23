"""Readers: found by their address, made at their first sign-in, never before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from gatekeeper.accounts.marks import new_id
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.storage.writes import insert_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    id: str
    email: str
    language: str


def find_by_address(connection: Connection, email: str) -> Reader | None:
    """The reader with this normal address."""
    row = connection.execute(
        select(ReaderRow.id, ReaderRow.email, ReaderRow.language).where(ReaderRow.email == email)
    ).one_or_none()
    return None if row is None else Reader(id=row.id, email=row.email, language=row.language)


def find(connection: Connection, reader: str) -> Reader | None:
    row = connection.execute(
        select(ReaderRow.id, ReaderRow.email, ReaderRow.language).where(ReaderRow.id == reader)
    ).one_or_none()
    return None if row is None else Reader(id=row.id, email=row.email, language=row.language)


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
