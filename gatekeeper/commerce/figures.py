"""How many readers own what, for the publisher who wants to know whom a change of access would meet (`lyceum diff-access`).

    GET /api/figures    {"owners": [{"products": ["rust", "sql"], "readers": 12}, {"products": [], "readers": 340}]}

- Each reader is counted once, also with several joined accounts, under exactly the products that are open to them now; without products they only have an account.
- Numbers only: no address, no id, no date. A row may stand for one person, so only the holder of LYCEUM_FIGURES_KEY is told; where no
  key is set there is no such page.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from flask import Blueprint, Response, abort, jsonify, request
from sqlalchemy import Connection, func, select

from gatekeeper.accounts.life.tables import JoinedRow
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.commerce import ledger
from gatekeeper.commerce.entitlements import entitlements
from gatekeeper.commerce.ledger import Entry
from gatekeeper.commerce.tables import EntryRow
from gatekeeper.contract import routes
from gatekeeper.web.service import service

blueprint = Blueprint("figures", __name__)

_IS_SOMEBODY = ReaderRow.email.not_like("~%")  # see `accounts.readers.nobody`
_AT_ONCE = 500  # readers whose ledger is read with one query


@blueprint.get(routes.FIGURES, provide_automatic_options=False)
def figures() -> Response:
    key = service().settings.figures_key
    if key is None:
        abort(404)
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(
        shown.strip().encode(), key.reveal().hex().encode()
    ):
        abort(403)
    with service().database.read() as connection:
        counted = owners(connection, service().clock())
    rows = [
        {"products": sorted(products), "readers": readers}
        for products, readers in sorted(counted.items(), key=lambda row: sorted(row[0]))
        if readers
    ]
    return jsonify(owners=rows)


def owners(connection: Connection, now: datetime) -> dict[frozenset[str], int]:
    """The products that somebody owns at `now`, exactly these → how many readers; the empty set: everybody else with an account."""
    counted: Counter[frozenset[str]] = Counter()
    for entries in _by_reader(connection):
        counted[frozenset(entitlements(entries, now).active)] += 1
    accounts = (
        select(func.count())
        .select_from(ReaderRow)
        .where(_IS_SOMEBODY, ReaderRow.id.not_in(select(JoinedRow.identity)))
    )
    readers = connection.execute(accounts).scalar_one()
    counted[frozenset()] += readers - counted.total()
    return dict(counted)


def _by_reader(connection: Connection) -> Iterator[Sequence[Entry]]:
    """The lines of each reader of whom the ledger knows; joined accounts are one, guests and deleted ones nobody."""
    person = func.coalesce(JoinedRow.reader, EntryRow.reader)
    found = (
        select(person)
        .select_from(EntryRow)
        .outerjoin(JoinedRow, JoinedRow.identity == EntryRow.reader)
        .join(ReaderRow, ReaderRow.id == person)
        .where(_IS_SOMEBODY)
        .distinct()
        .order_by(person)
    )
    named = iter(connection.execute(found).scalars().all())
    while some := list(islice(named, _AT_ONCE)):
        yield from ledger.by_reader(connection, some).values()
