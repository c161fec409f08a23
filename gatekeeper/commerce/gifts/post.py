"""Writes the letters of gifts: to the giver once the gift is paid, to the recipient when it is due. A job of the background thread.

- Each letter is put into the outbox in the transaction that notes it in the gift's row, under the order's lock: once, and none for a gift
  that was refunded, disputed or redeemed meanwhile.
- The recipient's letter can be refused for the future, and is not written to whoever has refused (`accounts.post.optional`); the giver is not
  told that, because it would say something about the address (attack case A02).
- A payment is looked for as long as one can still come; after `WATCHED` an unpaid gift is left alone. The giver's page works without it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, exists, select, update

from gatekeeper.accounts import readers
from gatekeeper.accounts.marks import Marker
from gatekeeper.accounts.post import optional, outbox
from gatekeeper.accounts.post.letters import LetterWriter
from gatekeeper.commerce import ledger, orders
from gatekeeper.commerce.entitlements import OrderState, order_state
from gatekeeper.commerce.gifts.gift import Gift, GiftState, code_of, find_of_order, state_of
from gatekeeper.commerce.gifts.tables import GiftRow
from gatekeeper.commerce.ledger import Kind
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.tables import EntryRow
from gatekeeper.contract import routes
from gatekeeper.storage.engine import Database

log = logging.getLogger(__name__)

WATCHED = timedelta(days=30)
LOOK_AGAIN = timedelta(hours=1)
MOST_AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftPost:
    """letters: writes them; origin: the gatekeeper's configured address (attack case H04); title: product and language → its title."""

    letters: LetterWriter
    marker: Marker
    origin: str
    title: Callable[[str, str], str]

    def link(self, code: str) -> str:
        """Where the recipient redeems it."""
        return f"{self.origin}{routes.REDEEM}?code={code}"


def write_due(database: Database, post: GiftPost, *, now: datetime) -> int:
    """Writes what is due, and returns how many letters that were."""
    with database.read() as connection:
        paid = _newly_paid(connection, now=now)
        due = _due(connection, now=now)
    written = 0
    for order in paid:
        with database.write() as connection:
            written += _tell_giver(connection, post, order, now=now)
    if paid:  # what was just paid may be due at once
        with database.read() as connection:
            due = _due(connection, now=now)
    for order in due:
        with database.write() as connection:
            written += _write_to_recipient(connection, post, order, now=now)
    return written


def _newly_paid(connection: Connection, *, now: datetime) -> list[str]:
    is_paid = exists().where(EntryRow.order_number == GiftRow.order_number, EntryRow.kind == Kind.PAID.value)
    return list(
        connection.execute(
            select(GiftRow.order_number)
            .where(GiftRow.told_at.is_(None), GiftRow.created_at > now - WATCHED, is_paid)
            .order_by(GiftRow.created_at)
            .limit(MOST_AT_ONCE)
        ).scalars()
    )


def _due(connection: Connection, *, now: datetime) -> list[str]:
    return list(
        connection.execute(
            select(GiftRow.order_number)
            .where(GiftRow.due_at <= now, GiftRow.told_at.is_not(None))
            .order_by(GiftRow.due_at)
            .limit(MOST_AT_ONCE)
        ).scalars()
    )


def _tell_giver(connection: Connection, post: GiftPost, number: str, *, now: datetime) -> bool:
    gift, order = _locked(connection, number)
    if gift is None or order is None or gift.told_at is not None:
        return False
    connection.execute(update(GiftRow).where(GiftRow.id == gift.id).values(told_at=now))
    giver = readers.find_recipient(connection, order.reader)
    if giver is None or order_state(ledger.of_order(connection, number)) is not OrderState.PAID:
        return False
    code = code_of(post.marker, gift.id, gift.version)
    letter = post.letters.write(
        "gift_giver",
        order.language,
        product=post.title(order.product, order.language),
        number=number,
        code=code,
        recipient=gift.recipient,
        send_at=gift.send_at,
        by_hand=not gift.recipient,
        by_mail=bool(gift.recipient),
        link=post.link(code),
        address=f"{post.origin}/gifts/{number}",
    )
    return outbox.put(connection, key=f"gift-giver:{gift.id}", recipient=giver.email, letter=letter, now=now)


def _write_to_recipient(connection: Connection, post: GiftPost, number: str, *, now: datetime) -> bool:
    gift, order = _locked(connection, number)
    if gift is None or order is None or gift.due_at is None or gift.due_at > now:
        return False
    row = update(GiftRow).where(GiftRow.id == gift.id)
    state = state_of(gift, ledger.of_order(connection, number))
    if state is GiftState.PAUSED:
        connection.execute(row.values(due_at=now + LOOK_AGAIN))
        return False
    if state not in {GiftState.READY, GiftState.SCHEDULED}:
        connection.execute(row.values(due_at=None))
        return False
    connection.execute(row.values(due_at=None, sent_at=now, letters=gift.letters + 1))
    log.info("gift letter written order=%s letters=%d", number, gift.letters + 1)
    giver = readers.find_recipient(connection, order.reader)
    code = code_of(post.marker, gift.id, gift.version)
    return optional.put(
        connection,
        post.marker,
        post.letters,
        "gift",
        order.language,
        origin=post.origin,
        key=f"gift:{gift.id}:{gift.letters}",
        recipient=gift.recipient,
        now=now,
        product=post.title(order.product, order.language),
        giver=gift.giver or (giver.email if giver is not None else ""),
        message=gift.message,
        code=code,
        address=post.link(code),
    )


def _locked(connection: Connection, number: str) -> tuple[Gift | None, Order | None]:
    orders.lock(connection, number)
    return find_of_order(connection, number), orders.find(connection, number)
