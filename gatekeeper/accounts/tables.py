"""The tables of this room. Codes, links, cookies and sessions are kept as keyed hashes only (`marks.py`)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gatekeeper.storage.columns import COUNTER, Base, UtcTime

MARK = String(64)  # hex of an HMAC-SHA256


class ReaderRow(Base):
    """A person, or what is left of one. id: opaque and for ever; email: normalised, may change; `~<id>` for nobody (`readers.nobody`)."""

    __tablename__ = "readers"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    language: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class SignInRow(Base):
    """One request for a code. browser: the mark of the cookie of the browser that asked. target: where to go afterwards."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index(None, "email", "ended_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    browser: Mapped[str] = mapped_column(MARK, unique=True)
    email: Mapped[str] = mapped_column(String(254))
    code: Mapped[str] = mapped_column(MARK)
    link: Mapped[str] = mapped_column(MARK, unique=True)
    target: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    expires_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    tries: Mapped[int]
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)


class SessionRow(Base):
    """One signed-in browser. mark: of the cookie; handle: its public name, in tokens and forms; label: `Firefox, Linux`."""

    __tablename__ = "sessions"

    mark: Mapped[str] = mapped_column(MARK, primary_key=True)
    handle: Mapped[str] = mapped_column(String(32), unique=True)
    reader: Mapped[str] = mapped_column(ForeignKey("readers.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    seen_at: Mapped[datetime] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)


class RevocationRow(Base):
    """Tokens of `session` (a handle) are dead: all of them if is_ended is 1, else those minted up to `at`."""

    __tablename__ = "revocations"

    id: Mapped[int] = mapped_column(COUNTER, primary_key=True)
    session: Mapped[str] = mapped_column(String(32))
    is_ended: Mapped[int]
    at: Mapped[datetime] = mapped_column(UtcTime, index=True)


class SpentErrandRow(Base):
    """An errand that has come back and is kept until it would have ended anyway. mark: of its secret."""

    __tablename__ = "spent_errands"

    mark: Mapped[str] = mapped_column(MARK, primary_key=True)
    until: Mapped[datetime] = mapped_column(UtcTime, index=True)


class LimitRow(Base):
    """How often something happened in one window of time. subject: the mark of an address or a client."""

    __tablename__ = "limits"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(MARK, primary_key=True)
    window: Mapped[int] = mapped_column(COUNTER, primary_key=True, autoincrement=False)
    ends_at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    count: Mapped[int]


class MailRow(Base):
    """A mail to be sent, written in the transaction of what it tells about.

    key: unique, so that the same news is never told twice. not_after: when it is no longer worth sending.
    leased_until: a sender is at it. sent_at or failed_at: done (`post.outbox` says what is kept then). unsubscribe: where optional mail
    can be refused; empty for mail that must be sent.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "sent_at", "failed_at", "send_at"),)

    id: Mapped[int] = mapped_column(COUNTER, primary_key=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    send_at: Mapped[datetime] = mapped_column(UtcTime)
    not_after: Mapped[datetime | None] = mapped_column(UtcTime)
    tries: Mapped[int]
    leased_until: Mapped[datetime | None] = mapped_column(UtcTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    problem: Mapped[str] = mapped_column(String(200))
    unsubscribe: Mapped[str] = mapped_column(Text, server_default="")
