"""The sandbox as a `PaymentProvider`, and what a visitor of its checkout page may do to a payment.

Its messages (`messages.py`) are signed over their raw bytes as Stripe's are (`signature.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, insert, select, update

from gatekeeper.accounts.marks import new_id
from gatekeeper.commerce import signature
from gatekeeper.commerce.money import Money
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.payments import (
    Answer,
    Checkout,
    ProviderEvent,
    ProviderRefusedError,
    RejectedError,
    Told,
    Visit,
    Way,
)
from gatekeeper.commerce.sandbox import messages
from gatekeeper.commerce.sandbox.tables import SandboxEventRow, SandboxPaymentRow
from gatekeeper.contract import canonical
from gatekeeper.errors import SettingsError
from gatekeeper.storage.engine import Database
from gatekeeper.storage.writes import insert_once

NAME = "sandbox"
LATE = timedelta(seconds=6)
CHECKOUT = "/sandbox/pay/"
LONGEST_MESSAGE_BYTES = 64 * 1024


class Step(StrEnum):
    """What the visitor of the checkout page chooses."""

    PAY = "pay"
    TWICE = "twice"  # pay, and be told of it twice
    LATE = "late"
    DECLINE = "decline"
    REFUND = "refund"
    DISPUTE = "dispute"
    WIN = "win"  # the school wins the dispute
    LOSE = "lose"


_TELLS = {
    Step.REFUND: Told.REFUNDED,
    Step.DISPUTE: Told.DISPUTED,
    Step.WIN: Told.DISPUTE_WON,
    Step.LOSE: Told.DISPUTE_LOST,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxPayment:
    """told: everything that happened so far, also what the shop has not heard yet."""

    id: str
    order: str
    money: Money
    told: tuple[Told, ...]

    @property
    def is_decided(self) -> bool:
        return Told.PAID in self.told or Told.FAILED in self.told

    @property
    def steps(self) -> tuple[Step, ...]:
        """What can still happen to the money after it was paid."""
        if Told.PAID not in self.told or {Told.REFUNDED, Told.DISPUTE_LOST} & set(self.told):
            return ()
        if Told.DISPUTED not in self.told:
            return (Step.REFUND, Step.DISPUTE)
        return (Step.REFUND,) if Told.DISPUTE_WON in self.told else (Step.WIN, Step.LOSE)


class Sandbox:
    """The provider. secret: 32 bytes, derived for its messages alone."""

    name = NAME
    longest_message_bytes = LONGEST_MESSAGE_BYTES
    is_live = False
    renews = False
    wants_referrer = False

    def __init__(self, secret: bytes, *, is_live_mode: bool) -> None:
        if is_live_mode:
            raise SettingsError(
                [
                    "LYCEUM_MODE is live, and the sandbox takes no money: set up a payment provider, or use demo"
                ]
            )
        self._secret = secret

    def takes(self, currency: str) -> bool:
        return True

    def begin(self, database: Database, order: Order, visit: Visit, *, now: datetime) -> Checkout:
        with database.write() as connection:
            payment = new_id()
            made = insert_once(
                connection,
                SandboxPaymentRow,
                {
                    "id": payment,
                    "order_number": order.number,
                    "amount_minor": order.price.amount_minor,
                    "currency": order.price.currency,
                    "created_at": now,
                },
                unique=(SandboxPaymentRow.order_number,),
            )
            if made:
                _note(connection, payment, Told.CREATED, at=now, due_at=now)
            else:
                payment = connection.execute(
                    select(SandboxPaymentRow.id).where(SandboxPaymentRow.order_number == order.number)
                ).scalar_one()
        return Checkout(way=Way.PAGE, address=CHECKOUT + payment)

    def verified(self, raw: bytes, headers: Mapping[str, str], *, now: datetime) -> ProviderEvent:
        if len(raw) > LONGEST_MESSAGE_BYTES:
            raise RejectedError("too long")
        header = headers.get(signature.HEADER, "")
        if not signature.is_genuine(header, raw, [self._secret], now=int(now.timestamp())):
            raise RejectedError("not signed by the sandbox")
        return messages.read(raw)

    def kept(self, raw: bytes) -> ProviderEvent:
        return messages.read(raw)

    def answer(self, *, status: int) -> Answer:
        return Answer(
            status=status, body=canonical.dumps({"taken": status == 200}), media_type="application/json"
        )

    def ask(
        self, database: Database, orders: Sequence[Order], *, since: datetime, now: datetime
    ) -> Iterable[ProviderEvent]:
        with database.read() as connection:
            rows = connection.execute(
                select(
                    SandboxEventRow.id,
                    SandboxEventRow.told,
                    SandboxEventRow.at,
                    SandboxPaymentRow.order_number,
                    SandboxPaymentRow.amount_minor,
                    SandboxPaymentRow.currency,
                )
                .join(SandboxPaymentRow, SandboxPaymentRow.id == SandboxEventRow.payment)
                .where(SandboxEventRow.at >= since, SandboxEventRow.at <= now)
                .order_by(SandboxEventRow.at, SandboxEventRow.id)
            ).all()
        for row in rows:
            yield ProviderEvent(
                id=row.id,
                told=Told(row.told),
                order=row.order_number,
                money=Money(amount_minor=row.amount_minor, currency=row.currency),
                at=row.at,
            )

    def refund(
        self, order: Order, payment: str, money: Money, *, paid: Money, number: int, now: datetime
    ) -> ProviderEvent:
        raise ProviderRefusedError(
            "the sandbox refunds nothing from here", hint="press its button on the order's page"
        )

    def portal(self, database: Database, order: Order, *, back: str) -> str | None:
        return None

    def message(self, event: str, told: Told, payment: SandboxPayment, *, at: datetime) -> bytes:
        return messages.written(event, told, payment.id, payment.order, payment.money, at=at)

    def headers(self, raw: bytes, *, now: datetime) -> dict[str, str]:
        return {signature.HEADER: signature.signed(raw, self._secret, now=int(now.timestamp()))}


def find_payment(connection: Connection, payment: str) -> SandboxPayment | None:
    row = connection.execute(select(SandboxPaymentRow).where(SandboxPaymentRow.id == payment)).one_or_none()
    if row is None:
        return None
    told = connection.execute(
        select(SandboxEventRow.told)
        .where(SandboxEventRow.payment == payment)
        .order_by(SandboxEventRow.at, SandboxEventRow.id)
    ).scalars()
    return SandboxPayment(
        id=row.id,
        order=row.order_number,
        money=Money(amount_minor=row.amount_minor, currency=row.currency),
        told=tuple(Told(one) for one in told),
    )


def payment_of_order(connection: Connection, order: str) -> SandboxPayment | None:
    found = connection.execute(
        select(SandboxPaymentRow.id).where(SandboxPaymentRow.order_number == order)
    ).scalar_one_or_none()
    return None if found is None else find_payment(connection, found)


def take(connection: Connection, payment: SandboxPayment, step: Step, *, now: datetime) -> bool:
    """Does what the visitor chose, if it still makes sense. The payment's row is locked, so two clicks do one thing."""
    connection.execute(
        select(SandboxPaymentRow.id).where(SandboxPaymentRow.id == payment.id).with_for_update()
    ).scalar_one()
    current = find_payment(connection, payment.id)
    if current is None:
        return False
    if step in _TELLS:
        is_possible = step in current.steps
        if is_possible:
            _note(connection, payment.id, _TELLS[step], at=now, due_at=now)
        return is_possible
    if current.is_decided:
        return False
    if step is Step.LATE:
        _note(connection, payment.id, Told.PENDING, at=now, due_at=now)
        _note(connection, payment.id, Told.PAID, at=now + LATE, due_at=now + LATE)
    else:
        told = Told.FAILED if step is Step.DECLINE else Told.PAID
        _note(connection, payment.id, told, at=now, due_at=now)
    return True


def tell_again(connection: Connection, payment: SandboxPayment, *, now: datetime) -> None:
    """Has everything that was told of the payment delivered once more, as providers do."""
    connection.execute(
        update(SandboxEventRow)
        .where(SandboxEventRow.payment == payment.id, SandboxEventRow.delivered_at.is_not(None))
        .values(delivered_at=None, due_at=now)
    )


def _note(connection: Connection, payment: str, told: Told, *, at: datetime, due_at: datetime) -> None:
    connection.execute(
        insert(SandboxEventRow).values(
            id=f"evt_{new_id()}",
            payment=payment,
            told=told.value,
            at=at,
            due_at=due_at,
            tries=0,
            delivered_at=None,
        )
    )
