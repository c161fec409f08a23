"""The sandbox's checkout page, as a payment provider would have it: it knows its own payment and says so to the shop by messages.

GET/POST /sandbox/pay/<payment>       pay, pay and be told twice, pay with a delay, decline
POST     /sandbox/refund/<number>     what the school's owner would do at a real provider; the order's reader may, in a demo
POST     /sandbox/dispute/<number>    what the reader's bank would do: open a dispute, and decide it
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from gatekeeper.accounts.current import signed_in
from gatekeeper.commerce import orders
from gatekeeper.commerce.coupons import uses
from gatekeeper.commerce.messages import take_message
from gatekeeper.commerce.sandbox.courier import deliver_due
from gatekeeper.commerce.sandbox.provider import (
    CHECKOUT,
    NAME,
    Sandbox,
    SandboxPayment,
    Step,
    find_payment,
    payment_of_order,
    take,
    tell_again,
)
from gatekeeper.web.pages import page, to
from gatekeeper.web.service import service

blueprint = Blueprint("sandbox", __name__, template_folder="templates")


@blueprint.get(f"{CHECKOUT}<payment>")
def checkout(payment: str) -> Response:
    found = _payment(payment)
    with service().database.read() as connection:
        order = orders.find(connection, found.order)
    if order is None:
        abort(404)
    if found.is_decided:
        return to(f"/orders/{found.order}")
    return page("commerce/sandbox.html", payment=found, order=order)


@blueprint.post(f"{CHECKOUT}<payment>")
def pay(payment: str) -> Response:
    found = _payment(payment)
    step = _step(request.form.get("step"), {Step.PAY, Step.TWICE, Step.LATE, Step.DECLINE})
    if not _is_open(found.order):
        step = Step.DECLINE  # as a provider whose checkout has ended
    _take(found, step)
    if step is Step.TWICE:
        served = service()
        with served.database.write() as connection:
            tell_again(connection, found, now=served.clock())
        deliver()
    return to(f"/orders/{found.order}")


@blueprint.post("/sandbox/refund/<number>")
def refund(number: str) -> Response:
    _take(_of_reader(number), Step.REFUND)
    return to(f"/orders/{number}")


@blueprint.post("/sandbox/dispute/<number>")
def dispute(number: str) -> Response:
    _take(_of_reader(number), _step(request.form.get("step"), {Step.DISPUTE, Step.WIN, Step.LOSE}))
    return to(f"/orders/{number}")


def steps_for(number: str) -> tuple[str, ...]:
    """What the order's page offers to try out; nothing without the sandbox."""
    served = service()
    if served.sandbox is None:
        return ()
    with served.database.read() as connection:
        found = payment_of_order(connection, number)
    return tuple(step.value for step in found.steps) if found is not None else ()


def _of_reader(number: str) -> SandboxPayment:
    """The payment of the signed-in reader's own order; else 403 or 404."""
    _sandbox()
    who = signed_in()
    if who is None:
        abort(403)
    with service().database.read() as connection:
        order = orders.find_of_reader(connection, number, reader=who.reader.id)
        found = payment_of_order(connection, number) if order is not None else None
    if found is None:
        abort(404)
    return found


def deliver() -> None:
    """Hands due messages to the shop; the background thread calls it, too. Needs an application context."""
    served = service()
    if served.sandbox is not None:
        deliver_due(
            served.database,
            served.sandbox,
            lambda raw, headers: take_message(NAME, raw, headers),
            clock=served.clock,
        )


def _take(payment: SandboxPayment, step: Step) -> None:
    served = service()
    with served.database.write() as connection:
        take(connection, payment, step, now=served.clock())
    deliver()


def _is_open(number: str) -> bool:
    """Whether the order can still be paid at its price: what a coupon keeps ends with the checkout."""
    served = service()
    with served.database.read() as connection:
        order = orders.find(connection, number)
        return order is not None and (
            order.coupon is None or uses.is_held(connection, number, now=served.clock())
        )


def _sandbox() -> Sandbox:
    found = service().sandbox
    if found is None:
        abort(404)
    return found


def _payment(payment: str) -> SandboxPayment:
    _sandbox()
    with service().database.read() as connection:
        found = find_payment(connection, payment)
    if found is None:
        abort(404)
    return found


def _step(text: str | None, allowed: set[Step]) -> Step:
    found = next((step for step in allowed if step.value == text), None)
    if found is None:
        abort(400)
    return found
