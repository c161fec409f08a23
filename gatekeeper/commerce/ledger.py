"""The ledger: what happened to money and access, one line each, appended once and never changed (rule R8).

A line is named by (source, event): the provider's own event id, the order's number for its creation, the code's id for its
redemption. Saying it twice, or fifty times at once, appends it once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, select

from gatekeeper.commerce.tables import EntryRow
from gatekeeper.storage.writes import insert_once

LYCEUM = "lyceum"
CODE = "code"
OPERATOR = "operator"


class Kind(StrEnum):
    """Stored in the database: never rename."""

    CREATED = "created"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    REFUNDED = "refunded"
    MISMATCHED = "mismatched"  # a payment that is not the order's: another amount or currency; opens nothing
    GRANTED = "granted"
    REVOKED = "revoked"
    REDEEMED = "redeemed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the ledger. id: in the order of recording. amount_minor: always positive; the kind says which way."""

    id: int
    kind: Kind
    reader: str
    product: str
    order: str | None
    amount_minor: int
    currency: str
    interval: str | None
    until: datetime | None
    source: str
    event: str
    at: datetime


def append(
    connection: Connection,
    *,
    kind: Kind,
    reader: str,
    product: str,
    source: str,
    event: str,
    at: datetime,
    now: datetime,
    order: str | None = None,
    amount_minor: int = 0,
    currency: str = "",
    interval: str | None = None,
    until: datetime | None = None,
) -> bool:
    """Appends a line unless (source, event) is there. Returns whether it was appended."""
    return insert_once(
        connection,
        EntryRow,
        {
            "kind": kind.value,
            "reader": reader,
            "product": product,
            "order_number": order,
            "amount_minor": amount_minor,
            "currency": currency,
            "interval": interval,
            "until": until,
            "source": source,
            "event": event,
            "at": at,
            "recorded_at": now,
        },
        unique=(EntryRow.source, EntryRow.event),
    )


def of_reader(connection: Connection, reader: str) -> list[Entry]:
    """All lines of one reader, in the order of recording."""
    return _entries(connection, EntryRow.reader == reader)


def of_order(connection: Connection, number: str) -> list[Entry]:
    return _entries(connection, EntryRow.order_number == number)


def _entries(connection: Connection, which: ColumnElement[bool]) -> list[Entry]:
    rows = connection.execute(
        select(
            EntryRow.id,
            EntryRow.kind,
            EntryRow.reader,
            EntryRow.product,
            EntryRow.order_number,
            EntryRow.amount_minor,
            EntryRow.currency,
            EntryRow.interval,
            EntryRow.until,
            EntryRow.source,
            EntryRow.event,
            EntryRow.at,
        )
        .where(which)
        .order_by(EntryRow.id)
    )
    return [
        Entry(
            id=row.id,
            kind=Kind(row.kind),
            reader=row.reader,
            product=row.product,
            order=row.order_number,
            amount_minor=row.amount_minor,
            currency=row.currency,
            interval=row.interval,
            until=row.until,
            source=row.source,
            event=row.event,
            at=row.at,
        )
        for row in rows
    ]
