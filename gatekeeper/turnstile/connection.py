"""One connection: requests in, answers out, in order, and nothing that could hold the process up.

- At most 64 KiB of headers (431) and 128 KiB of body (413); a target of at most 16 KiB (414) that is a path, else 400.
- A request has to be there within ten seconds of its first byte; a connection that says nothing is closed after 75 (attack case Z15).
- While an answer is under way nothing more is read, so that a sender of many requests waits for itself. A receiver that
  takes nothing for a minute is cut off.
- What llhttp does not understand is 400 and the end of the connection: no bytes after it are looked at (request smuggling).
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Final, cast

import httptools

from gatekeeper.turnstile.request import ASKED, Request

if TYPE_CHECKING:
    from gatekeeper.turnstile.house import House

_log = logging.getLogger(__name__)

HEADER_BYTES: Final = 64 * 1024
TARGET_BYTES: Final = 16 * 1024
BODY_BYTES: Final = 128 * 1024
MOST_HEADERS: Final = 200
MOST_WAITING: Final = 256
REQUEST_SECONDS: Final = 10
IDLE_SECONDS: Final = 75
STUCK_SECONDS: Final = 60
# Spellings of what the short way never looks at, so that they need not be looked at either.
_COMMON: Final = frozenset(
    {
        b"Host",
        b"User-Agent",
        b"Accept-Encoding",
        b"Accept-Language",
        b"Connection",
        b"host",
        b"user-agent",
        b"accept-encoding",
        b"accept-language",
        b"connection",
    }
)
_READING: Final = frozenset({b"GET", b"HEAD", b"OPTIONS"})


class Connection(asyncio.Protocol):
    """Driven by the loop; the parser calls the methods named `on_…`."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._peer = ""
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._asked: dict[bytes, str] = {}
        self._body = bytearray()
        self._size = 0
        self._since = house.tick
        self._is_reading = False  # between the first byte of a request and its last
        self._is_last = False  # no further request is read
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._can_write = asyncio.Event()
        self._can_write.set()

    # the loop's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own class is no subclass of it
        peer = transport.get_extra_info("peername")
        self._peer = peer[0] if isinstance(peer, tuple) else ""
        self._house.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._is_last = True
        self._waiting.clear()
        self._can_write.set()
        self._house.leave(self)

    def data_received(self, data: bytes) -> None:
        if self._is_last:
            return
        if not self._is_reading:
            self._since = self._house.tick
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):  # nothing here upgrades or tunnels
            self._refuse("400 Bad Request")
            return
        if self._is_reading and not self._is_last:
            self._size += len(data)
            if self._size > HEADER_BYTES + BODY_BYTES:
                self._refuse("413 Content Too Large" if self._body else "431 Request Header Fields Too Large")

    def pause_writing(self) -> None:
        self._can_write.clear()
        self._since = self._house.tick
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._can_write.set()
        if self._transport is not None and self._task is None:
            self._transport.resume_reading()

    # the parser's side

    def on_message_begin(self) -> None:
        self._is_reading = True
        self._size = 0
        self._target = b""
        self._headers = []
        self._asked = {}

    def on_url(self, part: bytes) -> None:
        self._target += part
        if len(self._target) > TARGET_BYTES:
            self._refuse("414 URI Too Long")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))
        if name in _COMMON:
            return
        name = name.lower()
        between = ASKED.get(name)
        if between is not None:
            text = value.decode("latin-1")
            self._asked[name] = f"{self._asked[name]}{between}{text}" if name in self._asked else text

    def on_headers_complete(self) -> None:
        if len(self._headers) > MOST_HEADERS or self._size > HEADER_BYTES:
            self._refuse("431 Request Header Fields Too Large")
        elif self._parser.get_method() not in _READING and self._house.lane.is_gates(self._target):
            self._complete(
                keeps_alive=False
            )  # the gate takes nothing in: it says so without waiting for a body

    def on_body(self, part: bytes) -> None:
        self._body += part
        if len(self._body) > BODY_BYTES:
            self._refuse("413 Content Too Large")

    def on_message_complete(self) -> None:
        parser, house = self._parser, self._house
        keeps_alive = parser.should_keep_alive()
        if (
            keeps_alive
            and self._task is None
            and not (self._is_last or self._body or house.is_closing)
            and parser.get_method() == b"GET"
        ):
            try:
                wire = house.lane.again(self._target, self._asked, self._peer)
            except Exception:  # the outermost edge: doubt denies
                _log.exception("short way failed")
                wire = house.broken
            if wire is not None and self._transport is not None:
                self._is_reading = False
                self._transport.write(b"".join((wire[0], house.date, wire[1])))
                return
        self._complete(keeps_alive=keeps_alive)

    def _complete(self, *, keeps_alive: bool) -> None:
        self._is_reading = False
        if self._is_last:
            return
        target = self._target.partition(b"#")[0]
        if target[:1] != b"/":
            self._refuse("400 Bad Request")
            return
        request = Request(
            self._parser.get_method().decode("latin-1"),
            target,
            self._headers,
            self._asked,
            self._peer,
            keeps_alive,
        )
        self._is_last = not keeps_alive
        if self._body:
            request.body, self._body = bytes(self._body), bytearray()
        if self._task is None:
            self._handle(request)
        elif len(self._waiting) < MOST_WAITING:
            self._waiting.append(request)
        else:
            self._refuse("503 Service Unavailable")

    # answers

    def _handle(self, request: Request) -> None:
        try:
            wire = self._house.lane.answer(request)
        except Exception:  # the outermost edge: doubt denies
            _log.exception("short way failed: %s", request.method)
            wire = self._house.broken
        if wire is not None:
            self.send(request, wire)
            return
        if self._transport is not None:
            self._transport.pause_reading()
        self._task = asyncio.get_running_loop().create_task(self._long(request))

    async def _long(self, request: Request) -> None:
        try:
            await self._house.long_way(self, request)
        except Exception:  # the outermost edge
            _log.exception("answer failed: %s", request.method)
            self.cut()
        self._task = None
        while self._waiting and self._task is None:
            self._handle(self._waiting.popleft())
        if self._task is not None or self._transport is None:
            return
        self._since = self._house.tick
        if self._is_last:
            self._transport.close()
        elif self._can_write.is_set():
            self._transport.resume_reading()

    def send(self, request: Request, wire: tuple[bytes, bytes]) -> None:
        """A whole answer."""
        transport = self._transport
        if transport is None:
            return
        if request.keeps_alive and not self._house.is_closing:
            transport.write(b"".join((wire[0], self._house.date, wire[1])))
            return
        transport.write(b"".join((wire[0], self._house.date, b"Connection: close\r\n", wire[1])))
        self.finish()

    async def send_more(self, part: bytes) -> bool:
        """A further part of an answer, when the other side has room; False if it is gone."""
        await self._can_write.wait()
        if self._transport is None:
            return False
        self._transport.write(part)
        self._since = self._house.tick
        return True

    def finish(self) -> None:
        """Ends the connection once what was sent is out."""
        self._is_last = True
        self._waiting.clear()
        if self._transport is not None:
            self._transport.close()

    def cut(self) -> None:
        """Ends the connection at once, in the middle of an answer if need be."""
        self._is_last = True
        self._waiting.clear()
        if self._transport is not None:
            self._transport.abort()

    def look(self, tick: int) -> None:
        """Called every second: whether it has been waited for long enough."""
        silent = tick - self._since
        if not self._can_write.is_set():
            is_over = silent > STUCK_SECONDS
        elif self._task is not None:
            is_over = False
        else:
            is_over = silent > (REQUEST_SECONDS if self._is_reading else IDLE_SECONDS)
        if is_over:
            self.cut()
        elif self._house.is_closing and self._task is None and not self._is_reading:
            self.finish()

    def _refuse(self, status: str) -> None:
        """Says why nothing more is read; answers that are under way are finished first, and then nothing is said."""
        if self._is_last:
            return
        self._is_last = True
        if self._transport is not None and self._task is None:
            self._transport.write(
                f"HTTP/1.1 {status}\r\nConnection: close\r\nCache-Control: private, no-store\r\n"
                "X-Content-Type-Options: nosniff\r\nContent-Length: 0\r\n\r\n".encode()
            )
            self.finish()
