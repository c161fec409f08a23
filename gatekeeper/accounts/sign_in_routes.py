"""The pages of signing in and out. The rules are in `sign_in.py`; here they meet forms, cookies and limits.

GET/POST /sign-in                 the address, and the other ways; `?next=` or `?lesson=` says where to go back to; `?again=1` asks a reader who is
                                  signed in to prove once more who they are
GET/POST /sign-in/code            the code, in the browser that asked
GET/POST /sign-in/link/<secret>   the mail's link: looking does nothing, the button signs in (S05)
GET/POST /sign-out                a question, and the deed
"""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, request, url_for
from sqlalchemy import Connection

from gatekeeper.accounts import readers, sessions, sign_in
from gatekeeper.accounts.address import LONGEST, AddressError, normal_address
from gatekeeper.accounts.current import forget_signed_in, signed_in
from gatekeeper.accounts.entrance import (
    BROWSER,
    Opened,
    Way,
    dropped_cookies,
    go,
    open_session,
    refused,
    welcome,
)
from gatekeeper.accounts.limits import LimitedError
from gatekeeper.accounts.mailed_codes import count_guess, count_mail, typed_code
from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.accounts.sign_in import Request, Verdict
from gatekeeper.accounts.sign_in_page import asked_target, form_page, minutes_of, with_wait
from gatekeeper.contract import routes
from gatekeeper.web.cookies import set_cookie
from gatekeeper.web.forms import FieldError, field
from gatekeeper.web.language import language
from gatekeeper.web.pages import page, to
from gatekeeper.web.service import service

blueprint = Blueprint("sign_in", __name__, template_folder="templates")


@blueprint.get(routes.SIGN_IN)
def form() -> Response:
    target = asked_target()
    who = signed_in()
    if who is not None and not request.args.get("again"):
        return go(target)
    return form_page(target)


@blueprint.post(routes.SIGN_IN)
def ask() -> Response:
    target = asked_target()
    try:
        typed = field("email", longest=LONGEST)
        email = normal_address(typed)
    except (FieldError, AddressError):
        return form_page(target, email=request.form.get("email", "")[:LONGEST], error="address", status=422)
    return _ask(email, target)


@blueprint.get(f"{routes.SIGN_IN}/code")
def code_form() -> Response:
    asked = _request()
    if asked is None:
        return to(url_for(".form"))
    return _code_page(asked, error=None if asked.is_open else "ended")


@blueprint.post(f"{routes.SIGN_IN}/code")
def try_code() -> Response:
    asked = _request()
    if asked is None:
        return to(url_for(".form"))
    if request.form.get("again") is not None:
        return _ask(asked.email, asked.target)
    code = typed_code()
    if code is None:
        return _code_page(asked, error="form", status=422)
    try:
        count_guess(asked.email)
    except LimitedError as limited:
        return _code_page(asked, error="limited", status=429, limited=limited)
    served = service()
    before = signed_in()
    with served.database.write() as connection:
        verdict = sign_in.try_code(connection, served.marker, asked, code, now=served.clock())
        opened = _open(connection, asked, Way.CODE, before) if verdict is Verdict.PROVEN else None
    if opened is not None:
        return welcome(opened, asked.target)
    refused(Way.CODE, verdict.value, request=asked.id)
    fresh = _request() or asked
    error = "wrong" if verdict is Verdict.WRONG and fresh.is_open else "ended"
    return _code_page(fresh, error=error, status=422)


@blueprint.get(f"{routes.SIGN_IN}/link/<link>")
def link_form(link: str) -> Response:
    served = service()
    asked = _request()
    is_good = False
    if asked is not None:
        with served.database.read() as connection:
            belongs = sign_in.link_belongs(connection, served.marker, asked, link)
            is_good = belongs and sign_in.is_usable(connection, asked, now=served.clock())
    return page("accounts/link.html", link=link, asked=asked if is_good else None)


@blueprint.post(f"{routes.SIGN_IN}/link/<link>")
def use_link(link: str) -> Response:
    served = service()
    asked = _request()
    if asked is None:
        return page("accounts/link.html", status=422, link=link, asked=None)
    before = signed_in()
    with served.database.write() as connection:
        verdict = sign_in.use_link(connection, served.marker, asked, link, now=served.clock())
        opened = _open(connection, asked, Way.LINK, before) if verdict is Verdict.PROVEN else None
    if opened is not None:
        return welcome(opened, asked.target)
    refused(Way.LINK, verdict.value, request=asked.id)
    return page("accounts/link.html", status=422, link=link, asked=None)


@blueprint.get(routes.SIGN_OUT)
def sign_out_form() -> Response:
    return page("accounts/sign_out.html", who=signed_in())


@blueprint.post(routes.SIGN_OUT)
def sign_out() -> Response:
    served = service()
    who = signed_in()
    if who is not None:
        with served.database.write() as connection:
            sessions.end(connection, reader=who.reader.id, handle=who.handle, now=served.clock())
    served.revoke.set()
    forget_signed_in()
    return dropped_cookies(page("accounts/signed_out.html"))


def _ask(email: str, target: str) -> Response:
    """Sends a code, known address or not: the answer and the work are the same."""
    try:
        count_mail(email)
    except LimitedError as limited:
        return form_page(target, email=email, error="limited", status=429, limited=limited)
    served = service()
    now = served.clock()
    with served.database.write() as connection:
        asked = sign_in.ask(
            connection, served.marker, email=email, target=target, language=language(), now=now
        )
        letter = served.letters.write(
            "sign_in",
            language(),
            code=asked.code,
            minutes=int(sign_in.LIFETIME / timedelta(minutes=1)),
            address=f"{served.settings.gatekeeper_url}{routes.SIGN_IN}/link/{asked.link}",
        )
        outbox.put(
            connection,
            key=f"sign-in:{asked.id}",
            recipient=email,
            letter=letter,
            now=now,
            not_after=asked.expires_at,
        )
    served.wake.set()
    response = to(url_for(".code_form"))
    set_cookie(response, BROWSER, asked.browser, lifetime=timedelta(hours=1))
    return response


def _open(connection: Connection, asked: Request, way: Way, before: SignedIn | None) -> Opened:
    """Makes the reader if need be, and begins their session."""
    now = service().clock()
    reader = readers.find_or_create(connection, asked.email, language=asked.language, now=now)
    return open_session(connection, reader=reader.id, way=way, before=before, now=now)


def _request() -> Request | None:
    """The request that this browser made."""
    served = service()
    cookie = request.cookies.get(served.cookie(BROWSER))
    if not cookie:
        return None
    with served.database.read() as connection:
        return sign_in.find(connection, served.marker, browser=cookie, now=served.clock())


def _code_page(
    asked: Request, *, error: str | None, status: int = 200, limited: LimitedError | None = None
) -> Response:
    response = page(
        "accounts/code.html", status=status, asked=asked, error=error, minutes=minutes_of(limited)
    )
    return with_wait(response, limited)
