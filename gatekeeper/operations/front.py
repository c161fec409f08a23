"""The outermost layer of the service: health and readiness, limits, metrics. It decides nothing about access.

- `/healthz` and `/readyz` are answered here, so that neither limits nor what lies behind can keep them from answering.
- A request above a limit is 429 with the seconds to wait. A reader is known by a verified token only; a forged one counts for its
  address. `X-Forwarded-For` counts only from trusted proxies (attack case H02).
- Bodies are read here, and large answers counted, so that slow clients use up no thread that answers (`slow`, attack case Z15).
- Whoever was given something private is noted for the link-sharing alarm.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gatekeeper.accounts.limits import client_subject
from gatekeeper.limits.sightings import Sightings
from gatekeeper.limits.tally import Tally
from gatekeeper.operations.metrics import Metrics
from gatekeeper.operations.readiness import Readiness
from gatekeeper.operations.slow import BUSY, Bodies, Streams
from gatekeeper.settings import Network
from gatekeeper.web.answer import NOT_ALLOWED, Answer, Dress, as_json
from gatekeeper.web.client import client_address

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

SETTLE_SECONDS = 0.5
_ROUTES = {
    "gate": "gate",
    "files": "files",
    "store": "store",
    "delivery": "delivery",
    "api": "api",
    "webhooks": "webhooks",
    "account-assets": "assets",
    "account": "account",
    "sign-in": "sign-in",
    "buy": "buy",
    "orders": "orders",
}
_GIVING = frozenset({"gate", "files", "delivery"})  # where a reader is given something private
_GIVEN = frozenset({"200", "204", "302"})
# nginx's auth_request takes 401 and 403 alone; it then asks again with the request itself, which is told how long to wait.
_PASS_ON = Answer(status="403 Forbidden")
_BODILESS = _GIVING | {"store", "assets"}
_ALIVE = as_json("200 OK", {"alive": True})
Who = Callable[[str, int], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The WSGI application. who: cookies and Unix seconds → the reader of a verified token. readers, addresses: None for no limit.

    bodies, streams: None under a server whose threads wait for no client.
    """

    inner: WSGIApplication
    dress: Dress
    readiness: Readiness
    who: Who
    trusted_proxies: tuple[Network, ...]
    readers: Tally | None
    addresses: Tally | None
    sightings: Sightings | None
    metrics: Metrics | None
    clock: Callable[[], float]
    bodies: Bodies | None
    streams: Streams | None

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ.get("PATH_INFO", "")
        if path in _PROBES:
            return self._send(_PROBES[path](self), environ, start_response)
        started = time.perf_counter()
        route = _ROUTES.get(path[1:].partition("/")[0], "other")
        reader, address = self._whose(environ, route)
        refusal = self._refusal(environ, route, reader, address)
        if refusal is not None:
            if self.metrics is not None:
                self.metrics.answered(route, refusal.status[:3], started, time.perf_counter())
            return self._send(refusal, environ, start_response)
        said = ["500"]

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            said[0] = status[:3]
            return start_response(status, headers, *rest)

        body = self.inner(environ, start)
        if route == "store" and self.streams is not None:
            body = self.streams.watch(body, address)
        if reader is not None and self.sightings is not None and said[0] in _GIVEN:
            self.sightings.saw(reader, address, self.clock())
        if self.metrics is not None:
            self.metrics.answered(route, said[0], started, time.perf_counter())
        return body

    def _whose(self, environ: Mapping[str, Any], route: str) -> tuple[str | None, str]:
        reader = None
        if route in _GIVING and (cookies := environ.get("HTTP_COOKIE")):
            reader = self.who(cookies, int(self.clock()))
        address: str = environ.get("REMOTE_ADDR", "")
        if self.trusted_proxies:
            address = client_address(address, environ.get("HTTP_X_FORWARDED_FOR", ""), self.trusted_proxies)
        return reader, address

    def _refusal(
        self, environ: dict[str, Any], route: str, reader: str | None, address: str
    ) -> Answer | None:
        """Why this request goes no further; None if it does. One to the store has entered `streams` then."""
        wait = self.wait(reader, address)
        if wait:
            is_nginx = environ["PATH_INFO"].split("/")[1:3] == ["delivery", "check"]
            return _PASS_ON if is_nginx else too_many(wait)
        if route == "store" and self.streams is not None:
            return None if self.streams.enter(address) else BUSY
        if self.bodies is None or route in _BODILESS or environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            return None  # nobody behind reads a body, or waits for it
        return self.bodies.take(environ, address)

    def wait(self, reader: str | None, address: str) -> int:
        """How many seconds to wait, 0 for none. Both are counted, so that one limit is no shelter from the other."""
        now = self.clock()
        waits = [0]
        for tally, subject, name in (
            (self.readers, reader, "reader"),
            (self.addresses, _subject(address), "address"),
        ):
            if tally is not None and subject is not None and (wait := tally.admit(subject, now)):
                waits.append(wait)
                if self.metrics is not None:
                    self.metrics.limited(name)
        return max(waits)

    def _ready(self) -> Answer:
        state = self.readiness.state()
        is_ready = all(state.values())
        status = "200 OK" if is_ready else "503 Service Unavailable"
        return as_json(
            status, {"ready": is_ready, **state}, headers=() if is_ready else (("Retry-After", "5"),)
        )

    def _alive(self) -> Answer:
        return _ALIVE

    def _send(
        self, answer: Answer, environ: Mapping[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if environ.get("PATH_INFO") in _PROBES and method not in {"GET", "HEAD"}:
            answer = NOT_ALLOWED
        start_response(answer.status, self.dress.headers(answer, environ.get("HTTP_ORIGIN")))
        return [answer.body] if method != "HEAD" and isinstance(answer.body, bytes) else []


_PROBES = {"/healthz": Front._alive, "/readyz": Front._ready}


def settle_forever(
    jobs: Iterable[Callable[[], object]],
    stopped: threading.Event,
    *,
    interval_seconds: float = SETTLE_SECONDS,
) -> threading.Thread:
    """Runs the jobs again and again in a thread of its own; they catch what can go wrong themselves."""
    listed = tuple(jobs)

    def settle() -> None:
        while not stopped.wait(interval_seconds):
            for job in listed:
                job()

    thread = threading.Thread(target=settle, name="settle", daemon=True)
    thread.start()
    return thread


def too_many(wait: int) -> Answer:
    return as_json("429 Too Many Requests", {"reason": "limit"}, headers=(("Retry-After", str(wait)),))


@lru_cache(maxsize=4096)
def _subject(address: str) -> str:
    return client_subject(address)
