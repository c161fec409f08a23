"""The tables of this room. Orders and ledger entries are inserted and never changed (rule R8)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gatekeeper.storage.columns import COUNTER, Base, UtcTime

PRODUCT = String(200)
REFERENCE = String(120)
CURRENCY = String(3)
COUPON = String(40)


class OrderRow(Base):
    """What a reader asked to buy, at the price of that moment. title and language: for the receipt. lesson: to go back to.

    amount_minor: before the coupon, which takes discount_minor off; for all seats. grace_days: of a subscription; empty for the usual ones.
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("amount_minor > 0", name="amount"),
        Index(None, "provider", "created_at"),
    )

    number: Mapped[str] = mapped_column(String(24), primary_key=True)
    reader: Mapped[str] = mapped_column(ForeignKey("readers.id"), index=True)
    product: Mapped[str] = mapped_column(PRODUCT)
    title: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = mapped_column(COUNTER)
    currency: Mapped[str] = mapped_column(CURRENCY)
    interval: Mapped[str | None] = mapped_column(String(8))
    refund_days: Mapped[int]
    seats: Mapped[int | None]
    coupon: Mapped[str | None] = mapped_column(COUPON)
    discount_minor: Mapped[int] = mapped_column(COUNTER, default=0, server_default="0")
    grace_days: Mapped[int | None]
    lesson: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    provider: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class EntryRow(Base):
    """One line of the ledger. (source, event): who says so, and the name of the saying there; together they happen once.

    source: `lyceum`, a provider's name, `code` or `operator`. at: when it happened there; recorded_at: when it came here.
    payment: the provider's name for the payment that the line is about, since an order may be paid for more than once.
    grace_days: of the subscription that the line pays for; empty for the usual ones.
    """

    __tablename__ = "ledger"
    __table_args__ = (
        UniqueConstraint("source", "event"),
        Index(None, "reader", "product"),
    )

    id: Mapped[int] = mapped_column(COUNTER, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  # values of `ledger.Kind`: never rename
    reader: Mapped[str] = mapped_column(ForeignKey("readers.id"))
    product: Mapped[str] = mapped_column(PRODUCT)
    order_number: Mapped[str | None] = mapped_column(ForeignKey("orders.number"), index=True)
    amount_minor: Mapped[int] = mapped_column(COUNTER)
    currency: Mapped[str] = mapped_column(CURRENCY)
    interval: Mapped[str | None] = mapped_column(String(8))
    until: Mapped[datetime | None] = mapped_column(UtcTime)
    source: Mapped[str] = mapped_column(String(20))
    event: Mapped[str] = mapped_column(String(120))
    payment: Mapped[str | None] = mapped_column(REFERENCE)
    grace_days: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UtcTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcTime)


class ProviderEventRow(Base):
    """A provider's message as it came, kept before anything is made of it. outcome: empty until it was processed.

    reference: what a message that came before its order's first word waits for.
    """

    __tablename__ = "provider_events"
    __table_args__ = (
        UniqueConstraint("provider", "event"),
        Index(None, "provider", "reference"),
        Index(None, "received_at"),
    )

    id: Mapped[int] = mapped_column(COUNTER, primary_key=True)
    provider: Mapped[str] = mapped_column(String(20))
    event: Mapped[str] = mapped_column(String(120))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(UtcTime)
    processed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    outcome: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str | None] = mapped_column(REFERENCE)


class ReferenceRow(Base):
    """A provider's name for something an order was paid with, and the order. Filled in once, never changed after.

    order_number: empty while a message waits for somebody to say whose it is. payment: the name that the ledger uses.
    """

    __tablename__ = "payment_references"

    provider: Mapped[str] = mapped_column(String(20), primary_key=True)
    reference: Mapped[str] = mapped_column(REFERENCE, primary_key=True)
    order_number: Mapped[str | None] = mapped_column(ForeignKey("orders.number"), index=True)
    payment: Mapped[str | None] = mapped_column(REFERENCE)


class CheckoutRow(Base):
    """A way to pay that a provider has opened for an order; good until expires_at. address: see `payments.Checkout`."""

    __tablename__ = "checkouts"
    __table_args__ = (Index(None, "order_number", "kind"),)

    id: Mapped[int] = mapped_column(COUNTER, primary_key=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"))
    kind: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime)


class CodeRow(Base):
    """A redemption code, by its mark alone. Whether it was used stands in the ledger: source `code`, event = id.

    batch: the codes that were made together; empty for those from before batches. note: what the operator made them for.
    """

    __tablename__ = "codes"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    mark: Mapped[str] = mapped_column(String(64), unique=True)
    product: Mapped[str] = mapped_column(PRODUCT)
    interval: Mapped[str | None] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcTime)
    batch: Mapped[str] = mapped_column(String(20), index=True, server_default="")
    note: Mapped[str] = mapped_column(String(200), server_default="")
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcTime)


class CouponRow(Base):
    """A row to lock while the uses of a coupon are counted; what the coupon is stands in the manifest."""

    __tablename__ = "coupons"

    code: Mapped[str] = mapped_column(COUPON, primary_key=True)


class CouponUseRow(Base):
    """A use of a coupon, kept for its order until held_until; whether it was taken for good the ledger says."""

    __tablename__ = "coupon_uses"

    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), primary_key=True)
    code: Mapped[str] = mapped_column(ForeignKey("coupons.code"), index=True)
    reader: Mapped[str] = mapped_column(ForeignKey("readers.id"), index=True)
    held_until: Mapped[datetime] = mapped_column(UtcTime)
