"""Whether this process can do its work: `/readyz` names each thing it stands on.

    manifest   a release is loaded
    keys       there is a key to sign tokens with, and what it signs verifies
    store      the private store answered the last look for a new release
    database   it answers, and speaks this version's schema

503 if any of them is not so. Keys and database are looked at again at most every two seconds, however often a balancer asks. Without
the store or the database the last release is still read by who has a token; a balancer with only such processes should
therefore keep sending readers rather than take all of them out: use `/healthz` where that cannot be set.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

LOOK_AGAIN_SECONDS = 2.0
Check = Callable[[], bool]


class Readiness:
    """checks: name → whether it is so; one that raises is not. clock: any seconds that go forward."""

    def __init__(self, checks: Mapping[str, Check], *, clock: Callable[[], float]) -> None:
        self._checks = dict(checks)
        self._clock = clock
        self._lock = threading.Lock()
        self._looked_at = float("-inf")
        self._known: dict[str, bool] = {}

    def state(self) -> Mapping[str, bool]:
        """Name → whether it is so, as of the last two seconds.

        While one caller looks, the others get what was known before, so that a store that hangs cannot use up all threads.
        """
        if self._lock.acquire(blocking=not self._known):
            try:
                now = self._clock()
                if now - self._looked_at >= LOOK_AGAIN_SECONDS:
                    self._known = {name: _holds(check) for name, check in self._checks.items()}
                    self._looked_at = now
            finally:
                self._lock.release()
        return self._known


def _holds(check: Check) -> bool:
    try:
        return check()
    except Exception:  # the outermost edge of a probe: whatever it was, it is not ready
        return False
