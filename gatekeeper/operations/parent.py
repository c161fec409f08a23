"""A process that answers ends when the one that started it has ended, however that came about.

A parent that is killed outright (SIGKILL, out of memory) tells nobody. Its children would go on holding the port and the database, so that
the next start fails. Each watches whose child it is, once a second, and ends as by SIGTERM; when that takes longer than
draining may, at once.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time

_log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


def end_with_parent(parent: int, *, drain_seconds: int) -> threading.Thread:
    """Watches from a thread of its own until the process with the id `parent` is not this one's parent any more."""
    watcher = threading.Thread(target=_watch, args=(parent, drain_seconds), name="parent", daemon=True)
    watcher.start()
    return watcher


def _watch(parent: int, drain_seconds: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    _log.error("the parent process is gone: ending")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(drain_seconds)
    os._exit(1)
