"""The first sign-in: an account is made, and a letter says what it is. The letter is optional mail: nobody needs it, and it can be refused."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from gatekeeper.accounts.post import optional
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.contract import routes
from gatekeeper.web.service import service


def greet(connection: Connection, reader: str, *, now: datetime) -> None:
    """Writes the welcome, if the account was made in this transaction."""
    row = connection.execute(
        select(ReaderRow.email, ReaderRow.language, ReaderRow.created_at).where(ReaderRow.id == reader)
    ).one()
    if row.created_at != now:
        return
    served = service()
    origin = served.settings.gatekeeper_url
    optional.put(
        connection,
        served.marker,
        served.letters,
        "welcome",
        row.language,
        origin=origin,
        key=f"welcome:{reader}",
        recipient=row.email,
        now=now,
        address=f"{origin}{routes.ACCOUNT}",
    )
