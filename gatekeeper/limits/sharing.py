"""The link-sharing alarm: what one reader owns, read from many networks within an hour.

It is soft. It tells the reader (a mail, a notice on the account page) and the operator (a line in the log, a metric, `gatekeeper
doctor`), once a day for a reader, and locks nobody out: a train, a conference or a VPN is no crime. What is remembered is a keyed
hash of each network for an hour, so that a stolen database says nothing about where a reader was.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, update

from gatekeeper.accounts.marks import Marker
from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.post.letters import LetterWriter
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.contract import routes
from gatekeeper.limits.tables import SharingAlarmRow, SightingRow
from gatekeeper.storage.writes import insert_once

log = logging.getLogger(__name__)

AT_ONCE = 100  # sightings in one transaction: short ones, and little memory, however many readers the last minutes had
WINDOW = timedelta(hours=1)
SHOWN = timedelta(days=7)
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """networks: how many different ones there were in the hour before."""

    reader: str
    networks: int
    rang_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bell:
    """What it takes to ring. most: this many networks ring. origin: the service's, for the link in the mail."""

    marker: Marker
    letters: LetterWriter
    origin: str
    most: int


def note(
    connection: Connection, bell: Bell, seen: Iterable[tuple[str, str]], *, now: datetime
) -> list[Alarm]:
    """Writes down reader and network of what was seen, and rings where it is time. Returns what rang now."""
    by_reader: dict[str, list[str]] = {}
    for reader, network in seen:
        by_reader.setdefault(reader, []).append(bell.marker.mark("network", reader, network)[:32])
    rang = []
    asked = list(by_reader)
    # As long as the last list, mostly: each length is a statement of its own, which the database's driver keeps.
    asked += asked[-1:] * (-len(asked) % AT_ONCE)
    readers = connection.execute(
        select(ReaderRow.id, ReaderRow.email, ReaderRow.language).where(ReaderRow.id.in_(asked))
    ).all()  # who was deleted meanwhile is left out
    for reader, email, language in readers:
        for network in by_reader[reader]:
            _see(connection, reader, network, now)
        networks = _count(connection, reader, now)
        if networks < bell.most:
            continue
        alarm = Alarm(reader=reader, networks=networks, rang_at=now)
        if _ring(connection, alarm):
            _tell(connection, bell, alarm, email=email, language=language)
            rang.append(alarm)
    return rang


def latest_of(connection: Connection, reader: str, *, now: datetime) -> Alarm | None:
    """The reader's latest alarm of the last week, for the notice on the account page."""
    found = _alarms(connection, now - SHOWN, reader)
    return found[0] if found else None


def recent(connection: Connection, *, now: datetime) -> list[Alarm]:
    """All alarms of the last week, the newest first, for the operator."""
    return _alarms(connection, now - SHOWN)


def forget_old(connection: Connection, *, now: datetime) -> None:
    connection.execute(delete(SightingRow).where(SightingRow.seen_at < now - WINDOW))
    connection.execute(delete(SharingAlarmRow).where(SharingAlarmRow.rang_at < now - KEPT))


def log_alarms(rang: Iterable[Alarm], count: Callable[[], None]) -> None:
    """After the commit: the operator's log and metric. A reader's id is opaque; no address is named."""
    for alarm in rang:
        log.warning("link-sharing alarm reader=%s networks=%d", alarm.reader, alarm.networks)
        count()


def _see(connection: Connection, reader: str, network: str, now: datetime) -> None:
    values = {"reader": reader, "network": network, "seen_at": now}
    if not insert_once(connection, SightingRow, values, unique=(SightingRow.reader, SightingRow.network)):
        connection.execute(
            update(SightingRow)
            .where(SightingRow.reader == reader, SightingRow.network == network)
            .values(seen_at=now)
        )


def _count(connection: Connection, reader: str, now: datetime) -> int:
    counted = select(func.count()).where(SightingRow.reader == reader, SightingRow.seen_at > now - WINDOW)
    return int(connection.execute(counted).scalar_one())


def _ring(connection: Connection, alarm: Alarm) -> bool:
    """Whether this is the first alarm of the day for the reader, in whatever process."""
    values = {
        "reader": alarm.reader,
        "day": f"{alarm.rang_at:%Y-%m-%d}",
        "networks": alarm.networks,
        "rang_at": alarm.rang_at,
    }
    unique = (SharingAlarmRow.reader, SharingAlarmRow.day)
    return insert_once(connection, SharingAlarmRow, values, unique=unique)


def _tell(connection: Connection, bell: Bell, alarm: Alarm, *, email: str, language: str) -> None:
    letter = bell.letters.write(
        "sharing",
        language,
        networks=alarm.networks,
        rang_at=alarm.rang_at,
        address=f"{bell.origin}{routes.ACCOUNT}#sessions",
    )
    outbox.put(
        connection,
        key=f"sharing:{alarm.reader}:{alarm.rang_at:%Y-%m-%d}",
        recipient=email,
        letter=letter,
        now=alarm.rang_at,
        not_after=alarm.rang_at + SHOWN,
    )


def _alarms(connection: Connection, since: datetime, reader: str | None = None) -> list[Alarm]:
    wanted = select(SharingAlarmRow).where(SharingAlarmRow.rang_at > since)
    if reader is not None:
        wanted = wanted.where(SharingAlarmRow.reader == reader)
    rows = connection.execute(wanted.order_by(SharingAlarmRow.rang_at.desc()))
    return [Alarm(reader=row.reader, networks=row.networks, rang_at=row.rang_at) for row in rows]
