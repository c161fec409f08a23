"""The outbox: mails as rows, written in the same transaction as what they tell, sent later, each once.

- The key makes a mail unique: the receipt of an order is `receipt:<number>`, however often the payment is reported.
- A sender leases a mail by one conditional UPDATE, so two processes never send the same one. A sender that dies gives it back
  when the lease runs out; the Message-ID is made from the key, so a mail server or reader can see a repetition.
- Failures are tried again after 15 s, 1 min, 4 min … up to six times; a refusal for good (5xx) is not. An operator may try what failed
  once more (`gatekeeper mail retry`), as long as it is worth sending.
- One mailbox gets at most `limits.MAILS_TO_RECIPIENT`; the rest wait, nothing is lost (attack case A13).
- Mail that must be sent goes before mail that can be refused, and a receipt before everything that is put beside it.
- What is sent keeps neither text nor address, except in demo mode, where the outbox page shows it. What failed keeps them for a week, so
  that it can be tried again; unless it holds a code or a link, which have an end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, or_, select, update

from gatekeeper.accounts.tables import MailRow
from gatekeeper.storage.writes import insert_once

LEASE = timedelta(minutes=2)
FIRST_WAIT = timedelta(seconds=15)
WAIT_FACTOR = 4
MOST_TRIES = 6
KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a mail says. text and html say the same. unsubscribe: for optional mail, where it can be refused."""

    subject: str
    text: str
    html: str
    unsubscribe: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail in the outbox. tries: those that were begun, this one included."""

    id: int
    key: str
    recipient: str
    letter: Letter
    created_at: datetime
    tries: int


def put(
    connection: Connection,
    *,
    key: str,
    recipient: str,
    letter: Letter,
    now: datetime,
    not_after: datetime | None = None,
) -> bool:
    """Puts a mail into the outbox. False if one with this key is or was there already."""
    return insert_once(
        connection,
        MailRow,
        {
            "key": key,
            "recipient": recipient,
            "subject": letter.subject,
            "text": letter.text,
            "html": letter.html,
            "created_at": now,
            "send_at": now,
            "not_after": not_after,
            "tries": 0,
            "leased_until": None,
            "sent_at": None,
            "failed_at": None,
            "problem": "",
            "unsubscribe": letter.unsubscribe,
        },
        unique=(MailRow.key,),
    )


def lease(connection: Connection, *, now: datetime) -> Mail | None:
    """The next due mail, for this sender alone until the lease runs out."""
    is_free = or_(MailRow.leased_until.is_(None), MailRow.leased_until <= now)
    due = select(MailRow.id).where(
        MailRow.sent_at.is_(None), MailRow.failed_at.is_(None), MailRow.send_at <= now, is_free
    )
    next_id = due.order_by(MailRow.unsubscribe != "", MailRow.send_at, MailRow.id).limit(1).scalar_subquery()
    row = connection.execute(
        update(MailRow)
        .where(MailRow.id == next_id, is_free)
        .values(leased_until=now + LEASE, tries=MailRow.tries + 1)
        .returning(
            MailRow.id,
            MailRow.key,
            MailRow.recipient,
            MailRow.subject,
            MailRow.text,
            MailRow.html,
            MailRow.unsubscribe,
            MailRow.created_at,
            MailRow.tries,
        )
    ).one_or_none()
    if row is None:
        return None
    return Mail(
        id=row.id,
        key=row.key,
        recipient=row.recipient,
        letter=_letter(row),
        created_at=row.created_at,
        tries=row.tries,
    )


def is_waiting(connection: Connection, *, now: datetime) -> bool:
    """Whether `lease` would find something; a look that writes nothing."""
    found = connection.execute(
        select(MailRow.id)
        .where(
            MailRow.sent_at.is_(None),
            MailRow.failed_at.is_(None),
            MailRow.send_at <= now,
            or_(MailRow.leased_until.is_(None), MailRow.leased_until <= now),
        )
        .limit(1)
    ).first()
    return found is not None


def is_too_late(connection: Connection, mail: Mail, *, now: datetime) -> bool:
    """Whether the mail is no longer worth sending: its code has expired."""
    not_after = connection.execute(select(MailRow.not_after).where(MailRow.id == mail.id)).scalar_one()
    return not_after is not None and not_after <= now


def sent(connection: Connection, mail: Mail, *, now: datetime, keep_text: bool) -> None:
    _done(connection, mail, is_kept=keep_text, sent_at=now)


def given_up(connection: Connection, mail: Mail, problem: str, *, now: datetime, keep_text: bool) -> None:
    ends = connection.execute(select(MailRow.not_after).where(MailRow.id == mail.id)).scalar_one()
    _done(connection, mail, is_kept=keep_text or ends is None, failed_at=now, problem=problem[:200])


def try_again(connection: Connection, mail: Mail, problem: str, *, now: datetime, keep_text: bool) -> bool:
    """Puts the mail back for later, or gives up after the last try. Whether it will be tried again."""
    if mail.tries >= MOST_TRIES:
        given_up(connection, mail, problem, now=now, keep_text=keep_text)
        return False
    wait = FIRST_WAIT * WAIT_FACTOR ** (mail.tries - 1)
    connection.execute(
        update(MailRow)
        .where(MailRow.id == mail.id)
        .values(leased_until=None, send_at=now + wait, problem=problem[:200])
    )
    return True


def postpone(connection: Connection, mail: Mail, *, until: datetime) -> None:
    """Puts the mail back, untried, until its mailbox may have another one."""
    connection.execute(
        update(MailRow)
        .where(MailRow.id == mail.id)
        .values(leased_until=None, send_at=until, tries=mail.tries - 1, problem="too many to this mailbox")
    )


def drop_waiting(connection: Connection, *, unsubscribe: str) -> None:
    """Drops optional mail that waits and whose link of refusal is LIKE this."""
    connection.execute(
        delete(MailRow).where(
            MailRow.unsubscribe.like(unsubscribe), MailRow.sent_at.is_(None), MailRow.leased_until.is_(None)
        )
    )


def shown(connection: Connection, *, most: int = 50) -> list[Mail]:
    """The newest mails with their texts, for the demo's outbox page."""
    rows = connection.execute(
        select(MailRow).where(MailRow.text != "").order_by(MailRow.id.desc()).limit(most)
    )
    return [
        Mail(
            id=row.id,
            key=row.key,
            recipient=row.recipient,
            letter=_letter(row),
            created_at=row.created_at,
            tries=row.tries,
        )
        for row in rows
    ]


def forget_old(connection: Connection, *, now: datetime) -> None:
    """Drops mails that were done a week ago. Their keys go too: whoever writes keys must not repeat news that old."""
    for done_at in (MailRow.sent_at, MailRow.failed_at):
        connection.execute(delete(MailRow).where(done_at < now - KEPT))


def _letter(row: Any) -> Letter:
    return Letter(subject=row.subject, text=row.text, html=row.html, unsubscribe=row.unsubscribe)


def _done(connection: Connection, mail: Mail, *, is_kept: bool, **values: object) -> None:
    emptied = {} if is_kept else {"recipient": "", "subject": "", "text": "", "html": "", "unsubscribe": ""}
    connection.execute(
        update(MailRow).where(MailRow.id == mail.id).values(leased_until=None, **emptied, **values)
    )
