"""Heals what a lost message left behind, by asking the provider: the same facts, through the same rules, at most once.

A dry run asks as well and says what would be recorded; nothing is written. What an operator must look at themselves is a finding.
Facts that the ledger has are passed over, so asking twice does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatekeeper.commerce import ledger, orders, references, webhooks
from gatekeeper.commerce.entitlements import OrderState, order_state
from gatekeeper.commerce.payments import (
    Doubt,
    PaymentProvider,
    ProviderAwayError,
    ProviderEvent,
    ProviderRefusedError,
    Told,
)
from gatekeeper.commerce.receipts import ReceiptPost
from gatekeeper.commerce.settle import Outcome
from gatekeeper.storage.engine import Database

_SILENT = frozenset({Told.OTHER, Told.CREATED})
SETTLED = frozenset({OrderState.PAID, OrderState.REFUNDED, OrderState.DISPUTED})


class Found(StrEnum):
    """What was found, and what was done about it."""

    MISSING = "missing"  # would be recorded
    RECORDED = "recorded"
    MISMATCHED = "mismatched"
    DOUBTFUL = "doubtful"
    AWAY = "away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """order: empty where none is known. what: in words, without names of people."""

    found: Found
    provider: str
    order: str
    what: str

    def as_json(self) -> dict[str, str]:
        return {
            "found": self.found.value,
            "provider": self.provider,
            "order": self.order,
            "what": self.what,
        }


def reconcile(
    database: Database,
    providers: Mapping[str, PaymentProvider],
    *,
    since: datetime,
    post: ReceiptPost,
    clock: Callable[[], datetime],
    is_applied: bool,
) -> Iterator[Finding]:
    """What the providers know since then and the ledger does not; with is_applied it is recorded."""
    for provider in providers.values():
        now = clock()
        with database.read() as connection:
            theirs = orders.of_provider(connection, provider.name, since=since)
        try:
            for said in provider.ask(database, theirs, since=since, now=now):
                finding = _looked_at(database, provider, said, post=post, now=now, is_applied=is_applied)
                if finding is not None:
                    yield finding
        except (ProviderAwayError, ProviderRefusedError) as error:
            yield Finding(found=Found.AWAY, provider=provider.name, order="", what=str(error))


def _looked_at(
    database: Database,
    provider: PaymentProvider,
    said: ProviderEvent | Doubt,
    *,
    post: ReceiptPost,
    now: datetime,
    is_applied: bool,
) -> Finding | None:
    if isinstance(said, Doubt):
        return Finding(found=Found.DOUBTFUL, provider=provider.name, order=said.order, what=said.what)
    if said.told in _SILENT:
        return None
    if said.told is Told.LINKED:
        if is_applied:
            webhooks.take(database, provider, said, post=post, now=now)
        return None
    order = _order_of(database, provider, said)
    if is_applied:
        outcome = webhooks.take(database, provider, said, post=post, now=now)
        found = {Outcome.RECORDED: Found.RECORDED, Outcome.MISMATCHED: Found.MISMATCHED}.get(outcome)
    else:
        found = None if order is None or _is_known(database, provider, said, order) else Found.MISSING
    if found is None:
        return None
    return Finding(found=found, provider=provider.name, order=order or "", what=in_words(said))


def in_words(event: ProviderEvent) -> str:
    total = " in all" if event.is_total else ""
    amount = f" {event.money.currency} {event.money}{total}" if event.money is not None else ""
    return f"{event.told.value}{amount} at {event.at:%Y-%m-%d %H:%M} UTC ({event.id})"


def _order_of(database: Database, provider: PaymentProvider, event: ProviderEvent) -> str | None:
    with database.read() as connection:
        number = event.order or references.order_of(connection, provider.name, event.known_as)
        order = orders.find(connection, number) if number is not None else None
    return order.number if order is not None and order.provider == provider.name else None


def _is_known(database: Database, provider: PaymentProvider, event: ProviderEvent, order: str) -> bool:
    with database.read() as connection:
        if ledger.has(connection, provider.name, event.id):
            return True
        lines = ledger.of_order(connection, order)
    if event.is_total and event.money is not None:
        total = sum(
            line.amount_minor
            for line in lines
            if line.kind is ledger.Kind.REFUNDED and line.payment == event.payment
        )
        return total >= event.money.amount_minor
    return event.told is Told.PENDING and order_state(lines) in SETTLED
