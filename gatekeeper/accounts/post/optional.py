"""Mail that nobody needs: it can be refused with one click, and goes after everything that must be sent.

- The link of refusal holds the keyed hash of the address, so that no page and no log shows the address, and no table keeps it for this.
- Looking at the link changes nothing; a POST does (attack case S05), also the one that mail programs send themselves (RFC 8058).
- Codes, receipts, refunds, news about the account and its safety are never optional.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from gatekeeper.accounts.life.tables import MailRefusalRow
from gatekeeper.accounts.marks import Marker
from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.post.letters import LetterWriter
from gatekeeper.storage.writes import insert_once

PATH = "/mail/stop/"


def put(
    connection: Connection,
    marker: Marker,
    letters: LetterWriter,
    name: str,
    language: str,
    *,
    origin: str,
    key: str,
    recipient: str,
    now: datetime,
    **facts: object,
) -> bool:
    """Writes the optional letter `name` and puts it into the outbox. False if it is there, or was refused."""
    mark = mark_of(marker, recipient)
    if is_refused(connection, mark):
        return False
    letter = letters.write(name, language, unsubscribe=f"{origin}{PATH}{mark}", **facts)
    return outbox.put(connection, key=key, recipient=recipient, letter=letter, now=now)


def mark_of(marker: Marker, email: str) -> str:
    return marker.mark("optional mail", email)


def is_refused(connection: Connection, mark: str) -> bool:
    found = select(MailRefusalRow.address).where(MailRefusalRow.address == mark)
    return connection.execute(found).first() is not None


def refuse(connection: Connection, mark: str, *, now: datetime) -> None:
    """No optional mail from now on, also none that waits."""
    insert_once(connection, MailRefusalRow, {"address": mark, "at": now}, unique=(MailRefusalRow.address,))
    outbox.drop_waiting(connection, unsubscribe=f"%{PATH}{mark}")


def allow(connection: Connection, mark: str) -> None:
    connection.execute(delete(MailRefusalRow).where(MailRefusalRow.address == mark))
