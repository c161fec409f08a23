"""The letters about an account that was joined or deleted, put into the outbox in the transaction that did it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.post.letters import LetterWriter
from gatekeeper.accounts.readers import Reader
from gatekeeper.contract import routes


def tell_merged(
    connection: Connection,
    letters: LetterWriter,
    survivor: Reader,
    other: Reader,
    *,
    origin: str,
    now: datetime,
) -> None:
    """Writes to both addresses. survivor, other: as they were before."""
    for reader in (survivor, other):
        letter = letters.write(
            "merged",
            reader.language,
            survivor=survivor.email,
            other=other.email,
            address=f"{origin}{routes.ACCOUNT}",
        )
        outbox.put(
            connection,
            key=f"merged:{survivor.id}:{other.id}:{int(reader is survivor)}",
            recipient=reader.email,
            letter=letter,
            now=now,
        )


def tell_deleted(
    connection: Connection,
    letters: LetterWriter,
    reader: Reader,
    emails: Iterable[str],
    *,
    language: str,
    now: datetime,
) -> None:
    """Writes the last letter to each address that led to the account."""
    letter = letters.write("deleted", language)
    for at, email in enumerate(emails):
        outbox.put(connection, key=f"deleted:{reader.id}:{at}", recipient=email, letter=letter, now=now)
