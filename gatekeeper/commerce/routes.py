"""The pages of buying. Prices come from the manifest, never from the form (attack cases W11, A15).

GET/POST /buy/<product>          what it holds and costs; `?lesson=` to come back to, `?currency=`
GET  /orders/<number>            what became of it; unlocks this browser once it is paid
GET  /orders/<number>/state      the same as JSON, for the page's own script
GET  /orders/<number>/receipt    to print
GET/POST /redeem                 a redemption code
POST /webhooks/<provider>        a provider's message
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from flask import Blueprint, Response, abort, jsonify, request
from sqlalchemy.exc import SQLAlchemyError

from gatekeeper.accounts import limits
from gatekeeper.accounts.account_routes import sign_in_first
from gatekeeper.accounts.current import client, signed_in
from gatekeeper.accounts.entitlement_cookie import owned_by, set_entitlement
from gatekeeper.accounts.limits import LimitedError, client_subject
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce import codes, ledger, orders, webhooks
from gatekeeper.commerce.codes import Redemption
from gatekeeper.commerce.entitlements import (
    OrderState,
    Owned,
    entitlements,
    first_payment,
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
from gatekeeper.commerce.payments import RejectedError
from gatekeeper.commerce.sandbox.provider import LONGEST_MESSAGE_BYTES
from gatekeeper.contract import routes
from gatekeeper.web.forms import FieldError, field
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.protection import unprotected
from gatekeeper.web.service import service

blueprint = Blueprint("commerce", __name__, template_folder="templates")
log = logging.getLogger(__name__)

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
    if served.provider is None:
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
            provider=served.provider.name,
            now=now,
        )
        address = served.provider.begin(connection, order, now=now)
    return to(address)


@blueprint.get("/orders/<number>")
def show_order(number: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    order, entries = _order(number, who)
    served = service()
    state = order_state(entries)
    sandbox_refund = None
    if served.sandbox is not None and state is OrderState.PAID:
        sandbox_refund = f"/sandbox/refund/{order.number}"
    response = page(
        "commerce/order.html",
        order=order,
        state=state.value,
        payment=first_payment(entries),
        back=lesson_address(served.manifest, order.lesson),
        courses=opened_courses(served.manifest, order.product) if served.manifest is not None else (),
        sandbox_refund=sandbox_refund,
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


@blueprint.post("/webhooks/<provider>")
@unprotected
def webhook(provider: str) -> Response:
    """200 only after everything is committed; 400 for what is not the provider's; 5xx for anything that may work later."""
    served = service()
    if served.provider is None or provider != served.provider.name:
        abort(404)
    request.max_content_length = LONGEST_MESSAGE_BYTES
    headers = {name.lower(): value for name, value in request.headers.items()}
    status = take_message(request.get_data(cache=False), headers)
    response = jsonify(taken=status == 200)
    response.status_code = status
    if status >= 500:
        response.headers["Retry-After"] = "5"
    return response


def take_message(raw: bytes, headers: Mapping[str, str]) -> int:
    """Takes a provider's message in and returns the HTTP status to answer it with."""
    served = service()
    provider = served.provider
    if provider is None:
        return 404
    try:
        outcome = webhooks.receive(
            served.database, provider, raw, headers, post=served.post, now=served.clock()
        )
    except RejectedError as error:
        log.warning("payment message rejected provider=%s: %s", provider.name, error.reason)
        return 400
    except SQLAlchemyError as error:
        log.error("payment message not processed provider=%s: %s", provider.name, type(error).__name__)
        return 503
    served.wake.set()
    log.info("payment message taken provider=%s outcome=%s", provider.name, outcome.value)
    return 200


def _offer(product: str) -> Offer:
    """The offer that the address names, in the reader's language and the currency they chose; else 404."""
    manifest = service().manifest
    if manifest is None:
        abort(503)
    currency = request.form.get("currency") or request.args.get("currency")
    found = find_offer(manifest, product, language=language(), currency=currency)
    if found is None:
        abort(404)
    return found


def _offer_page(
    found: Offer, who: SignedIn, *, lesson: str | None, error: str | None = None, status: int = 200
) -> Response:
    served = service()
    owned = owned_by(who.reader.id)
    return page(
        "commerce/buy.html",
        status=status,
        offer=found,
        who=who,
        action=routes.buy_path(found.product, lesson),
        back=lesson_address(served.manifest, lesson),
        is_covered=_is_covered(found, owned),
        holding=owned.active.get(found.product),
        error=error or (None if served.provider is not None else "no_provider"),
        is_sandbox=served.sandbox is not None,
    )


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
