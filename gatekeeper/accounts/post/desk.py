"""What an operator sees of the outbox, and trying again what failed.

A line names a mail by its key, which says what it is about (`receipt:L-20261122-7K3F9Q`), and its mailbox by its first letter and domain: enough
to help somebody who asks, too little to collect addresses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from gatekeeper.accounts.tables import MailRow

_OPEN = and_(MailRow.sent_at.is_(None), MailRow.failed_at.is_(None))


class State(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """mailbox: `a…@example.org`, empty once it was forgotten. at: when it was sent, failed, or is to be tried."""

    id: int
    key: str
    mailbox: str
    state: State
    tries: int
    at: datetime
    problem: str
    can_retry: bool

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "key": self.key,
            "mailbox": self.mailbox,
            "state": self.state.value,
            "tries": self.tries,
            "at": self.at.isoformat(),
            "problem": self.problem,
            "can_retry": self.can_retry,
        }


def listed(connection: Connection, *, states: Iterable[State], most: int) -> list[Line]:
    """The newest mails in one of these states, the newest first."""
    which: dict[State, ColumnElement[bool]] = {
        State.WAITING: _OPEN,
        State.SENT: MailRow.sent_at.is_not(None),
        State.FAILED: MailRow.failed_at.is_not(None),
    }
    rows = connection.execute(
        select(MailRow)
        .where(or_(*(which[state] for state in states)))
        .order_by(MailRow.id.desc())
        .limit(most)
    )
    lines = []
    for row in rows:
        state = State.SENT if row.sent_at else State.FAILED if row.failed_at else State.WAITING
        lines.append(
            Line(
                id=row.id,
                key=row.key,
                mailbox=_hinted(row.recipient),
                state=state,
                tries=row.tries,
                at=row.sent_at or row.failed_at or row.send_at,
                problem=row.problem,
                can_retry=state is State.FAILED and bool(row.recipient and row.text),
            )
        )
    return lines


def retry(connection: Connection, ids: Iterable[int] | None, *, now: datetime) -> int:
    """Puts failed mails back, as if they had never been tried; ids: None for all. Returns how many. What holds a code or was sent stays."""
    failed = [MailRow.failed_at.is_not(None), MailRow.recipient != "", MailRow.text != ""]
    still = or_(MailRow.not_after.is_(None), MailRow.not_after > now)
    if ids is not None:
        failed.append(MailRow.id.in_(list(ids)))
    done = connection.execute(
        update(MailRow).where(*failed, still).values(failed_at=None, tries=0, send_at=now, problem="")
    )
    return done.rowcount


def _hinted(recipient: str) -> str:
    local, _, domain = recipient.rpartition("@")
    return f"{local[:1]}…@{domain}" if local else ""
