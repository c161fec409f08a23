"""What an operator does to accounts from the command line: join two, delete one, tell a restored backup of deletions again.

The operator has heard the reader: nothing here asks for a proof. Letters go out as if the reader had done it, so that whoever did not ask for it
learns of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gatekeeper.accounts import readers, sessions
from gatekeeper.accounts.address import AddressError, normal_address
from gatekeeper.accounts.life import deletion, guests, merge
from gatekeeper.accounts.life.told import tell_deleted, tell_merged
from gatekeeper.accounts.post.letters import LetterWriter
from gatekeeper.accounts.readers import Reader
from gatekeeper.commerce import ledger
from gatekeeper.commerce.entitlements import entitlements
from gatekeeper.errors import GatekeeperError
from gatekeeper.storage.engine import Database

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an operator sees of an account before something is done to it. No address: the operator has typed it."""

    reader: str
    products: tuple[str, ...]
    sessions: int
    subscriptions: tuple[str, ...]

    def line(self) -> str:
        owns = ", ".join(self.products) or "nothing"
        return f"reader {self.reader}: owns {owns}; {self.sessions} sessions"


def standing(database: Database, email: str, *, now: datetime) -> Standing:
    """The account with this address. Raises GatekeeperError if there is none."""
    with database.read() as connection:
        reader = find(connection, email)
        owned = entitlements(ledger.of_reader(connection, reader.id), now)
        return Standing(
            reader=reader.id,
            products=tuple(owned.active),
            sessions=len(sessions.listed(connection, reader=reader.id, now=now)),
            subscriptions=tuple(
                order.number for order in deletion.running_subscriptions(connection, reader.id)
            ),
        )


def join(
    database: Database, survivor: str, other: str, *, letters: LetterWriter, origin: str, now: datetime
) -> None:
    """Makes the other account part of the surviving one, and tells both addresses."""
    with database.write() as connection:
        kept, joined = find(connection, survivor), find(connection, other)
        if kept.id == joined.id:
            raise GatekeeperError("both addresses lead to one account already")
        merge.merge(connection, survivor=kept, other=joined, now=now)
        tell_merged(connection, letters, kept, joined, origin=origin, now=now)
    log.info("operator joined accounts survivor=%s other=%s", kept.id, joined.id)


def delete(database: Database, email: str, *, letters: LetterWriter, now: datetime) -> None:
    """Deletes the account with this address. Raises GatekeeperError while a subscription would go on being charged."""
    with database.write() as connection:
        reader = find(connection, email)
        running = deletion.running_subscriptions(connection, reader.id)
        if running:
            numbers = ", ".join(order.number for order in running)
            raise GatekeeperError(
                "a subscription would go on being charged",
                where=numbers,
                hint="cancel it at the payment provider, and wait until its message has come",
            )
        tell_deleted(
            connection,
            letters,
            reader,
            deletion.erase(connection, reader.id, now=now),
            language=reader.language,
            now=now,
        )
    log.info("operator deleted account reader=%s", reader.id)


def delete_again(database: Database, ids: Iterable[str], *, now: datetime) -> int:
    """Deletes what a restored backup has brought back, by the ids of `deletion.deleted`; how many of them were there."""
    count = 0
    with database.write() as connection:
        known = {id_ for id_, _ in deletion.deleted(connection)}
        for id_ in ids:
            if id_ not in known and (
                readers.find(connection, id_) is not None or guests.email_of(connection, id_) is not None
            ):
                deletion.erase(connection, id_, now=now)
                count += 1
    return count


def find(connection: Connection, email: str) -> Reader:
    try:
        found = readers.find_by_address(connection, normal_address(email))
    except AddressError as error:
        raise GatekeeperError(
            "that is not an e-mail address", hint="write it like reader@example.org"
        ) from error
    if found is None:
        raise GatekeeperError("nobody has this address", hint="check the spelling")
    return found
