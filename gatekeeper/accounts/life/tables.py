"""The tables of an account's life. The ledger is never changed (rule R8); so who a line belongs to is said beside it, in `joined_readers`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gatekeeper.accounts.tables import MARK
from gatekeeper.storage.columns import Base, UtcTime

READER = String(32)
ADDRESS = String(254)


class JoinedRow(Base):
    """What stands under `identity` (a reader's id) belongs to `reader`. One step: a reader named here is never an identity itself.

    how: `guest` for a purchase without an account, `merge` for an account that was joined.
    """

    __tablename__ = "joined_readers"

    identity: Mapped[str] = mapped_column(ForeignKey("readers.id"), primary_key=True)
    reader: Mapped[str] = mapped_column(ForeignKey("readers.id"), index=True)
    how: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime] = mapped_column(UtcTime)


class GuestRow(Base):
    """Somebody who buys without an account. email: as they typed it, proven by nobody. browser: the mark of a cookie of theirs."""

    __tablename__ = "guests"

    reader: Mapped[str] = mapped_column(ForeignKey("readers.id"), primary_key=True)
    email: Mapped[str] = mapped_column(ADDRESS, index=True)
    browser: Mapped[str] = mapped_column(MARK, index=True)
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class ProofRow(Base):
    """A code that was mailed to prove an address. holder: the mark of who may type it (a session or a browser's cookie).

    purpose: what for; detail: what the purpose needs to know again. proven_at: the code was right; ended_at: no longer to be used.
    """

    __tablename__ = "address_proofs"
    __table_args__ = (Index(None, "holder", "purpose"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(MARK)
    purpose: Mapped[str] = mapped_column(String(16))
    reader: Mapped[str | None] = mapped_column(ForeignKey("readers.id"), index=True)
    email: Mapped[str] = mapped_column(ADDRESS, index=True)
    code: Mapped[str] = mapped_column(MARK)
    detail: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    tries: Mapped[int]
    proven_at: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)


class AddressChangeRow(Base):
    """A reader's address became another. undo: the mark of the secret in the mail to the old address, good until undo_until."""

    __tablename__ = "address_changes"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reader: Mapped[str] = mapped_column(ForeignKey("readers.id"), index=True)
    old_email: Mapped[str] = mapped_column(ADDRESS, index=True)
    new_email: Mapped[str] = mapped_column(ADDRESS)
    undo: Mapped[str] = mapped_column(MARK, unique=True)
    changed_at: Mapped[datetime] = mapped_column(UtcTime)
    undo_until: Mapped[datetime] = mapped_column(UtcTime)
    undone_at: Mapped[datetime | None] = mapped_column(UtcTime)


class DeletionRow(Base):
    """This reader deleted their account: a number without a person, so that a restored backup can be told again."""

    __tablename__ = "deletions"

    reader: Mapped[str] = mapped_column(READER, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)


class MailRefusalRow(Base):
    """Somebody wants no optional mail. address: the mark of their address, which is not kept for this."""

    __tablename__ = "mail_refusals"

    address: Mapped[str] = mapped_column(MARK, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
