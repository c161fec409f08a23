"""What an operator does to accounts from the command line: grants, revocations, the end of sessions.

Each grant and revocation is a line of the ledger with a random event id; nothing is changed or removed (rule R8).
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from gatekeeper.accounts import readers, sessions
from gatekeeper.accounts.address import AddressError, normal_address
from gatekeeper.accounts.marks import Marker, new_id
from gatekeeper.accounts.readers import Reader
from gatekeeper.commerce import ledger
from gatekeeper.commerce.entitlements import entitlements
from gatekeeper.commerce.ledger import Kind
from gatekeeper.errors import GatekeeperError
from gatekeeper.secrets import Secret, derive
from gatekeeper.storage.engine import Database

log = logging.getLogger(__name__)

MARKS = "marks"  # the purpose under which the key of marks is derived


def marker(secret_key: Secret) -> Marker:
    """The marks of this installation."""
    return Marker(derive(secret_key, MARKS))


def grant(
    database: Database, email: str, product: str, *, last_day: datetime | None, now: datetime
) -> datetime | None:
    """Gives the product to the reader with this address, who is made if need be. Returns the end, or None for good."""
    end = _end_of_day(last_day)
    if end is not None and end <= now:
        raise GatekeeperError("that day is over", hint="name a day in the future")
    with database.write() as connection:
        reader = readers.find_by_address(connection, _address(email)) or readers.find_or_create(
            connection, _address(email), language="en", now=now
        )
        _append(connection, Kind.GRANTED, reader, product, until=end, now=now)
    return end


def revoke(database: Database, email: str, product: str, *, now: datetime) -> None:
    """Closes everything of this product that the reader has up to now. Raises if they have nothing of it."""
    with database.write() as connection:
        reader = _reader(connection, email)
        owned = entitlements(ledger.of_reader(connection, reader.id), now)
        if product not in owned.active:
            has = ", ".join(owned.active) or "nothing"
            raise GatekeeperError(f"this reader does not own {product!r}", hint=f"they own: {has}")
        _append(connection, Kind.REVOKED, reader, product, until=None, now=now)


def sign_out(database: Database, email: str, *, now: datetime) -> int:
    """Ends every session of the reader with this address, and the tokens with them; how many there were."""
    with database.write() as connection:
        reader = _reader(connection, email)
        ended = sessions.end_all(connection, reader=reader.id, now=now)
    log.info("operator signed out reader=%s sessions=%d", reader.id, ended)
    return ended


def _append(
    connection: Connection, kind: Kind, reader: Reader, product: str, *, until: datetime | None, now: datetime
) -> None:
    ledger.append(
        connection,
        kind=kind,
        reader=reader.id,
        product=product,
        source=ledger.OPERATOR,
        event=new_id(),
        until=until,
        at=now,
        now=now,
    )
    log.info("operator %s reader=%s product=%s", kind.value, reader.id, product)


def _reader(connection: Connection, email: str) -> Reader:
    reader = readers.find_by_address(connection, _address(email))
    if reader is None:
        raise GatekeeperError("nobody has this address", hint="check the spelling")
    return reader


def _address(email: str) -> str:
    try:
        return normal_address(email)
    except AddressError as error:
        raise GatekeeperError(
            "that is not an e-mail address", hint="write it like reader@example.org"
        ) from error


def _end_of_day(day: datetime | None) -> datetime | None:
    """The end of a UTC day, which is still part of it."""
    return None if day is None else day.replace(tzinfo=UTC) + timedelta(days=1)
