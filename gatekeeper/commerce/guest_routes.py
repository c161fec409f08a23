"""Buying without an account (`accounts.life.guests`), and what a guest sees of their order.

GET/POST /guest/<product>       the offer with a field for the address; `?lesson=`, `?currency=`, `?coupon=` as in `/buy/`

What needs an account leads to signing in first: a team's seats, a trial, what a coupon makes free. The order's page of a guest offers to prove
the address, by signing in with it; that alone opens what was bought (attack case W19).
"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, abort, request

from gatekeeper.accounts import limits
from gatekeeper.accounts.address import LONGEST, AddressError, normal_address
from gatekeeper.accounts.current import client, signed_in
from gatekeeper.accounts.life import guests
from gatekeeper.accounts.limits import LimitedError, client_subject
from gatekeeper.accounts.marks import new_secret
from gatekeeper.accounts.sign_in_page import minutes_of, with_wait
from gatekeeper.commerce import ledger, orders, paying
from gatekeeper.commerce.buyers import GUEST, Own, guest_cookie
from gatekeeper.commerce.coupons import till
from gatekeeper.commerce.coupons.rules import CouponRefusedError
from gatekeeper.commerce.coupons.till import Priced
from gatekeeper.commerce.entitlements import order_state
from gatekeeper.commerce.offers import Offer, find_offer, lesson_address
from gatekeeper.contract import routes
from gatekeeper.web.cookies import set_cookie
from gatekeeper.web.forms import FieldError, field
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.service import service

blueprint = Blueprint("guests", __name__, template_folder="templates")

REMEMBERED = timedelta(days=7)


@blueprint.get(f"{routes.GUEST}<product>")
def offer(product: str) -> Response:
    found = _offer(product)
    if signed_in() is not None or found is None or found.seats is not None:
        return _with_account(product)
    return _page(till.priced(found, None))


@blueprint.post(f"{routes.GUEST}<product>")
def buy(product: str) -> Response:
    found = _offer(product)
    if signed_in() is not None or found is None or found.seats is not None:
        return _with_account(product)
    priced = till.priced(found, None)
    provider = paying.chosen(priced.offer.price.currency)
    if provider is None:
        return _page(priced, error="no_provider", status=503)
    if priced.refusal is not None or priced.offer.is_free:
        return _page(priced, status=422)
    try:
        email = normal_address(field("email", longest=LONGEST))
    except (FieldError, AddressError):
        return _page(priced, error="address", status=422)
    served = service()
    now = served.clock()
    uses = [
        (limits.GUEST_ORDERS_FROM_CLIENT, client_subject(client())),
        (limits.GUEST_ORDERS_FOR_ADDRESS, email),
    ]
    try:
        with served.database.write() as connection:
            limits.count(connection, served.marker, uses, now=now)
    except LimitedError as limited:
        return with_wait(_page(priced, error="limited", status=429, limited=limited), limited)
    browser = guest_cookie() or new_secret()
    try:
        with served.database.write() as connection:
            guest = guests.guest_of(
                connection, served.marker, browser=browser, email=email, language=language(), now=now
            )
            order = orders.create(
                connection,
                priced.offer,
                reader=guest,
                lesson=_lesson(),
                language=language(),
                provider=provider.name,
                now=now,
            )
    except CouponRefusedError as error:
        return _page(priced.refused(error), status=409)
    response = paying.begin(order, provider)
    set_cookie(response, GUEST, browser, lifetime=REMEMBERED)
    return response


def order_page(own: Own) -> Response:
    """What a guest sees of their order."""
    served = service()
    order = own.order
    with served.database.read() as connection:
        state = order_state(ledger.of_order(connection, order.number))
    return page(
        "commerce/guest_order.html",
        order=order,
        email=own.email,
        state=state.value,
        has_returned="returned" in request.args,
        back=lesson_address(served.manifest, order.lesson),
        pay_again=routes.guest_path(order.product, order.lesson),
    )


def _offer(product: str) -> Offer | None:
    """The offer that the address names; None for what is no offer of its own, such as a trial."""
    manifest = service().manifest
    if manifest is None:
        abort(503)
    if product not in manifest.products:
        abort(404)
    providers = service().providers.values()
    return find_offer(
        manifest,
        product,
        language=language(),
        currency=request.values.get("currency"),
        is_payable=lambda code: any(provider.takes(code) for provider in providers),
    )


def _with_account(product: str) -> Response:
    return to(routes.buy_path(product, _lesson()))


def _lesson() -> str | None:
    """The lesson to come back to, if the manifest lists it."""
    manifest, asked = service().manifest, request.values.get("lesson")
    return asked if asked is not None and manifest is not None and asked in manifest.lessons else None


def _page(
    priced: Priced, *, error: str | None = None, status: int = 200, limited: LimitedError | None = None
) -> Response:
    offered = priced.offer
    providers = paying.providers(offered.price.currency)
    lesson = _lesson()
    return page(
        "commerce/guest.html",
        status=status,
        offer=offered,
        priced=priced,
        email=request.form.get("email", "")[:LONGEST],
        error=error or (None if providers else "no_provider"),
        providers=providers,
        minutes=minutes_of(limited),
        action=routes.guest_path(offered.product, lesson),
        with_account=till.with_code(routes.buy_path(offered.product, lesson), priced.typed or None),
        back=lesson_address(service().manifest, lesson),
    )
