"""What all connections of a process share: the short way, the long way, the time, and the end.

The long way runs the WSGI application in a pool of LYCEUM_THREADS threads, and its body goes out part by part as the other side takes
it. On the way down no new connection is taken, idle ones are closed, and answers under way are finished.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from gatekeeper.turnstile.connection import Connection
from gatekeeper.turnstile.lane import Lane, in_bytes
from gatekeeper.turnstile.request import Request, environment
from gatekeeper.web.answer import BROKEN

if TYPE_CHECKING:
    from gatekeeper.gate.wsgi import Gate
    from gatekeeper.operations.front import Front

MOST_CONNECTIONS: Final = 8192
_WITHOUT_BODY: Final = frozenset({"204", "304"})


class House:
    """tick: whole seconds that pass. date: the line that every answer carries. is_closing: no request is taken any more."""

    def __init__(self, front: Front, gate: Gate, *, host: str, port: int, threads: int) -> None:
        self.lane = Lane(front, gate)
        self.tick = 0
        self.date = b""
        self.is_closing = False
        self.broken = in_bytes(BROKEN.status, gate.dress.headers(BROKEN, None), b"")
        assert isinstance(BROKEN.body, bytes)  # noqa: S101  (it is a constant)
        self.broken = (self.broken[0], self.broken[1] + BROKEN.body)
        self._front = front
        self._host, self._port = host, port
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="answer")
        self._connections: set[Connection] = set()

    def enter(self, connection: Connection) -> None:
        self._connections.add(connection)
        if len(self._connections) > MOST_CONNECTIONS or self.is_closing:
            connection.cut()

    def leave(self, connection: Connection) -> None:
        self._connections.discard(connection)

    async def keep_time(self) -> None:
        """Until cancelled: the second, the date, and a look at every connection."""
        while True:
            self.tick += 1
            self.date = f"Date: {formatdate(time.time(), usegmt=True)}\r\n".encode()
            for connection in list(self._connections):
                connection.look(self.tick)
            await asyncio.sleep(1)

    async def drain(self, seconds: float) -> None:
        """Returns when the last answer is out, or after so many seconds."""
        self.is_closing = True
        end = time.monotonic() + seconds
        while self._connections and time.monotonic() < end:
            for connection in list(self._connections):
                connection.look(self.tick)
            await asyncio.sleep(0.05)
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def long_way(self, connection: Connection, request: Request) -> None:
        loop = asyncio.get_running_loop()
        status, headers, parts, first = await loop.run_in_executor(self._pool, self._run, request)
        length = next((value for name, value in headers if name.lower() == "content-length"), None)
        is_empty = request.method == "HEAD" or status[:3] in _WITHOUT_BODY
        if length is None and not is_empty:  # nothing of ours; its end is the connection's end
            request.keeps_alive = False
        with closing(parts):
            if is_empty:
                connection.send(request, in_bytes(status, headers, b""))
                return
            head, rest = in_bytes(status, headers, first)
            is_whole = length == str(len(first))
            if is_whole:
                connection.send(request, (head, rest))
                return
            ending = b"" if request.keeps_alive and not self.is_closing else b"Connection: close\r\n"
            is_there = await connection.send_more(head + self.date + ending + rest)
            sent = len(first)
            while (
                is_there and (part := await loop.run_in_executor(self._pool, next, parts, None)) is not None
            ):
                is_there = await connection.send_more(part)
                sent += len(part)
        if length is not None and sent != int(length):
            connection.cut()  # the other side must not take it for the whole
        elif ending:
            connection.finish()

    def _run(self, request: Request) -> tuple[str, list[tuple[str, str]], Any, bytes]:
        """Status, headers, the parts of the body that are to come, and the first of them."""
        said: list[tuple[str, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            said[:] = [(status, headers)]

        if not request.method.isascii():
            return _plain(HTTPStatus.BAD_REQUEST)
        body = self._front(environment(request, host=self._host, port=self._port), start)
        parts = _parts(body)
        first = next(parts, b"")
        status, headers = said[0]
        return status, headers, parts, first


def _parts(body: Iterable[bytes]) -> Iterator[bytes]:
    """The parts that are not empty; closing it closes the body, as PEP 3333 wants."""
    try:
        for part in body:
            if part:
                yield part
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            with suppress(OSError):
                close()


def _plain(status: HTTPStatus) -> tuple[str, list[tuple[str, str]], Any, bytes]:
    return f"{status.value} {status.phrase}", [("Content-Length", "0")], _parts([]), b""
