"""What becomes of a provider's message.

1. It is checked by its provider; what is not genuine is refused with 400 and leaves no trace but a log line.
2. Its raw bytes are committed. From then on it cannot be lost.
3. In a second transaction, under a lock on its row, it becomes one line of the ledger (`settle.py`), with the mail that tells of it.
4. Only after that commit is it answered with 200. Whatever fails before is a 5xx, and the provider's repetition finds the stored row
   and carries on (attack case W18). A repetition of a processed message is answered with 200 and does nothing (W05).

Messages may come in any order and any number of times; the ledger's unique (source, event) and the pure reading of it
(`entitlements.py`) make the result the same (W06). A message that nobody can yet say the order of is kept and answered with 200; the
message that says it processes both.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select, update

from gatekeeper.commerce import references
from gatekeeper.commerce.payments import PaymentProvider, ProviderEvent, RejectedError
from gatekeeper.commerce.receipts import ReceiptPost
from gatekeeper.commerce.settle import Outcome, settle
from gatekeeper.commerce.tables import ProviderEventRow
from gatekeeper.storage.engine import Database
from gatekeeper.storage.writes import insert_once

log = logging.getLogger(__name__)


def receive(
    database: Database,
    provider: PaymentProvider,
    raw: bytes,
    headers: Mapping[str, str],
    *,
    post: ReceiptPost,
    now: datetime,
) -> Outcome:
    """Takes one delivery in; when it returns, everything is committed.

    Raises payments.RejectedError for what is not genuine. Any other error means: not processed yet, deliver it again.
    """
    event = provider.verified(raw, headers, now=now)
    with database.write() as connection:
        insert_once(
            connection,
            ProviderEventRow,
            {
                "provider": provider.name,
                "event": event.id,
                "body": raw,
                "received_at": now,
                "processed_at": None,
                "outcome": "",
                "reference": None,
            },
            unique=(ProviderEventRow.provider, ProviderEventRow.event),
        )
    with database.write() as connection:
        # The names first, then the message: whoever processes what waits for a name locks in this order, too.
        references.lock(connection, provider.name, event.known_as)
        row = connection.execute(
            select(ProviderEventRow.id, ProviderEventRow.processed_at)
            .where(ProviderEventRow.provider == provider.name, ProviderEventRow.event == event.id)
            .with_for_update()
        ).one()
        if row.processed_at is not None:
            return Outcome.REPEATED
        return process(connection, provider, row.id, event, post=post, now=now)


def take(
    database: Database, provider: PaymentProvider, event: ProviderEvent, *, post: ReceiptPost, now: datetime
) -> Outcome:
    """Takes a fact in that was learnt by asking. Committed when it returns."""
    with database.write() as connection:
        outcome = settle(connection, provider.name, event, post=post, now=now)
        _wake_waiting(connection, provider, event, outcome, post=post, now=now)
    return outcome


def process(
    connection: Connection,
    provider: PaymentProvider,
    row: int,
    event: ProviderEvent,
    *,
    post: ReceiptPost,
    now: datetime,
) -> Outcome:
    """Makes of a stored message what it says, and of those that waited for it. The row stays unprocessed while it waits."""
    outcome = settle(connection, provider.name, event, post=post, now=now)
    is_waiting = outcome is Outcome.WAITING
    connection.execute(
        update(ProviderEventRow)
        .where(ProviderEventRow.id == row)
        .values(
            processed_at=None if is_waiting else now,
            outcome=outcome.value,
            reference=event.known_as[0] if is_waiting else None,
        )
    )
    _wake_waiting(connection, provider, event, outcome, post=post, now=now)
    return outcome


def _wake_waiting(
    connection: Connection,
    provider: PaymentProvider,
    event: ProviderEvent,
    outcome: Outcome,
    *,
    post: ReceiptPost,
    now: datetime,
) -> None:
    if outcome is Outcome.WAITING:
        return
    for row in references.waiting(connection, provider.name, event.known_as):
        stored = connection.execute(
            select(ProviderEventRow.body, ProviderEventRow.reference)
            .where(ProviderEventRow.id == row)
            .with_for_update()
        ).one()
        if stored.reference is None:
            continue  # another one has woken it
        try:
            waited = provider.kept(stored.body)
        except RejectedError as error:
            log.error("stored payment message cannot be read provider=%s: %s", provider.name, error.reason)
            continue
        process(connection, provider, row, waited, post=post, now=now)
