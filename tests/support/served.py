"""A server in a process of its own for as long as a test needs it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

START_SECONDS = 90
END_SECONDS = 30


@contextmanager
def served(
    command: Sequence[object], *, port: int, log: Path, environ: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Runs `command` with its output in `log`, waits until something listens on `port`, and ends the whole process group.

    environ: in addition to our own. Raises RuntimeError, with the end of the log, for a server that does not begin to listen.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*map(str, command)],
            env=os.environ | dict(environ or {}),
            stdout=output,
            stderr=output,
            start_new_session=True,  # so that an interrupt of the tests does not reach it before us
        )
    try:
        _wait(process, port, log)
        yield
    finally:
        _end(process)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                end = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise RuntimeError(f"{process.args!r} did not start: {end}") from None
            time.sleep(0.05)
        else:
            return


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
