"""What a giver may still change, until the gift is redeemed: to whom it goes, and that the letter is written (again) now.

Another recipient gets another code, so that the one who was mistyped cannot redeem it. A gift writes `MOST_LETTERS` letters at most; how many
letters one reader causes, and one mailbox gets, is limited beside that (`limits.py`, attack case A13).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, update

from gatekeeper.accounts.marks import Marker
from gatekeeper.commerce import codes, ledger, orders
from gatekeeper.commerce.gifts.gift import (
    MOST_LETTERS,
    Gift,
    GiftState,
    code_of,
    find_of_order,
    state_of,
)
from gatekeeper.commerce.gifts.tables import GiftRow

OPEN = frozenset({GiftState.READY, GiftState.SCHEDULED, GiftState.SENT})


class Changed(StrEnum):
    """The page's words for it: texts `gifts.said_…`."""

    SENDING = "sending"
    READDRESSED = "readdressed"
    BY_HAND = "by_hand"
    TOO_LATE = "too_late"
    NOBODY = "nobody"
    TOO_OFTEN = "too_often"


def readdress(
    connection: Connection, marker: Marker, order: str, *, recipient: str, now: datetime
) -> Changed:
    """Another recipient, or none: then the giver hands the new code over. A day in the future that was chosen stays."""
    gift = _locked(connection, order)
    if gift is None:
        return Changed.TOO_LATE
    if recipient and gift.letters >= MOST_LETTERS:
        return Changed.TOO_OFTEN
    version = gift.version + 1
    waits = gift.send_at is not None and gift.send_at > now
    connection.execute(
        update(GiftRow)
        .where(GiftRow.id == gift.id)
        .values(
            recipient=recipient,
            version=version,
            mark=codes.mark_of(marker, code_of(marker, gift.id, version)),
            due_at=None if not recipient else gift.send_at if waits else now,
            sent_at=None,
        )
    )
    return Changed.READDRESSED if recipient else Changed.BY_HAND


def send_now(connection: Connection, order: str, *, now: datetime) -> Changed:
    """The letter is written (again) at the next turn, whatever day was chosen."""
    gift = _locked(connection, order)
    if gift is None:
        return Changed.TOO_LATE
    if not gift.recipient:
        return Changed.NOBODY
    if gift.letters >= MOST_LETTERS:
        return Changed.TOO_OFTEN
    connection.execute(
        update(GiftRow).where(GiftRow.id == gift.id).values(due_at=now, sent_at=None, send_at=None)
    )
    return Changed.SENDING


def _locked(connection: Connection, order: str) -> Gift | None:
    """The gift, if it may still be changed; nobody redeems it until the transaction ends."""
    orders.lock(connection, order)
    gift = find_of_order(connection, order)
    if gift is None or state_of(gift, ledger.of_order(connection, order)) not in OPEN:
        return None
    return gift
