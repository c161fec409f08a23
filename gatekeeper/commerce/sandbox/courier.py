"""Delivers the sandbox's messages to the shop until they are taken, each signed at the moment of its delivery.

A delivery that fails is repeated after 1, 2, 4 … seconds, at most a minute apart, and never given up: the sandbox keeps no other
record that could heal it. Two couriers at once may deliver one message twice; the shop is made for that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import select, update

from gatekeeper.commerce.payments import Told
from gatekeeper.commerce.sandbox.provider import Sandbox, find_payment
from gatekeeper.commerce.sandbox.tables import SandboxEventRow
from gatekeeper.storage.engine import Database

log = logging.getLogger(__name__)

MOST_AT_ONCE = 50
LONGEST_WAIT = timedelta(minutes=1)

Deliver = Callable[[bytes, Mapping[str, str]], int]
"""Takes raw bytes and headers, returns the HTTP status of the answer; it does not raise."""


def deliver_due(
    database: Database, sandbox: Sandbox, deliver: Deliver, *, clock: Callable[[], datetime]
) -> int:
    """Delivers what is due, oldest first. Returns how many messages were taken."""
    now = clock()
    with database.read() as connection:
        due = connection.execute(
            select(
                SandboxEventRow.id,
                SandboxEventRow.payment,
                SandboxEventRow.told,
                SandboxEventRow.at,
                SandboxEventRow.tries,
            )
            .where(SandboxEventRow.delivered_at.is_(None), SandboxEventRow.due_at <= now)
            .order_by(SandboxEventRow.due_at, SandboxEventRow.id)
            .limit(MOST_AT_ONCE)
        ).all()
        messages = []
        for row in due:
            payment = find_payment(connection, row.payment)
            if payment is not None:
                raw = sandbox.message(row.id, Told(row.told), payment, at=row.at)
                messages.append((row.id, row.tries, raw))
    taken = 0
    for event, tries, raw in messages:
        status = deliver(raw, sandbox.headers(raw, now=clock()))
        is_taken = 200 <= status < 300
        taken += is_taken
        wait = min(timedelta(seconds=2.0 ** min(tries, 10)), LONGEST_WAIT)
        outcome: dict[str, datetime] = {"delivered_at": clock()} if is_taken else {"due_at": clock() + wait}
        with database.write() as connection:
            connection.execute(
                update(SandboxEventRow)
                .where(SandboxEventRow.id == event)
                .values(tries=SandboxEventRow.tries + 1, **outcome)
            )
        if not is_taken:
            log.warning("sandbox message not taken event=%s status=%d tries=%d", event, status, tries + 1)
    return taken
