"""Redemption codes: `7K3F-9QXW-2M4T`, twelve signs of Crockford's base 32 (60 random bits), each good for one reader once.

The database keeps a mark of the code. That a code was used stands in the ledger under (source `code`, its id), which is unique; so of
fifty redemptions at once one succeeds (attack case W20), on any engine, without a lock.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from gatekeeper.accounts.marks import Marker, new_id
from gatekeeper.commerce import ledger
from gatekeeper.commerce.ledger import Kind
from gatekeeper.commerce.orders import ALPHABET
from gatekeeper.commerce.tables import CodeRow, EntryRow

SIGNS = 12
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


class Redemption(StrEnum):
    DONE = "done"
    UNKNOWN = "unknown"
    USED = "used"
    YOURS = "yours"  # this reader has redeemed it before
    EXPIRED = "expired"


def create(
    connection: Connection,
    marker: Marker,
    *,
    product: str,
    interval: str | None,
    count: int,
    now: datetime,
    expires_at: datetime | None = None,
) -> list[str]:
    """`count` new codes for the product, in the form to print. They are shown once; only marks are kept."""
    codes = []
    for _ in range(count):
        signs = "".join(secrets.choice(ALPHABET) for _ in range(SIGNS))
        connection.execute(
            insert(CodeRow).values(
                id=new_id(),
                mark=marker.mark("redeem", signs),
                product=product,
                interval=interval,
                created_at=now,
                expires_at=expires_at,
            )
        )
        codes.append("-".join(signs[start : start + 4] for start in range(0, SIGNS, 4)))
    return codes


def product_of(connection: Connection, marker: Marker, text: str) -> str | None:
    """The product that a code is for, whatever its state; None for a text that is no code of ours."""
    return connection.execute(
        select(CodeRow.product).where(CodeRow.mark == marker.mark("redeem", _signs(text)))
    ).scalar_one_or_none()


def redeem(connection: Connection, marker: Marker, text: str, *, reader: str, now: datetime) -> Redemption:
    """Redeems the code for the reader. Dashes, spaces, small letters and O, I, L do not matter."""
    row = connection.execute(
        select(CodeRow).where(CodeRow.mark == marker.mark("redeem", _signs(text)))
    ).one_or_none()
    if row is None:
        return Redemption.UNKNOWN
    owner = connection.execute(
        select(EntryRow.reader).where(EntryRow.source == ledger.CODE, EntryRow.event == row.id)
    ).scalar_one_or_none()
    if owner is not None:
        return Redemption.YOURS if owner == reader else Redemption.USED
    if row.expires_at is not None and row.expires_at <= now:
        return Redemption.EXPIRED
    appended = ledger.append(
        connection,
        kind=Kind.REDEEMED,
        reader=reader,
        product=row.product,
        source=ledger.CODE,
        event=row.id,
        interval=row.interval,
        at=now,
        now=now,
    )
    return Redemption.DONE if appended else Redemption.USED


def _signs(text: str) -> str:
    return "".join(text.upper().split()).translate(_READ_AS)
