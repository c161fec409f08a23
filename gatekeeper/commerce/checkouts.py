"""Ways to pay that a provider has opened for an order, kept so that reloading a page opens no second one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, select

from gatekeeper.commerce.tables import CheckoutRow
from gatekeeper.storage.engine import Database

SPARE = timedelta(minutes=2)  # a checkout that is about to end is not handed out any more


def find(database: Database, order: str, kind: str, *, now: datetime) -> str | None:
    """The newest address of this kind that is good for a while yet."""
    with database.read() as connection:
        return connection.execute(
            select(CheckoutRow.address)
            .where(
                CheckoutRow.order_number == order,
                CheckoutRow.kind == kind,
                CheckoutRow.expires_at > now + SPARE,
            )
            .order_by(CheckoutRow.id.desc())
            .limit(1)
        ).scalar_one_or_none()


def keep(
    database: Database, order: str, kind: str, address: str, *, now: datetime, expires_at: datetime
) -> None:
    with database.write() as connection:
        connection.execute(
            insert(CheckoutRow).values(
                order_number=order, kind=kind, address=address, created_at=now, expires_at=expires_at
            )
        )


def count(connection: Connection, order: str, kind: str) -> int:
    """How many there have been."""
    return connection.execute(
        select(func.count())
        .select_from(CheckoutRow)
        .where(CheckoutRow.order_number == order, CheckoutRow.kind == kind)
    ).scalar_one()
