"""Optional passwords: one a reader, as an argon2id hash in PHC form."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from gatekeeper.storage.columns import Base, UtcTime


class PasswordRow(Base):
    """failures: wrong passwords since the reader last proved who they are, in whichever way."""

    __tablename__ = "passwords"

    reader: Mapped[str] = mapped_column(ForeignKey("readers.id", ondelete="CASCADE"), primary_key=True)
    phc: Mapped[str] = mapped_column(String(200))
    failures: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(UtcTime)
