"""The one way in: whatever proved who a reader is, here their session begins.

- Signing in always makes a new session with a new id, and ends the browser's session of before with its tokens (attack case S02).
- It is written into the log which reader came in, and by which way; so is every try that failed (D07). Addresses are not.
- Whoever comes in has proven themselves: wrong passwords of before no longer count.
- What was bought without an account for the reader's proven address is theirs from now on (`life.guests`).
- `open_session` runs in the transaction that spent the proof, so that a proof opens at most one session. `welcome` makes the answer.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask import Response, request
from sqlalchemy import Connection

from gatekeeper.accounts import sessions
from gatekeeper.accounts.current import ENTITLEMENT, SESSION, forget_signed_in
from gatekeeper.accounts.entitlement_cookie import set_entitlement
from gatekeeper.accounts.life import arrival, guests
from gatekeeper.accounts.passwords import storage as passwords
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.contract import routes
from gatekeeper.web.cookies import drop_cookie, set_cookie
from gatekeeper.web.pages import to
from gatekeeper.web.protection import renew_form_cookie
from gatekeeper.web.returns import return_target
from gatekeeper.web.service import service

log = logging.getLogger(__name__)

BROWSER = "sign_in"  # the cookie of the browser that asked for a code
AFTERWARDS = routes.ACCOUNT


class Way(StrEnum):
    """How somebody proved who they are. The words stand in the log."""

    CODE = "code"
    LINK = "link"
    PASSWORD = "password"  # noqa: S105  (the word)
    PASSKEY = "passkey"
    IDENTITY = "identity"
    CHANGE = "change"  # a new password: the same reader goes on in a new session


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A session that has begun. cookie: its value, which is kept nowhere else."""

    reader: str
    cookie: str
    way: Way


def open_session(
    connection: Connection, *, reader: str, way: Way, before: SignedIn | None, now: datetime
) -> Opened:
    """Begins this browser's new session and ends its old one. before: who was signed in here, looked up before the transaction."""
    if before is not None:
        sessions.end(connection, reader=before.reader.id, handle=before.handle, now=now)
    passwords.forgive(connection, reader)
    guests.claim(connection, reader, now=now)
    arrival.greet(connection, reader, now=now)
    agent = request.headers.get("User-Agent", "")[:500]
    cookie = sessions.begin(connection, service().marker, reader=reader, user_agent=agent, now=now)
    return Opened(reader=reader, cookie=cookie, way=way)


def welcome(opened: Opened, target: str) -> Response:
    """Sends the reader on to `target` with the new session's cookies, after the transaction has been committed."""
    served = service()
    with served.database.read() as connection:
        who = sessions.find(connection, served.marker, opened.cookie, now=served.clock())
    forget_signed_in(who)
    served.revoke.set()
    log.info("signed in reader=%s way=%s", opened.reader, opened.way.value)
    response = go(target)
    set_cookie(response, SESSION, opened.cookie, lifetime=sessions.ABSOLUTE)
    drop_cookie(response, BROWSER)
    renew_form_cookie(response)
    if who is not None:
        set_entitlement(response, who)
    return response


def refused(way: Way, why: str, **facts: object) -> None:
    """Writes down that somebody was not let in. facts: never an address, a code or a password."""
    told = "".join(f" {name}={value}" for name, value in facts.items())
    log.warning("sign-in failed verdict=%s way=%s%s", why, way.value, told)


def go(target: str) -> Response:
    """To the target; it was checked when it was kept, and is checked again."""
    return to(return_target(target, service().manifest) or AFTERWARDS)


def dropped_cookies(response: Response) -> Response:
    """The answer, with everything dropped that this browser was known by."""
    for name in (SESSION, ENTITLEMENT, BROWSER):
        drop_cookie(response, name)
    renew_form_cookie(response)
    response.headers["Clear-Site-Data"] = '"cache"'  # nothing comes back by the back button (C07)
    return response
