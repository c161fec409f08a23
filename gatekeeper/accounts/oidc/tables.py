"""Accounts elsewhere that open an account here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gatekeeper.storage.columns import Base, UtcTime


class IdentityRow(Base):
    """A person at another service: (issuer, subject) is who they are for ever; label, such as their name there, is only shown.

    id: public, in forms. provider: the name under which this installation knows the issuer.
    """

    __tablename__ = "identities"

    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    reader: Mapped[str] = mapped_column(ForeignKey("readers.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str] = mapped_column(String(40))
    label: Mapped[str] = mapped_column(String(254))
    linked_at: Mapped[datetime] = mapped_column(UtcTime)
    used_at: Mapped[datetime] = mapped_column(UtcTime)
