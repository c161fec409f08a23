"""The reader's own page: what they own, their orders, where they are signed in. And, in a demo, the outbox.

GET  /account                           `?done=address` and `?done=merge` say what has just been done
GET  /orders                            all orders
POST /account/sessions/<handle>/end     one of the reader's sessions; another's is 404
POST /account/sessions/end-others       all but this one
POST /account/sessions/end-all          all of them, this one included
POST /account/claim                     what was bought for the reader's address without signing in (`life.guests`)
GET  /outbox                            demo only: the mails, newest first
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request

from gatekeeper.accounts import sections, sessions
from gatekeeper.accounts.current import forget_signed_in, signed_in
from gatekeeper.accounts.entitlement_cookie import set_entitlement
from gatekeeper.accounts.entrance import dropped_cookies
from gatekeeper.accounts.life import guests
from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce import ledger, orders
from gatekeeper.commerce.entitlements import Holding, OrderState, entitlements, order_state
from gatekeeper.commerce.ledger import Entry
from gatekeeper.commerce.offers import OpenedCourse, opened_courses, title_of
from gatekeeper.commerce.orders import Order
from gatekeeper.contract import routes
from gatekeeper.limits import sharing
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.service import service

blueprint = Blueprint("account", __name__, template_folder="templates")

_ADDRESS = re.compile(r"https?://\S+")
_DONE = {"address": "address.done", "merge": "merge.done"}
_SHOWN_ORDERS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Owning:
    """A product on the account page."""

    title: str
    holding: Holding
    courses: tuple[OpenedCourse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    order: Order
    state: OrderState


@blueprint.get("/")
def home() -> Response:
    return to(routes.ACCOUNT)


@blueprint.get(routes.ACCOUNT)
def account() -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    served = service()
    now = served.clock()
    with served.database.read() as connection:
        entries = ledger.of_reader(connection, who.reader.id)
        placed = orders.listed(connection, reader=who.reader.id)
        alarm = sharing.latest_of(connection, who.reader.id, now=now)
        of_rooms = sections.rendered(who, connection)
    owned = entitlements(entries, now)
    manifest = served.manifest
    lines = _order_lines(placed, entries)
    response = page(
        "accounts/account.html",
        who=who,
        owned=[
            Owning(
                title=title_of(manifest, holding.product, language()),
                holding=holding,
                courses=opened_courses(manifest, holding.product) if manifest is not None else (),
            )
            for holding in owned.holdings.values()
        ],
        orders=lines[:_SHOWN_ORDERS],
        has_more_orders=len(lines) > _SHOWN_ORDERS,
        done=_DONE.get(request.args.get("done", "")),
        sections=of_rooms,
        alarm=alarm,
    )
    set_entitlement(response, who, owned)
    return response


@blueprint.get("/orders")
def all_orders() -> Response:
    who = signed_in()
    if who is None:
        return sign_in_first()
    with service().database.read() as connection:
        entries = ledger.of_reader(connection, who.reader.id)
        placed = orders.listed(connection, reader=who.reader.id)
    return page("accounts/orders.html", orders=_order_lines(placed, entries))


@blueprint.post("/account/claim")
def claim() -> Response:
    who = _required()
    served = service()
    with served.database.write() as connection:
        guests.claim(connection, who.reader.id, now=served.clock())
    return to(routes.ACCOUNT)


@blueprint.post("/account/sessions/<handle>/end")
def end_session(handle: str) -> Response:
    who = _required()
    served = service()
    with served.database.write() as connection:
        ended = sessions.end(connection, reader=who.reader.id, handle=handle, now=served.clock())
    if not ended:
        abort(404)
    served.revoke.set()
    if handle == who.handle:
        forget_signed_in()
        return dropped_cookies(page("accounts/signed_out.html"))
    return to(f"{routes.ACCOUNT}#sessions")


@blueprint.post("/account/sessions/end-others")
def end_other_sessions() -> Response:
    who = _required()
    served = service()
    with served.database.write() as connection:
        sessions.end_all(connection, reader=who.reader.id, now=served.clock(), but=who.handle)
    served.revoke.set()
    return to(f"{routes.ACCOUNT}#sessions")


@blueprint.post("/account/sessions/end-all")
def end_all_sessions() -> Response:
    who = _required()
    served = service()
    with served.database.write() as connection:
        sessions.end_all(connection, reader=who.reader.id, now=served.clock())
    served.revoke.set()
    forget_signed_in()
    return dropped_cookies(page("accounts/signed_out.html"))


@blueprint.get(routes.OUTBOX)
def show_outbox() -> Response:
    served = service()
    if not served.settings.is_demo:
        abort(404)
    with served.database.read() as connection:
        mails = outbox.shown(connection)
    return page("accounts/outbox.html", mails=[(mail, _pieces(mail.letter.text)) for mail in mails])


def sign_in_first() -> Response:
    """To the sign-in form, and back to the page asked for."""
    here = request.full_path.rstrip("?")
    return to(f"{routes.SIGN_IN}?{urlencode({'next': here})}")


def _order_lines(placed: Sequence[Order], entries: Sequence[Entry]) -> list[OrderLine]:
    """The orders with their states; those that were never paid are left out."""
    by_order: dict[str | None, list[Entry]] = {}
    for entry in entries:
        by_order.setdefault(entry.order, []).append(entry)
    lines = [OrderLine(order=order, state=order_state(by_order.get(order.number, []))) for order in placed]
    return [line for line in lines if line.state is not OrderState.CREATED]


def _required() -> SignedIn:
    who = signed_in()
    if who is None:
        abort(403)
    return who


def _pieces(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is an address to click on."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for found in _ADDRESS.finditer(text):
        pieces += [(text[end : found.start()], False), (found.group(), True)]
        end = found.end()
    return [*pieces, (text[end:], False)]
