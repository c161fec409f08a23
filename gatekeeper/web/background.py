"""One thread beside the requests: sends mails, delivers the sandbox's messages, sweeps what has ended.

Every process has one; the jobs are made so that several at once do no harm. A job that fails is logged and tried again at the next turn.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

TURN_SECONDS = 1.0
Job = Callable[[], object]


class Background:
    """Runs the jobs every second and whenever `wake` is set, until `stop`."""

    def __init__(
        self, jobs: Sequence[Job], wake: threading.Event, *, turn_seconds: float = TURN_SECONDS
    ) -> None:
        self._jobs = tuple(jobs)
        self._wake = wake
        self._turn_seconds = turn_seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="background", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Ends after the job at hand; what is not done stays in the database for the next start."""
        self._stopped.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait(self._turn_seconds)
            self._wake.clear()
            for job in self._jobs:
                if self._stopped.is_set():
                    return
                try:
                    job()
                except Exception:  # the outermost edge of this thread: a job must not end the others
                    log.exception("background job failed")
