"""The pages of gifts.

GET/POST /gifts/new/<product>         for whom, from whom, what to write, when to send it; then to the payment like any order
GET  /gifts/<number>                  the giver's page of an order that is a gift: its code, what became of it
POST /gifts/<number>/recipient        another recipient, or none: then the giver hands the code over
POST /gifts/<number>/send             the letter, now or once more

Prices come from the manifest (attack case W11). Nothing here says whether an address has an account (A02): the form's answer is the same for
every address. How many letters go to one mailbox, and how many one reader causes, is limited (A13).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from flask import Blueprint, Response, abort, request

from gatekeeper.accounts import limits
from gatekeeper.accounts.account_routes import sign_in_first
from gatekeeper.accounts.address import LONGEST as LONGEST_ADDRESS
from gatekeeper.accounts.address import AddressError, normal_address
from gatekeeper.accounts.current import signed_in
from gatekeeper.accounts.limits import Limit, LimitedError
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce import free, ledger, orders, paying
from gatekeeper.commerce.coupons import till
from gatekeeper.commerce.coupons.rules import CouponRefusedError
from gatekeeper.commerce.coupons.till import Priced
from gatekeeper.commerce.gifts import changes
from gatekeeper.commerce.gifts import gift as gifts
from gatekeeper.commerce.gifts.changes import Changed
from gatekeeper.commerce.gifts.gift import LONGEST_GIVER, LONGEST_MESSAGE, Gift
from gatekeeper.commerce.gifts.post import GiftPost
from gatekeeper.commerce.ledger import Entry, Kind
from gatekeeper.commerce.offers import Offer, find_offer, title_of
from gatekeeper.commerce.orders import Order
from gatekeeper.web.forms import FieldError, field, text_field
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, say, to
from gatekeeper.web.service import Service, service

blueprint = Blueprint("gifts", __name__, template_folder="templates")

FURTHEST = timedelta(days=365)
SENT_AT_HOUR = 6  # UTC: afternoon in Beijing, early morning in Europe


@blueprint.get("/gifts/new/<product>")
def new_gift(product: str) -> Response:
    found = _offer(product)
    who = signed_in()
    if who is None:
        return sign_in_first()
    priced = till.priced(found, who.reader.id)
    return _form(priced.offer, who, wrong=_coupon(priced))


@blueprint.post("/gifts/new/<product>")
def buy_gift(product: str) -> Response:
    offered = _offer(product)
    who = signed_in()
    if who is None:
        return sign_in_first()
    served = service()
    now = served.clock()
    priced = till.priced(offered, who.reader.id)
    found = priced.offer
    provider = paying.chosen(found.price.currency)
    if provider is None and not found.is_free:
        return _form(found, who, wrong={"provider": "no_provider"}, status=503)
    wrong = _coupon(priced)
    recipient = _recipient(wrong)
    giver = _checked(wrong, "giver", LONGEST_GIVER)
    message = _checked(wrong, "message", LONGEST_MESSAGE)
    send_at = _send_at(wrong, now) if recipient or "recipient" in wrong else None
    if wrong:
        return _form(found, who, wrong=wrong, status=422)
    uses = [(limits.ORDERS_BY_READER, who.reader.id)]
    if recipient:
        uses.append((limits.GIFTS_TO_ADDRESS, recipient))
    try:
        _count(uses)
    except LimitedError as limited:
        return _form(found, who, wrong={"recipient": "limited"}, status=429, limited=limited)
    # One payment for one gift, whatever the product is otherwise: nobody's gift renews itself.
    title = say("gifts.order_title", product=found.title)
    bought = replace(found, title=title, interval=None, grace_days=None)
    try:
        with served.database.write() as connection:
            order = orders.create(
                connection,
                bought,
                reader=who.reader.id,
                lesson=None,
                language=language(),
                provider=free.NAME if provider is None or found.is_free else provider.name,
                now=now,
                bought_for=Kind.GIFTED,
            )
            gifts.create(
                connection,
                served.marker,
                order=order.number,
                buyer=who.reader.id,
                interval=found.interval,
                giver=giver,
                recipient=recipient,
                message=message,
                send_at=send_at,
                now=now,
            )
            if found.is_free:
                free.pay(connection, order, post=served.post, now=now)
    except CouponRefusedError as error:
        refused = priced.refused(error)
        return _form(refused.offer, who, wrong=_coupon(refused), status=409)
    if provider is None or found.is_free:
        return to(f"/orders/{order.number}")
    return paying.begin(order, provider)


@blueprint.get("/gifts/<number>")
def show_gift(number: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    return _gift_page(number, who)


@blueprint.post("/gifts/<number>/recipient")
def change_recipient(number: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    _mine(number, who)
    wrong: dict[str, str] = {}
    recipient = _recipient(wrong)
    if wrong:
        return _gift_page(number, who, wrong=wrong, status=422)
    if recipient:
        try:
            _count_letter(who, recipient)
        except LimitedError as limited:
            return _gift_page(number, who, said=Changed.TOO_OFTEN, status=429, limited=limited)
    served = service()
    with served.database.write() as connection:
        changed = changes.readdress(
            connection, served.marker, number, recipient=recipient, now=served.clock()
        )
    return _said(number, who, changed)


@blueprint.post("/gifts/<number>/send")
def send_again(number: str) -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    _, gift, _ = _mine(number, who)
    if gift.recipient:
        try:
            _count_letter(who, gift.recipient)
        except LimitedError as limited:
            return _gift_page(number, who, said=Changed.TOO_OFTEN, status=429, limited=limited)
    served = service()
    with served.database.write() as connection:
        changed = changes.send_now(connection, number, now=served.clock())
    return _said(number, who, changed)


def gift_post(served: Service) -> GiftPost:
    """Writes the letters of gifts, for the background thread."""
    return GiftPost(
        letters=served.letters,
        marker=served.marker,
        origin=served.settings.gatekeeper_url,
        title=lambda product, chosen: title_of(served.manifest, product, chosen),
    )


def _offer(product: str) -> Offer:
    """The offer, if it is sold as a gift; else 404."""
    served = service()
    if served.manifest is None:
        abort(503)
    found = find_offer(
        served.manifest,
        product,
        language=language(),
        currency=request.form.get("currency") or request.args.get("currency"),
        is_payable=lambda code: any(provider.takes(code) for provider in served.providers.values()),
    )
    if found is None or not found.giftable or found.seats is not None:
        abort(404)
    return found


def _form(
    found: Offer,
    who: SignedIn,
    *,
    wrong: dict[str, str] | None = None,
    status: int = 200,
    limited: LimitedError | None = None,
) -> Response:
    today = service().clock().astimezone(UTC).date()
    providers = paying.providers(found.price.currency)
    response = page(
        "gifts/new.html",
        status=status,
        offer=found,
        who=who,
        providers=providers,
        wrong=wrong or ({} if providers or found.is_free else {"provider": "no_provider"}),
        typed={
            name: request.form.get(name, "")[:LONGEST_MESSAGE]
            for name in ("recipient", "giver", "message", "send_on")
        },
        first_day=today + timedelta(days=1),
        last_day=today + FURTHEST,
        longest_message=LONGEST_MESSAGE,
        longest_giver=LONGEST_GIVER,
    )
    return _with_wait(response, limited)


def _gift_page(
    number: str,
    who: SignedIn,
    *,
    wrong: dict[str, str] | None = None,
    said: Changed | None = None,
    status: int = 200,
    limited: LimitedError | None = None,
) -> Response:
    order, gift, entries = _mine(number, who)
    served = service()
    state = gifts.state_of(gift, entries)
    code = gifts.code_of(served.marker, gift.id, gift.version)
    response = page(
        "gifts/gift.html",
        status=status,
        order=order,
        gift=gift,
        title=title_of(served.manifest, order.product, language()),
        state=state.value,
        is_open=state in changes.OPEN,
        code=code,
        link=gift_post(served).link(code),
        redeemed_at=gifts.redeemed_at(entries),
        wrong=wrong or {},
        said=said.value if said is not None else request.args.get("said"),
        words=[one.value for one in Changed],
    )
    return _with_wait(response, limited)


def _mine(number: str, who: SignedIn) -> tuple[Order, Gift, list[Entry]]:
    """The reader's own gift; another's is 404, like one that does not exist."""
    with service().database.read() as connection:
        order = orders.find_of_reader(connection, number, reader=who.reader.id)
        gift = gifts.find_of_order(connection, number) if order is not None else None
        if order is None or gift is None:
            abort(404)
        return order, gift, ledger.of_order(connection, number)


def _said(number: str, who: SignedIn, changed: Changed) -> Response:
    """Back to the gift's page with what was done; what was not done is an answer of its own."""
    service().wake.set()
    if changed in {Changed.SENDING, Changed.READDRESSED, Changed.BY_HAND}:
        return to(f"/gifts/{number}?said={changed.value}")
    return _gift_page(number, who, said=changed, status=422)


def _coupon(priced: Priced) -> dict[str, str]:
    return {} if priced.refusal is None else {"coupon": priced.refusal.value}


def _recipient(wrong: dict[str, str]) -> str:
    """The normal address in the form; empty if none was given."""
    try:
        typed = field("recipient", longest=LONGEST_ADDRESS)
        return normal_address(typed) if typed else ""
    except (FieldError, AddressError):
        wrong["recipient"] = "bad_address"
        return ""


def _checked(wrong: dict[str, str], name: str, longest: int) -> str:
    try:
        return text_field(name, longest=longest) if name == "message" else field(name, longest=longest)
    except FieldError:
        wrong[name] = f"bad_{name}"
        return ""


def _send_at(wrong: dict[str, str], now: datetime) -> datetime | None:
    """The moment at which the letter goes, of the day in the form; None for at once."""
    try:
        typed = field("send_on", longest=10)
        if not typed:
            return None
        day = date.fromisoformat(typed)
    except (FieldError, ValueError):
        wrong["send_on"] = "bad_day"
        return None
    at = datetime(day.year, day.month, day.day, SENT_AT_HOUR, tzinfo=UTC)
    if not now.date() <= day <= (now + FURTHEST).date():
        wrong["send_on"] = "bad_day"
        return None
    return at if at > now else None


def _count_letter(who: SignedIn, recipient: str) -> None:
    _count([(limits.GIFT_LETTERS_BY_READER, who.reader.id), (limits.GIFTS_TO_ADDRESS, recipient)])


def _count(uses: list[tuple[Limit, str]]) -> None:
    """Raises LimitedError; the counts stand."""
    served = service()
    with served.database.write() as connection:
        limits.count(connection, served.marker, uses, now=served.clock())


def _with_wait(response: Response, limited: LimitedError | None) -> Response:
    if limited is not None:
        response.headers["Retry-After"] = str(limited.retry_after_seconds)
    return response
