"""Orders: made by the server at the server's price, never changed. What becomes of one stands in the ledger.

A number looks like `L-20261122-7K3F9Q`: the day in UTC and six signs of Crockford's base 32, which has no I, L, O or U. It names
an order to people; it is not a secret, and only the order's reader may see the order.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, select

from gatekeeper.accounts.life.identities import belongs_to
from gatekeeper.commerce import ledger
from gatekeeper.commerce.coupons import uses as coupon_uses
from gatekeeper.commerce.entitlements import OrderState, is_for_others, order_state
from gatekeeper.commerce.ledger import Kind
from gatekeeper.commerce.money import Money
from gatekeeper.commerce.offers import Offer
from gatekeeper.commerce.tables import OrderRow
from gatekeeper.storage.writes import insert_once

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REUSED_FOR = timedelta(minutes=30)
_MOST_DRAWS = 20
_NUMBER = re.compile(r"L-[0-9]{8}-[0-9A-Z]{6}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """price: to be paid, for all seats and with the coupon. full_price: without the coupon. grace_days: None for the usual ones."""

    number: str
    reader: str
    product: str
    title: str
    price: Money
    full_price: Money
    seats: int | None
    coupon: str | None
    grace_days: int | None
    interval: str | None
    refund_days: int
    lesson: str | None
    language: str
    provider: str
    created_at: datetime


def create(
    connection: Connection,
    offer: Offer,
    *,
    reader: str,
    lesson: str | None,
    language: str,
    provider: str,
    now: datetime,
    bought_for: Kind | None = None,
) -> Order:
    """An order for this offer, with its first line in the ledger. bought_for: `GIFTED`; None for the reader's own use, or a team's seats.

    The reader's own order of the last half hour for the same thing at the same price is given back as long as nothing has happened
    to it, so that a second click buys nothing twice. Raises CouponRefusedError when nothing is left of the offer's coupon.
    What is bought for others is never given back: two gifts are two orders.
    """
    bought_for = Kind.TEAMED if offer.seats is not None else bought_for
    recent = (OrderRow.reader == reader, OrderRow.created_at > now - REUSED_FOR)
    for order in _find(connection, *recent) if bought_for is None else ():
        same = (order.product, order.price, order.seats, order.coupon, order.provider, order.lesson)
        wanted = (offer.product, offer.price, offer.seats, offer.coupon_code, provider, lesson)
        if same == wanted and order.interval == offer.interval:
            lines = ledger.of_order(connection, order.number)
            if order_state(lines) is OrderState.CREATED and not is_for_others(lines):
                return order
    number = _number(
        connection,
        {
            "reader": reader,
            "product": offer.product,
            "title": offer.title,
            "amount_minor": offer.full_price.amount_minor,
            "discount_minor": offer.full_price.amount_minor - offer.price.amount_minor,
            "currency": offer.price.currency,
            "seats": offer.seats,
            "coupon": offer.coupon_code,
            "grace_days": offer.grace_days,
            "interval": offer.interval,
            "refund_days": offer.refund_days,
            "lesson": lesson,
            "language": language,
            "provider": provider,
            "created_at": now,
        },
        now=now,
    )
    if offer.coupon is not None:
        coupon_uses.take(connection, offer.coupon, order=number, reader=reader, now=now)
    ledger.append(
        connection,
        kind=Kind.CREATED,
        reader=reader,
        product=offer.product,
        order=number,
        amount_minor=offer.price.amount_minor,
        currency=offer.price.currency,
        interval=offer.interval,
        source=ledger.LYCEUM,
        event=number,
        at=now,
        now=now,
    )
    if bought_for is not None:
        ledger.append(
            connection,
            kind=bought_for,
            reader=reader,
            product=offer.product,
            order=number,
            source=ledger.LYCEUM,
            event=f"{bought_for.value}:{number}",
            at=now,
            now=now,
        )
    created = find(connection, number)
    if created is None:
        raise LookupError("an order vanished inside the transaction that made it")
    return created


def find(connection: Connection, number: str) -> Order | None:
    return next(iter(_find(connection, OrderRow.number == number)), None)


def is_number(text: str) -> bool:
    """Whether a text has the form of an order number."""
    return _NUMBER.fullmatch(text) is not None


def lock(connection: Connection, *numbers: str) -> None:
    """Holds these orders' rows until the transaction ends, as settling a payment does; in the order of their numbers, so that no two wait for each other."""
    connection.execute(
        select(OrderRow.number)
        .where(OrderRow.number.in_(numbers))
        .order_by(OrderRow.number)
        .with_for_update()
    ).all()


def find_of_reader(connection: Connection, number: str, *, reader: str) -> Order | None:
    """The order, if it is this reader's; the owner stands in the query, so another's order does not exist here."""
    which = (OrderRow.number == number, belongs_to(OrderRow.reader, reader))
    return next(iter(_find(connection, *which)), None)


def listed(connection: Connection, *, reader: str) -> list[Order]:
    """The reader's orders, the newest first."""
    return _find(connection, belongs_to(OrderRow.reader, reader))


def of_provider(connection: Connection, provider: str, *, since: datetime) -> list[Order]:
    """The orders that were made for this provider since then, the newest first."""
    return _find(connection, OrderRow.provider == provider, OrderRow.created_at >= since)


def _find(connection: Connection, *which: ColumnElement[bool]) -> list[Order]:
    rows = connection.execute(
        select(OrderRow).where(*which).order_by(OrderRow.created_at.desc(), OrderRow.number)
    )
    return [
        Order(
            number=row.number,
            reader=row.reader,
            product=row.product,
            title=row.title,
            price=Money(amount_minor=row.amount_minor - row.discount_minor, currency=row.currency),
            full_price=Money(amount_minor=row.amount_minor, currency=row.currency),
            seats=row.seats,
            coupon=row.coupon,
            grace_days=row.grace_days,
            interval=row.interval,
            refund_days=row.refund_days,
            lesson=row.lesson,
            language=row.language,
            provider=row.provider,
            created_at=row.created_at,
        )
        for row in rows
    ]


def _number(connection: Connection, values: dict[str, object], *, now: datetime) -> str:
    """Inserts the order under a number that was free."""
    for _ in range(_MOST_DRAWS):
        number = f"L-{now.astimezone(UTC):%Y%m%d}-" + "".join(secrets.choice(ALPHABET) for _ in range(6))
        if insert_once(connection, OrderRow, {"number": number, **values}, unique=(OrderRow.number,)):
            return number
    raise LookupError("no free order number was found")
