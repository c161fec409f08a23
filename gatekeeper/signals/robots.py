"""Which signals are no reader's: programs that say so, and browsers that are faster than anybody reads.

- A program says so by its User-Agent; the list is `crawler-user-agents`, which is kept by many and renewed monthly. No User-Agent is a program.
- A browser that opens more than FASTEST different lessons within a minute is not reading. What it tells is left out for the rest of that
  minute and the next hour. Counted in this process's memory; a few processes let through a few times as much.
- A reader who asks not to be followed (`DNT: 1`, `Sec-GPC: 1`) is not, whatever the page did.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import lru_cache

FASTEST = 20  # different lessons a minute
WINDOW_SECONDS = 60
SHUNNED_SECONDS = 3600
MOST_BROWSERS = 50_000  # a flood of names must not fill the memory; beyond it new ones are not watched


def asks_for_quiet(*, dnt: str | None, gpc: str | None) -> bool:
    """Whether the browser asks not to be followed; the headers `DNT` and `Sec-GPC`."""
    return dnt == "1" or gpc == "1"


@lru_cache(maxsize=4096)
def is_program(agent: str) -> bool:
    """Whether this User-Agent is a program's."""
    import crawleruseragents

    return not agent or bool(crawleruseragents.is_crawler(agent[:500]))


class Pace:
    """Watches how fast browsers open lessons. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minute = 0
        self._seen: dict[str, set[str]] = {}
        self._shunned: dict[str, float] = {}

    def is_human(self, browser: str, lessons: Iterable[str], now: float) -> bool:
        """Notes that `browser` opened these lessons. False if it is too fast, now or within the last hour. now: Unix seconds."""
        minute = int(now // WINDOW_SECONDS)
        with self._lock:
            if minute != self._minute:
                self._minute, self._seen = minute, {}
                self._shunned = {name: until for name, until in self._shunned.items() if until > now}
            if browser in self._shunned:
                return False
            if browser not in self._seen and len(self._seen) >= MOST_BROWSERS:
                return True
            seen = self._seen.setdefault(browser, set())
            seen.update(lessons)
            if len(seen) <= FASTEST:
                return True
            if len(self._shunned) < MOST_BROWSERS:
                self._shunned[browser] = now + SHUNNED_SECONDS
            return False
