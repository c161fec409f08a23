"""What a gift is, and what becomes of it.

Rules
- A gift is an order of its own (`Kind.GIFTED`), paid like any other. It opens nothing to its buyer.
- Its code is made from the gift's id and the installation's key, so it can be shown to the giver and written again, and stands in no table;
  the database knows its mark. Another recipient means another code, and the one before is dead.
- The code is good while a payment of the order stands. A refund or dispute before the redemption ends the code, one after it ends what
  the recipient owns (`entitlements.py`); a dispute that the school wins brings either back.
- It is redeemed once: the ledger's (source `gift`, gift's id) is unique. Redeeming and settling lock the order's row, so that neither
  misses the other.
- Nothing here looks at whether the recipient's address has an account (attack case A02). Whoever has the code and signs in may redeem it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select

from gatekeeper.accounts.life.identities import all_of
from gatekeeper.accounts.marks import Marker, new_id
from gatekeeper.commerce import codes, ledger, orders
from gatekeeper.commerce.codes import Redemption
from gatekeeper.commerce.entitlements import OrderState, order_state
from gatekeeper.commerce.gifts.tables import GiftRow
from gatekeeper.commerce.ledger import Entry, Kind

LONGEST_MESSAGE = 500
LONGEST_GIVER = 60
MOST_LETTERS = 10  # to recipients, of one gift
_FIRST = 1


class GiftState(StrEnum):
    """Values stand in pages and in the command line's JSON: never rename."""

    UNPAID = "unpaid"
    SCHEDULED = "scheduled"  # paid; the recipient's letter waits for its day
    READY = "ready"  # paid; the giver hands the code over, or the letter is about to go
    SENT = "sent"
    REDEEMED = "redeemed"
    ENDED = "ended"  # refunded, or the dispute was lost
    PAUSED = "paused"  # disputed


@dataclass(frozen=True, slots=True, kw_only=True)
class Gift:
    """recipient: a normal address, or empty when the giver hands the code over. giver: as they want to be called, perhaps empty."""

    id: str
    order: str
    interval: str | None
    giver: str
    recipient: str
    message: str
    send_at: datetime | None
    version: int
    letters: int
    due_at: datetime | None
    told_at: datetime | None
    sent_at: datetime | None
    created_at: datetime


def create(
    connection: Connection,
    marker: Marker,
    *,
    order: str,
    buyer: str,
    interval: str | None,
    giver: str,
    recipient: str,
    message: str,
    send_at: datetime | None,
    now: datetime,
) -> Gift:
    """The gift that this order buys. send_at: when to write to the recipient; None for as soon as it is paid."""
    gift = Gift(
        id=new_id(),
        order=order,
        interval=interval,
        giver=giver,
        recipient=recipient,
        message=message,
        send_at=send_at,
        version=_FIRST,
        letters=0,
        due_at=(send_at or now) if recipient else None,
        told_at=None,
        sent_at=None,
        created_at=now,
    )
    connection.execute(
        insert(GiftRow).values(
            id=gift.id,
            order_number=order,
            buyer=buyer,
            interval=interval,
            giver=giver,
            recipient=recipient,
            message=message,
            send_at=send_at,
            mark=codes.mark_of(marker, code_of(marker, gift.id, gift.version)),
            version=gift.version,
            letters=gift.letters,
            due_at=gift.due_at,
            told_at=None,
            sent_at=None,
            created_at=now,
        )
    )
    return gift


def code_of(marker: Marker, gift: str, version: int) -> str:
    """The gift's code of this version, in the form to print. 60 bits of a keyed hash."""
    return codes.printed(codes.signs_from(int(marker.mark("gift code", gift, str(version)), 16)))


def find_of_order(connection: Connection, order: str) -> Gift | None:
    """The gift that this order buys, if it is one."""
    return _find(connection, GiftRow.order_number == order)


def of_orders(connection: Connection, numbers: Iterable[str]) -> list[Gift]:
    """The gifts among these orders."""
    rows = connection.execute(select(GiftRow).where(GiftRow.order_number.in_(list(numbers))))
    return [_gift(row) for row in rows]


def find_by_code(connection: Connection, marker: Marker, text: str) -> Gift | None:
    """The gift whose newest code this is, whatever became of it."""
    return _find(connection, GiftRow.mark == codes.mark_of(marker, text))


def state_of(gift: Gift, entries: Iterable[Entry]) -> GiftState:
    """What has become of it; entries: all lines of its order."""
    lines = list(entries)
    state = order_state(lines)
    if state is OrderState.REFUNDED:
        return GiftState.ENDED
    if state is OrderState.DISPUTED:
        return GiftState.PAUSED
    if state is not OrderState.PAID:
        return GiftState.UNPAID
    if any(line.kind is Kind.REDEEMED for line in lines):
        return GiftState.REDEEMED
    if gift.sent_at is not None:
        return GiftState.SENT
    return GiftState.SCHEDULED if gift.due_at is not None and gift.send_at is not None else GiftState.READY


def redeemed_at(entries: Iterable[Entry]) -> datetime | None:
    """When the gift of this order was redeemed."""
    return next((line.at for line in entries if line.kind is Kind.REDEEMED), None)


def redeem(connection: Connection, gift: Gift, *, reader: str, now: datetime) -> Redemption:
    """Redeems the gift for the reader. gift: as its code was found; a code that was replaced meanwhile is unknown."""
    orders.lock(connection, gift.order)
    fresh = find_of_order(connection, gift.order)
    if fresh is None or fresh.version != gift.version:
        return Redemption.UNKNOWN
    lines = ledger.of_order(connection, gift.order)
    owner = next((line.reader for line in lines if line.kind is Kind.REDEEMED), None)
    if owner is not None:
        return Redemption.YOURS if owner in all_of(connection, reader) else Redemption.USED
    match state_of(gift, lines):
        case GiftState.UNPAID:
            return Redemption.UNKNOWN
        case GiftState.ENDED | GiftState.PAUSED:
            return Redemption.CANCELLED
    appended = ledger.append(
        connection,
        kind=Kind.REDEEMED,
        reader=reader,
        product=lines[0].product,
        order=gift.order,
        source=ledger.GIFT,
        event=gift.id,
        interval=gift.interval,
        at=now,
        now=now,
    )
    return Redemption.DONE if appended else Redemption.USED


def _find(connection: Connection, which: ColumnElement[bool]) -> Gift | None:
    row = connection.execute(select(GiftRow).where(which)).one_or_none()
    return None if row is None else _gift(row)


def _gift(row: Any) -> Gift:
    return Gift(
        id=row.id,
        order=row.order_number,
        interval=row.interval,
        giver=row.giver,
        recipient=row.recipient,
        message=row.message,
        send_at=row.send_at,
        version=row.version,
        letters=row.letters,
        due_at=row.due_at,
        told_at=row.told_at,
        sent_at=row.sent_at,
        created_at=row.created_at,
    )
