"""A proxy between us and a real S3 server that does what networks and busy servers do.

Faults, one a request, as written down in `script` (what comes after the script is passed on), or as `choose` decides:

    500, 503               answered without asking the server (503 as SlowDown)
    reset, hang            the connection is reset, or nothing ever comes; the server is not asked
    applied 500, applied reset, applied hang      the server did it, and the answer says otherwise or is lost
    truncated              half of the answer's body, then the end
    trickled, trickled head                       the answer byte by byte, a second each
    etag                   the answer's etag is another one
    skew                   the clocks differ: RequestTimeTooSkewed
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

FAULTS = (
    *("500", "503", "reset", "hang", "applied 500", "applied reset", "applied hang"),
    *("truncated", "trickled", "trickled head", "etag", "skew"),
)
PASSING = ("500", "503", "reset", "applied 500", "applied reset", "truncated", "etag")  # and quick

_SLOW_DOWN = b"<Error><Code>SlowDown</Code></Error>"
_SKEWED = b"<Error><Code>RequestTimeTooSkewed</Code></Error>"


class FaultProxy:
    """requests: (method, path, fault) of everything that came."""

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.script: list[str] = []
        self.choose: Callable[[str, str], str] = lambda _method, _path: ""
        self.requests: list[tuple[str, str, str]] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def expect(self, faults: Sequence[str]) -> None:
        assert set(faults) <= {*FAULTS, ""}
        self.script = list(faults)
        self.requests.clear()

    def run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        ready.set()
        try:
            self._loop.run_forever()
        finally:
            self._server.close()
            for task in self._tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has given up
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request a connection: each answer ends with its connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1])) if length else b""
        method, path = head.split(b" ", 2)[:2]
        fault = self.script.pop(0) if self.script else self.choose(method.decode(), path.decode())
        self.requests.append((method.decode(), path.decode(), fault))
        if fault in {"500", "503", "skew"}:
            said = {"500": b"", "503": _SLOW_DOWN, "skew": _SKEWED}[fault]
            await self._answer(writer, {"skew": 403}.get(fault) or int(fault), said)
            return
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "reset":
            _reset(writer)
            return
        answer = await self._ask(head, body)
        match fault:
            case "applied 500":
                await self._answer(writer, 500, b"")
            case "applied reset":
                _reset(writer)
            case "applied hang":
                await asyncio.sleep(3600)
            case "truncated":
                start, mark, rest = answer.partition(b"\r\n\r\n")
                writer.write(start + mark + rest[: len(rest) // 2])
                await writer.drain()
            case "trickled" | "trickled head":
                start, mark, rest = answer.partition(b"\r\n\r\n")
                if fault == "trickled":
                    writer.write(start + mark)
                    slowly = rest
                else:
                    slowly = answer
                for place in range(len(slowly)):
                    writer.write(slowly[place : place + 1])
                    await writer.drain()
                    await asyncio.sleep(1)
            case "etag":
                writer.write(re.sub(rb'(?i)(\r\netag: *"?)[0-9a-f]{8}', rb"\g<1>00000000", answer))
                await writer.drain()
            case _:
                writer.write(answer)
                await writer.drain()

    async def _ask(self, head: bytes, body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        try:
            start, _, rest = head.partition(b"\r\n")
            writer.write(start + b"\r\nConnection: close\r\n" + rest + body)
            await writer.drain()
            return await reader.read()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, writer: asyncio.StreamWriter, status: int, body: bytes) -> None:
        head = f"HTTP/1.1 {status} Fault\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def before(port: int) -> Iterator[FaultProxy]:
    """A proxy in front of the server at this port."""
    proxy, ready = FaultProxy(port), threading.Event()
    thread = threading.Thread(target=proxy.run, args=(ready,))
    thread.start()
    ready.wait(30)
    try:
        yield proxy
    finally:
        proxy.stop()
        thread.join(30)
