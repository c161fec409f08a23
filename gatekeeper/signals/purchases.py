"""What this service itself knows: who bought or redeemed which product, and at which lesson. Copied from the ledger, each line once.

What was bought for others says nothing about what its buyer reads, and is left out; its receiver's redemption counts. So do readers who
have been deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.orm import aliased

from gatekeeper.accounts.life.tables import DeletionRow
from gatekeeper.commerce.ledger import FOR_OTHERS, Kind
from gatekeeper.commerce.tables import EntryRow, OrderRow
from gatekeeper.signals.book import Purchase

MARGIN = (
    200  # lines before the newest one are looked at again: transactions end in another order than they begin
)
MOST = 2_000
_BUYING = (Kind.PAID.value, Kind.REDEEMED.value)


def newest_entry(connection: Connection) -> int:
    """The number of the ledger's newest line; 0 for none."""
    return int(connection.execute(select(func.max(EntryRow.id))).scalar_one() or 0)


def since(connection: Connection, entry: int, *, not_before: datetime) -> Sequence[Purchase]:
    """Purchases of lines above `entry`, the first MOST of them, and not older than `not_before`."""
    other = aliased(EntryRow)
    for_others = (
        select(other.id)
        .where(
            other.order_number == EntryRow.order_number, other.kind.in_([kind.value for kind in FOR_OTHERS])
        )
        .exists()
    )
    rows = connection.execute(
        select(EntryRow.id, EntryRow.reader, EntryRow.product, OrderRow.lesson, EntryRow.at)
        .join(OrderRow, OrderRow.number == EntryRow.order_number, isouter=True)
        .where(
            EntryRow.id > entry,
            EntryRow.kind.in_(_BUYING),
            EntryRow.at >= not_before,
            EntryRow.reader.not_in(select(DeletionRow.reader)),
            ~for_others,
        )
        .order_by(EntryRow.id)
        .limit(MOST)
    )
    return [
        Purchase(entry=row.id, reader=row.reader, product=row.product, lesson=row.lesson, at=row.at)
        for row in rows
    ]
