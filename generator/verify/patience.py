"""How long a site may take to show a release: caches in front of it keep pages for a minute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

_EVERY_SECONDS = 5.0


class Patience:
    """`more()` waits a little and says whether it is worth looking again. sleep: `time.sleep`, or a test's."""

    def __init__(self, wait: timedelta, sleep: Callable[[float], None]) -> None:
        self._left_seconds = wait.total_seconds()
        self._sleep = sleep

    def more(self) -> bool:
        if self._left_seconds <= 0:
            return False
        self._sleep(min(self._left_seconds, _EVERY_SECONDS))
        self._left_seconds -= _EVERY_SECONDS
        return True
