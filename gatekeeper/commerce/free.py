"""Orders that cost nothing, because a coupon takes everything off: paid in the moment they are made, by nobody.

They go the way of every payment, as a fact that Lyceum tells itself; so their line, their receipt and what follows from them are the same.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.payments import ProviderEvent, Told
from gatekeeper.commerce.receipts import ReceiptPost
from gatekeeper.commerce.settle import settle

NAME = "free"  # stands in the database as the order's provider: never rename


def pay(connection: Connection, order: Order, *, post: ReceiptPost, now: datetime) -> None:
    """Settles an order of nothing, in the transaction that made it. Raises ValueError for one that costs something."""
    if order.price.amount_minor:
        raise ValueError(f"{order.number} costs {order.price}")
    event = ProviderEvent(
        id=f"paid:{order.number}", told=Told.PAID, at=now, order=order.number, money=order.price
    )
    settle(connection, NAME, event, post=post, now=now)
