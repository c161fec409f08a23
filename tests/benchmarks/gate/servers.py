"""The servers that are compared: each a process tree on one core, started on a free loopback port and ended whole."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.gatekeeper import free_port

ROOT = Path(__file__).resolve().parents[3]
SERVER_CORES, CLIENT_CORES = "0", "1"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server and what it has used so far."""

    name: str
    port: int
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        total = 0
        for pid in _tree(self.process.pid):
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        return total / _TICKS

    def resident_bytes(self) -> list[int]:
        """Of each process of the tree, the first one first."""
        found = []
        for pid in _tree(self.process.pid):
            with contextlib.suppress(OSError):
                found.append(
                    int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
                )
        return found


def nginx_path() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@contextlib.contextmanager
def started(
    name: str,
    command: Sequence[str],
    *,
    port: int,
    environ: Mapping[str, str],
    log: Path,
    cores: str = SERVER_CORES,
) -> Iterator[Running]:
    passed = {key: os.environ[key] for key in ("PATH", "LANG", "TMPDIR") if key in os.environ}
    with log.open("wb") as sink:
        process = subprocess.Popen(
            ["taskset", "-c", cores, *command],
            cwd=ROOT,
            env={**passed, **environ},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        _await(process, port, log)
        yield Running(name=name, port=port, process=process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[Running]:
    """One worker and one constant redirect: what HTTP itself costs."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log stderr error;\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; keepalive_requests 1000000000; server_tokens off;\n"
        f"  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};\n"
        f"  uwsgi_temp_path {folder}; scgi_temp_path {folder};\n"
        f"  server {{ listen 127.0.0.1:{port}; location / {{ return 302 https://bucket.example.org/private/object; }} }} }}\n"
    )
    command = [nginx_path() or "nginx", "-p", str(folder), "-c", str(configuration)]
    with started("nginx", command, port=port, environ={}, log=folder / "nginx.log") as running:
        yield running


@contextlib.contextmanager
def plain_flask(folder: Path, environ: Mapping[str, str]) -> Iterator[Running]:
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "4", "--log-level", "error"),
        *("--keep-alive", "60", "--bind", f"127.0.0.1:{port}", "tests.benchmarks.gate.plain_flask:create()"),
    ]
    with started("plain Flask", command, port=port, environ=environ, log=folder / "flask.log") as running:
        yield running


@contextlib.contextmanager
def gatekeeper(folder: Path, environ: Mapping[str, str], *, cores: str = SERVER_CORES) -> Iterator[Running]:
    """environ: with LYCEUM_PORT."""
    port = int(environ["LYCEUM_PORT"])
    name = environ.get("LYCEUM_SERVER", "granian")
    command = [sys.executable, "-m", "gatekeeper.server"]
    log = folder / f"gatekeeper-{name}.log"
    with started(name, command, port=port, environ=environ, log=log, cores=cores) as running:
        yield running


@contextlib.contextmanager
def bucket(folder: Path) -> Iterator[str]:
    """The endpoint of a store that gives the files of `folder` as those of its bucket `private`, whoever asks."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = folder / self.path.partition("?")[0].removeprefix("/private/")
            is_there = place.is_file()
            body = place.read_bytes() if is_there else b""
            self.send_response(200 if is_there else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if (
                connection.getresponse().status != http.HTTPStatus.SERVICE_UNAVAILABLE
            ):  # the peers know no such page
                return
        except (OSError, http.client.HTTPException):
            pass  # not listening yet
        finally:
            connection.close()
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text('utf-8', 'replace')[-4000:]}")


def _tree(pid: int) -> list[int]:
    found = [pid]
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _tree(int(child))
    return found
