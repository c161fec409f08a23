"""What a provider calls an order, and messages that come before anybody has said whose they are.

A refund or a dispute may name only the provider's own payment. If that name is known, the order is; if not, the message waits under
it, and is processed by whichever message first says both names (attack case W06).

Both sides meet at the reference's row: each makes it if it is missing and locks it, so that of two messages at the same time the
second one sees what the first one left, on either engine. Rows are locked in the order of their names, so no two wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from gatekeeper.commerce.tables import ProviderEventRow, ReferenceRow
from gatekeeper.storage.writes import insert_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """order: None as long as nobody has said it."""

    order: str | None
    payment: str | None


def lock(connection: Connection, provider: str, references: Iterable[str]) -> Known:
    """What is known by any of these names, which are locked until the transaction ends."""
    order: str | None = None
    payment: str | None = None
    for reference in sorted(set(references)):
        insert_once(
            connection,
            ReferenceRow,
            {"provider": provider, "reference": reference, "order_number": None, "payment": None},
            unique=(ReferenceRow.provider, ReferenceRow.reference),
        )
        row = connection.execute(
            select(ReferenceRow.order_number, ReferenceRow.payment)
            .where(ReferenceRow.provider == provider, ReferenceRow.reference == reference)
            .with_for_update()
        ).one()
        order, payment = order or row.order_number, payment or row.payment
    return Known(order=order, payment=payment)


def link(
    connection: Connection, provider: str, references: Iterable[str], *, order: str, payment: str | None
) -> None:
    """Says that these names, which are locked, belong to the order. What was said before stands."""
    for reference in sorted(set(references)):
        row = (ReferenceRow.provider == provider, ReferenceRow.reference == reference)
        connection.execute(
            update(ReferenceRow).where(*row, ReferenceRow.order_number.is_(None)).values(order_number=order)
        )
        if payment is not None:
            connection.execute(
                update(ReferenceRow).where(*row, ReferenceRow.payment.is_(None)).values(payment=payment)
            )


def waiting(connection: Connection, provider: str, references: Iterable[str]) -> list[int]:
    """The ids of the messages that wait for one of these names, the first come first."""
    names = sorted(set(references))
    if not names:
        return []
    return list(
        connection.execute(
            select(ProviderEventRow.id)
            .where(ProviderEventRow.provider == provider, ProviderEventRow.reference.in_(names))
            .order_by(ProviderEventRow.id)
        ).scalars()
    )


def order_of(connection: Connection, provider: str, references: Iterable[str]) -> str | None:
    """The order that one of these names belongs to, as far as anybody has said."""
    return connection.execute(
        select(ReferenceRow.order_number)
        .where(
            ReferenceRow.provider == provider,
            ReferenceRow.reference.in_(sorted(set(references))),
            ReferenceRow.order_number.is_not(None),
        )
        .limit(1)
    ).scalar_one_or_none()


def of_order(connection: Connection, provider: str, order: str) -> list[str]:
    """Every name of the provider for this order."""
    return list(
        connection.execute(
            select(ReferenceRow.reference)
            .where(ReferenceRow.provider == provider, ReferenceRow.order_number == order)
            .order_by(ReferenceRow.reference)
        ).scalars()
    )
