"""Signed-in browsers.

- The cookie holds 256 random bits; the database holds their mark, and a public handle that tokens and forms name.
- A session ends after 30 days without a visit, 180 days after signing in, when its reader ends it, or at the next sign-in of the
  same browser: signing in always makes a new one (attack case S02). Its tokens end with it (`revocations`).
- What changes how one signs in asks for a fresh session, at most ten minutes old: signing in once more is the proof, in whichever way.
- The last visit is written at most every ten minutes, so that reading does not write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from gatekeeper.accounts import revocations
from gatekeeper.accounts.marks import Marker, new_id, new_secret
from gatekeeper.accounts.readers import Reader
from gatekeeper.accounts.tables import ReaderRow, SessionRow

IDLE = timedelta(days=30)
ABSOLUTE = timedelta(days=180)
FRESH = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=10)

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("MicroMessenger/", "WeChat"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who asks, and through which session. since: when they signed in."""

    reader: Reader
    handle: str
    since: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One line of the reader's list."""

    handle: str
    label: str
    created_at: datetime
    seen_at: datetime


def begin(connection: Connection, marker: Marker, *, reader: str, user_agent: str, now: datetime) -> str:
    """A new session. Returns the cookie's value, which is kept nowhere else."""
    cookie = new_secret()
    connection.execute(
        insert(SessionRow).values(
            mark=marker.mark("session", cookie),
            handle=new_id(),
            reader=reader,
            label=browser_label(user_agent),
            created_at=now,
            seen_at=now,
            ended_at=None,
        )
    )
    return cookie


def find(connection: Connection, marker: Marker, cookie: str, *, now: datetime) -> SignedIn | None:
    """Who is signed in by this cookie; None when nobody is any more."""
    if not _COOKIE.fullmatch(cookie):
        return None
    row = connection.execute(
        select(
            ReaderRow.id,
            ReaderRow.email,
            ReaderRow.language,
            SessionRow.handle,
            SessionRow.created_at,
            SessionRow.seen_at,
        )
        .join(ReaderRow, ReaderRow.id == SessionRow.reader)
        .where(SessionRow.mark == marker.mark("session", cookie), _alive(now))
    ).one_or_none()
    if row is None:
        return None
    reader = Reader(id=row.id, email=row.email, language=row.language)
    return SignedIn(reader=reader, handle=row.handle, since=row.created_at, seen_at=row.seen_at)


def is_due(signed_in: SignedIn, *, now: datetime) -> bool:
    """Whether the visit should be written down."""
    return now - signed_in.seen_at >= SEEN_EVERY


def is_fresh(signed_in: SignedIn, *, now: datetime) -> bool:
    """Whether the reader has proven only just now who they are."""
    return now - signed_in.since < FRESH


def see(connection: Connection, handle: str, *, now: datetime) -> None:
    connection.execute(update(SessionRow).where(SessionRow.handle == handle).values(seen_at=now))


def end(connection: Connection, *, reader: str, handle: str, now: datetime) -> bool:
    """Ends one session of this reader. False if it is another's, or ended."""
    ended = connection.execute(
        update(SessionRow)
        .where(SessionRow.handle == handle, SessionRow.reader == reader, SessionRow.ended_at.is_(None))
        .values(ended_at=now)
    )
    if ended.rowcount != 1:
        return False
    revocations.end_sessions(connection, [handle], now=now)
    return True


def end_all(connection: Connection, *, reader: str, now: datetime, but: str | None = None) -> int:
    """Ends the reader's sessions, `but` one handle if given; how many."""
    statement = update(SessionRow).where(SessionRow.reader == reader, SessionRow.ended_at.is_(None))
    if but is not None:
        statement = statement.where(SessionRow.handle != but)
    ended = connection.execute(statement.values(ended_at=now).returning(SessionRow.handle)).scalars().all()
    revocations.end_sessions(connection, ended, now=now)
    return len(ended)


def listed(connection: Connection, *, reader: str, now: datetime) -> list[Session]:
    """The reader's live sessions, the last seen first."""
    rows = connection.execute(
        select(SessionRow.handle, SessionRow.label, SessionRow.created_at, SessionRow.seen_at)
        .where(SessionRow.reader == reader, _alive(now))
        .order_by(SessionRow.seen_at.desc(), SessionRow.handle)
    )
    return [
        Session(handle=row.handle, label=row.label, created_at=row.created_at, seen_at=row.seen_at)
        for row in rows
    ]


def forget_ended(connection: Connection, *, now: datetime) -> None:
    """Drops sessions that can never be used again."""
    connection.execute(delete(SessionRow).where(SessionRow.created_at < now - ABSOLUTE))
    connection.execute(delete(SessionRow).where(SessionRow.ended_at < now - IDLE))


def browser_label(user_agent: str) -> str:
    """`Firefox, Linux` out of a User-Agent, or an empty text: enough to recognise one's own, nothing to track by."""
    browser = next((name for sign, name in _BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS if sign in user_agent), "")
    return ", ".join(part for part in (browser, system) if part)


def _alive(now: datetime) -> ColumnElement[bool]:
    return and_(
        SessionRow.ended_at.is_(None), SessionRow.seen_at > now - IDLE, SessionRow.created_at > now - ABSOLUTE
    )
