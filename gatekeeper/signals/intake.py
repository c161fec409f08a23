"""Between a request and the table: a queue in memory, so that no page waits for the database of signals, and none fails with it.

- A batch is taken whole or, when MOST_WAITING events wait, not at all; the page is told to come again (attack case E05).
- One thread writes what waits, in one transaction a turn. While the database is away everything stays in the queue; that is logged once.
- What a reader takes back is taken out of the queue, too.
- A clean end writes what waits. A killed process loses it: seconds of reading, never money.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Sequence

from sqlalchemy.exc import OperationalError

from gatekeeper.signals import book
from gatekeeper.signals.book import Heard
from gatekeeper.storage.engine import Database

log = logging.getLogger(__name__)

MOST_WAITING = 20_000
_AT_ONCE = 2_000


class Intake:
    """Safe to share between threads; one of them writes."""

    def __init__(self, *, most_waiting: int = MOST_WAITING) -> None:
        self._lock = threading.Lock()
        self._most = most_waiting
        self._waiting: deque[Heard] = deque()
        self._farewells: set[str] = set()
        self._is_away = False

    @property
    def waiting(self) -> int:
        """How many events wait to be written."""
        return len(self._waiting)

    def offer(self, heard: Sequence[Heard]) -> bool:
        """Takes the events, or none of them when too many wait."""
        with self._lock:
            if len(self._waiting) + len(heard) > self._most:
                return False
            self._waiting.extend(heard)
        return True

    def say_farewell(self, browser: str) -> bool:
        """Everything told under this mark will be deleted. False when too many wait."""
        with self._lock:
            if len(self._farewells) >= self._most:
                return False
            self._waiting = deque(one for one in self._waiting if one.browser != browser)
            self._farewells.add(browser)
        return True

    def write(self, database: Database) -> bool:
        """Writes what waits. False if the database is away; then it waits on."""
        while True:
            with self._lock:
                batch = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
                farewells, self._farewells = self._farewells, set()
            if not batch and not farewells:
                return True
            try:
                with database.write() as connection:
                    book.append(connection, batch)
                    for browser in sorted(farewells):
                        book.forget_browser(connection, browser)
            except OperationalError as error:
                with self._lock:
                    self._waiting.extendleft(reversed(batch))
                    self._farewells |= farewells
                if not self._is_away:
                    log.warning("signals wait, their database is away: %s", type(error.orig).__name__)
                self._is_away = True
                return False
            if self._is_away:
                log.info("the signals' database is back")
                self._is_away = False
