"""Asks a provider about each order by itself: what WeChat Pay and Alipay share, who have no list of events."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from gatekeeper.commerce import ledger
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.payments import Doubt, ProviderEvent, RejectedError
from gatekeeper.storage.engine import Database

Ask = Callable[[Order, int], Iterable[ProviderEvent | Doubt]]


def each(database: Database, orders: Sequence[Order], ask: Ask) -> Iterator[ProviderEvent | Doubt]:
    """What the provider says of these orders; an answer that cannot be believed is a doubt about its order.

    ask: is given the order, and how many refunds of it the ledger has; one that this shop made may stand at one number more.
    """
    for order in orders:
        with database.read() as connection:
            known = ledger.refunds_of(connection, order.number)
        try:
            yield from ask(order, known)
        except RejectedError as error:
            yield Doubt(order=order.number, what=error.reason)


def refund_number(order: Order, number: int) -> str:
    """Our name for the order's refund with this number, counted from 1."""
    return f"{order.number}-R{number}"
