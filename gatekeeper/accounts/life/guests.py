"""Buying without an account.

- A guest types an address, which nobody proves. Their purchase stands under an id without a person (`readers.make_nobody`): the ledger
  knows it, nobody owns it. Whoever typed somebody else's address has bought a receipt for them, and nothing for themselves (attack case W19).
- The browser that bought may see what becomes of its orders, by a cookie; that opens no lesson.
- Whoever proves the address, by signing in with it, claims what waits for it; from then on it is theirs like anything they bought, and the
  ledger has not changed.
- What comes after somebody signed in waits until they sign in again, or say so on the account page.
"""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from gatekeeper.accounts.life import identities
from gatekeeper.accounts.life.identities import How
from gatekeeper.accounts.life.tables import GuestRow
from gatekeeper.accounts.marks import Marker
from gatekeeper.accounts.readers import make_nobody
from gatekeeper.accounts.tables import ReaderRow

log = logging.getLogger(__name__)


def guest_of(
    connection: Connection, marker: Marker, *, browser: str, email: str, language: str, now: datetime
) -> str:
    """The id under which this browser buys for this normal address. browser: the value of its cookie."""
    mark = _mark(marker, browser)
    found = connection.execute(
        select(GuestRow.reader).where(GuestRow.browser == mark, GuestRow.email == email)
    ).scalar_one_or_none()
    if found is not None:
        return found
    made = make_nobody(connection, language=language, now=now)
    connection.execute(insert(GuestRow).values(reader=made, email=email, browser=mark, created_at=now))
    return made


def address_of(connection: Connection, marker: Marker, *, browser: str, guest: str) -> str | None:
    """The address that this browser typed for this guest; None for another browser, and once it was claimed."""
    return connection.execute(
        select(GuestRow.email).where(GuestRow.reader == guest, GuestRow.browser == _mark(marker, browser))
    ).scalar_one_or_none()


def email_of(connection: Connection, guest: str) -> str | None:
    """The address that was typed for this guest; None for whoever is none."""
    return connection.execute(select(GuestRow.email).where(GuestRow.reader == guest)).scalar_one_or_none()


def waiting(connection: Connection, reader: str) -> int:
    """For how many guests the reader's proven address was typed."""
    counted = (
        select(func.count()).select_from(GuestRow).where(GuestRow.email.in_(_addresses(connection, reader)))
    )
    return int(connection.execute(counted).scalar_one())


def claim(connection: Connection, reader: str, *, now: datetime) -> int:
    """Makes what waits for the reader's addresses theirs; how many guests that were. Who calls knows that the reader is here."""
    found = connection.execute(
        select(GuestRow.reader).where(GuestRow.email.in_(_addresses(connection, reader)))
    ).scalars()
    guests = list(found)
    for guest in guests:
        gone = connection.execute(delete(GuestRow).where(GuestRow.reader == guest))
        if gone.rowcount == 1:
            identities.join(connection, guest, reader=reader, how=How.GUEST, now=now)
            log.info("guest's purchase claimed reader=%s guest=%s", reader, guest)
    return len(guests)


def _addresses(connection: Connection, reader: str) -> list[str]:
    ids = identities.all_of(connection, reader)
    return list(connection.execute(select(ReaderRow.email).where(ReaderRow.id.in_(ids))).scalars())


def _mark(marker: Marker, browser: str) -> str:
    return marker.mark("guest", browser)
