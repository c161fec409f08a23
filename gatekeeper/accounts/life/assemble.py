"""Adds the pages of an account's life to the application, and their sections of the account page."""

from __future__ import annotations

from flask import Flask, render_template
from markupsafe import Markup
from sqlalchemy import Connection

from gatekeeper.accounts import sections, sessions
from gatekeeper.accounts.life import address_routes, guests, leaving_routes, merge, restore_routes
from gatekeeper.accounts.sections import LIFE, SIGN_IN, Section
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.web.service import service


def install(app: Flask) -> None:
    for routes in (address_routes, leaving_routes, restore_routes):
        app.register_blueprint(routes.blueprint)
    sections.add(app, Section(key="address", order=SIGN_IN, render=_address))
    sections.add(app, Section(key="waiting", order=0, render=_waiting))
    sections.add(app, Section(key="sessions", order=SIGN_IN + 90, render=_sessions))
    sections.add(app, Section(key="data", order=LIFE, render=_data))


def _address(who: SignedIn, connection: Connection) -> Markup:
    others = merge.other_addresses(connection, who.reader.id)
    return Markup(render_template("life/section_address.html", who=who, others=others))  # noqa: S704  (a template, escaped)


def _waiting(who: SignedIn, connection: Connection) -> Markup:
    if not guests.waiting(connection, who.reader.id):
        return Markup()
    return Markup(render_template("life/section_waiting.html"))  # noqa: S704  (a template, escaped)


def _sessions(who: SignedIn, connection: Connection) -> Markup:
    listed = sessions.listed(connection, reader=who.reader.id, now=service().clock())
    return Markup(render_template("life/section_sessions.html", who=who, sessions=listed))  # noqa: S704  (a template, escaped)


def _data(_who: SignedIn, _connection: Connection) -> Markup:
    return Markup(render_template("life/section_data.html"))  # noqa: S704  (a template, escaped)
