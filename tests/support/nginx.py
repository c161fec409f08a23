"""A real nginx with the configurations of docs/deploy/nginx, their addresses and folders replaced by a test's own.

Debian: apt install nginx. Where it is missing, its tests are skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from tests.support.gatekeeper import RunningGatekeeper, free_port, running_gatekeeper
from tests.support.raw_http import RawAnswer, exchange

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATIONS = ROOT / "docs" / "deploy" / "nginx"
START_SECONDS = 30


def program() -> str:
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin") or ""


def why_not() -> str:
    """Why nginx cannot be started here, or ""."""
    return "" if program() else "no nginx here; Debian: apt install nginx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nginx:
    """log: everything that it wrote, access and errors."""

    port: int
    folder: Path

    @property
    def log(self) -> str:
        return "".join(path.read_text("utf-8", "replace") for path in sorted(self.folder.glob("*.log")))

    def raw(self, target: bytes, *, method: bytes = b"GET", lines: bytes = b"") -> RawAnswer:
        """One request with this very target."""
        host = f"Host: 127.0.0.1:{self.port}\r\n".encode()
        request = b"%s %s HTTP/1.1\r\n%s%sConnection: close\r\n\r\n" % (method, target, host, lines)
        return exchange("127.0.0.1", self.port, request)


def configuration(*names: str, port: int, gatekeeper: int, replaced: Mapping[str, str]) -> str:
    """The documented files in the order of `names`, for one plain listener on loopback."""
    texts = [(CONFIGURATIONS / f"{name}.conf").read_text("utf-8") for name in ("http", *names)]
    text = "\n".join(texts)
    text = re.sub(r"listen 443 ssl;", f"listen 127.0.0.1:{port};", text)
    text = re.sub(r"^\s*ssl_certificate(_key)? .*$", "", text, flags=re.MULTILINE)
    text = text.replace("server 127.0.0.1:8001;", f"server 127.0.0.1:{gatekeeper};")
    for documented, own in replaced.items():
        assert documented in text, f"{documented} is not in the documented configuration"
        text = text.replace(documented, own)
    return text


@contextmanager
def running_nginx(
    folder: Path,
    *names: str,
    port: int,
    gatekeeper: int,
    replaced: Mapping[str, str] | None = None,
    more: str = "",
) -> Iterator[Nginx]:
    """nginx in `folder` (made if need be) over the gatekeeper on that port. more: further text inside http { }."""
    folder.mkdir(parents=True, exist_ok=True)
    text = configuration(*names, port=port, gatekeeper=gatekeeper, replaced=replaced or {}) if names else more
    text = text.replace("/var/log/nginx/", f"{folder}/") + (more if names else "")
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = (
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/start.log error;\n"
        f"events {{ worker_connections 512; }}\nhttp {{\ninclude /etc/nginx/mime.types;\n{temporary}\n{text}\n}}\n"
    )
    file = folder / "nginx.conf"
    file.write_text(whole, encoding="utf-8")
    with (folder / "output.log").open("wb") as sink:
        process = subprocess.Popen(
            [program(), "-c", str(file), "-p", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        _await(process, port, folder)
        yield Nginx(port=port, folder=folder)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _await(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"nginx did not start: {Nginx(port=port, folder=folder).log}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fronted:
    """A gatekeeper that readers reach through nginx alone."""

    gatekeeper: RunningGatekeeper
    nginx: Nginx

    def raw(self, target: bytes, *, method: bytes = b"GET", lines: bytes = b"") -> RawAnswer:
        return self.nginx.raw(target, method=method, lines=lines)

    def get(self, path: str, *, lines: bytes = b"") -> RawAnswer:
        """path: not yet encoded."""
        return self.raw(quote(path).encode(), lines=lines)

    def follow(self, url: str, *, lines: bytes = b"") -> RawAnswer:
        """A URL that the gatekeeper handed out; it must lead to nginx."""
        parts = urlsplit(url)
        assert parts.netloc == f"127.0.0.1:{self.nginx.port}", url
        return self.raw(f"{parts.path}?{parts.query}".encode(), lines=lines)


@contextmanager
def fronted(
    folder: Path,
    *names: str,
    environ: Mapping[str, str] | None = None,
    replaced: Mapping[str, str] | None = None,
    more: str = "",
    publish: bool = True,
) -> Iterator[Fronted]:
    """A gatekeeper in `folder` behind nginx with the configurations `names`; it trusts that nginx's X-Forwarded-For."""
    port = free_port()
    given = {
        "LYCEUM_GATEKEEPER_URL": f"http://127.0.0.1:{port}",
        "LYCEUM_TRUSTED_PROXIES": "127.0.0.1/32",
        **(environ or {}),
    }
    with (
        running_gatekeeper(folder, environ=given, publish=publish) as gatekeeper,
        running_nginx(
            folder / "nginx",
            *names,
            port=port,
            gatekeeper=gatekeeper.port,
            replaced=replaced,
            more=more,
        ) as nginx,
    ):
        yield Fronted(gatekeeper=gatekeeper, nginx=nginx)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThroughNginx(RunningGatekeeper):
    """The same gatekeeper to tests that know nothing of nginx: all they ask goes through it. front: its port."""

    front: int

    @property
    def port(self) -> int:
        return self.front


def through_nginx(opened: Fronted) -> ThroughNginx:
    own = opened.gatekeeper
    return ThroughNginx(settings=own.settings, process=own.process, log=own.log, front=opened.nginx.port)
