"""The short way: `GET /gate/parts/…` and `GET /files/…` without a WSGI environment and without a thread.

It asks the same objects in the same order as `operations.front` and `gate.wsgi` do: who, limits, decision, sightings, metrics. What the
answer is, is the gate's word alone; here it is only put into bytes.

Within one second and one release, what stands behind an address and the URL that is signed for it are the same for all who may have it
(see `gate.wsgi`). So these bytes are kept until the second is over, beside the rule that they were given under; for each request
the reader is looked up, counted and judged by that rule anew. Whoever may not have it takes the whole way, which says why.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from gatekeeper.contract.access import Allowed, Rule, decide
from gatekeeper.contract.manifest import Manifest
from gatekeeper.gate.wsgi import Gate
from gatekeeper.gate.wsgi import Request as Question
from gatekeeper.operations.front import Front, too_many
from gatekeeper.turnstile.request import Request
from gatekeeper.web.answer import Answer
from gatekeeper.web.client import client_address

_MOST_KEPT: Final = 4096
_GIVEN: Final = frozenset({"200", "302"})
Wire = tuple[bytes, bytes]
_Given = tuple[Rule, str, str, Wire]  # under which rule, by which way, with which status
_NOTHING: Final[Mapping[bytes, _Given]] = {}


@dataclass(slots=True)
class _Second:
    """What was given for a target. shared: the same with the headers for the site's own pages."""

    number: int
    manifest: Manifest | None
    plain: dict[bytes, _Given] = field(default_factory=dict)
    shared: dict[bytes, _Given] = field(default_factory=dict)


class Lane:
    """One a process, used by its loop alone."""

    def __init__(self, front: Front, gate: Gate) -> None:
        self._front = front
        self._gate = gate
        self._lock = gate.lock
        self._library = gate.library
        self._site = gate.site_origin
        self._second = _Second(-1, None)
        self._ways = {"parts": gate.part, "files": gate.file}

    def answer(self, request: Request) -> Wire | None:
        """Status line and the rest of the answer, between which the Date goes; None if this is not for the short way."""
        name = _name(request.target) if request.method == "GET" else None
        if name is None:
            return None
        front, gate, asked = self._front, self._gate, request.asked
        started = time.perf_counter() if front.metrics is not None else 0.0
        clock = front.clock()
        now = int(clock)
        if self._second.number != now or self._second.manifest is not self._library.manifest:
            self._second = _Second(now, self._library.manifest)
        second = self._second
        cookies, origin = asked.get(b"cookie"), asked.get(b"origin")
        reader = gate.lock.reader(cookies, now) if cookies is not None else None
        reader_id = None if reader is None else reader.reader
        address = request.peer
        if front.trusted_proxies:
            address = client_address(address, asked.get(b"x-forwarded-for", ""), front.trusted_proxies)
        wait = self._wait(reader_id, address, clock)
        if wait:
            route, status, wire = name[0], "429", self._wire(too_many(wait), origin)
        else:
            route, object_ = name
            query = request.target.partition(b"?")[2].decode("latin-1")
            question = Question(object_, query, cookies or "", now, asked.get(b"accept", ""))
            answer = self._ways[route](question, reader)
            status, wire = answer.status[:3], self._wire(answer, origin)
            rule = gate.rule(route, object_)
            if status in _GIVEN and rule is not None and gate.lock.refusal(rule, reader, now) is None:
                self._keep(second, request.target, origin, (rule, route, status, wire))
        self._note(route, status, reader_id, address, clock, started)
        return wire

    def again(self, target: bytes, asked: Mapping[bytes, str], peer: str) -> Wire | None:
        """The kept answer to a GET, if there is one and this reader may have it; None if the whole way is to be taken."""
        front, second = self._front, self._second
        started = time.perf_counter() if front.metrics is not None else 0.0
        clock = front.clock()
        now = int(clock)
        cookies = asked.get(b"cookie")
        if cookies is None or second.number != now or second.manifest is not self._library.manifest:
            return None
        origin = asked.get(b"origin")
        kept = second.plain if origin is None else second.shared if origin == self._site else _NOTHING
        found = kept.get(target)
        if found is None:
            return None
        reader = self._lock.reader(cookies, now)
        if reader is None or type(decide(found[0], reader, now)) is not Allowed:
            return None
        if front.trusted_proxies:
            peer = client_address(peer, asked.get(b"x-forwarded-for", ""), front.trusted_proxies)
        wait = self._wait(reader.reader, peer, clock)
        _, route, status, wire = found
        if wait:
            status, wire = "429", self._wire(too_many(wait), origin)
        self._note(route, status, reader.reader, peer, clock, started)
        return wire

    def _note(
        self, route: str, status: str, reader: str | None, address: str, clock: float, started: float
    ) -> None:
        front = self._front
        if reader is not None and front.sightings is not None and status in _GIVEN:
            front.sightings.saw(reader, address, clock)
        if front.metrics is not None:
            named = "files" if route == "files" else "gate"
            front.metrics.answered(named, status, started, time.perf_counter())

    def _wait(self, reader: str | None, address: str, clock: float) -> int:
        """As `Front.wait`; quicker where only readers are counted."""
        front = self._front
        if front.addresses is not None:
            return front.wait(reader, address)
        if front.readers is None or reader is None:
            return 0
        wait = front.readers.admit(reader, clock)
        if wait and front.metrics is not None:
            front.metrics.limited("reader")
        return wait

    def _keep(self, second: _Second, target: bytes, origin: str | None, given: _Given) -> None:
        kept = second.plain if origin is None else second.shared
        if len(kept) < _MOST_KEPT and (origin is None or origin == self._site):
            kept[target] = given

    def is_gates(self, target: bytes) -> bool:
        """Whether the gate answers this, by the short way or the long one."""
        return self._gate.answers_to(unquote_to_bytes(target.partition(b"?")[0]).decode("latin-1"))

    def _wire(self, answer: Answer, origin: str | None) -> Wire:
        body = answer.body
        if not isinstance(body, bytes):
            raise TypeError("the short way has no streams")
        return in_bytes(answer.status, self._gate.dress.headers(answer, origin), body)


def in_bytes(status: str, headers: list[tuple[str, str]], body: bytes) -> Wire:
    """Status line, and headers with the body. Raises ValueError for a header that would end its line."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    if lines.count("\n") != len(headers) or lines.count("\r") != len(headers) or "\0" in lines:
        raise ValueError("a header holds a line's end")
    return f"HTTP/1.1 {status}\r\n".encode("latin-1"), lines.encode("latin-1") + b"\r\n" + body


def _name(target: bytes) -> tuple[str, str] | None:
    """`parts` or `files`, and the object's name, decoded once; the rules are those of `gate.wsgi`."""
    path = target.partition(b"?")[0]
    if b"%" in path:
        path = unquote_to_bytes(path)
    empty, _, rest = path.partition(b"/")
    first, slash, name = rest.partition(b"/")
    if empty or not slash:
        return None
    if first == b"gate":
        kind, slash, name = name.partition(b"/")
        if kind != b"parts" or not slash:
            return None
        first = kind
    elif first != b"files":
        return None
    try:
        return first.decode(), name.decode()
    except UnicodeDecodeError:
        return first.decode(), ""
