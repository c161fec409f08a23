"""What the link-sharing alarm remembers: for an hour, from which networks a reader was read; and that it rang."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gatekeeper.storage.columns import Base, UtcTime


class SightingRow(Base):
    """A reader's part was fetched from this network. network: a keyed hash of the coarse network, never an address."""

    __tablename__ = "sightings"

    reader: Mapped[str] = mapped_column(ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True)
    network: Mapped[str] = mapped_column(String(32), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcTime, index=True)


class SharingAlarmRow(Base):
    """The alarm rang for this reader. networks: how many there were in the hour; day: `2026-11-22`, one alarm a day."""

    __tablename__ = "sharing_alarms"

    reader: Mapped[str] = mapped_column(ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    networks: Mapped[int]
    rang_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
