"""Redemption codes: `7K3F-9QXW-2M4T`, twelve signs of Crockford's base 32 (60 random bits), each good for one reader once.

- The database keeps a mark of the code, a keyed hash. The codes themselves are shown once, when they are made.
- That a code was used stands in the ledger under (source `code`, its id), which is unique; so of fifty redemptions at once one succeeds
  (attack case W20), on any engine.
- What a code's holder is told (used, expired, cancelled) is told only to who has the whole code: nobody comes to one by guessing, since
  tries are limited and 60 bits are many. An unknown code is told nothing about.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from gatekeeper.accounts.life.identities import all_of
from gatekeeper.accounts.marks import Marker, new_id
from gatekeeper.commerce import ledger
from gatekeeper.commerce.ledger import Kind
from gatekeeper.commerce.orders import ALPHABET
from gatekeeper.commerce.tables import CodeRow, EntryRow

SIGNS = 12
BITS_EACH = 5
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


class Redemption(StrEnum):
    DONE = "done"
    UNKNOWN = "unknown"
    USED = "used"
    YOURS = "yours"  # this reader has redeemed it before
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCode:
    """id: its name in the ledger and in lists; code: in the form to print."""

    id: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """Codes that were made together. id: looks like `B-20261122-7K3F`."""

    id: str
    codes: tuple[NewCode, ...]


def create(
    connection: Connection,
    marker: Marker,
    *,
    product: str,
    interval: str | None,
    count: int,
    now: datetime,
    expires_at: datetime | None = None,
    note: str = "",
) -> NewBatch:
    """`count` new codes for the product. They are shown once; only marks are kept."""
    batch = f"B-{now.astimezone(UTC):%Y%m%d}-{_drawn(4)}"
    made = []
    for _ in range(count):
        signs = _drawn(SIGNS)
        made.append(NewCode(id=new_id(), code=printed(signs)))
        connection.execute(
            insert(CodeRow).values(
                id=made[-1].id,
                mark=mark_of(marker, signs),
                product=product,
                interval=interval,
                created_at=now,
                expires_at=expires_at,
                batch=batch,
                note=note,
                cancelled_at=None,
            )
        )
    return NewBatch(id=batch, codes=tuple(made))


def product_of(connection: Connection, marker: Marker, text: str) -> str | None:
    """The product that a code is for, whatever its state; None for a text that is no code of ours."""
    return connection.execute(
        select(CodeRow.product).where(CodeRow.mark == mark_of(marker, text))
    ).scalar_one_or_none()


def redeem(connection: Connection, marker: Marker, text: str, *, reader: str, now: datetime) -> Redemption:
    """Redeems the code for the reader. Dashes, spaces, small letters and O, I, L do not matter."""
    row = connection.execute(
        select(CodeRow).where(CodeRow.mark == mark_of(marker, text)).with_for_update()
    ).one_or_none()
    if row is None:
        return Redemption.UNKNOWN
    owner = connection.execute(
        select(EntryRow.reader).where(EntryRow.source == ledger.CODE, EntryRow.event == row.id)
    ).scalar_one_or_none()
    if owner is not None:
        return Redemption.YOURS if owner in all_of(connection, reader) else Redemption.USED
    if row.cancelled_at is not None:
        return Redemption.CANCELLED
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


def mark_of(marker: Marker, text: str) -> str:
    """What the database knows of the code in this text, however carelessly it was typed."""
    return marker.mark("redeem", "".join(text.upper().split()).translate(_READ_AS))


def printed(signs: str) -> str:
    """Twelve signs as people read them: in fours."""
    return "-".join(signs[start : start + 4] for start in range(0, SIGNS, 4))


def signs_from(number: int) -> str:
    """The twelve signs of a number's lowest 60 bits."""
    return "".join(
        ALPHABET[(number >> BITS_EACH * place) & (len(ALPHABET) - 1)] for place in reversed(range(SIGNS))
    )


def _drawn(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))
