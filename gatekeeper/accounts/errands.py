"""Errands: something begun in this browser that must come back to this browser, in time, once.

A passkey's challenge and the way to another service and back are errands. What was begun lies in a cookie of this browser, with a MAC, so beginning
one writes nothing into the database; coming back, its secret is written down as spent, by one statement that only the first comer wins.

- Kinds are separate: the MAC and everything derived cover the kind, so an errand of one kind is nothing to another (attack case J08).
- What is shown to others, such as a challenge, a state or a nonce, is derived from the secret, one label a purpose; none tells another.
- The facts are readable in the browser that they belong to, and cannot be changed there.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete

from gatekeeper.accounts.marks import Marker, is_same, new_secret
from gatekeeper.accounts.tables import SpentErrandRow
from gatekeeper.storage.writes import insert_once

LONGEST = 4000  # what browsers keep in one cookie


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """kind, secret: what everything is derived from. facts: what was said at the beginning."""

    kind: str
    secret: str
    facts: Mapping[str, str]
    ends_at: datetime

    def derived(self, marker: Marker, purpose: str) -> str:
        """64 hex digits for one purpose, known to whoever holds the key and the secret."""
        return marker.mark(f"errand {self.kind} {purpose}", self.secret)


def begin(
    marker: Marker, kind: str, facts: Mapping[str, str], *, lifetime: timedelta, now: datetime
) -> tuple[Errand, str]:
    """A new errand, and the value of its cookie."""
    ends_at = datetime.fromtimestamp(int((now + lifetime).timestamp()), UTC)
    errand = Errand(kind=kind, secret=new_secret(), facts=dict(facts), ends_at=ends_at)
    raw = json.dumps([errand.secret, int(ends_at.timestamp()), errand.facts], separators=(",", ":"))
    payload = base64.urlsafe_b64encode(raw.encode()).decode()
    return errand, f"{payload}.{marker.mark(f'errand {kind}', payload)}"


def read(marker: Marker, kind: str, cookie: str, *, now: datetime) -> Errand | None:
    """The errand in this cookie, if we began it, of this kind, and it has not ended."""
    payload, _, mac = cookie.partition(".")
    if (
        len(cookie) > LONGEST
        or not cookie.isascii()
        or not is_same(mac, marker.mark(f"errand {kind}", payload))
    ):
        return None
    try:
        secret, ends, facts = json.loads(base64.urlsafe_b64decode(payload))
    except (ValueError, binascii.Error):  # never, as long as the key is ours alone
        return None
    ends_at = datetime.fromtimestamp(ends, UTC)
    return Errand(kind=kind, secret=secret, facts=facts, ends_at=ends_at) if now < ends_at else None


def spend(connection: Connection, marker: Marker, errand: Errand) -> bool:
    """Marks the errand as come back. True once."""
    return insert_once(
        connection,
        SpentErrandRow,
        {"mark": errand.derived(marker, "spent"), "until": errand.ends_at},
        unique=(SpentErrandRow.mark,),
    )


def forget_ended(connection: Connection, *, now: datetime) -> None:
    connection.execute(delete(SpentErrandRow).where(SpentErrandRow.until < now))
