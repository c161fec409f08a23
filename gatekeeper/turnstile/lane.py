"""The short way: `GET /gate/parts/…` and `GET /files/…` without a WSGI environment and without a thread.

It asks the same objects in the same order as `operations.front` and `gate.wsgi` do: who, limits, decision, sightings, metrics. What the
answer is, is the gate's word alone; here it is only put into bytes, once a second for all readers of an object.
"""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import unquote_to_bytes

from gatekeeper.gate.answer import Answer
from gatekeeper.gate.wsgi import Gate
from gatekeeper.gate.wsgi import Request as Question
from gatekeeper.operations.front import Front, too_many
from gatekeeper.turnstile.request import Request
from gatekeeper.web.client import client_address

_MOST_KEPT: Final = 4096


class Lane:
    """One a process, used by its loop alone."""

    def __init__(self, front: Front, gate: Gate) -> None:
        self._front = front
        self._gate = gate
        self._kept: dict[tuple[bytes, str | None], tuple[Answer, tuple[bytes, bytes]]] = {}
        self._ways = {"parts": gate.part, "files": gate.file}

    def answer(self, request: Request) -> tuple[bytes, bytes] | None:
        """Status line and the rest of the answer, between which the Date goes; None if this is not for the short way."""
        target = request.target
        path, _, query = target.partition(b"?")
        name = _name(path)
        if name is None or request.method != "GET":
            return None
        cookies = accept = forwarded = ""
        origin: str | None = None
        for key, value in request.headers:
            if key == b"cookie":
                cookies = f"{cookies}; {value.decode('latin-1')}" if cookies else value.decode("latin-1")
            elif key == b"accept":
                accept += value.decode("latin-1")
            elif key == b"origin":
                origin = value.decode("latin-1") if origin is None else ""
            elif key == b"x-forwarded-for":
                forwarded = f"{forwarded},{value.decode('latin-1')}" if forwarded else value.decode("latin-1")
        front = self._front
        started = time.perf_counter() if front.metrics is not None else 0.0
        clock = front.clock()
        way, object_ = name
        reader = self._gate.lock.reader(cookies, int(clock)) if cookies else None
        address = request.peer
        if front.trusted_proxies:
            address = client_address(address, forwarded, front.trusted_proxies)
        reader_id = None if reader is None else reader.reader
        wait = front.wait(reader_id, address)
        if wait:
            answer = too_many(wait)
        else:
            question = Question(object_, query.decode("latin-1"), cookies, int(clock), accept)
            answer = self._ways[way](question, reader)
            if reader_id is not None and front.sightings is not None and answer.status[:3] in {"200", "302"}:
                front.sightings.saw(reader_id, address, clock)
        if front.metrics is not None:
            front.metrics.answered(
                "gate" if way == "parts" else way, answer.status[:3], started, time.perf_counter()
            )
        kept = self._kept.get((path, origin))
        if kept is not None and kept[0] is answer:
            return kept[1]
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        wire = self._wire(answer, origin)
        self._kept[(path, origin)] = (answer, wire)
        return wire

    def is_gates(self, target: bytes) -> bool:
        """Whether the gate answers this, by the short way or the long one."""
        return self._gate.answers_to(unquote_to_bytes(target.partition(b"?")[0]).decode("latin-1"))

    def _wire(self, answer: Answer, origin: str | None) -> tuple[bytes, bytes]:
        body = answer.body
        if not isinstance(body, bytes):
            raise TypeError("the short way has no streams")
        return in_bytes(answer.status, self._gate.dress.headers(answer, origin), body)


def in_bytes(status: str, headers: list[tuple[str, str]], body: bytes) -> tuple[bytes, bytes]:
    """Status line, and headers with the body. Raises ValueError for a header that would end its line."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    if lines.count("\n") != len(headers) or lines.count("\r") != len(headers) or "\0" in lines:
        raise ValueError("a header holds a line's end")
    return f"HTTP/1.1 {status}\r\n".encode("latin-1"), lines.encode("latin-1") + b"\r\n" + body


def _name(path: bytes) -> tuple[str, str] | None:
    """`parts` or `files`, and the object's name, decoded once; the rules are those of `gate.wsgi`."""
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
