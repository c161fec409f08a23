"""Which sessions' tokens are dead before their time: written where access ends, read by every gate beside its requests.

- A session that has ended is dead for good. A reader who lost something (refund, dispute, revocation) keeps their sessions, but
  every token that was minted up to then is dead; the page renews it in silence, and the new one says what is owned now.
- A line is written in the transaction of what it is about, and lies beside no foreign key, so that it outlives a deleted reader.
- Lines older than a token lives (and some minutes for clocks that differ) are not read any more, and swept.
- Two machines' clocks may differ by `CLOCKS_SECONDS`: tokens that came a moment later are taken for dead, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select

from gatekeeper.accounts.life import identities
from gatekeeper.accounts.tables import RevocationRow, SessionRow
from gatekeeper.gate.token import MAXIMUM_LIFETIME_SECONDS

CLOCKS_SECONDS = 1
KEPT = timedelta(seconds=MAXIMUM_LIFETIME_SECONDS + 300)
FOR_EVER = 2**53


def end_sessions(connection: Connection, handles: Iterable[str], *, now: datetime) -> None:
    """Tokens of these sessions are dead, those minted later as well."""
    _write(connection, handles, is_ended=True, now=now)


def renew_reader(connection: Connection, reader: str, *, now: datetime) -> None:
    """Tokens that this reader holds are dead; their sessions go on and get new ones. reader: also an id that was joined with another."""
    person = identities.person_of(connection, reader)
    handles = connection.execute(
        select(SessionRow.handle).where(SessionRow.reader == person, SessionRow.ended_at.is_(None))
    ).scalars()
    _write(connection, list(handles), is_ended=False, now=now)


def current(connection: Connection, *, now: datetime) -> dict[str, int]:
    """Session → Unix seconds up to which its tokens are dead: what `gate.revoked.Revoked` keeps."""
    rows = connection.execute(
        select(RevocationRow.session, func.max(RevocationRow.is_ended), func.max(RevocationRow.at))
        .where(RevocationRow.at > now - KEPT)
        .group_by(RevocationRow.session)
    )
    return {
        session: FOR_EVER if is_ended else int(at.timestamp()) + CLOCKS_SECONDS
        for session, is_ended, at in rows
    }


def forget_ended(connection: Connection, *, now: datetime) -> None:
    connection.execute(delete(RevocationRow).where(RevocationRow.at < now - KEPT))


def _write(connection: Connection, handles: Iterable[str], *, is_ended: bool, now: datetime) -> None:
    rows = [{"session": handle, "is_ended": int(is_ended), "at": now} for handle in handles]
    if rows:
        connection.execute(insert(RevocationRow), rows)
