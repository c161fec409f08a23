"""The room at work: its database, its queue, and the thread that writes, adds purchases, and forgets.

- The database is opened at the first turn of that thread, and may be away at the start and at any time: signals then wait (E05).
- Where it is another than the common one, its schema is made by `gatekeeper migrate` like the common one's, and readers who were deleted
  there are deleted here within a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from gatekeeper.accounts.life.tables import DeletionRow
from gatekeeper.accounts.marks import Marker
from gatekeeper.contract.manifest import Manifest
from gatekeeper.contract.signals import Privacy
from gatekeeper.limits.tally import Tally, open_storage
from gatekeeper.secrets import derive
from gatekeeper.settings import Settings, SignalSettings
from gatekeeper.signals import book, purchases
from gatekeeper.signals.book import Heard
from gatekeeper.signals.intake import Intake
from gatekeeper.signals.robots import Pace
from gatekeeper.signals.telling import Told
from gatekeeper.storage.engine import Database, open_database
from gatekeeper.storage.migrate import SchemaError, require_migrated, upgrade

log = logging.getLogger(__name__)

EXTENSION = "lyceum_signals"
ROUND_SECONDS = 60.0
PER_BROWSER = 60  # tellings a minute; our page tells at most every ten seconds
_LOOK_BACK = timedelta(days=2)  # of deletions, once all of them were seen


@dataclass
class Room:
    """database: where signals lie, `common` where it is the same. rounds: what the thread remembers from turn to turn."""

    settings: SignalSettings
    is_demo: bool
    common: Database
    database: Database
    marker: Marker
    addresses: Tally
    browsers: Tally
    clock: Callable[[], datetime]
    manifest: Callable[[], Manifest | None]
    intake: Intake = field(default_factory=Intake)
    pace: Pace = field(default_factory=Pace)
    _is_ready: bool = False
    _trouble: str = ""
    _last_round: float = 0.0
    _newest_entry: int = -1
    _are_deletions_seen: bool = False

    @property
    def privacy(self) -> Privacy:
        """The school's, as the current release says it."""
        manifest = self.manifest()
        return Privacy.NONE if manifest is None else manifest.signals

    def turn(self) -> None:
        """Writes what waits; and every minute what this service adds and forgets. Never raises for a database that is away."""
        if not self._ready() or not self.intake.write(self.database):
            return
        now = self.clock()
        if now.timestamp() - self._last_round < ROUND_SECONDS:
            return
        try:
            self._add_purchases(now)
            self._forget(now)
        except OperationalError as error:
            log.warning("signals not tended, a database is away: %s", type(error.orig).__name__)
        self._last_round = now.timestamp()

    def note_comment(self, comment: str, *, reader: str, lesson: str, at: datetime) -> bool:
        """For whoever keeps comments in this service: `reader`, an account's id, has commented on `lesson`. Waits for nothing.

        comment: its id there, at most 32 letters, digits, `-` or `_`; saying it twice counts once. No page can tell this (`telling`).
        False when it is not noted: the school collects nothing under readers' names, has no such lesson, or too much waits.
        """
        manifest = self.manifest()
        if manifest is None or manifest.signals is not Privacy.CONSENT or lesson not in manifest.lessons:
            return False
        told = Told(id=f"comment-{comment}", kind="comment", at=at, lesson=lesson)
        return self.intake.offer(
            [Heard(told=told, browser=book.OURS, reader=reader, received_at=self.clock())]
        )

    def close(self) -> None:
        """Writes what waits, if it can, and lets the database go."""
        if self._ready():
            self.intake.write(self.database)
        if self.database is not self.common:
            self.database.close()

    def _ready(self) -> bool:
        if self._is_ready or self.database is self.common:
            return True
        try:
            if self.is_demo:
                upgrade(self.database)
            require_migrated(self.database)
        except (OperationalError, SchemaError) as error:
            said = type(error.orig).__name__ if isinstance(error, OperationalError) else str(error)
            if said != self._trouble:
                log.warning("signals wait, their database cannot be used: %s", said)
            self._trouble = said
            return False
        self._is_ready = True
        return True

    def _add_purchases(self, now: datetime) -> None:
        if self.privacy is not Privacy.CONSENT:  # without a reader's name a purchase tells nothing
            return
        with self.common.read() as connection:
            newest = purchases.newest_entry(connection)
        if newest == self._newest_entry:
            return
        with self.database.read() as connection:
            after = max(book.last_purchase(connection) - purchases.MARGIN, 0)
        not_before = now - timedelta(days=self.settings.keep_days)
        while True:
            with self.common.read() as connection:
                found = purchases.since(connection, after, not_before=not_before)
            with self.database.write() as connection:
                book.append_purchases(connection, found, now=now)
            if len(found) < purchases.MOST:
                break
            after = found[-1].entry
        self._newest_entry = newest

    def _forget(self, now: datetime) -> None:
        with self.common.read() as connection:
            query = select(DeletionRow.reader)
            if self._are_deletions_seen:
                query = query.where(DeletionRow.at >= now - _LOOK_BACK)
            deleted = list(connection.execute(query).scalars())
        with self.database.write() as connection:
            book.forget_readers(connection, deleted)
            book.forget_old(connection, now=now, keep_days=self.settings.keep_days)
        self._are_deletions_seen = True


def open_room(
    settings: Settings,
    common: Database,
    *,
    clock: Callable[[], datetime],
    manifest: Callable[[], Manifest | None],
) -> Room:
    """Raises SettingsError for a URL that is none. Connects to nothing."""
    url = settings.signals.database_url
    memory = open_storage(None)  # each process counts for itself
    return Room(
        settings=settings.signals,
        is_demo=settings.is_demo,
        common=common,
        database=common if url is None else open_database(url.reveal_text()),
        marker=Marker(derive(settings.secret_key, "signals browsers")),
        addresses=Tally("signals-address", most=settings.signals.per_minute, storage=memory),
        browsers=Tally("signals-browser", most=PER_BROWSER, storage=memory),
        clock=clock,
        manifest=manifest,
    )
