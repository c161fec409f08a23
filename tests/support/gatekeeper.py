"""A real gatekeeper process over a folder store with the tiny release, started on a free port and stopped again."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from gatekeeper.environment import read_settings
from gatekeeper.gate.token import mint
from gatekeeper.settings import Settings
from tests.support.raw_http import RawAnswer, exchange, exchange_many
from tests.support.tiny_release import RELEASE_PUBLIC_KEY, tiny_manifest, write_release

ROOT = Path(__file__).resolve().parents[2]
SITE_URL = "http://127.0.0.1:9/school/"
START_SECONDS = 60.0
STOP_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningGatekeeper:
    """settings: those of the process, so that tests can mint what it accepts. log: its standard error."""

    settings: Settings
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def port(self) -> int:
        return self.settings.port

    def token(
        self, products: Mapping[str, int | None], *, now: int | None = None, reader: str = "reader-1"
    ) -> str:
        return mint(
            self.settings.token_keys,
            reader=reader,
            session="session-1",
            products=products,
            now=int(time.time()) if now is None else now,
            issuer=self.settings.token_issuer,
            audience=self.settings.token_audience,
        )

    def cookie(self, products: Mapping[str, int | None]) -> bytes:
        """A Cookie line for a reader who owns `products`."""
        return f"Cookie: {self.settings.entitlement_cookie}={self.token(products)}\r\n".encode()

    def raw(self, target: bytes, *, method: bytes = b"GET", lines: bytes = b"") -> RawAnswer:
        """One request with this very target. lines: more header lines, each with its CRLF."""
        host = f"Host: 127.0.0.1:{self.port}\r\n".encode()
        request = b"%s %s HTTP/1.1\r\n%s%sConnection: close\r\n\r\n" % (method, target, host, lines)
        return exchange("127.0.0.1", self.port, request)

    def many(self, targets: Iterable[bytes], *, lines: bytes = b"") -> list[RawAnswer]:
        """GETs of all targets, many down each connection."""
        host = f"Host: 127.0.0.1:{self.port}\r\n".encode()
        requests = [b"GET %s HTTP/1.1\r\n%s%s\r\n" % (target, host, lines) for target in targets]
        return exchange_many("127.0.0.1", self.port, requests)

    def get(self, path: str, *, lines: bytes = b"") -> RawAnswer:
        """path: not yet encoded."""
        return self.raw(quote(path).encode(), lines=lines)

    def follow(self, url: str, *, lines: bytes = b"") -> RawAnswer:
        """A URL of this gatekeeper, absolute or not."""
        parts = urlsplit(url)
        assert parts.netloc in {"", f"127.0.0.1:{self.port}"}, url
        return self.raw(f"{parts.path}?{parts.query}".encode(), lines=lines)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_gatekeeper(
    folder: Path, *, environ: Mapping[str, str] | None = None, publish: bool = True
) -> Iterator[RunningGatekeeper]:
    """A demo gatekeeper in `folder`; `environ` overrides its settings. publish: whether the tiny release is there."""
    port = free_port()
    chosen = {
        "LYCEUM_MODE": "demo",
        "LYCEUM_STATE": str(folder / "state"),
        "LYCEUM_STORE": (folder / "private").as_uri(),
        "LYCEUM_PUBLIC_STORE": (folder / "public").as_uri(),
        "LYCEUM_PORT": str(port),
        "LYCEUM_SITE_URL": SITE_URL,
        "LYCEUM_GATEKEEPER_URL": f"http://127.0.0.1:{port}",
        "LYCEUM_REFRESH_SECONDS": "0.2",
        "LYCEUM_READER_LIMIT": "0",  # tests ask much at once
        "LYCEUM_ADDRESS_LIMIT": "0",
        "LYCEUM_RELEASE_PUBLIC_KEYS": RELEASE_PUBLIC_KEY,
        **(environ or {}),
    }
    settings = read_settings(chosen)
    if publish:
        write_release(folder / "private", folder / "public", tiny_manifest(SITE_URL))
    log = folder / "gatekeeper.log"
    passed = {
        name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "TMPDIR") if name in os.environ
    }
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [*_ends_with_us(), sys.executable, "-m", "gatekeeper.server"],
            cwd=ROOT,
            env={**passed, **chosen},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # a group of its own, so that none of its processes outlives the test
        )
    try:
        running = RunningGatekeeper(settings=settings, process=process, log=log)
        _await(running, b"/readyz" if publish else b"/healthz")
        yield running
    finally:
        stop(process)


def _ends_with_us() -> list[str]:
    """Before a command: it is told to end when a test run is killed outright and nobody stops it any more."""
    program = shutil.which("setpriv")  # of util-linux; elsewhere such a process has to be ended by hand
    return [program, "--pdeathsig", "TERM"] if program else []


def stop(process: subprocess.Popen[bytes]) -> int:
    """Ends the process as a supervisor would, says how it ended, and leaves no process of its group behind."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _await(running: RunningGatekeeper, path: bytes) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if running.process.poll() is not None:
            break
        try:
            if running.raw(path).status == 200:
                return
        except OSError:
            pass  # not listening yet
        time.sleep(0.05)
    raise AssertionError(f"the gatekeeper did not start:\n{running.log.read_text('utf-8', 'replace')}")
