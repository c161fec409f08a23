"""Signing in with a password, and setting, changing or removing one.

GET/POST /sign-in/password          address and password
GET/POST /account/password          a new password: after a fresh sign-in, or with the old one
POST     /account/password/remove   after a fresh sign-in

- Known and unknown addresses cost the same and get the same answer: the counters, one look, one hash, one update, one transaction that
  writes (attack case A01).
- A new password ends what was open before: codes that were sent, and, unless the reader wants them kept, all other sessions (A10, S08). This
  browser goes on in a new session (S02).
- A forgotten password needs no token of its own: signing in by e-mailed code is the fresh sign-in that a new one asks for.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, render_template, request
from markupsafe import Markup
from sqlalchemy import Connection

from gatekeeper.accounts import limits, sessions, sign_in
from gatekeeper.accounts.address import LONGEST, AddressError, normal_address
from gatekeeper.accounts.current import client, signed_in
from gatekeeper.accounts.entrance import Way, open_session, refused, welcome
from gatekeeper.accounts.limits import LimitedError, client_subject
from gatekeeper.accounts.news import News, tell
from gatekeeper.accounts.passwords import storage
from gatekeeper.accounts.passwords.hashing import RETRY_SECONDS, BusyError, Place
from gatekeeper.accounts.passwords.rules import SHORTEST, Flaw, flaw_of, normal_password
from gatekeeper.accounts.passwords.storage import NOBODY
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.accounts.sign_in_page import asked_target, buying, minutes_of, prove_again, with_wait
from gatekeeper.accounts.ways import ways
from gatekeeper.contract import routes
from gatekeeper.web.errors import error_page
from gatekeeper.web.forms import FieldError, field
from gatekeeper.web.pages import page, to
from gatekeeper.web.service import service

SIGN_IN = f"{routes.SIGN_IN}/password"
CHANGE = f"{routes.ACCOUNT}/password"

blueprint = Blueprint("passwords", __name__, template_folder="templates")


@blueprint.errorhandler(BusyError)
def busy(_error: BusyError) -> Response:
    """More passwords at once than this process may hash: the reader tries again, nothing piles up (A08)."""
    return error_page(503, retry_after_seconds=RETRY_SECONDS)


@blueprint.get(SIGN_IN)
def form() -> Response:
    return _form_page(asked_target())


@blueprint.post(SIGN_IN)
def enter() -> Response:
    target, typed = asked_target(), request.form.get("email", "")[:LONGEST]
    try:
        email = normal_address(field("email", longest=LONGEST))
    except (FieldError, AddressError):
        return _form_page(target, email=typed, error="address", status=422)
    with ways().hasher.place() as place:
        return _enter(place, email, target)


@blueprint.get(CHANGE)
def change_form() -> Response:
    who = signed_in()
    if who is None:
        return prove_again(CHANGE)
    return _change_page(who) if _may_change(who) else prove_again(CHANGE)


@blueprint.post(CHANGE)
def change() -> Response:
    who = _required()
    if not _may_change(who):
        return prove_again(CHANGE)
    served = service()
    password = normal_password(request.form.get("password", ""))
    names = served.manifest.name.values() if served.manifest is not None else ()
    flaw = flaw_of(password, about=(who.reader.email, *names))
    if flaw is not None:
        return _change_page(who, error=flaw.value, status=422)
    with ways().hasher.place() as place:
        if not sessions.is_fresh(who, now=served.clock()):
            try:
                _count(who.reader.email)
            except LimitedError as limited:
                return _change_page(who, error="limited", status=429, limited=limited)
            if not _is_old_password(place, who, normal_password(request.form.get("current", ""))):
                return _change_page(who, error="current", status=422)
        phc = place.hash(password)
    now = served.clock()
    with served.database.write() as connection:
        storage.put(connection, who.reader.id, phc, now=now)
        sign_in.end_open(connection, who.reader.email, now=now)
        if request.form.get("others") is not None:
            sessions.end_all(connection, reader=who.reader.id, now=now)
        opened = open_session(connection, reader=who.reader.id, way=Way.CHANGE, before=who, now=now)
        tell(connection, who.reader, News.PASSWORD_SET)
    served.wake.set()
    return welcome(opened, f"{routes.ACCOUNT}?changed=password")


@blueprint.post(f"{CHANGE}/remove")
def remove() -> Response:
    who = _required()
    served = service()
    now = served.clock()
    if not sessions.is_fresh(who, now=now):
        return prove_again(CHANGE)
    with served.database.write() as connection:
        if storage.remove(connection, who.reader.id):
            tell(connection, who.reader, News.PASSWORD_REMOVED)
    served.wake.set()
    return to(f"{routes.ACCOUNT}#password")


def section(who: SignedIn, connection: Connection) -> Markup:
    """The account page's lines about the password."""
    changed_at = storage.changed_at(connection, who.reader.id)
    return Markup(render_template("passwords/section.html", changed_at=changed_at, path=CHANGE))  # noqa: S704  (a template of ours)


def _enter(place: Place, email: str, target: str) -> Response:
    try:
        _count(email)
    except LimitedError as limited:
        return _form_page(target, email=email, error="limited", status=429, limited=limited)
    served = service()
    password = normal_password(request.form.get("password", ""))
    before = signed_in()
    with served.database.read() as connection:
        kept = storage.of_address(connection, email)
    is_right = place.is_right(kept.phc if kept is not None else None, password)
    anew = place.hash(password) if is_right and kept is not None and ways().hasher.is_old(kept.phc) else None
    opened = None
    with served.database.write() as connection:
        if is_right and kept is not None and storage.is_still(connection, kept):
            opened = open_session(
                connection, reader=kept.reader, way=Way.PASSWORD, before=before, now=served.clock()
            )
            if anew is not None:
                storage.rehashed(connection, kept.reader, kept.phc, anew)
        else:
            storage.failed(connection, kept.reader if kept is not None else NOBODY)
            limits.count(connection, served.marker, [(limits.WRONG_PASSWORDS, email)], now=served.clock())
    if opened is not None:
        return welcome(opened, target)
    refused(Way.PASSWORD, "wrong", reader=kept.reader if kept is not None else "unknown")
    return _form_page(target, email=email, error="wrong", status=422)


def _count(email: str) -> None:
    """Counts one password. Raises LimitedError."""
    served = service()
    uses = [
        (limits.PASSWORDS_FOR_ADDRESS, email),
        (limits.PASSWORDS_FOR_ADDRESS_A_DAY, email),
        (limits.PASSWORDS_FROM_CLIENT, client_subject(client())),
    ]
    with served.database.write() as connection:
        limits.count(connection, served.marker, uses, now=served.clock())


def _is_old_password(place: Place, who: SignedIn, password: str) -> bool:
    served = service()
    with served.database.read() as connection:
        kept = storage.of_address(connection, who.reader.email)
    if kept is not None and not kept.is_asleep and place.is_right(kept.phc, password):
        return True
    with served.database.write() as connection:
        storage.failed(connection, who.reader.id)
    refused(Way.PASSWORD, "wrong", reader=who.reader.id)
    return False


def _may_change(who: SignedIn) -> bool:
    """Whether this reader can prove themselves on the page itself: by a fresh session, or by the password they have."""
    return sessions.is_fresh(who, now=service().clock()) or _has_password(who)


def _has_password(who: SignedIn) -> bool:
    with service().database.read() as connection:
        return storage.changed_at(connection, who.reader.id) is not None


def _required() -> SignedIn:
    who = signed_in()
    if who is None:
        abort(403)
    return who


def _form_page(
    target: str,
    *,
    email: str = "",
    error: str | None = None,
    status: int = 200,
    limited: LimitedError | None = None,
) -> Response:
    who = signed_in()
    response = page(
        "passwords/sign_in.html",
        status=status,
        target=target,
        email=who.reader.email if who is not None and not email else email,
        error=error,
        minutes=minutes_of(limited),
        buying=buying(target),
        change_path=CHANGE,
    )
    return with_wait(response, limited)


def _change_page(
    who: SignedIn, *, error: str | None = None, status: int = 200, limited: LimitedError | None = None
) -> Response:
    response = page(
        "passwords/change.html",
        status=status,
        who=who,
        is_fresh=sessions.is_fresh(who, now=service().clock()),
        has_password=_has_password(who),
        error=error,
        is_flaw=error in set(Flaw),
        shortest=SHORTEST,
        minutes=minutes_of(limited),
        path=CHANGE,
    )
    return with_wait(response, limited)
