"""The table of gifts. Who redeemed one stands in the ledger: source `gift`, event = id."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gatekeeper.storage.columns import Base, UtcTime


class GiftRow(Base):
    """What an order of the buyer's was bought for. recipient: empty while the giver hands the code over themselves.

    version: counts the codes; a change of recipient makes a new one, and mark is that of the newest. send_at: the day that the giver chose.
    due_at: when the recipient's letter is to be looked at, empty when there is none to write. told_at: when the payment was noticed and the
    giver written to. sent_at: when the recipient was last written to; letters: how often somebody was.
    """

    __tablename__ = "gifts"
    __table_args__ = (Index(None, "told_at", "created_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), unique=True)
    buyer: Mapped[str] = mapped_column(ForeignKey("readers.id"), index=True)
    interval: Mapped[str | None] = mapped_column(String(8))
    giver: Mapped[str] = mapped_column(String(60))
    recipient: Mapped[str] = mapped_column(String(254))
    message: Mapped[str] = mapped_column(Text)
    send_at: Mapped[datetime | None] = mapped_column(UtcTime)
    mark: Mapped[str] = mapped_column(String(64), unique=True)
    version: Mapped[int]
    letters: Mapped[int]
    due_at: Mapped[datetime | None] = mapped_column(UtcTime, index=True)
    told_at: Mapped[datetime | None] = mapped_column(UtcTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
