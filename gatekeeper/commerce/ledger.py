"""The ledger: what happened to money and access, one line each, appended once and never changed (rule R8).

A line is named by (source, event): the provider's own event id, the order's number for its creation, the code's id for its
redemption. Saying it twice, or fifty times at once, appends it once.

An order may open its product to others than its buyer: a gift to whoever redeemed it, a team's order to those who hold its seats. Their
lines name the order, and everything that is known of its money is read together with their own (`by_reader`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, select

from gatekeeper.accounts import revocations
from gatekeeper.accounts.life import identities
from gatekeeper.commerce.tables import EntryRow
from gatekeeper.storage.writes import insert_once

LYCEUM = "lyceum"
CODE = "code"
GIFT = "gift"
SEAT = "seat"
TRIAL = "trial"
OPERATOR = "operator"


class Kind(StrEnum):
    """Stored in the database: never rename."""

    CREATED = "created"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    REFUNDED = "refunded"
    RENEWED = "renewed"  # a further period of a subscription
    RENEWAL_FAILED = "renewal-failed"
    CANCELLED = "cancelled"  # a subscription that will not renew
    RESUMED = "resumed"
    REFUND_FAILED = "refund-failed"  # money that was refunded came back
    DISPUTED = "disputed"
    DISPUTE_WON = "dispute-won"  # by the school
    DISPUTE_LOST = "dispute-lost"
    MISMATCHED = "mismatched"  # a payment that is not the order's: another amount or currency; opens nothing
    GRANTED = "granted"
    REVOKED = "revoked"
    REDEEMED = "redeemed"
    GIFTED = "gifted"  # the order opens nothing to its buyer, but to whoever redeems it
    TEAMED = "teamed"  # the order is for seats, and opens its product to those who hold one
    SEATED = "seated"
    UNSEATED = "unseated"


TAKING = frozenset({Kind.REFUNDED, Kind.REVOKED, Kind.DISPUTED, Kind.DISPUTE_LOST, Kind.UNSEATED})
FOR_OTHERS = frozenset({Kind.GIFTED, Kind.TEAMED})
_HELD = frozenset({Kind.REDEEMED, Kind.SEATED})
_HOLDERS_OWN = _HELD | {Kind.UNSEATED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the ledger. id: in the order of recording. amount_minor: never negative; the kind says which way.

    payment: the provider's name for the payment that the line is about; None where an order has one payment at most.
    grace_days: of the subscription that the line pays for; None for the usual ones.
    """

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
    payment: str | None = None
    grace_days: int | None = None


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
    payment: str | None = None,
    grace_days: int | None = None,
) -> bool:
    """Appends a line unless (source, event) is there. Returns whether it was appended."""
    appended = insert_once(
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
            "payment": payment,
            "grace_days": grace_days,
            "at": at,
            "recorded_at": now,
        },
        unique=(EntryRow.source, EntryRow.event),
    )
    if appended and kind in TAKING:  # what these readers' tokens say may be wrong now
        held = () if order is None or kind is Kind.UNSEATED else holders(connection, order)
        for each in {reader, *held}:
            revocations.renew_reader(connection, each, now=now)
    return appended


def of_reader(connection: Connection, reader: str) -> list[Entry]:
    """All lines that say what this reader owns, in the order of recording; see `by_reader`."""
    return by_reader(connection, [reader])[reader]


def by_reader(connection: Connection, readers: Sequence[str]) -> dict[str, list[Entry]]:
    """For each of these readers their own lines, and the lines of the money of orders that others have bought for them.

    Their own are also those of accounts and guests that were joined with them (`accounts.life.identities`).
    """
    found: dict[str, list[Entry]] = {reader: [] for reader in readers}
    held: dict[str, set[str]] = defaultdict(set)
    person = identities.persons(connection, readers)
    for entry in _entries(connection, EntryRow.reader.in_(list(person))):
        found[person[entry.reader]].append(entry)
        if entry.kind in _HELD and entry.order is not None:
            held[entry.order].add(person[entry.reader])
    if held:
        for entry in _entries(
            connection, EntryRow.order_number.in_(list(held)) & EntryRow.kind.not_in(_HOLDERS_OWN)
        ):
            for reader in held[entry.order or ""] - {person.get(entry.reader, "")}:
                found[reader].append(entry)
        for lines in found.values():
            lines.sort(key=lambda entry: entry.id)
    return found


def holders(connection: Connection, order: str) -> list[str]:
    """Everybody to whom this order has ever opened its product, without having bought it themselves."""
    return list(
        connection.execute(
            select(EntryRow.reader).where(EntryRow.order_number == order, EntryRow.kind.in_(_HELD)).distinct()
        ).scalars()
    )


def of_order(connection: Connection, number: str) -> list[Entry]:
    return _entries(connection, EntryRow.order_number == number)


def of_orders(connection: Connection, numbers: Sequence[str]) -> dict[str, list[Entry]]:
    """The lines of each of these orders."""
    found: dict[str, list[Entry]] = {number: [] for number in numbers}
    for entry in _entries(connection, EntryRow.order_number.in_(list(found))):
        found[entry.order or ""].append(entry)
    return found


def has(connection: Connection, source: str, event: str) -> bool:
    """Whether this saying was recorded."""
    found = connection.execute(
        select(EntryRow.id).where(EntryRow.source == source, EntryRow.event == event)
    ).scalar_one_or_none()
    return found is not None


def refunds_of(connection: Connection, number: str) -> int:
    """How many refunds of the order are known."""
    return sum(entry.kind is Kind.REFUNDED for entry in of_order(connection, number))


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
            EntryRow.payment,
            EntryRow.grace_days,
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
            payment=row.payment,
            grace_days=row.grace_days,
        )
        for row in rows
    ]
