"""Free trials: lessons of paid courses that a signed-in reader opens for nothing, each trial once.

That a reader took one is a line of the ledger under (source `trial`, reader and product), which is unique: a second time appends nothing,
whatever became of the first. An account that was joined with another has taken what the other took.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Connection

from gatekeeper.accounts.life import identities
from gatekeeper.commerce import ledger
from gatekeeper.commerce.ledger import Kind
from gatekeeper.contract.manifest import Manifest, ProductEntry
from gatekeeper.contract.products import ProductKind


def find(manifest: Manifest, product: str) -> ProductEntry | None:
    """The trial that can be taken now; None for any other product."""
    entry = manifest.products.get(product)
    return entry if entry is not None and entry.active and entry.kind == ProductKind.TRIAL else None


def is_taken(connection: Connection, product: str, *, reader: str) -> bool:
    return any(
        ledger.has(connection, ledger.TRIAL, _event(one, product))
        for one in identities.all_of(connection, reader)
    )


def take(connection: Connection, entry: ProductEntry, product: str, *, reader: str, now: datetime) -> bool:
    """Opens the trial's lessons to the reader. Returns False if they had it before."""
    if is_taken(connection, product, reader=reader):
        return False
    return ledger.append(
        connection,
        kind=Kind.GRANTED,
        reader=reader,
        product=product,
        source=ledger.TRIAL,
        event=_event(reader, product),
        until=None if entry.days is None else now + timedelta(days=entry.days),
        at=now,
        now=now,
    )


def _event(reader: str, product: str) -> str:
    """Of at most 120 signs, however long the product's id is."""
    return f"{reader}:{hashlib.sha256(product.encode()).hexdigest()[:32]}"
