"""Finding a purchase again by its order number and an address.

The answer to the form is always the same, and a code always goes to the address that was typed. What the order number leads to is said only
to whoever has proven that address, and "nothing" looks the same for an order that does not exist and for somebody else's.

- The address leads to the order's reader (their present one, or that of an account that was joined): they are signed in.
- It was typed by a guest who bought: that proves it, and the purchase is theirs.
- It is an older address of the order's reader: whoever has that mailbox today may be somebody else. Doubt denies: nobody is signed in, and
  a letter to the present address says how to get in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gatekeeper.accounts import readers
from gatekeeper.accounts.life import guests
from gatekeeper.accounts.life.tables import AddressChangeRow
from gatekeeper.accounts.readers import Reader
from gatekeeper.commerce import orders


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """reader: who may come in; moved: whose address has changed since. At most one of them."""

    reader: Reader | None = None
    moved: Reader | None = None


def restored(connection: Connection, *, number: str, email: str, language: str, now: datetime) -> Restored:
    """What the order leads to for somebody who has proven this address."""
    order = orders.find(connection, number) if orders.is_number(number) else None
    if order is None:
        return Restored()
    if guests.email_of(connection, order.reader) == email:
        reader = readers.find_or_create(connection, email, language=language, now=now)
        guests.claim(connection, reader.id, now=now)
        return Restored(reader=reader)
    owner = readers.find(connection, order.reader)
    if owner is None:
        return Restored()
    found = readers.find_by_address(connection, email)
    if found is not None and found.id == owner.id:
        return Restored(reader=owner)
    was_theirs = connection.execute(
        select(AddressChangeRow.id).where(
            AddressChangeRow.reader == owner.id, AddressChangeRow.old_email == email
        )
    ).first()
    return Restored(moved=owner) if was_theirs is not None else Restored()
