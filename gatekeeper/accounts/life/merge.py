"""Two accounts become one.

- Both addresses must have been proven, each by its own code, in the session of the account that survives (`proofs`). An operator who joins
  accounts has heard the reader (`gatekeeper readers merge`). Doubt denies.
- The surviving account keeps its address, its name in the ledger and its ways to sign in. Orders and ledger lines of the other stay as
  they are; `joined_readers` says whose they are now (rule R8). Passkeys, linked accounts and whatever rooms keep move (`kept`).
- The other's password goes, and its sessions end: a browser that gains something must sign in anew (attack case S02).
- The other's address still leads to the account: a code sent there signs in to the survivor, until the reader gives it up.
- Two accounts of which one was joined already are one; joining again does nothing.
"""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.exc import IntegrityError

from gatekeeper.accounts import revocations, sessions, sign_in
from gatekeeper.accounts.life import identities, kept, proofs
from gatekeeper.accounts.life.identities import How
from gatekeeper.accounts.life.kept import AtMerge, By, Kept
from gatekeeper.accounts.life.tables import JoinedRow
from gatekeeper.accounts.readers import Reader, is_nobody, nobody
from gatekeeper.accounts.tables import ReaderRow

log = logging.getLogger(__name__)


def merge(connection: Connection, *, survivor: Reader, other: Reader, now: datetime) -> None:
    """Joins `other` with `survivor`. Both are persons as `readers.find` gives them. Who calls has seen both proofs."""
    if survivor.id == other.id:
        return
    sessions.end_all(connection, reader=other.id, now=now)
    for line in kept.lines():
        if line.by is By.READER and line.at_merge is not AtMerge.STAY:
            _take_over(connection, line, survivor.id, other.id)
    proofs.end_of_reader(connection, survivor.id, survivor.email, other.email, now=now)
    sign_in.end_open(connection, other.email, now=now)
    identities.join(connection, other.id, reader=survivor.id, how=How.MERGE, now=now)
    revocations.renew_reader(connection, survivor.id, now=now)
    log.info("accounts joined survivor=%s other=%s", survivor.id, other.id)


def other_addresses(connection: Connection, reader: str) -> list[str]:
    """The addresses of accounts that were joined with this one and still lead here."""
    rows = connection.execute(
        select(ReaderRow.email)
        .join(JoinedRow, JoinedRow.identity == ReaderRow.id)
        .where(JoinedRow.reader == reader, JoinedRow.how == How.MERGE.value)
        .order_by(JoinedRow.at)
    ).scalars()
    return [email for email in rows if not is_nobody(email)]


def give_up_address(connection: Connection, *, reader: str, email: str, now: datetime) -> bool:
    """The address of a joined account leads here no longer; what it bought stays. False if it is none of this reader's."""
    given_up = connection.execute(
        select(ReaderRow.id)
        .join(JoinedRow, JoinedRow.identity == ReaderRow.id)
        .where(JoinedRow.reader == reader, ReaderRow.email == email)
    ).scalar_one_or_none()
    if given_up is None:
        return False
    connection.execute(update(ReaderRow).where(ReaderRow.id == given_up).values(email=nobody(given_up)))
    sign_in.end_open(connection, email, now=now)
    return True


def _take_over(connection: Connection, line: Kept, survivor: str, other: str) -> None:
    rows = line.rows
    column = rows.c[line.column]
    if line.at_merge is AtMerge.MOVE:
        keys = list(rows.primary_key.columns)
        for row in connection.execute(select(*keys).where(column == other)).all():
            this = [key == value for key, value in zip(keys, row, strict=True)]
            try:
                with connection.begin_nested():
                    connection.execute(update(rows).where(*this).values({line.column: survivor}))
            except IntegrityError:  # the survivor has the same one
                connection.execute(delete(rows).where(*this))
        return
    connection.execute(delete(rows).where(column == other))
