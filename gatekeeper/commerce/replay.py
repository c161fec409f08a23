"""Makes of stored messages once more what they say: after a mistake of ours was mended, or for those that failed or still wait.

The bodies were verified when they came. What the ledger has is not recorded again, and no second mail is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from gatekeeper.commerce import references, webhooks
from gatekeeper.commerce.payments import PaymentProvider, RejectedError
from gatekeeper.commerce.receipts import ReceiptPost
from gatekeeper.commerce.tables import ProviderEventRow
from gatekeeper.storage.engine import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """outcome: what the replay made of the message; in a dry run, what was made of it when it came. Empty: nothing yet."""

    id: int
    provider: str
    event: str
    received_at: datetime
    outcome: str

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "provider": self.provider,
            "event": self.event,
            "received_at": self.received_at.isoformat(),
            "outcome": self.outcome,
        }


def replay(
    database: Database,
    providers: Mapping[str, PaymentProvider],
    *,
    since: datetime,
    only_unprocessed: bool,
    post: ReceiptPost,
    clock: Callable[[], datetime],
    is_applied: bool,
) -> Iterator[Replayed]:
    """The messages that came since then, the first come first; with is_applied each is processed again, in a transaction of its own."""
    chosen = [ProviderEventRow.received_at >= since, ProviderEventRow.provider.in_(list(providers))]
    if only_unprocessed:
        chosen.append(ProviderEventRow.processed_at.is_(None))
    with database.read() as connection:
        rows = connection.execute(
            select(
                ProviderEventRow.id,
                ProviderEventRow.provider,
                ProviderEventRow.event,
                ProviderEventRow.received_at,
                ProviderEventRow.outcome,
            )
            .where(*chosen)
            .order_by(ProviderEventRow.id)
        ).all()
    for row in rows:
        outcome = row.outcome
        if is_applied:
            outcome = _again(database, providers[row.provider], row.id, post=post, now=clock())
        yield Replayed(
            id=row.id,
            provider=row.provider,
            event=row.event,
            received_at=row.received_at,
            outcome=outcome,
        )


def _again(
    database: Database, provider: PaymentProvider, row: int, *, post: ReceiptPost, now: datetime
) -> str:
    with database.read() as connection:
        body = connection.execute(
            select(ProviderEventRow.body).where(ProviderEventRow.id == row)
        ).scalar_one()
    try:
        event = provider.kept(body)
    except RejectedError as error:
        return f"not readable: {error.reason}"
    with database.write() as connection:
        references.lock(connection, provider.name, event.known_as)
        connection.execute(
            select(ProviderEventRow.id).where(ProviderEventRow.id == row).with_for_update()
        ).one()
        return webhooks.process(connection, provider, row, event, post=post, now=now).value
