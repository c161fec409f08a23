"""The preview's web server: serves a folder, watches the sources, reloads the browser. MkDocs' own live-reload server does it."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from mkdocs.livereload import LiveReloadServer

_SMALL_FILES = 2000


class _Server(LiveReloadServer):
    ready: Callable[[], None]

    def server_activate(self) -> None:
        super().server_activate()
        self.ready()


def serve(
    site: Path,
    watched: Sequence[Path],
    host: str,
    port: int,
    refresh: Callable[[], None],
    ready: Callable[[], None],
) -> None:
    """Serve until Ctrl-C or SIGTERM.

    refresh: brings `site` up to date after something watched has changed; must not raise. ready: called once it can be connected to.
    """
    logging.getLogger("mkdocs.livereload").setLevel(logging.WARNING)
    files = sum(len(names) for folder in watched if folder.is_dir() for _, _, names in os.walk(folder))
    # Looking at 10,000 files costs 0.1 s: a large school is looked at less often.
    interval_seconds = 0.2 if files < _SMALL_FILES else 0.5
    server = _Server(refresh, host, port, str(site), polling_interval=interval_seconds)
    server.ready = ready
    server.error_handler = lambda code: (site / "404.html").read_bytes() if code == 404 else None
    for path in watched:
        server.watch(str(path))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        server.serve()  # type: ignore[no-untyped-call]  # MkDocs types it partly
    except KeyboardInterrupt:
        return
    finally:
        server.shutdown(wait=True)
