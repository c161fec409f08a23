"""Counts what a reader or an address asks, beside the request, and settles with the others in the background.

A request must wait for no store (rule R7), so it is counted in this process's memory, two dictionary look-ups, and every half second the
counts are added to a storage of the `limits` library: this process's memory, or Redis, where all processes and machines add up.
Whoever is over the limit is refused until the window, a minute of the clock, ends. One process alone counts exactly; several with
Redis can be late by what arrives within half a second; several without Redis count each for itself. Redis away: each counts
for itself until it is back, which is logged once.

Fixed windows let through twice the limit around a minute's end. That is enough here: the limit is against scraping and runaway
scripts, not what keeps anything secret.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field

from limits import RateLimitItemPerMinute
from limits.errors import ConfigurationError, StorageError
from limits.storage import Storage, storage_from_string

from gatekeeper.errors import SettingsError

_log = logging.getLogger(__name__)

WINDOW_SECONDS = 60
MOST_SUBJECTS = 200_000  # a flood of addresses must not fill the memory; beyond it new ones are not counted
_SHARED_TIMEOUT_SECONDS = 1.0


@dataclass(slots=True)
class _Window:
    """number: of the minute. seen: subject → all that is known; unsettled: the part that others do not know yet."""

    number: int
    seen: dict[str, int] = field(default_factory=dict)
    unsettled: dict[str, int] = field(default_factory=dict)


class Tally:
    """One limit. name: its namespace in the storage. most: requests a minute of one subject."""

    def __init__(self, name: str, *, most: int, storage: Storage) -> None:
        self._item = RateLimitItemPerMinute(most, namespace=f"lyceum:{name}")
        self._most = most
        self._storage = storage
        self._lock = threading.Lock()
        self._window = _Window(0)
        self._is_away = False

    def admit(self, subject: str, now: float) -> int:
        """Counts one request. 0 if it is within the limit, else after how many seconds to come again (at least 1)."""
        number, passed = divmod(int(now), WINDOW_SECONDS)
        with self._lock:
            window = self._window
            if window.number != number:
                window = self._window = _Window(number)
            count = window.seen.get(subject, 0) + 1
            if count == 1 and len(window.seen) >= MOST_SUBJECTS:
                return 0
            window.seen[subject] = count
            window.unsettled[subject] = window.unsettled.get(subject, 0) + 1
        return WINDOW_SECONDS - passed if count > self._most else 0

    def settle(self) -> None:
        """Adds the counts since the last time to the storage and learns what the others counted."""
        with self._lock:
            window = self._window
            told, window.unsettled = window.unsettled, {}
        try:
            while told:
                subject, amount = next(iter(told.items()))
                key = self._item.key_for(subject, str(window.number))
                total = self._storage.incr(key, 2 * WINDOW_SECONDS, amount)
                del told[subject]
                with self._lock:  # what came meanwhile is not in the total yet
                    known = total + window.unsettled.get(subject, 0)
                    window.seen[subject] = max(window.seen.get(subject, 0), known)
        except StorageError as error:
            with self._lock:
                for subject, amount in told.items():  # for the next time
                    window.unsettled[subject] = window.unsettled.get(subject, 0) + amount
            if not self._is_away:
                _log.warning("shared limits away, counting alone: %s", type(error).__name__)
            self._is_away = True
            return
        if self._is_away:
            _log.info("shared limits are back")
            self._is_away = False


def open_storage(redis_url: str | None) -> Storage:
    """Where the counts add up. redis_url: None for this process's memory. Does not connect yet.

    Raises SettingsError if the client for Redis is not installed.
    """
    if redis_url is None:
        return storage_from_string("memory://")  # type: ignore[return-value]
    try:
        return storage_from_string(  # type: ignore[return-value]
            redis_url,
            wrap_exceptions=True,
            socket_timeout=_SHARED_TIMEOUT_SECONDS,
            socket_connect_timeout=_SHARED_TIMEOUT_SECONDS,
        )
    except ConfigurationError:
        raise SettingsError(
            ["LYCEUM_REDIS_URL needs the Redis client: pip install 'lyceum[redis]'"]
        ) from None
