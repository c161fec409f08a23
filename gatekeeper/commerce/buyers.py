"""Whose order a browser may see: the signed-in reader's own, or that of a guest who bought in this very browser and claimed nothing yet.

For anybody else the order does not exist (attack case W19). Seeing a guest's order opens no lesson.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, abort, request

from gatekeeper.accounts.account_routes import sign_in_first
from gatekeeper.accounts.current import signed_in
from gatekeeper.accounts.life import guests
from gatekeeper.commerce import orders
from gatekeeper.commerce.orders import Order
from gatekeeper.web.service import service

GUEST = "guest"  # the cookie of a browser that buys without an account


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """An order and whoever looks at it. handle: names this browser's session, or guest; email: of the guest, else None."""

    order: Order
    handle: str
    email: str | None


def own_order(number: str) -> Own | None:
    """The order with this number, if it is this browser's to see."""
    served = service()
    who = signed_in()
    with served.database.read() as connection:
        if who is not None:
            order = orders.find_of_reader(connection, number, reader=who.reader.id)
            return None if order is None else Own(order=order, handle=who.handle, email=None)
        browser = guest_cookie()
        order = orders.find(connection, number) if browser else None
        if order is None:
            return None
        email = guests.address_of(connection, served.marker, browser=browser, guest=order.reader)
    if email is None:
        return None
    return Own(order=order, handle=served.marker.mark("guest handle", browser), email=email)


def guest_cookie() -> str:
    return request.cookies.get(service().cookie(GUEST), "")


def not_theirs() -> Response:
    """The answer for an order that this browser may not see: strangers are asked who they are, readers get 404."""
    if signed_in() is not None:
        abort(404)
    return sign_in_first()
