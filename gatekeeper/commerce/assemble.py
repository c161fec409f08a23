"""Adds gifts, seats and redemption to the application: their pages, their sections of the account page, their background work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask, render_template
from markupsafe import Markup
from sqlalchemy import Connection

from gatekeeper.accounts import sections
from gatekeeper.accounts.life.identities import all_of
from gatekeeper.accounts.life.merge import other_addresses
from gatekeeper.accounts.sections import OWNED, Section
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce import ledger, orders, redeem_routes
from gatekeeper.commerce.gifts import gift as gifts
from gatekeeper.commerce.gifts import post as gift_letters
from gatekeeper.commerce.gifts import routes as gift_routes
from gatekeeper.commerce.gifts.gift import Gift, GiftState
from gatekeeper.commerce.offers import title_of
from gatekeeper.commerce.seats import routes as seat_routes
from gatekeeper.commerce.seats import team as seats
from gatekeeper.commerce.seats.team import Seat, SeatState, Team
from gatekeeper.web.language import language
from gatekeeper.web.service import Service, service


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftLine:
    gift: Gift
    title: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamLine:
    team: Team
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatLine:
    seat: Seat
    title: str


def install(app: Flask) -> None:
    for routes in (redeem_routes, gift_routes, seat_routes):
        app.register_blueprint(routes.blueprint)
    sections.add(app, Section(key="seats", order=OWNED, render=_seats))
    sections.add(app, Section(key="gifts", order=OWNED + 10, render=_gifts))


def jobs(served: Service) -> list[Callable[[], object]]:
    """Writes the letters of gifts that are due; before the job that sends mails."""

    def write_gifts() -> None:
        gift_letters.write_due(served.database, gift_routes.gift_post(served), now=served.clock())

    return [write_gifts]


def _gifts(who: SignedIn, connection: Connection) -> Markup:
    placed = {order.number: order for order in orders.listed(connection, reader=who.reader.id)}
    given = gifts.of_orders(connection, placed)
    entries = ledger.of_orders(connection, [gift.order for gift in given])
    lines = []
    for gift in given:
        state = gifts.state_of(gift, entries[gift.order])
        if state is not GiftState.UNPAID:
            title = title_of(service().manifest, placed[gift.order].product, language())
            lines.append(GiftLine(gift=gift, title=title, state=state.value))
    if not lines:
        return Markup()
    lines.sort(key=lambda line: line.gift.created_at, reverse=True)
    return Markup(render_template("gifts/section.html", lines=lines))  # noqa: S704  (a template, escaped)


def _seats(who: SignedIn, connection: Connection) -> Markup:
    served = service()
    now = served.clock()
    found = [
        seats.team_of(connection, who.reader.id, product, now=now)
        for product in seats.products_of(connection, who.reader.id)
    ]
    teams = [
        TeamLine(team=team, title=title_of(served.manifest, team.product, language()))
        for team in found
        if team is not None
    ]
    addresses = [who.reader.email, *other_addresses(connection, who.reader.id)]
    own = seats.open_of(connection, emails=addresses, readers=all_of(connection, who.reader.id))
    lines = [
        SeatLine(seat=seat, title=title_of(served.manifest, order.product, language()))
        for seat in own
        if (order := orders.find(connection, seat.order)) is not None
        and seats.is_standing(connection, seat, now=now)
    ]
    if not teams and not lines:
        return Markup()
    return Markup(  # noqa: S704  (a template, escaped)
        render_template(
            "seats/section.html",
            teams=teams,
            invitations=[line for line in lines if line.seat.state is SeatState.INVITED],
            held=[line for line in lines if line.seat.state is SeatState.TAKEN],
        )
    )
