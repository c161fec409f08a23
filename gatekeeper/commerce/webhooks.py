"""What becomes of a provider's message.

1. It is checked by its provider; what is not genuine is refused with 400 and leaves no trace but a log line.
2. Its raw bytes are committed. From then on it cannot be lost.
3. In a second transaction, under a lock on its row, it becomes one line of the ledger, with the mail that tells of it.
4. Only after that commit is it answered with 200. Whatever fails before is a 5xx, and the provider's repetition finds the stored row
   and carries on (attack case W18). A repetition of a processed message is answered with 200 and does nothing (W05).

Messages may come in any order and any number of times; the ledger's unique (source, event) and the pure reading of it
(`entitlements.py`) make the result the same (W06). Amount and currency must be the order's, or nothing opens and the operator is
told by an error in the log (W11).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select, update

from gatekeeper.accounts import readers
from gatekeeper.commerce import ledger, orders
from gatekeeper.commerce.ledger import Kind
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.payments import PaymentProvider, ProviderEvent, Told
from gatekeeper.commerce.receipts import ReceiptPost
from gatekeeper.commerce.tables import ProviderEventRow
from gatekeeper.storage.engine import Database
from gatekeeper.storage.writes import insert_once

log = logging.getLogger(__name__)

_KINDS = {
    Told.CREATED: Kind.CREATED,
    Told.PENDING: Kind.PENDING,
    Told.PAID: Kind.PAID,
    Told.FAILED: Kind.FAILED,
    Told.REFUNDED: Kind.REFUNDED,
}
_EXACT = frozenset({Told.CREATED, Told.PENDING, Told.PAID})


class Outcome(StrEnum):
    """What was made of a message; stored in the database: never rename."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    MISMATCHED = "mismatched"
    UNKNOWN_ORDER = "unknown-order"


def receive(
    database: Database,
    provider: PaymentProvider,
    raw: bytes,
    headers: Mapping[str, str],
    *,
    post: ReceiptPost,
    now: datetime,
) -> Outcome:
    """Takes one delivery in; when it returns, everything is committed.

    Raises payments.RejectedError for what is not genuine. Any other error means: not processed yet, deliver it again.
    """
    event = provider.verified(raw, headers, now=now)
    with database.write() as connection:
        insert_once(
            connection,
            ProviderEventRow,
            {
                "provider": provider.name,
                "event": event.id,
                "body": raw,
                "received_at": now,
                "processed_at": None,
                "outcome": "",
            },
            unique=(ProviderEventRow.provider, ProviderEventRow.event),
        )
    with database.write() as connection:
        row = connection.execute(
            select(ProviderEventRow.id, ProviderEventRow.processed_at)
            .where(ProviderEventRow.provider == provider.name, ProviderEventRow.event == event.id)
            .with_for_update()
        ).one()
        if row.processed_at is not None:
            return Outcome.REPEATED
        outcome = record(connection, provider.name, event, post=post, now=now)
        connection.execute(
            update(ProviderEventRow)
            .where(ProviderEventRow.id == row.id)
            .values(processed_at=now, outcome=outcome.value)
        )
    return outcome


def record(
    connection: Connection, provider: str, event: ProviderEvent, *, post: ReceiptPost, now: datetime
) -> Outcome:
    """Appends the event's line to the ledger, and puts the receipt or the news of a refund into the outbox."""
    order = orders.find(connection, event.order)
    if order is None or order.provider != provider:
        log.error("payment event for an order that is not known provider=%s event=%s", provider, event.id)
        return Outcome.UNKNOWN_ORDER
    is_exact = event.money == order.price
    is_same_currency = event.money.currency == order.price.currency and event.money.amount_minor > 0
    is_fitting = is_exact if event.told in _EXACT else event.told is Told.FAILED or is_same_currency
    appended = ledger.append(
        connection,
        kind=_KINDS[event.told] if is_fitting else Kind.MISMATCHED,
        reader=order.reader,
        product=order.product,
        order=order.number,
        amount_minor=event.money.amount_minor,
        currency=event.money.currency,
        interval=order.interval,
        source=provider,
        event=event.id,
        at=event.at,
        now=now,
    )
    if not is_fitting:
        log.error(
            "payment event does not match its order=%s provider=%s event=%s", order.number, provider, event.id
        )
        return Outcome.MISMATCHED
    if appended:
        _tell(connection, order, event, post=post, now=now)
    return Outcome.RECORDED


def _tell(
    connection: Connection, order: Order, event: ProviderEvent, *, post: ReceiptPost, now: datetime
) -> None:
    reader = readers.find(connection, order.reader)
    if reader is None:
        return
    if event.told is Told.PAID:
        post.receipt(connection, order, recipient=reader.email, paid_at=event.at, now=now)
    elif event.told is Told.REFUNDED:
        post.refund(connection, order, event, recipient=reader.email, now=now)
