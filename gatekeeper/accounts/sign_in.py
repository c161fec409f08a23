"""Signing in by a six-digit code that is sent by e-mail.

Rules
- The code works only in the browser that asked: the request hangs on a random cookie of that browser, not on the address.
- A code lives ten minutes, takes at most five tries, works once, and dies when a newer one is sent to the same address.
- The mail's link holds its own unguessable secret, works only in the same browser, and only after a click on a button, because
  mail scanners follow links (attack case S05).
- The answer is the same whether the address is known or not: a reader is made only when the code has been typed.
- At rest there are keyed hashes only. The pair (request, code) is hashed, so equal codes do not look equal.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select, update

from gatekeeper.accounts.marks import Marker, is_same, new_id, new_secret
from gatekeeper.accounts.tables import SignInRow

LIFETIME = timedelta(minutes=10)
MOST_TRIES = 5
CODE_DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a new request yields, to be sent and forgotten. browser: the cookie's value; link: the secret in the mail's link."""

    id: str
    browser: str
    code: str
    link: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as the browser that asked may see it."""

    id: str
    email: str
    target: str
    language: str
    expires_at: datetime
    tries_left: int
    is_open: bool


class Verdict(StrEnum):
    PROVEN = "proven"
    WRONG = "wrong"
    ENDED = "ended"  # used, too many tries, replaced by a newer one, or too old


def ask(
    connection: Connection, marker: Marker, *, email: str, target: str, language: str, now: datetime
) -> Asked:
    """A new request for this normal address; older ones for it end."""
    end_open(connection, email, now=now)
    asked = Asked(
        id=new_id(),
        browser=new_secret(),
        code=f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}",
        link=new_secret(),
        expires_at=now + LIFETIME,
    )
    connection.execute(
        insert(SignInRow).values(
            id=asked.id,
            browser=marker.mark("browser", asked.browser),
            email=email,
            code=marker.mark("code", asked.id, asked.code),
            link=marker.mark("link", asked.link),
            target=target,
            language=language,
            created_at=now,
            expires_at=asked.expires_at,
            tries=0,
            ended_at=None,
        )
    )
    return asked


def find(connection: Connection, marker: Marker, *, browser: str, now: datetime) -> Request | None:
    """The request of the browser with this cookie, open or ended."""
    row = connection.execute(
        select(SignInRow).where(SignInRow.browser == marker.mark("browser", browser))
    ).one_or_none()
    if row is None:
        return None
    return Request(
        id=row.id,
        email=row.email,
        target=row.target,
        language=row.language,
        expires_at=row.expires_at,
        tries_left=max(0, MOST_TRIES - row.tries),
        is_open=row.ended_at is None and now < row.expires_at and row.tries < MOST_TRIES,
    )


def try_code(
    connection: Connection, marker: Marker, request: Request, code: str, *, now: datetime
) -> Verdict:
    """Spends one try. PROVEN once, for the right code of an open request.

    The try is spent by one conditional UPDATE before the code is looked at, so parallel guesses never get more than five.
    """
    spent = connection.execute(
        update(SignInRow)
        .where(
            SignInRow.id == request.id,
            SignInRow.ended_at.is_(None),
            SignInRow.expires_at > now,
            SignInRow.tries < MOST_TRIES,
        )
        .values(tries=SignInRow.tries + 1)
        .returning(SignInRow.code)
    ).scalar_one_or_none()
    if spent is None:
        return Verdict.ENDED
    if not is_same(spent, marker.mark("code", request.id, code)):
        return Verdict.WRONG
    return Verdict.PROVEN if _end(connection, request.id, now=now) else Verdict.ENDED


def link_belongs(connection: Connection, marker: Marker, request: Request, link: str) -> bool:
    """Whether the mail's link belongs to this browser's request. Looking spends nothing."""
    kept = connection.execute(select(SignInRow.link).where(SignInRow.id == request.id)).scalar_one()
    return is_same(kept, marker.mark("link", link))


def is_usable(connection: Connection, request: Request, *, now: datetime) -> bool:
    """Whether the request's link would still work."""
    ended = connection.execute(select(SignInRow.ended_at).where(SignInRow.id == request.id)).scalar_one()
    return ended is None and now < request.expires_at


def use_link(
    connection: Connection, marker: Marker, request: Request, link: str, *, now: datetime
) -> Verdict:
    """PROVEN once, for the right link. Wrong codes do not close this way: the link cannot be guessed."""
    if not link_belongs(connection, marker, request, link):
        return Verdict.WRONG
    if now >= request.expires_at:
        return Verdict.ENDED
    return Verdict.PROVEN if _end(connection, request.id, now=now) else Verdict.ENDED


def end_open(connection: Connection, email: str, *, now: datetime) -> None:
    """Ends what is open for this address: after a change of password or address no code of before works (attack case A10)."""
    connection.execute(
        update(SignInRow).where(SignInRow.email == email, SignInRow.ended_at.is_(None)).values(ended_at=now)
    )


def forget_ended(connection: Connection, *, now: datetime) -> None:
    """Drops requests that ended a day ago."""
    connection.execute(delete(SignInRow).where(SignInRow.expires_at < now - timedelta(days=1)))


def _end(connection: Connection, request: str, *, now: datetime) -> bool:
    ended = connection.execute(
        update(SignInRow).where(SignInRow.id == request, SignInRow.ended_at.is_(None)).values(ended_at=now)
    )
    return ended.rowcount == 1
