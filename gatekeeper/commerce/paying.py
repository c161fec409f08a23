"""The step from an order to its payment, the same for everything that can be bought: who may be paid, who was chosen, and on to them."""

from __future__ import annotations

from flask import Response, request

from gatekeeper.accounts.current import client
from gatekeeper.commerce.coupons import till, uses
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.payments import PaymentProvider, Visit
from gatekeeper.commerce.sandbox import provider as sandbox
from gatekeeper.contract import routes
from gatekeeper.web.language import language
from gatekeeper.web.pages import to
from gatekeeper.web.service import service


def providers(currency: str) -> list[PaymentProvider]:
    """Those that take the currency, in the order in which they are offered."""
    return [one for one in service().providers.values() if one.takes(currency)]


def chosen(currency: str) -> PaymentProvider | None:
    """The provider that the reader pressed, if it can be had; the first one when none was named."""
    name = request.form.get("provider")
    return next((one for one in providers(currency) if name in {None, one.name}), None)


def begin(order: Order, provider: PaymentProvider) -> Response:
    """Sends the reader to where the order is paid. The sandbox's page is one of ours; others are reached by `/pay/`."""
    served = service()
    if not may_be_paid(order):
        return to(till.with_code(routes.buy_path(order.product, order.lesson), order.coupon))
    if provider.name == sandbox.NAME:
        visit = Visit(client=client(), language=language())
        return to(provider.begin(served.database, order, visit, now=served.clock()).address)
    return to(f"/pay/{order.number}")


def may_be_paid(order: Order) -> bool:
    """Whether the order's price still stands; what its coupon keeps is then kept for the whole checkout."""
    served = service()
    return order.coupon is None or uses.hold(served.database, order.number, now=served.clock())
