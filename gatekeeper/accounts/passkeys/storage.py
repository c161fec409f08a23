"""The passkeys of readers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from gatekeeper.accounts.marks import new_id
from gatekeeper.accounts.passkeys.ceremony import NewPasskey
from gatekeeper.accounts.passkeys.tables import PasskeyRow
from gatekeeper.storage.writes import insert_once

MOST_A_READER = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A key as it is checked. credential, public_key: base64url."""

    id: str
    reader: str
    credential: str
    public_key: str
    sign_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the reader's list."""

    id: str
    credential: str
    name: str
    created_at: datetime
    used_at: datetime | None


def add(connection: Connection, new: NewPasskey, *, reader: str, name: str, now: datetime) -> bool:
    """Keeps a new key. False if it is known already, or the reader has as many as one may."""
    count = connection.execute(
        select(func.count()).select_from(PasskeyRow).where(PasskeyRow.reader == reader)
    ).scalar_one()
    if count >= MOST_A_READER:
        return False
    return insert_once(
        connection,
        PasskeyRow,
        {
            "id": new_id(),
            "reader": reader,
            "credential": new.credential,
            "public_key": new.public_key,
            "sign_count": new.sign_count,
            "name": name,
            "created_at": now,
            "used_at": None,
        },
        unique=(PasskeyRow.credential,),
    )


def find(connection: Connection, credential: str) -> Passkey | None:
    """The key of this credential."""
    row = connection.execute(
        select(
            PasskeyRow.id,
            PasskeyRow.reader,
            PasskeyRow.credential,
            PasskeyRow.public_key,
            PasskeyRow.sign_count,
        ).where(PasskeyRow.credential == credential)
    ).one_or_none()
    if row is None:
        return None
    return Passkey(
        id=row.id,
        reader=row.reader,
        credential=row.credential,
        public_key=row.public_key,
        sign_count=row.sign_count,
    )


def used(connection: Connection, passkey: Passkey, *, sign_count: int, now: datetime) -> bool:
    """Notes a use and the device's count. False if the key has gone, or another use came first with the same count."""
    noted = connection.execute(
        update(PasskeyRow)
        .where(PasskeyRow.id == passkey.id, PasskeyRow.sign_count == passkey.sign_count)
        .values(sign_count=sign_count, used_at=now)
    )
    return noted.rowcount == 1


def listed(connection: Connection, reader: str) -> list[Listed]:
    """The reader's keys, the oldest first."""
    rows = connection.execute(
        select(
            PasskeyRow.id, PasskeyRow.credential, PasskeyRow.name, PasskeyRow.created_at, PasskeyRow.used_at
        )
        .where(PasskeyRow.reader == reader)
        .order_by(PasskeyRow.created_at, PasskeyRow.id)
    )
    return [
        Listed(
            id=row.id,
            credential=row.credential,
            name=row.name,
            created_at=row.created_at,
            used_at=row.used_at,
        )
        for row in rows
    ]


def remove(connection: Connection, *, reader: str, id_: str) -> bool:
    """Forgets one of this reader's keys. False if it is another's or gone."""
    gone = connection.execute(delete(PasskeyRow).where(PasskeyRow.id == id_, PasskeyRow.reader == reader))
    return gone.rowcount == 1
