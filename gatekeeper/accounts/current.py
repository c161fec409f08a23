"""Who is signed in, for the request at hand: looked up once, and only when somebody asks."""

from __future__ import annotations

import logging

from flask import g, request
from sqlalchemy.exc import OperationalError

from gatekeeper.accounts import sessions
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.web.client import client_address
from gatekeeper.web.service import service

log = logging.getLogger(__name__)

SESSION = "session"
ENTITLEMENT = "entitlement"
_UNSET = object()


def signed_in() -> SignedIn | None:
    """The signed-in reader of this request; also writes down the visit when that is due."""
    found = g.get("signed_in", _UNSET)
    if found is _UNSET:
        found = g.signed_in = _look_up()
    return found if isinstance(found, SignedIn) else None


def forget_signed_in(who: SignedIn | None = None) -> None:
    """After signing in or out: what the rest of this request should see."""
    g.signed_in = who


def client() -> str:
    """The client's address; see `web.client`."""
    return client_address(
        request.remote_addr or "",
        request.headers.get("X-Forwarded-For", ""),
        service().settings.trusted_proxies,
    )


def _look_up() -> SignedIn | None:
    served = service()
    cookie = request.cookies.get(served.cookie(SESSION))
    if not cookie:
        return None
    now = served.clock()
    with served.database.read() as connection:
        found = sessions.find(connection, served.marker, cookie, now=now)
    if found is not None and sessions.is_due(found, now=now):
        try:
            with served.database.write() as connection:
                sessions.see(connection, found.handle, now=now)
        except OperationalError:  # a busy database: the next visit is written down instead
            log.warning("visit not written down: the database is busy")
    return found
