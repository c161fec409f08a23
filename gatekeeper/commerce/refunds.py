"""Gives money back, at an operator's word: one payment of an order, in whole or in part, through the provider that took it.

The provider is asked first and the ledger told after; should the process die between the two, the provider's own message or
`reconcile` brings the line. The number of the refund makes it one refund at the provider, however often it is asked for; it is
counted from what the ledger knows, so two operators at once ask for the same one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gatekeeper.commerce import ledger, orders, webhooks
from gatekeeper.commerce.entitlements import Payment, payments_of
from gatekeeper.commerce.money import Money
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.payments import PaymentProvider, Told
from gatekeeper.commerce.receipts import ReceiptPost
from gatekeeper.errors import GatekeeperError
from gatekeeper.storage.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundPlan:
    """payment: the provider's name for it. ends_access: whether nothing is left of what it opened."""

    order: Order
    payment: str
    money: Money
    paid: Money
    number: int
    ends_access: bool

    def as_json(self) -> dict[str, object]:
        return {
            "order": self.order.number,
            "provider": self.order.provider,
            "payment": self.payment,
            "amount_minor": self.money.amount_minor,
            "currency": self.money.currency,
            "ends_access": self.ends_access,
        }


def plan(database: Database, number: str, *, amount_minor: int | None) -> RefundPlan:
    """The refund of the order's newest payment that still stands. amount_minor: None for all that is left of it."""
    with database.read() as connection:
        order = orders.find(connection, number)
        lines = ledger.of_order(connection, number)
        refunds = ledger.refunds_of(connection, number)
    if order is None:
        raise GatekeeperError(f"there is no order {number!r}", hint="numbers look like L-20261122-7K3F9Q")
    standing = [payment for payment in payments_of(lines) if payment.closed_by is None]
    if not standing:
        raise GatekeeperError(f"nothing of {number} can be refunded", hint="no payment of it stands")
    payment = standing[-1]
    left = payment.paid_minor - payment.refunded_minor
    amount = left if amount_minor is None else amount_minor
    if not 0 < amount <= left:
        rest = Money(amount_minor=left, currency=order.price.currency)
        raise GatekeeperError("that is not between nothing and what is left", hint=f"{rest} is left")
    return RefundPlan(
        order=order,
        payment=_name(payment, order),
        money=Money(amount_minor=amount, currency=order.price.currency),
        paid=Money(amount_minor=payment.paid_minor, currency=order.price.currency),
        number=1 + refunds,
        ends_access=amount == left,
    )


def apply(
    database: Database,
    providers: Mapping[str, PaymentProvider],
    planned: RefundPlan,
    *,
    post: ReceiptPost,
    now: datetime,
) -> bool:
    """Refunds. Returns whether the provider has done it; else it has taken it on, and tells when it is done."""
    provider = providers.get(planned.order.provider)
    if provider is None:
        raise GatekeeperError(
            f"{planned.order.provider} is not set up", hint="set its account, see docs/commerce.md"
        )
    fact = provider.refund(
        planned.order,
        planned.payment,
        planned.money,
        paid=planned.paid,
        number=planned.number,
        now=now,
    )
    if fact.told is Told.OTHER:
        return False
    webhooks.take(database, provider, fact, post=post, now=now)
    return True


def _name(payment: Payment, order: Order) -> str:
    return payment.entry.payment or order.number
