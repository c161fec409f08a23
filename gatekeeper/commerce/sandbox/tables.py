"""The sandbox's own books. The shop never reads them; it hears of them by messages only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from gatekeeper.storage.columns import COUNTER, Base, UtcTime


class SandboxPaymentRow(Base):
    """A checkout. id: 128 random bits, which are all that opens its page."""

    __tablename__ = "sandbox_payments"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    order_number: Mapped[str] = mapped_column(String(24), unique=True)
    amount_minor: Mapped[int] = mapped_column(COUNTER)
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class SandboxEventRow(Base):
    """Something that happened to a payment, and when the shop is to hear of it."""

    __tablename__ = "sandbox_events"
    __table_args__ = (Index(None, "delivered_at", "due_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    payment: Mapped[str] = mapped_column(ForeignKey("sandbox_payments.id"), index=True)
    told: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UtcTime)
    due_at: Mapped[datetime] = mapped_column(UtcTime)
    tries: Mapped[int]
    delivered_at: Mapped[datetime | None] = mapped_column(UtcTime)
