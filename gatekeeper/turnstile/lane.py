"""The short way: `GET /gate/parts/…` and `GET /files/…` without a WSGI environment and without a thread.

It asks the same objects in the same order as `operations.front` and `gate.wsgi` do: who, limits, decision, sightings, metrics. What the
answer is, is the gate's word alone; here it is only put into bytes.

Within one second and one release, what stands behind an address and the URL that is signed for it are the same for all who may have it
(see `gate.wsgi`). So these bytes are kept until the second is over, beside the rule that they were given under; for each request
the reader is looked up, counted and judged by that rule anew. Whoever may not have it takes the whole way, which says why.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_to_bytes

from gatekeeper.contract.access import Rule
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
        self._site = gate.site_origin
        self._second = _Second(-1, None)
        self._ways = {"parts": gate.part, "files": gate.file}

    def answer(self, request: Request) -> Wire | None:
        """Status line and the rest of the answer, between which the Date goes; None if this is not for the short way."""
        if request.method != "GET":
            return None
        front, gate, asked = self._front, self._gate, request.asked
        started = time.perf_counter() if front.metrics is not None else 0.0
        clock = front.clock()
        now = int(clock)
        second = self._second
        if second.number != now or second.manifest is not gate.manifest:
            self._second = second = _Second(now, gate.manifest)
        origin = asked.get(b"origin")
        kept = second.plain if origin is None else second.shared
        found = kept.get(request.target) if origin is None or origin == self._site else None
        name = None
        if found is None:
            name = _name(request.target)
            if name is None:
                return None
        cookies = asked.get(b"cookie")
        reader = gate.lock.reader(cookies, now) if cookies is not None else None
        reader_id = None if reader is None else reader.reader
        address = request.peer
        if front.trusted_proxies:
            address = client_address(address, asked.get(b"x-forwarded-for", ""), front.trusted_proxies)
        wait = self._wait(reader_id, address, clock)
        if wait:
            way, status, wire = "gate", "429", self._wire(too_many(wait), origin)
        elif found is not None and gate.lock.refusal(found[0], reader, now) is None:
            _, way, status, wire = found
        else:
            way, object_ = name or _name(request.target) or ("parts", "")
            query = request.target.partition(b"?")[2].decode("latin-1")
            question = Question(object_, query, cookies or "", now, asked.get(b"accept", ""))
            answer = self._ways[way](question, reader)
            status, wire = answer.status[:3], self._wire(answer, origin)
            rule = gate.rule(way, object_)
            if status in _GIVEN and rule is not None and gate.lock.refusal(rule, reader, now) is None:
                self._keep(second, request.target, origin, (rule, way, status, wire))
        if reader_id is not None and front.sightings is not None and status in _GIVEN:
            front.sightings.saw(reader_id, address, clock)
        if front.metrics is not None:
            route = "files" if way == "files" else "gate"
            front.metrics.answered(route, status, started, time.perf_counter())
        return wire

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
