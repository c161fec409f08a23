"""moto's S3 server: the one server at hand whose `If-Match` is a real compare-and-swap, and which checks no signature at all.

So conditions are tried on it, and a publish must refuse it: strangers list everything. From PyPI: `moto[server]`, in build/stores
(`make test-stores` puts it there). Where it is missing, its tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.gatekeeper import free_port

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "school"
START_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Moto:
    endpoint: str


def program() -> str:
    return (
        shutil.which(
            "moto_server", path=f"{ROOT / 'build' / 'stores' / 'bin'}{os.pathsep}{os.environ['PATH']}"
        )
        or ""
    )


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    binary = program()
    if not binary:
        pytest.skip("no moto server here; make test-stores installs it")
    folder, port = tmp_path_factory.mktemp("moto"), free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([binary, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
        try:
            _wait(process, port, folder / "log")
            endpoint = f"http://127.0.0.1:{port}"
            with urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{BUCKET}", method="PUT")):
                yield Moto(endpoint=endpoint)
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
                raise RuntimeError(f"moto did not start: {log.read_text(errors='replace')}") from None
            time.sleep(0.05)
        else:
            return
