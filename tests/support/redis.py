"""A real Redis on a free port. Debian: apt install redis-server. Where it is missing, its tests are skipped."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.gatekeeper import free_port

START_SECONDS = 30


def why_not() -> str:
    """Why Redis cannot be started here, or ""."""
    return "" if shutil.which("redis-server") else "no Redis here; Debian: apt install redis-server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Redis:
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


@contextmanager
def running_redis(folder: Path, *, port: int | None = None) -> Iterator[Redis]:
    """It keeps nothing on disk."""
    chosen = port or free_port()
    arguments = [
        "--port",
        str(chosen),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(folder),
    ]
    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen(
            ["redis-server", *arguments], stdout=log, stderr=log, start_new_session=True
        )
    try:
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", chosen), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise AssertionError((folder / "redis.log").read_text()) from None
                time.sleep(0.02)
        yield Redis(port=chosen, process=process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
