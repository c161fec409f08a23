"""The pages between an order and its provider.

GET  /pay/<number>             sends the browser on to the provider, or shows the QR code, or calls WeChat's bridge
GET  /pay/<number>/wechat      back from WeChat, which says who the reader is there
POST /orders/<number>/manage   to the provider's page for a running subscription

A form may not lead to another origin directly: browsers check `form-action` along redirects, and providers redirect on to hosts
nobody can list. So a form leads to a page of ours, and that page leads on.
"""

from __future__ import annotations

import logging

import segno
from flask import Blueprint, Response, abort, request
from markupsafe import Markup

from gatekeeper.accounts.account_routes import sign_in_first
from gatekeeper.accounts.current import client, signed_in
from gatekeeper.accounts.marks import is_same
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce import ledger, orders, paying
from gatekeeper.commerce.buyers import Own, not_theirs, own_order
from gatekeeper.commerce.coupons import till
from gatekeeper.commerce.entitlements import OrderState, order_state
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.payments import (
    Checkout,
    Identifying,
    PaymentProvider,
    ProviderAwayError,
    ProviderRefusedError,
    Visit,
    Way,
)
from gatekeeper.contract import routes
from gatekeeper.errors import GatekeeperError
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.service import service

blueprint = Blueprint("pay", __name__, template_folder="templates")
log = logging.getLogger(__name__)

_PAYABLE = frozenset({OrderState.CREATED, OrderState.PENDING, OrderState.FAILED})
_LONGEST_CODE = 200


@blueprint.get("/pay/<number>")
def pay(number: str) -> Response:
    own = own_order(number)
    return not_theirs() if own is None else _pay(own, None)


@blueprint.get("/pay/<number>/wechat")
def identified(number: str) -> Response:
    own = own_order(number)
    if own is None:
        return not_theirs()
    order = own.order
    provider: object = service().providers.get(order.provider)
    code = request.args.get("code", "")
    if not isinstance(provider, Identifying) or not code or len(code) > _LONGEST_CODE:
        abort(400)
    if not is_same(request.args.get("state", ""), _state(own)):
        abort(403)
    try:
        reader = provider.identify(code)
    except (ProviderAwayError, ProviderRefusedError) as error:
        return _failed(order, error)
    return _pay(own, reader)


@blueprint.post("/orders/<number>/manage")
def manage(number: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    order = _order(number, who)
    served = service()
    provider = served.providers.get(order.provider)
    if provider is None:
        abort(404)
    back = f"{served.settings.gatekeeper_url}/orders/{order.number}"
    try:
        address = provider.portal(served.database, order, back=back)
    except (ProviderAwayError, ProviderRefusedError) as error:
        return _failed(order, error)
    if address is None:
        abort(404)
    return page("commerce/pay.html", order=order, address=address, provider=provider.name, is_managing=True)


def _pay(own: Own, wechat_reader: str | None) -> Response:
    order = own.order
    served = service()
    with served.database.read() as connection:
        state = order_state(ledger.of_order(connection, order.number))
    if state not in _PAYABLE:
        return to(f"/orders/{order.number}")
    provider = served.providers.get(order.provider)
    if provider is None:
        abort(404)
    if not paying.may_be_paid(order):
        return to(till.with_code(routes.buy_path(order.product, order.lesson), order.coupon))
    try:
        checkout = provider.begin(served.database, order, _visit(own, wechat_reader), now=served.clock())
    except (ProviderAwayError, ProviderRefusedError) as error:
        return _failed(order, error)
    return _checkout_page(order, state, provider, checkout)


def _checkout_page(
    order: Order, state: OrderState, provider: PaymentProvider, checkout: Checkout
) -> Response:
    if checkout.way is Way.CODE:
        code = segno.make(checkout.address, error="m")
        drawing = code.svg_inline(border=4, light="#fff", svgclass="qr__code", lineclass=None, omitsize=True)
        return page("commerce/pay_code.html", order=order, state=state.value, code=Markup(drawing))  # noqa: S704  (segno's own drawing: digits and path letters)
    if checkout.way is Way.BRIDGE:
        return page("commerce/pay_bridge.html", order=order, arguments=checkout.address)
    response = page(
        "commerce/pay.html",
        order=order,
        address=checkout.address,
        provider=provider.name,
        is_managing=False,
    )
    if provider.wants_referrer:
        response.headers["Referrer-Policy"] = "strict-origin"
    return response


def _failed(order: Order, error: GatekeeperError) -> Response:
    log.error("payment not begun order=%s provider=%s: %s", order.number, order.provider, error)
    response = page(
        "commerce/pay_failed.html",
        status=503,
        order=order,
        again=f"/pay/{order.number}",
        other=routes.buy_path(order.product, order.lesson),
    )
    response.headers["Retry-After"] = "10"
    return response


def _visit(own: Own, wechat_reader: str | None) -> Visit:
    agent = request.user_agent.string
    return Visit(
        client=client(),
        language=language(),
        is_phone="Mobi" in agent or "Android" in agent,
        is_wechat="MicroMessenger" in agent,
        wechat_reader=wechat_reader,
        wechat_state=_state(own),
    )


def _state(own: Own) -> str:
    """What only this browser brings back from WeChat, so that nobody is led to pay with another's name."""
    return service().marker.mark("wechat", own.order.number, own.handle)[:64]


def _order(number: str, who: SignedIn) -> Order:
    with service().database.read() as connection:
        order = orders.find_of_reader(connection, number, reader=who.reader.id)
    if order is None:
        abort(404)
    return order
