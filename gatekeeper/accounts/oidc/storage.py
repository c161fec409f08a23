"""Which account here an account elsewhere opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from gatekeeper.accounts.marks import new_id
from gatekeeper.accounts.oidc.provider import Identity
from gatekeeper.accounts.oidc.tables import IdentityRow
from gatekeeper.storage.writes import insert_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """One line of the reader's list."""

    id: str
    provider: str
    label: str
    linked_at: datetime
    used_at: datetime


def reader_of(connection: Connection, identity: Identity) -> str | None:
    """The id of the reader whom this identity opens."""
    return connection.execute(
        select(IdentityRow.reader).where(
            IdentityRow.issuer == identity.issuer, IdentityRow.subject == identity.subject
        )
    ).scalar_one_or_none()


def link(connection: Connection, identity: Identity, *, reader: str, provider: str, now: datetime) -> bool:
    """Lets the identity open this reader's account. False if it opens one already, perhaps another's."""
    return insert_once(
        connection,
        IdentityRow,
        {
            "issuer": identity.issuer,
            "subject": identity.subject,
            "id": new_id(),
            "reader": reader,
            "provider": provider,
            "label": identity.label,
            "linked_at": now,
            "used_at": now,
        },
        unique=(IdentityRow.issuer, IdentityRow.subject),
    )


def used(connection: Connection, identity: Identity, *, now: datetime) -> None:
    """The identity was used; its label is what the other service says now."""
    connection.execute(
        update(IdentityRow)
        .where(IdentityRow.issuer == identity.issuer, IdentityRow.subject == identity.subject)
        .values(used_at=now, label=identity.label)
    )


def listed(connection: Connection, reader: str) -> list[Linked]:
    """The reader's identities, the oldest first."""
    rows = connection.execute(
        select(
            IdentityRow.id,
            IdentityRow.provider,
            IdentityRow.label,
            IdentityRow.linked_at,
            IdentityRow.used_at,
        )
        .where(IdentityRow.reader == reader)
        .order_by(IdentityRow.linked_at, IdentityRow.id)
    )
    return [
        Linked(
            id=row.id, provider=row.provider, label=row.label, linked_at=row.linked_at, used_at=row.used_at
        )
        for row in rows
    ]


def unlink(connection: Connection, *, reader: str, id_: str) -> str | None:
    """Takes one of this reader's identities away. Returns its provider's name; None if it is another's or gone."""
    return connection.execute(
        delete(IdentityRow)
        .where(IdentityRow.id == id_, IdentityRow.reader == reader)
        .returning(IdentityRow.provider)
    ).scalar_one_or_none()
