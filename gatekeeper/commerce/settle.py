"""A provider's fact becomes a line of the ledger, once, with the mail that tells of it: the table in docs/commerce.md.

- The order is the one that the fact names, or the one that is known by the provider's names for it (`references.py`).
- Amount and currency must be the order's: a payment or renewal exactly; a refund or dispute in its currency and above zero. What does
  not match is recorded as such, opens nothing and is reported by an error in the log (attack case W11).
- The order's row is locked meanwhile, so that what depends on earlier lines (a total of refunds) sees all of them.
- Nothing here trusts the order in which facts come.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, select

from gatekeeper.accounts import readers
from gatekeeper.commerce import ledger, orders, references
from gatekeeper.commerce.ledger import Kind
from gatekeeper.commerce.money import Money
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.payments import ProviderEvent, Told
from gatekeeper.commerce.receipts import ReceiptPost
from gatekeeper.commerce.tables import OrderRow

log = logging.getLogger(__name__)

KINDS = {
    Told.CREATED: Kind.CREATED,
    Told.PENDING: Kind.PENDING,
    Told.PAID: Kind.PAID,
    Told.FAILED: Kind.FAILED,
    Told.RENEWED: Kind.RENEWED,
    Told.RENEWAL_FAILED: Kind.RENEWAL_FAILED,
    Told.CANCELLED: Kind.CANCELLED,
    Told.RESUMED: Kind.RESUMED,
    Told.REFUNDED: Kind.REFUNDED,
    Told.REFUND_FAILED: Kind.REFUND_FAILED,
    Told.DISPUTED: Kind.DISPUTED,
    Told.DISPUTE_WON: Kind.DISPUTE_WON,
    Told.DISPUTE_LOST: Kind.DISPUTE_LOST,
}
_EXACT = frozenset({Told.PAID, Told.RENEWED})
_EXACT_IF_SAID = frozenset({Told.CREATED, Told.PENDING})
_ALARMING = frozenset({Told.DISPUTED, Told.DISPUTE_LOST, Told.REFUND_FAILED})
_NOTHING = Money(amount_minor=0, currency="")


class Outcome(StrEnum):
    """What was made of a message; stored in the database: never rename."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    MISMATCHED = "mismatched"
    UNKNOWN_ORDER = "unknown-order"
    WAITING = "waiting"
    LINKED = "linked"
    IGNORED = "ignored"


def settle(
    connection: Connection, provider: str, event: ProviderEvent, *, post: ReceiptPost, now: datetime
) -> Outcome:
    """Appends the fact's line, and puts its mail into the outbox, unless the ledger has it."""
    if event.told is Told.OTHER:
        return Outcome.IGNORED
    known = references.lock(connection, provider, event.known_as)
    number = event.order or known.order
    if number is None:
        return Outcome.WAITING if event.known_as else _unknown(provider, event)
    order = _locked(connection, number)
    if order is None or order.provider != provider:
        return _unknown(provider, event)
    if known.order not in {None, number}:
        log.error("payment event names two orders provider=%s event=%s", provider, event.id)
        return Outcome.MISMATCHED
    payment = event.payment or known.payment
    references.link(connection, provider, event.known_as, order=number, payment=payment)
    if event.told is Told.LINKED:
        return Outcome.LINKED
    if payment is None and event.known_as:
        payment = event.known_as[0]
    return _append(connection, order, replace(event, payment=payment), post=post, now=now)


def _append(
    connection: Connection, order: Order, event: ProviderEvent, *, post: ReceiptPost, now: datetime
) -> Outcome:
    if ledger.has(connection, order.provider, event.id):
        return Outcome.REPEATED
    before = ledger.of_order(connection, order.number)
    if event.is_total and event.money is not None:
        known = sum(
            line.amount_minor
            for line in before
            if line.kind is Kind.REFUNDED and line.payment == event.payment
        )
        rest = event.money.amount_minor - known
        if rest <= 0:
            return Outcome.REPEATED
        event = replace(event, money=replace(event.money, amount_minor=rest))
    is_fitting = fits(event, order)
    money = event.money or _NOTHING
    ledger.append(
        connection,
        kind=KINDS[event.told] if is_fitting else Kind.MISMATCHED,
        reader=order.reader,
        product=order.product,
        order=order.number,
        amount_minor=money.amount_minor,
        currency=money.currency,
        interval=order.interval,
        until=event.until,
        source=order.provider,
        event=event.id,
        payment=event.payment,
        grace_days=order.grace_days,
        at=event.at,
        now=now,
    )
    facts = (order.number, order.provider, event.id)
    if not is_fitting:
        log.error("payment event does not match its order=%s provider=%s event=%s", *facts)
        return Outcome.MISMATCHED
    if event.told in _ALARMING:
        log.error("payment needs attention (%s) order=%s provider=%s event=%s", event.told.value, *facts)
    if event.told is Told.PAID and any(
        line.kind is Kind.PAID and line.payment != event.payment for line in before
    ):
        log.error("order was paid twice order=%s provider=%s event=%s", *facts)
    _tell(connection, order, event, post=post, now=now)
    return Outcome.RECORDED


def fits(event: ProviderEvent, order: Order) -> bool:
    """Whether the fact's money is what it must be for this order."""
    if event.told in _EXACT:
        return event.money == order.price
    if event.money is None:
        return event.told not in {Told.REFUNDED, Told.REFUND_FAILED}
    if event.told in _EXACT_IF_SAID:
        return event.money == order.price
    if event.told is Told.FAILED:
        return True
    return event.money.currency == order.price.currency and event.money.amount_minor > 0


def _tell(
    connection: Connection, order: Order, event: ProviderEvent, *, post: ReceiptPost, now: datetime
) -> None:
    reader = readers.find_recipient(connection, order.reader)
    if reader is None:
        return
    if event.told in {Told.PAID, Told.RENEWED}:
        period = event.id if event.told is Told.RENEWED else None
        post.receipt(connection, order, recipient=reader.email, paid_at=event.at, now=now, period=period)
    elif event.told is Told.REFUNDED and event.money is not None:
        post.refund(connection, order, event.id, event.money, recipient=reader.email, now=now)


def _locked(connection: Connection, number: str) -> Order | None:
    connection.execute(select(OrderRow.number).where(OrderRow.number == number).with_for_update())
    return orders.find(connection, number)


def _unknown(provider: str, event: ProviderEvent) -> Outcome:
    log.error("payment event for an order that is not known provider=%s event=%s", provider, event.id)
    return Outcome.UNKNOWN_ORDER
