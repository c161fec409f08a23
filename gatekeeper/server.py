"""Runs the service on Granian: host, port and number of processes from the settings, a clean end on SIGTERM or Ctrl-C.

Choices, each for a reason seen in Granian 2.8:

- WSGI with native threads: here it answered more requests a second than its RSGI and ASGI interfaces, and than waitress.
- No access log: its lines would hold query strings, and those of `/store/…` are signatures (attack case U07).
- `backpressure` limits open connections, not requests, and defaults to backlog / workers; it is set apart, so that idle
  keep-alive connections do not shut new ones out.
- Headers have to arrive within ten seconds (slow senders) and fit into 64 KiB, so a huge cookie is answered 431 and a
  huge path 414 before any of our code sees it (P20, J14).
- Granian copies the process's environment into every request; the secrets are taken out of it first.
- A process that is still loading has inherited the parent's signal handlers, which would swallow its SIGTERM and make the
  end wait for the drain time; until Granian sets its own, a signal simply ends it.
- Beside LYCEUM_THREADS there are threads for slow bodies and slow readers, for which Granian has no time limit (`operations.slow`).
- A process ends when its parent has ended, even by SIGKILL (`operations.parent`), so that the next start finds the port free.
- On SIGTERM or Ctrl-C no new connection is taken, answers under way get LYCEUM_DRAIN_SECONDS, and a second signal changes
  nothing (attack case Z18).
- The listening socket allows a second server on the same port (SO_REUSEPORT), so a busy port is looked for beforehand.
"""

from __future__ import annotations

import functools
import logging
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

from gatekeeper.accounts.oidc.environment import is_secret_name
from gatekeeper.environment import read_settings
from gatekeeper.errors import GatekeeperError
from gatekeeper.limits.tally import open_storage
from gatekeeper.operations import logs, slow
from gatekeeper.operations.metrics import MetricsPort, open_port
from gatekeeper.operations.parent import end_with_parent
from gatekeeper.settings import SECRET_VARIABLES, Settings

if TYPE_CHECKING:
    from gatekeeper.operations.front import Front

_log = logging.getLogger(__name__)

HEADER_MILLISECONDS = 10_000
HEADER_BYTES = 64 * 1024
CONNECTIONS = 1024
_ENDING = (signal.SIGTERM, signal.SIGINT)
_ports: list[MetricsPort] = []  # what a forked process inherits and must let go


def serve(settings: Settings) -> None:
    """Serves until a signal ends it. Raises GatekeeperError if the address cannot be had; exits 1 if a process fails."""
    from granian import Granian
    from granian.constants import Interfaces
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    _check_address(settings.host, settings.port)
    if settings.limits.redis_url is not None:
        open_storage(settings.limits.redis_url.reveal_text())  # said here once, rather than by each process
    operations = settings.operations
    if operations.metrics is not None:
        _ports.append(_open_metrics(*operations.metrics))
    if operations.is_turnstile:
        _serve_fast(settings)
        return
    server = Granian(
        "gatekeeper.wsgi",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=settings.threads + slow.THREADS,
        backlog=CONNECTIONS,
        backpressure=CONNECTIONS,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=HEADER_BYTES),
        log_access=False,
        log_level=LogLevels.error,
        log_dictconfig=logs.configuration(is_json=operations.is_log_json),
        workers_kill_timeout=operations.drain_seconds,
    )
    try:
        server.serve(target_loader=functools.partial(_load, settings, os.getpid()), wrap_loader=False)
    finally:
        for number in _ENDING:  # a second signal must not turn a clean end into a killed one
            signal.signal(number, signal.SIG_IGN)
        while _ports:
            _ports.pop().close()


def _serve_fast(settings: Settings) -> None:
    from gatekeeper.turnstile.processes import serve_fast

    try:
        serve_fast(settings, _load)
    finally:
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)
        while _ports:
            _ports.pop().close()


def _load(settings: Settings, parent: int) -> Front:
    """In each process: the application, once the environment holds no secret any more. parent: the id of the first process."""
    from gatekeeper.wsgi import build

    for port in _ports:
        port.forget_in_child()
    end_with_parent(parent, drain_seconds=settings.operations.drain_seconds)
    for number in _ENDING:
        signal.signal(number, signal.SIG_DFL)
    for name in [name for name in os.environ if name in SECRET_VARIABLES or is_secret_name(name)]:
        del os.environ[name]
    for name in [name for name in os.environ if name[:5] == "HTTP_"]:  # would look like headers of a request
        del os.environ[name]
    return build(settings)


def _open_metrics(host: str, port: int) -> MetricsPort:
    try:
        return open_port(host, port)
    except OSError as error:
        raise GatekeeperError(
            f"cannot show metrics on {host}:{port}: {error.strerror}",
            hint="stop what listens there (`ss -ltnp` shows it), or change LYCEUM_METRICS",
        ) from error


def _check_address(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise GatekeeperError(
            f"cannot listen on {host}:{port}: {error.strerror}",
            hint="stop what listens there (`ss -ltnp` shows it), or set LYCEUM_PORT or LYCEUM_HOST",
        ) from error


def main() -> None:
    """`python -m gatekeeper.server`: serves with the settings of the environment."""
    try:
        serve(read_settings(os.environ))
    except GatekeeperError as error:
        print(
            f"error: {error}",
            *(f"hint: {line}" for line in error.hint.splitlines()),
            sep="\n",
            file=sys.stderr,
        )
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
