"""Another address for the same reader.

- The new address is proven by a code that is mailed there. The old one gets a letter with a way to object, good for seven days.
- Everything stays where it is: what one owns hangs on the reader's id, not on the address.
- Codes and links that were sent before, to either address, end.
- An address that leads to another account is never taken over: the accounts can be joined (`merge`).
- An objection gives the reader their old address back, ends every session, and takes away each way to sign in that was added since
  the change, or changed: whoever objects has lost the account to somebody. If somebody has signed in with the old address meanwhile, that
  account was made by the owner of the same mailbox, and is joined.
- What is to be objected to is the oldest change that still can be: two changes in a row do not shake off the first owner.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from gatekeeper.accounts import sessions, sign_in
from gatekeeper.accounts.life import kept, merge, proofs
from gatekeeper.accounts.life.tables import AddressChangeRow
from gatekeeper.accounts.marks import Marker, new_id, new_secret
from gatekeeper.accounts.readers import Reader, find, find_by_address
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.storage.columns import Base

log = logging.getLogger(__name__)

UNDO_FOR = timedelta(days=7)
REMEMBERED = timedelta(days=730)
# Ways to sign in, and the moment from which each row has been as it is.
_WAYS_IN = (("passwords", "changed_at"), ("passkeys", "created_at"), ("identities", "linked_at"))


class TakenError(Exception):
    """The address leads to another account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """undo: the secret of the link to the old address, to be mailed and forgotten."""

    old: str
    new: str
    undo: str
    undo_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoable:
    """What a link to the old address would undo."""

    id: str
    reader: str
    old: str
    new: str
    changed_at: datetime


def change(connection: Connection, marker: Marker, *, reader: Reader, email: str, now: datetime) -> Change:
    """Gives the reader this normal address, which they have proven. Raises TakenError."""
    found = find_by_address(connection, email)
    if found is not None and found.id != reader.id:
        raise TakenError
    if found is not None and found.email != email:  # the address of an account that was joined with this one
        merge.give_up_address(connection, reader=reader.id, email=email, now=now)
    made = Change(old=reader.email, new=email, undo=new_secret(), undo_until=now + UNDO_FOR)
    connection.execute(update(ReaderRow).where(ReaderRow.id == reader.id).values(email=email))
    connection.execute(
        insert(AddressChangeRow).values(
            id=new_id(),
            reader=reader.id,
            old_email=made.old,
            new_email=made.new,
            undo=_mark(marker, made.undo),
            changed_at=now,
            undo_until=made.undo_until,
            undone_at=None,
        )
    )
    for address in (made.old, made.new):
        sign_in.end_open(connection, address, now=now)
    proofs.end_of_reader(connection, reader.id, made.old, made.new, now=now)
    log.info("address changed reader=%s", reader.id)
    return made


def find_undoable(connection: Connection, marker: Marker, secret: str, *, now: datetime) -> Undoable | None:
    """The change that this link may undo. Looking changes nothing (attack case S05)."""
    row = connection.execute(
        select(AddressChangeRow).where(
            AddressChangeRow.undo == _mark(marker, secret),
            AddressChangeRow.undone_at.is_(None),
            AddressChangeRow.undo_until > now,
        )
    ).one_or_none()
    if row is None:
        return None
    return Undoable(
        id=row.id, reader=row.reader, old=row.old_email, new=row.new_email, changed_at=row.changed_at
    )


def undo(connection: Connection, undoable: Undoable, *, now: datetime) -> bool:
    """Gives the old address back. False if that has happened already, or the account is no more."""
    done = connection.execute(
        update(AddressChangeRow)
        .where(
            AddressChangeRow.reader == undoable.reader,
            AddressChangeRow.changed_at >= undoable.changed_at,
            AddressChangeRow.undone_at.is_(None),
        )
        .values(undone_at=now)
    )
    reader = find(connection, undoable.reader)
    if done.rowcount == 0 or reader is None:
        return False
    since = find_by_address(connection, undoable.old)
    if since is not None and since.id != reader.id:
        merge.merge(connection, survivor=reader, other=since, now=now)
    if since is not None:
        merge.give_up_address(connection, reader=reader.id, email=undoable.old, now=now)
    connection.execute(update(ReaderRow).where(ReaderRow.id == reader.id).values(email=undoable.old))
    sessions.end_all(connection, reader=reader.id, now=now)
    kept.lines()
    for table, moment in _WAYS_IN:
        rows = Base.metadata.tables[table]
        connection.execute(
            delete(rows).where(rows.c.reader == reader.id, rows.c[moment] >= undoable.changed_at)
        )
    for address in (undoable.old, undoable.new, reader.email):
        sign_in.end_open(connection, address, now=now)
    proofs.end_of_reader(connection, reader.id, undoable.old, reader.email, now=now)
    log.warning("change of address undone reader=%s", reader.id)
    return True


def forget_ended(connection: Connection, *, now: datetime) -> None:
    """Drops old addresses when they are no longer needed to find a purchase again (`restore`)."""
    connection.execute(delete(AddressChangeRow).where(AddressChangeRow.changed_at < now - REMEMBERED))


def _mark(marker: Marker, secret: str) -> str:
    return marker.mark("undo address", secret)
