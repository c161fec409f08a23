"""Under which names readers leave the house: a keyed hash whose key can be thrown away.

The key is derived from LYCEUM_SECRET_KEY and a random salt that is kept beside the signals. `rotate` replaces the salt: every reader has
another name from then on, and nobody can say which old name was whose. Exports are fetched anew after that, because each day's state
holds the salt's number.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from gatekeeper.accounts.marks import Marker
from gatekeeper.secrets import Secret, derive
from gatekeeper.signals.tables import SaltRow
from gatekeeper.storage.writes import insert_once

_LENGTH = 24  # hex digits: 96 bits, so that two of a million readers never share one


@dataclass(frozen=True, slots=True, kw_only=True)
class Salt:
    """generation: counts up with every rotation."""

    generation: int
    value: str


class Pseudonyms:
    """Names readers under one salt. people: a joined account's id → the account that it now belongs to."""

    def __init__(self, secret_key: Secret, salt: Salt, people: Mapping[str, str]) -> None:
        self._marker = Marker(derive(secret_key, f"signals pseudonyms {salt.value}"))
        self._people = people
        self._known: dict[tuple[str, str], str] = {}

    def name(self, reader: str | None, browser: str) -> str:
        """The reader's if somebody was signed in, else the browser's."""
        whose = ("reader", self._people.get(reader, reader)) if reader else ("browser", browser)
        if whose not in self._known:
            self._known[whose] = self._marker.mark(*whose)[:_LENGTH]
        return self._known[whose]


def current(connection: Connection) -> Salt | None:
    """The salt in use; None before the first export."""
    row = connection.execute(
        select(SaltRow.id, SaltRow.salt).order_by(SaltRow.id.desc()).limit(1)
    ).one_or_none()
    return None if row is None else Salt(generation=row.id, value=row.salt)


def current_or_first(connection: Connection, *, now: datetime) -> Salt:
    """The salt in use, made if there is none; needs a transaction that writes."""
    found = current(connection)
    if found is None:
        insert_once(
            connection,
            SaltRow,
            {"id": 1, "salt": secrets.token_hex(32), "created_at": now},
            unique=(SaltRow.id,),
        )
        found = current(connection)
    if found is None:
        raise LookupError("a salt vanished inside the transaction that made it")
    return found


def rotate(connection: Connection, *, now: datetime) -> Salt:
    """A new salt; the old ones are deleted, so that no old name can be made again."""
    before = current_or_first(connection, now=now)
    made = Salt(generation=before.generation + 1, value=secrets.token_hex(32))
    connection.execute(insert(SaltRow).values(id=made.generation, salt=made.value, created_at=now))
    connection.execute(delete(SaltRow).where(SaltRow.id <= before.generation))
    return made
