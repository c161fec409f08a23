"""The deletion of an account, for good (attack case D01).

- It asks for a fresh proof of the address, and says before what is lost. A subscription that would go on being charged is cancelled first,
  where it is charged; until then the deletion is refused.
- Sessions end, and every token dies within seconds.
- Whatever says who the reader was goes: address, sessions, ways to sign in, mails, what rooms keep (`kept`), and the bodies of payment
  messages, in which providers repeat names and addresses. The provider keeps what its own law asks of it.
- Orders and ledger lines stay, as bookkeeping must, under a number that leads to nobody. The same address may sign in again one day: as a
  new reader, who owns nothing.
- A confirmation goes to the address, which is then forgotten with the mail.
- `deletions` keeps the number, so that an older backup can be told again: `gatekeeper readers delete --again`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, select, update

from gatekeeper.accounts import sessions, sign_in
from gatekeeper.accounts.life import identities, kept
from gatekeeper.accounts.life.kept import AtDeletion, By, Kept
from gatekeeper.accounts.life.tables import AddressChangeRow, DeletionRow
from gatekeeper.accounts.readers import nobody
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.commerce import ledger, orders
from gatekeeper.commerce.entitlements import is_renewing
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.tables import CheckoutRow, EntryRow, ProviderEventRow, ReferenceRow
from gatekeeper.storage.columns import Base
from gatekeeper.storage.writes import insert_once

log = logging.getLogger(__name__)

_EMPTY = b""
_AT_ONCE = 200


def running_subscriptions(connection: Connection, reader: str) -> list[Order]:
    """Orders that would go on being charged."""
    return [
        order
        for order in orders.listed(connection, reader=reader)
        if is_renewing(ledger.of_order(connection, order.number))
    ]


def erase(connection: Connection, reader: str, *, now: datetime) -> list[str]:
    """Deletes all that says who stands behind this id. Returns the addresses that led here, to be written to once more and forgotten.

    Safe to repeat, and for an id that a restored backup brought back.
    """
    ids = identities.all_of(connection, identities.person_of(connection, reader))
    emails = list(
        connection.execute(
            select(ReaderRow.email).where(ReaderRow.id.in_(ids), ReaderRow.email.not_like("~%"))
        ).scalars()
    )
    for id_ in ids:
        sessions.end_all(connection, reader=id_, now=now)
    for email in emails:
        sign_in.end_open(connection, email, now=now)
    every = [*emails, *_older_addresses(connection, ids)]
    _empty_messages(connection, ids, every)
    lines = kept.lines()
    place = {table.name: at for at, table in enumerate(Base.metadata.sorted_tables)}
    for line in sorted(lines, key=lambda line: place[line.table], reverse=True):
        _forget(connection, line, ids, every)
    for id_ in ids:
        connection.execute(
            update(ReaderRow).where(ReaderRow.id == id_).values(email=nobody(id_), language="")
        )
        insert_once(connection, DeletionRow, {"reader": id_, "at": now}, unique=(DeletionRow.reader,))
    log.info("account deleted reader=%s", ids[0])
    return emails


def deleted(connection: Connection) -> list[tuple[str, datetime]]:
    """Every deleted reader's id, and when; the oldest first."""
    rows = connection.execute(select(DeletionRow.reader, DeletionRow.at).order_by(DeletionRow.at))
    return [(row.reader, row.at) for row in rows]


def _older_addresses(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Addresses that the reader had before, and that are nobody's today."""
    rows = connection.execute(
        select(AddressChangeRow.old_email, AddressChangeRow.new_email).where(AddressChangeRow.reader.in_(ids))
    )
    older = {email for row in rows for email in row}
    taken = connection.execute(select(ReaderRow.email).where(ReaderRow.email.in_(older))).scalars()
    return older - set(taken)


def _forget(connection: Connection, line: Kept, ids: Sequence[str], emails: Sequence[str]) -> None:
    rows = line.rows
    whose = rows.c[line.column].in_(ids if line.by is By.READER else emails)
    if line.at_deletion is AtDeletion.DROP:
        connection.execute(delete(rows).where(whose))
    elif line.blanked:
        connection.execute(update(rows).where(whose).values(dict(line.blanked)))


def _empty_messages(connection: Connection, ids: Sequence[str], emails: Sequence[str]) -> None:
    """Empties payment messages that are about these readers' orders, or name one of their addresses; and drops open checkouts."""
    placed = {order.number: order for id_ in ids for order in orders.listed(connection, reader=id_)}
    if not placed:
        return
    connection.execute(delete(CheckoutRow).where(CheckoutRow.order_number.in_(placed)))
    names = connection.execute(
        select(ReferenceRow.reference).where(ReferenceRow.order_number.in_(placed))
    ).scalars()
    signs = [sign.encode() for sign in (*placed, *names, *emails)]
    told = select(EntryRow.source, EntryRow.event).where(EntryRow.order_number.in_(placed))
    known = {(row.source, row.event) for row in connection.execute(told)}
    first = min(order.created_at for order in placed.values())
    last = 0
    while some := _messages(connection, ProviderEventRow.received_at >= first, after=last):
        last = some[-1][0]
        about = [
            id_
            for id_, provider, event, body in some
            if (provider, event) in known or any(sign in body for sign in signs)
        ]
        if about:
            connection.execute(
                update(ProviderEventRow).where(ProviderEventRow.id.in_(about)).values(body=_EMPTY)
            )


def _messages(
    connection: Connection, which: ColumnElement[bool], *, after: int
) -> list[tuple[int, str, str, bytes]]:
    columns = (ProviderEventRow.id, ProviderEventRow.provider, ProviderEventRow.event, ProviderEventRow.body)
    found = connection.execute(
        select(*columns)
        .where(which, ProviderEventRow.id > after)
        .order_by(ProviderEventRow.id)
        .limit(_AT_ONCE)
    )
    return [(row.id, row.provider, row.event, bytes(row.body)) for row in found]
