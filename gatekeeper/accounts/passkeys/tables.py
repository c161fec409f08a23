"""Passkeys: public keys whose private halves never leave the reader's device."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gatekeeper.storage.columns import Base, UtcTime


class PasskeyRow(Base):
    """id: public, in forms; credential, public_key: base64url (at most 1,023 bytes, COSE); sign_count: as the device last said."""

    __tablename__ = "passkeys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reader: Mapped[str] = mapped_column(ForeignKey("readers.id", ondelete="CASCADE"), index=True)
    credential: Mapped[str] = mapped_column(String(1364), unique=True)
    public_key: Mapped[str] = mapped_column(String(4000))
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcTime)
