"""The pages of buying. Prices come from the manifest, never from the form (attack cases W11, A15).

GET/POST /buy/<product>          what it holds and costs; `?lesson=` to come back to, `?currency=`, `?coupon=`, `?seats=`; a trial likewise
GET  /orders/<number>            what became of it; unlocks this browser once it is paid. Coming back from the provider proves nothing (W19)
GET  /orders/<number>/state      the same as JSON, for the page's own script
GET  /orders/<number>/receipt    to print; /<name> behind it for further periods and credit notes
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, abort, jsonify, request

from gatekeeper.accounts import limits
from gatekeeper.accounts.account_routes import sign_in_first
from gatekeeper.accounts.current import signed_in
from gatekeeper.accounts.entitlement_cookie import owned_by, set_entitlement
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce import free, guest_routes, ledger, orders, paying, trial_page, trials
from gatekeeper.commerce.buyers import own_order
from gatekeeper.commerce.coupons import till
from gatekeeper.commerce.coupons.rules import CouponRefusedError
from gatekeeper.commerce.coupons.till import Priced
from gatekeeper.commerce.documents import documents_of
from gatekeeper.commerce.entitlements import (
    Owned,
    first_payment,
    is_renewing,
    order_state,
)
from gatekeeper.commerce.ledger import Entry, Kind
from gatekeeper.commerce.money import Money
from gatekeeper.commerce.offers import (
    Offer,
    find_offer,
    is_covered,
    lesson_address,
    opened_courses,
)
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.sandbox import provider as sandbox
from gatekeeper.contract import routes
from gatekeeper.contract.manifest import Manifest, ProductEntry
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.service import service

blueprint = Blueprint("commerce", __name__, template_folder="templates")

_LONGEST_LESSON = 500


@blueprint.get(f"{routes.BUY}<product>")
def offer(product: str) -> Response:
    who = signed_in()
    lesson = _lesson(request.args.get("lesson"))
    trial = _trial(product)
    found = _offer(product) if trial is None else None
    if who is None:
        return sign_in_first()
    if trial is not None:
        return trial_page.show(*trial, who, lesson=lesson)
    assert found is not None  # noqa: S101  (a product that is no trial has an offer, or it is 404)
    return _offer_page(till.priced(found, who.reader.id), who, lesson=lesson)


@blueprint.post(f"{routes.BUY}<product>")
def buy(product: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    lesson = _lesson(request.values.get("lesson"))
    trial = _trial(product)
    if trial is not None:
        return trial_page.take(*trial, who, lesson=lesson)
    priced = till.priced(_offer(product), who.reader.id)
    found = priced.offer
    served = service()
    provider = paying.chosen(found.price.currency)
    if provider is None and not found.is_free:
        return _offer_page(priced, who, lesson=lesson, error="no_provider", status=503)
    if priced.refusal is not None:
        return _offer_page(priced, who, lesson=lesson, status=422)
    if _is_covered(found, owned_by(who.reader.id)):
        return _offer_page(priced, who, lesson=lesson)
    now = served.clock()
    with served.database.write() as connection:
        limits.count(connection, served.marker, [(limits.ORDERS_BY_READER, who.reader.id)], now=now)
    try:
        with served.database.write() as connection:
            order = orders.create(
                connection,
                found,
                reader=who.reader.id,
                lesson=lesson,
                language=language(),
                provider=free.NAME if provider is None or found.is_free else provider.name,
                now=now,
                bought_for=None if found.seats is None else Kind.TEAMED,
            )
            if found.is_free:
                free.pay(connection, order, post=served.post, now=now)
    except CouponRefusedError as error:
        return _offer_page(priced.refused(error), who, lesson=lesson, status=409)
    if provider is None or found.is_free:
        return to(f"/orders/{order.number}")
    return paying.begin(order, provider)


@blueprint.get("/orders/<number>")
def show_order(number: str) -> Response:
    who = signed_in()
    if who is None:
        own = own_order(number)
        return sign_in_first() if own is None else guest_routes.order_page(own)
    order, entries = _order(number, who)
    served = service()
    state = order_state(entries)
    provider = served.providers.get(order.provider)
    response = page(
        "commerce/order.html",
        order=order,
        state=state.value,
        payment=first_payment(entries),
        documents=documents_of(number, entries),
        back=lesson_address(served.manifest, order.lesson),
        courses=opened_courses(served.manifest, order.product) if served.manifest is not None else (),
        has_returned="returned" in request.args,
        for_others=_for_others(entries),
        sandbox_steps=_sandbox_steps(order),
        is_managed=is_renewing(entries) and provider is not None and provider.renews,
        pay_again=_pay_again(order, entries),
    )
    set_entitlement(response, who)
    return response


@blueprint.get("/orders/<number>/state")
def show_state(number: str) -> Response:
    who = signed_in()
    if who is None:
        own = own_order(number)
        if own is None:
            abort(404)
        with service().database.read() as connection:
            return jsonify(state=order_state(ledger.of_order(connection, own.order.number)).value)
    _, entries = _order(number, who)
    response = jsonify(state=order_state(entries).value)
    set_entitlement(response, who)
    return response


@blueprint.get("/orders/<number>/receipt")
@blueprint.get("/orders/<number>/receipt/<name>")
def receipt(number: str, name: str = "") -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    order, entries = _order(number, who)
    document = next((one for one in documents_of(number, entries) if one.name == name), None)
    if document is None:
        abort(404)
    seller = service().settings.seller
    return page(
        "commerce/receipt.html",
        order=order,
        document=document,
        seller=seller,
        tax=seller.tax.within(document.money) if seller.tax is not None else None,
        email=who.reader.email,
    )


def _trial(product: str) -> tuple[Manifest, str, ProductEntry] | None:
    """What the trial's page needs, if the address names a trial."""
    manifest = service().manifest
    entry = trials.find(manifest, product) if manifest is not None else None
    return None if manifest is None or entry is None else (manifest, product, entry)


def _offer(product: str) -> Offer:
    """The offer that the address names, in the reader's language and the currency they chose; else 404."""
    manifest = service().manifest
    if manifest is None:
        abort(503)
    currency = request.form.get("currency") or request.args.get("currency")
    providers = service().providers.values()
    found = find_offer(
        manifest,
        product,
        language=language(),
        currency=currency,
        is_payable=lambda code: any(provider.takes(code) for provider in providers),
        seats=request.values.get("seats", type=int),
    )
    if found is None:
        abort(404)
    return found


def _offer_page(
    priced: Priced, who: SignedIn, *, lesson: str | None, error: str | None = None, status: int = 200
) -> Response:
    served = service()
    found = priced.offer
    owned = owned_by(who.reader.id)
    providers = paying.providers(found.price.currency)
    return page(
        "commerce/buy.html",
        status=status,
        offer=found,
        priced=priced,
        off=Money(
            amount_minor=found.full_price.amount_minor - found.price.amount_minor,
            currency=found.price.currency,
        ),
        without_coupon=_without_coupon(found, lesson),
        lesson=lesson,
        who=who,
        action=routes.buy_path(found.product, lesson),
        back=lesson_address(served.manifest, lesson),
        is_covered=_is_covered(found, owned),
        holding=owned.active.get(found.product),
        error=error or (None if providers or found.is_free else "no_provider"),
        providers=providers,
    )


def _without_coupon(found: Offer, lesson: str | None) -> str:
    asked: dict[str, str | int] = {"currency": found.price.currency}
    if lesson is not None:
        asked["lesson"] = lesson
    if found.seats is not None:
        asked["seats"] = found.seats
    return f"{routes.buy_path(found.product)}?{urlencode(asked)}"


def _for_others(entries: Sequence[Entry]) -> str | None:
    """`gifts` or `seats` for an order that opens to others: the texts of its page."""
    kinds = {entry.kind for entry in entries}
    return "gifts" if Kind.GIFTED in kinds else "seats" if Kind.TEAMED in kinds else None


def _pay_again(order: Order, entries: Sequence[Entry]) -> str:
    """Where the same can be ordered once more."""
    if _for_others(entries) == "gifts":
        return till.with_code(f"/gifts/new/{quote(order.product)}", order.coupon)
    path = routes.buy_path(order.product, order.lesson)
    if order.seats is not None:
        path += f"{'&' if '?' in path else '?'}seats={order.seats}"
    return till.with_code(path, order.coupon)


def _sandbox_steps(order: Order) -> tuple[str, ...]:
    """What can be tried out on the order's page; nothing without the sandbox."""
    served = service()
    if served.sandbox is None or order.provider != sandbox.NAME:
        return ()
    with served.database.read() as connection:
        found = sandbox.payment_of_order(connection, order.number)
    return tuple(step.value for step in found.steps) if found is not None else ()


def _is_covered(found: Offer, owned: Owned) -> bool:
    """Seats are bought for others, so nothing covers them."""
    manifest = service().manifest
    return (
        found.seats is None and manifest is not None and is_covered(manifest, found.product, owned.for_good)
    )


def _lesson(text: str | None) -> str | None:
    """The lesson to come back to, if the manifest lists it."""
    manifest = service().manifest
    if text is None or len(text) > _LONGEST_LESSON or manifest is None:
        return None
    return text if text in manifest.lessons else None


def _order(number: str, who: SignedIn) -> tuple[Order, Sequence[Entry]]:
    """The reader's own order with its lines; another's is 404, like one that does not exist (W19)."""
    with service().database.read() as connection:
        order = orders.find_of_reader(connection, number, reader=who.reader.id)
        if order is None:
            abort(404)
        return order, ledger.of_order(connection, number)
