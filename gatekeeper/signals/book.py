"""The table of signals: append, read a day, forget. It stands in the database that LYCEUM_SIGNALS_DATABASE_URL names, or in the common one.

A signal is named by its browser and that browser's name for it, a purchase by its line in the ledger: saying it twice keeps it once.
A day's state is another whenever its signals or the pseudonyms are, so that whoever has an export fetches again what changed, and
drops what is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Result, Row, delete, func, select

from gatekeeper.signals.tables import SignalRow
from gatekeeper.signals.telling import Told
from gatekeeper.storage.writes import insert_all_once

EPOCH = date(1970, 1, 1)
_AT_ONCE = 500
OURS = ""  # the browser of what this service adds


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One event and whose it is. reader: an account's id, if somebody was signed in. browser: its mark."""

    told: Told
    browser: str
    reader: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """entry: the ledger's line. lesson: where the reader decided to buy, if that is known."""

    entry: int
    reader: str
    product: str
    lesson: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """state: see the module."""

    day: date
    signals: int
    state: str


def day_number(moment: datetime) -> int:
    """Days from 1970 to the moment's day in UTC."""
    return (moment.astimezone(UTC).date() - EPOCH).days


def append(connection: Connection, heard: Sequence[Heard]) -> None:
    """Keeps the events, each once."""
    rows = [
        {
            "reader": one.reader,
            "browser": one.browser,
            "event": one.told.id,
            "kind": one.told.kind,
            "lesson": one.told.lesson,
            "value": one.told.value,
            "list": one.told.list_,
            "place": one.told.place,
            "variant": one.told.variant,
            "at": one.told.at,
            "day": day_number(one.told.at),
            "received_at": one.received_at,
        }
        for one in heard
    ]
    for start in range(0, len(rows), _AT_ONCE):
        insert_all_once(
            connection,
            SignalRow,
            rows[start : start + _AT_ONCE],
            unique=(SignalRow.browser, SignalRow.event),
        )


def append_purchases(connection: Connection, purchases: Sequence[Purchase], *, now: datetime) -> None:
    rows = [
        {
            "reader": one.reader,
            "browser": OURS,
            "event": f"ledger-{one.entry}",
            "kind": "bought",
            "lesson": one.lesson,
            "product": one.product,
            "entry": one.entry,
            "at": one.at,
            "day": day_number(one.at),
            "received_at": now,
        }
        for one in purchases
    ]
    insert_all_once(connection, SignalRow, rows, unique=(SignalRow.entry,))


def last_purchase(connection: Connection) -> int:
    """The newest line of the ledger that is kept here; 0 for none."""
    return int(connection.execute(select(func.max(SignalRow.entry))).scalar_one() or 0)


def days(connection: Connection, *, since: date | None = None, generation: int = 0) -> list[Day]:
    """The days that signals are kept of, the oldest first. generation: of the pseudonyms."""
    query = select(SignalRow.day, func.count(), func.max(SignalRow.id)).group_by(SignalRow.day)
    if since is not None:
        query = query.where(SignalRow.day >= (since - EPOCH).days)
    return [
        Day(day=EPOCH + timedelta(days=number), signals=count, state=f"{count}-{last}-{generation}")
        for number, count, last in connection.execute(query.order_by(SignalRow.day))
    ]


def of_day(connection: Connection, day: date, *, after: int, most: int) -> Sequence[Row[Any]]:
    """Signals of the day with ids above `after`, by id, at most `most`."""
    found: Result[Any] = connection.execute(
        select(
            SignalRow.id,
            SignalRow.reader,
            SignalRow.browser,
            SignalRow.event,
            SignalRow.kind,
            SignalRow.lesson,
            SignalRow.at,
            SignalRow.value,
            SignalRow.list_,
            SignalRow.place,
            SignalRow.variant,
            SignalRow.product,
        )
        .where(SignalRow.day == (day - EPOCH).days, SignalRow.id > after)
        .order_by(SignalRow.id)
        .limit(most)
    )
    return found.all()


def forget_browser(connection: Connection, browser: str) -> None:
    """Deletes what was told under this mark."""
    connection.execute(delete(SignalRow).where(SignalRow.browser == browser, SignalRow.browser != OURS))


def forget_readers(connection: Connection, readers: Sequence[str]) -> None:
    """Deletes what these accounts did, purchases included. For an account that is deleted, and safe to repeat."""
    for some in _slices(readers):
        connection.execute(delete(SignalRow).where(SignalRow.reader.in_(some)))


def forget_old(connection: Connection, *, now: datetime, keep_days: int) -> None:
    """Deletes what is older than `keep_days` days."""
    connection.execute(delete(SignalRow).where(SignalRow.day < day_number(now) - keep_days))


def _slices(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
