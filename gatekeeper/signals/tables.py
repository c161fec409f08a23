"""The tables of this room. Signals are inserted and never changed; they go when they are old, or when their reader goes.

They may lie in a database of their own, so nothing here refers to another room's rows.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Double, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gatekeeper.storage.columns import COUNTER, Base, UtcTime

NAME = String(40)


class SignalRow(Base):
    """One thing that a reader did. (browser, event) happens once.

    reader: the account, if somebody was signed in. browser: the mark of the name that the browser made for itself; empty for what this
    service adds. event: the browser's name for the event. at: the gatekeeper's time, less what the page says has passed since;
    day: days from 1970 to it. entry: the ledger's line, for purchases. product: what was bought.
    """

    __tablename__ = "signals"
    __table_args__ = (
        UniqueConstraint("browser", "event"),
        UniqueConstraint("entry"),
        Index(None, "day", "id"),
        {"sqlite_autoincrement": True},  # an id is never used twice, so that a day's state tells every change
    )

    id: Mapped[int] = mapped_column(COUNTER, primary_key=True)
    reader: Mapped[str | None] = mapped_column(String(32), index=True)
    browser: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(NAME)
    kind: Mapped[str] = mapped_column(String(16))  # of `contract.signals.KINDS`: never rename
    lesson: Mapped[str | None] = mapped_column(Text)
    value: Mapped[float | None] = mapped_column(Double)
    list_: Mapped[str | None] = mapped_column("list", NAME)
    place: Mapped[int | None]
    variant: Mapped[str | None] = mapped_column(NAME)
    product: Mapped[str | None] = mapped_column(String(200))
    entry: Mapped[int | None] = mapped_column(COUNTER)
    at: Mapped[datetime] = mapped_column(UtcTime)
    day: Mapped[int]
    received_at: Mapped[datetime] = mapped_column(UtcTime)


class SaltRow(Base):
    """What the pseudonyms of an export are made with, beside the secret key. Only the newest is kept."""

    __tablename__ = "signal_salts"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(COUNTER, primary_key=True)
    salt: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
