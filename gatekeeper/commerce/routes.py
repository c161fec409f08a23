"""The pages of buying. Prices come from the manifest, never from the form (attack cases W11, A15).

GET/POST /buy/<product>          what it holds and costs; `?lesson=` to come back to, `?currency=`
GET  /orders/<number>            what became of it; unlocks this browser once it is paid. Coming back from the provider proves nothing (W19)
GET  /orders/<number>/state      the same as JSON, for the page's own script
GET  /orders/<number>/receipt    to print
GET/POST /redeem                 a redemption code
"""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, abort, jsonify, request

from gatekeeper.accounts import limits
from gatekeeper.accounts.account_routes import sign_in_first
from gatekeeper.accounts.current import client, signed_in
from gatekeeper.accounts.entitlement_cookie import owned_by, set_entitlement
from gatekeeper.accounts.limits import LimitedError, client_subject
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce import codes, ledger, orders, paying
from gatekeeper.commerce.codes import Redemption
from gatekeeper.commerce.entitlements import (
    Owned,
    entitlements,
    first_payment,
    is_renewing,
    order_state,
)
from gatekeeper.commerce.ledger import Entry
from gatekeeper.commerce.offers import (
    Offer,
    find_offer,
    is_covered,
    lesson_address,
    opened_courses,
    title_of,
)
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.sandbox import provider as sandbox
from gatekeeper.contract import routes
from gatekeeper.web.forms import FieldError, field
from gatekeeper.web.language import language
from gatekeeper.web.pages import page
from gatekeeper.web.service import service

blueprint = Blueprint("commerce", __name__, template_folder="templates")

_LONGEST_LESSON = 500


@blueprint.get(f"{routes.BUY}<product>")
def offer(product: str) -> Response:
    who = signed_in()
    found = _offer(product)
    if who is None:
        return sign_in_first()
    return _offer_page(found, who, lesson=_lesson(request.args.get("lesson")))


@blueprint.post(f"{routes.BUY}<product>")
def buy(product: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    found = _offer(product)
    served = service()
    lesson = _lesson(request.values.get("lesson"))
    provider = paying.chosen(found.price.currency)
    if provider is None:
        return _offer_page(found, who, lesson=lesson, error="no_provider", status=503)
    if _is_covered(found, owned_by(who.reader.id)):
        return _offer_page(found, who, lesson=lesson)
    now = served.clock()
    with served.database.write() as connection:
        limits.count(connection, served.marker, [(limits.ORDERS_BY_READER, who.reader.id)], now=now)
    with served.database.write() as connection:
        order = orders.create(
            connection,
            found,
            reader=who.reader.id,
            lesson=lesson,
            language=language(),
            provider=provider.name,
            now=now,
        )
    return paying.begin(order, provider)


@blueprint.get("/orders/<number>")
def show_order(number: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    order, entries = _order(number, who)
    served = service()
    state = order_state(entries)
    provider = served.providers.get(order.provider)
    response = page(
        "commerce/order.html",
        order=order,
        state=state.value,
        payment=first_payment(entries),
        back=lesson_address(served.manifest, order.lesson),
        courses=opened_courses(served.manifest, order.product) if served.manifest is not None else (),
        has_returned="returned" in request.args,
        sandbox_steps=_sandbox_steps(order),
        is_managed=is_renewing(entries) and provider is not None and provider.renews,
        pay_again=routes.buy_path(order.product, order.lesson),
    )
    set_entitlement(response, who)
    return response


@blueprint.get("/orders/<number>/state")
def show_state(number: str) -> Response:
    who = signed_in()
    if who is None:
        abort(404)
    _, entries = _order(number, who)
    response = jsonify(state=order_state(entries).value)
    set_entitlement(response, who)
    return response


@blueprint.get("/orders/<number>/receipt")
def receipt(number: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    order, entries = _order(number, who)
    payment = first_payment(entries)
    if payment is None:
        abort(404)
    return page(
        "commerce/receipt.html",
        order=order,
        payment=payment,
        state=order_state(entries).value,
        email=who.reader.email,
    )


@blueprint.get(routes.REDEEM)
def redeem_form() -> Response:
    if signed_in() is None:
        return sign_in_first()
    return _redeem_page(code=request.args.get("code", "")[:40])


@blueprint.post(routes.REDEEM)
def redeem() -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    served = service()
    now = served.clock()
    lesson = _lesson(request.form.get("lesson"))
    try:
        typed = field("code", longest=40)
    except FieldError:
        return _redeem_page(code="", error=Redemption.UNKNOWN, status=422)
    uses = [
        (limits.REDEEMS_BY_READER, who.reader.id),
        (limits.REDEEMS_FROM_CLIENT, client_subject(client())),
    ]
    try:
        with served.database.write() as connection:
            limits.count(connection, served.marker, uses, now=now)
    except LimitedError as limited:
        response = _redeem_page(code=typed, limited=limited, status=429)
        response.headers["Retry-After"] = str(limited.retry_after_seconds)
        return response
    with served.database.write() as connection:
        product = codes.product_of(connection, served.marker, typed)
        held = entitlements(ledger.of_reader(connection, who.reader.id), now).active
        if product is not None and product in held and held[product].until is None:
            outcome = Redemption.YOURS
        else:
            outcome = codes.redeem(connection, served.marker, typed, reader=who.reader.id, now=now)
    if outcome not in {Redemption.DONE, Redemption.YOURS} or product is None:
        return _redeem_page(code=typed, error=outcome, status=422)
    manifest = served.manifest
    response = page(
        "commerce/redeemed.html",
        title=title_of(manifest, product, language()),
        is_new=outcome is Redemption.DONE,
        courses=opened_courses(manifest, product) if manifest is not None else (),
        back=lesson_address(manifest, lesson),
    )
    set_entitlement(response, who)
    return response


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
    )
    if found is None:
        abort(404)
    return found


def _offer_page(
    found: Offer, who: SignedIn, *, lesson: str | None, error: str | None = None, status: int = 200
) -> Response:
    served = service()
    owned = owned_by(who.reader.id)
    providers = paying.providers(found.price.currency)
    return page(
        "commerce/buy.html",
        status=status,
        offer=found,
        who=who,
        action=routes.buy_path(found.product, lesson),
        back=lesson_address(served.manifest, lesson),
        is_covered=_is_covered(found, owned),
        holding=owned.active.get(found.product),
        error=error or (None if providers else "no_provider"),
        providers=providers,
    )


def _sandbox_steps(order: Order) -> tuple[str, ...]:
    """What can be tried out on the order's page; nothing without the sandbox."""
    served = service()
    if served.sandbox is None or order.provider != sandbox.NAME:
        return ()
    with served.database.read() as connection:
        found = sandbox.payment_of_order(connection, order.number)
    return tuple(step.value for step in found.steps) if found is not None else ()


def _is_covered(found: Offer, owned: Owned) -> bool:
    manifest = service().manifest
    for_ever = [id_ for id_, holding in owned.active.items() if holding.until is None]
    return manifest is not None and is_covered(manifest, found.product, for_ever)


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


def _redeem_page(
    *, code: str, error: Redemption | None = None, limited: LimitedError | None = None, status: int = 200
) -> Response:
    return page(
        "commerce/redeem.html",
        status=status,
        code=code,
        error=error.value if error is not None else None,
        minutes=0 if limited is None else -(-limited.retry_after_seconds // 60),
        lesson=_lesson(request.values.get("lesson")),
    )
