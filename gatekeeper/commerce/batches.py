"""Looking after redemption codes: what became of each batch and each code, and cancelling what was not used.

A code that was redeemed stays redeemed: what it opened is ended with `gatekeeper revoke`, not by cancelling the code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, update

from gatekeeper.accounts.marks import Marker
from gatekeeper.commerce import ledger
from gatekeeper.commerce.codes import mark_of
from gatekeeper.commerce.tables import CodeRow, EntryRow

_REDEEMED = and_(EntryRow.source == ledger.CODE, EntryRow.event == CodeRow.id)
_AT_ONCE = 500  # ids in one statement


class CodeState(StrEnum):
    """Values stand in JSON answers: never rename."""

    FREE = "free"
    REDEEMED = "redeemed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Codes that were made together, and how many of them were used or cancelled. id: empty for those from before batches."""

    id: str
    product: str
    interval: str | None
    note: str
    created_at: datetime
    expires_at: datetime | None
    total: int
    redeemed: int
    cancelled: int

    def as_json(self) -> dict[str, object]:
        return {
            "batch": self.id,
            "product": self.product,
            "interval": self.interval,
            "note": self.note,
            "created": self.created_at.isoformat(),
            "expires": self.expires_at.isoformat() if self.expires_at else None,
            "total": self.total,
            "redeemed": self.redeemed,
            "cancelled": self.cancelled,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code of a batch. redeemed_at, reader: only of those that were used; reader: the id."""

    id: str
    state: CodeState
    redeemed_at: datetime | None
    reader: str | None

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "state": self.state.value,
            "redeemed": self.redeemed_at.isoformat() if self.redeemed_at else None,
            "reader": self.reader,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """What cancelling found: how many it cancelled, and how many it left alone because they were used."""

    cancelled: int
    redeemed: int

    @property
    def is_known(self) -> bool:
        return bool(self.cancelled or self.redeemed)


def batches(connection: Connection, *, product: str | None = None) -> list[Batch]:
    """All batches, or those for one product, the newest first."""
    which = [CodeRow.product == product] if product is not None else []
    same = (CodeRow.batch, CodeRow.product, CodeRow.interval, CodeRow.note, CodeRow.expires_at)
    rows = connection.execute(
        select(
            *same,
            func.min(CodeRow.created_at).label("created_at"),
            func.count().label("total"),
            func.count(EntryRow.id).label("redeemed"),
            func.sum(case((CodeRow.cancelled_at.is_not(None), 1), else_=0)).label("cancelled"),
        )
        .outerjoin(EntryRow, _REDEEMED)
        .where(*which)
        .group_by(*same)
        .order_by(func.min(CodeRow.created_at).desc(), CodeRow.batch)
    )
    return [
        Batch(
            id=row.batch,
            product=row.product,
            interval=row.interval,
            note=row.note,
            created_at=row.created_at,
            expires_at=row.expires_at,
            total=row.total,
            redeemed=row.redeemed,
            cancelled=row.cancelled,
        )
        for row in rows
    ]


def codes_of(connection: Connection, batch: str, *, now: datetime) -> list[Code]:
    """The codes of one batch, in the order of their ids; the codes themselves are nowhere."""
    rows = connection.execute(
        select(CodeRow.id, CodeRow.expires_at, CodeRow.cancelled_at, EntryRow.at, EntryRow.reader)
        .outerjoin(EntryRow, _REDEEMED)
        .where(CodeRow.batch == batch)
        .order_by(CodeRow.id)
    )
    return [
        Code(
            id=row.id,
            state=_state(row.reader, row.cancelled_at, row.expires_at, now),
            redeemed_at=row.at,
            reader=row.reader,
        )
        for row in rows
    ]


def cancel(connection: Connection, marker: Marker, name: str, *, now: datetime) -> Cancelled:
    """Cancels what was not used of a batch, or one code, named by its id or by itself. What is cancelled already counts as neither."""
    which: ColumnElement[bool] = or_(
        CodeRow.batch == name.strip(), CodeRow.id == name.strip(), CodeRow.mark == mark_of(marker, name)
    )
    if not name.strip():
        return Cancelled(cancelled=0, redeemed=0)
    # Who redeems one of these at this moment holds its row; what they wrote is looked at when the rows are ours.
    ids = list(
        connection.execute(
            select(CodeRow.id)
            .where(which, CodeRow.cancelled_at.is_(None))
            .order_by(CodeRow.id)
            .with_for_update()
        ).scalars()
    )
    used = _used(connection, ids)
    free = [id_ for id_ in ids if id_ not in used]
    for start in range(0, len(free), _AT_ONCE):
        some = free[start : start + _AT_ONCE]
        connection.execute(update(CodeRow).where(CodeRow.id.in_(some)).values(cancelled_at=now))
    return Cancelled(cancelled=len(free), redeemed=len(used))


def _used(connection: Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        found |= set(
            connection.execute(
                select(EntryRow.event).where(EntryRow.source == ledger.CODE, EntryRow.event.in_(some))
            ).scalars()
        )
    return found


def _state(
    reader: str | None, cancelled_at: datetime | None, expires_at: datetime | None, now: datetime
) -> CodeState:
    if reader is not None:
        return CodeState.REDEEMED
    if cancelled_at is not None:
        return CodeState.CANCELLED
    return CodeState.EXPIRED if expires_at is not None and expires_at <= now else CodeState.FREE
