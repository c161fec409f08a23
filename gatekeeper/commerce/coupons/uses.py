"""Who uses a coupon: a use is kept for an order while it can be paid, and taken for good when it was.

- A use stands while it is held, while a slow payment of its order is under way, and for ever once its order was paid, also after a
  refund: money that came back does not give the use back.
- Uses of one coupon are counted under a lock on its row, so that of fifty orders at once as many get it as there are uses (attack case
  W20). On SQLite the writing transaction itself is the lock.
- An order is held for as long as its reader may stand before the checkout; every checkout that is opened prolongs it to that checkout's
  end. An order whose hold has ended is not sent to a provider any more: the reader orders again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, exists, insert, or_, select, update

from gatekeeper.accounts.life.identities import belongs_to
from gatekeeper.commerce.coupons.rules import CouponRefusedError, Refusal
from gatekeeper.commerce.ledger import Kind
from gatekeeper.commerce.tables import CouponRow, CouponUseRow, EntryRow
from gatekeeper.contract.manifest import CouponEntry
from gatekeeper.storage.engine import Database
from gatekeeper.storage.writes import insert_once

HELD_FOR = timedelta(
    minutes=30
)  # before the checkout is opened; as long as an order is given back to its reader
CHECKOUT_FOR = timedelta(hours=3, minutes=10)  # a little longer than the longest checkout of any provider


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedCoupon:
    """A coupon on an offer. code: as it stands in the manifest."""

    code: str
    entry: CouponEntry


def check(connection: Connection, coupon: AppliedCoupon, *, reader: str | None, now: datetime) -> None:
    """Raises CouponRefusedError when nothing is left of it, for this reader (None: for nobody in particular)."""
    if coupon.entry.uses is None and coupon.entry.per_reader is None:
        return
    standing = list(
        connection.execute(
            select(CouponUseRow.order_number, _is_taken().label("is_taken")).where(
                CouponUseRow.code == coupon.code, or_(_is_taken(), CouponUseRow.held_until > now)
            )
        )
    )
    own = []
    if reader is not None:
        numbers = [row.order_number for row in standing]
        theirs = set(
            connection.execute(
                select(CouponUseRow.order_number).where(
                    CouponUseRow.order_number.in_(numbers), belongs_to(CouponUseRow.reader, reader)
                )
            ).scalars()
        )
        own = [row for row in standing if row.order_number in theirs]
    held = next((row.order_number for row in own if not row.is_taken), None)
    limit = coupon.entry.per_reader
    if limit is not None and len(own) >= limit:
        taken = sum(row.is_taken for row in own)
        raise CouponRefusedError(Refusal.USED_BY_READER if taken >= limit else Refusal.HELD, order=held)
    limit = coupon.entry.uses
    if limit is not None and len(standing) >= limit:
        taken = sum(row.is_taken for row in standing)
        raise CouponRefusedError(Refusal.USED_UP if taken >= limit else Refusal.HELD, order=held)


def take(connection: Connection, coupon: AppliedCoupon, *, order: str, reader: str, now: datetime) -> None:
    """Keeps a use for this order, inside the transaction that makes it. Raises CouponRefusedError when there is none left."""
    insert_once(connection, CouponRow, {"code": coupon.code}, unique=(CouponRow.code,))
    connection.execute(select(CouponRow.code).where(CouponRow.code == coupon.code).with_for_update())
    check(connection, coupon, reader=reader, now=now)
    connection.execute(
        insert(CouponUseRow).values(
            order_number=order, code=coupon.code, reader=reader, held_until=now + HELD_FOR
        )
    )


def hold(database: Database, order: str, *, now: datetime) -> bool:
    """Prolongs what is held for an order that is about to be paid. Returns False when the hold has ended."""
    with database.write() as connection:
        prolonged = connection.execute(
            update(CouponUseRow)
            .where(CouponUseRow.order_number == order, or_(CouponUseRow.held_until > now, _is_taken()))
            .values(held_until=now + CHECKOUT_FOR)
            .returning(CouponUseRow.order_number)
        )
        return prolonged.first() is not None


def is_held(connection: Connection, order: str, *, now: datetime) -> bool:
    """Whether the order may still be paid at its price."""
    found = connection.execute(
        select(CouponUseRow.order_number).where(
            CouponUseRow.order_number == order, or_(CouponUseRow.held_until > now, _is_taken())
        )
    )
    return found.first() is not None


def _is_taken() -> ColumnElement[bool]:
    """Whether the use's order was paid, or a payment of it is under way."""

    def has(kind: Kind) -> ColumnElement[bool]:
        return exists().where(EntryRow.order_number == CouponUseRow.order_number, EntryRow.kind == kind.value)

    return or_(has(Kind.PAID), has(Kind.PENDING) & ~has(Kind.FAILED))
