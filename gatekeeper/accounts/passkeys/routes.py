"""Signing in with a passkey, making one and removing one. The browser's part is in `web/static/passkeys.js`.

POST /sign-in/passkey                   the browser's answer to the sign-in page's challenge
GET/POST /account/passkeys/new          after a fresh sign-in: the offer, and the key that the browser made
POST /account/passkeys/<id>/remove      after a fresh sign-in
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup
from sqlalchemy import Connection

from gatekeeper.accounts import errands, limits, sessions
from gatekeeper.accounts.current import client, signed_in
from gatekeeper.accounts.entrance import Opened, Way, open_session, refused, welcome
from gatekeeper.accounts.errands import Errand
from gatekeeper.accounts.life import identities
from gatekeeper.accounts.limits import LimitedError, client_subject
from gatekeeper.accounts.news import News, tell
from gatekeeper.accounts.passkeys import storage
from gatekeeper.accounts.passkeys.ceremony import (
    ADD,
    SIGN_IN,
    FalseAnswerError,
    check_new,
    check_sign_in,
    claimed_key,
    current_errand,
    offer_new,
)
from gatekeeper.accounts.sessions import SignedIn, browser_label
from gatekeeper.accounts.sign_in_page import asked_target, form_page, prove_again
from gatekeeper.accounts.ways import ways
from gatekeeper.contract import routes
from gatekeeper.web.cookies import drop_cookie
from gatekeeper.web.forms import FieldError, field
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.service import school_name, service

NEW = f"{routes.ACCOUNT}/passkeys/new"
LIST = f"{routes.ACCOUNT}#passkeys"
LONGEST_NAME = 60

blueprint = Blueprint("passkeys", __name__, template_folder="templates")


@blueprint.post(f"{routes.SIGN_IN}/passkey")
def enter() -> Response:
    served = service()
    target = asked_target()
    try:
        with served.database.write() as connection:
            limits.count(
                connection,
                served.marker,
                [(limits.PASSKEYS_FROM_CLIENT, client_subject(client()))],
                now=served.clock(),
            )
    except LimitedError as limited:
        return form_page(target, error="passkey_limited", status=429, limited=limited)
    errand = current_errand(SIGN_IN)
    if errand is None:
        return form_page(target, error="passkey_late", status=422)
    try:
        opened = _enter(errand, request.form.get("credential", ""))
    except FalseAnswerError as error:
        refused(Way.PASSKEY, str(error).replace(" ", "-"))
        return form_page(target, error="passkey", status=422)
    response = welcome(opened, target)
    drop_cookie(response, SIGN_IN)
    return response


@blueprint.get(NEW)
def new_form() -> Response:
    who = signed_in()
    if ways().passkey_domain is None:
        abort(404)
    if who is None or not sessions.is_fresh(who, now=service().clock()):
        return prove_again(NEW)
    return _new_page(who)


@blueprint.post(NEW)
def add() -> Response:
    who = _required()
    served = service()
    now = served.clock()
    if not sessions.is_fresh(who, now=now):
        return prove_again(NEW)
    errand = current_errand(ADD)
    try:
        name = field("name", longest=LONGEST_NAME)
    except FieldError:
        return _new_page(who, error="name", status=422)
    if errand is None or errand.facts.get("reader") != who.reader.id:
        return _new_page(who, error="late", status=422)
    try:
        made = check_new(errand, request.form.get("credential", ""))
    except FalseAnswerError as error:
        refused(Way.PASSKEY, str(error).replace(" ", "-"), reader=who.reader.id)
        return _new_page(who, error="failed", status=422)
    name = name or browser_label(request.headers.get("User-Agent", "")) or "Passkey"
    with served.database.write() as connection:
        is_added = errands.spend(connection, served.marker, errand) and storage.add(
            connection, made, reader=who.reader.id, name=name, now=now
        )
        if is_added:
            tell(connection, who.reader, News.PASSKEY_ADDED, name=name)
    if not is_added:
        return _new_page(who, error="failed", status=422)
    served.wake.set()
    response = to(LIST)
    drop_cookie(response, ADD)
    return response


@blueprint.post(f"{routes.ACCOUNT}/passkeys/<id_>/remove")
def remove(id_: str) -> Response:
    who = _required()
    served = service()
    if not sessions.is_fresh(who, now=served.clock()):
        return prove_again(routes.ACCOUNT)
    with served.database.write() as connection:
        names = {key.id: key.name for key in storage.listed(connection, who.reader.id)}
        if not storage.remove(connection, reader=who.reader.id, id_=id_):
            abort(404)
        tell(connection, who.reader, News.PASSKEY_REMOVED, name=names[id_])
    served.wake.set()
    return to(LIST)


def section(who: SignedIn, connection: Connection) -> Markup:
    """The account page's list; nothing where passkeys cannot be had."""
    if ways().passkey_domain is None:
        return Markup()
    keys = storage.listed(connection, who.reader.id)
    return Markup(  # noqa: S704  (a template of ours)
        render_template(
            "passkeys/section.html", keys=keys, path=NEW, may_add=len(keys) < storage.MOST_A_READER
        )
    )


def _enter(errand: Errand, answer: str) -> Opened:
    """The session of the reader whose key signed. Raises FalseAnswerError."""
    served = service()
    credential, claimed = claimed_key(answer)
    before = signed_in()
    with served.database.read() as connection:
        key = storage.find(connection, credential)
        person = identities.person_of(
            connection, claimed
        )  # the device names who made the key, who may have been joined since
    if key is None or key.reader != person:
        raise FalseAnswerError("unknown key")
    sign_count = check_sign_in(errand, answer, public_key=key.public_key, sign_count=key.sign_count)
    now = served.clock()
    with served.database.write() as connection:
        if not errands.spend(connection, served.marker, errand):
            raise FalseAnswerError("challenge used")
        if not storage.used(connection, key, sign_count=sign_count, now=now):
            raise FalseAnswerError("key changed")
        return open_session(connection, reader=key.reader, way=Way.PASSKEY, before=before, now=now)


def _new_page(who: SignedIn, *, error: str | None = None, status: int = 200) -> Response:
    served = service()
    with served.database.read() as connection:
        known = [key.credential for key in storage.listed(connection, who.reader.id)]
    offered = offer_new(who.reader, school_name(served.manifest, language()), known)
    if offered is None:
        abort(404)
    response = page(
        "passkeys/new.html",
        status=status,
        options=offered.options,
        path=NEW,
        error=error,
        name=browser_label(request.headers.get("User-Agent", "")),
        longest=LONGEST_NAME,
    )
    offered.keep(response)
    return response


def _required() -> SignedIn:
    who = signed_in()
    if who is None:
        abort(403)
    return who
