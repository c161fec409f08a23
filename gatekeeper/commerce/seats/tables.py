"""The table of seats. Who sat when stands in the ledger too: source `seat`, events `seated:<id>` and `unseated:<id>`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gatekeeper.storage.columns import Base, UtcTime


class SeatRow(Base):
    """One person on one seat of one order: invited, accepted, gone. Kept when it has ended.

    email: the address that was invited; only who has proven it may accept. letters: how often it was written to.
    """

    __tablename__ = "seats"
    __table_args__ = (Index(None, "order_number", "ended_at"), Index(None, "email", "ended_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"))
    email: Mapped[str] = mapped_column(String(254))
    letters: Mapped[int]
    invited_at: Mapped[datetime] = mapped_column(UtcTime)
    holder: Mapped[str | None] = mapped_column(ForeignKey("readers.id"), index=True)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)
