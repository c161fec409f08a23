"""A tiny S3-like server whose faults are written down in advance: what to do with the next requests, then it behaves.

It holds objects in memory, honours If-None-Match, checks no signature, and speaks just enough of the protocol for puts, gets and heads.
It stands in for nothing: what a real server does is tried against Ceph.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# fault → what happens: `apply` carries the request out first
FAULTS = {"500", "503", "apply then 500", "reset", "apply then reset", "truncate", "409", "stranger", "403"}


class ScriptedS3(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.script: list[str] = []
        self.requests: list[str] = []

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def expect(self, faults: Sequence[str]) -> None:
        assert set(faults) <= FAULTS | {""}
        self.script = list(faults)
        self.requests.clear()


@contextmanager
def scripted() -> Iterator[ScriptedS3]:
    server = ScriptedS3()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedS3

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        fault = self._next()
        status = 200
        if not fault or fault.startswith("apply"):
            if self.headers.get("If-None-Match") == "*" and self.path in self.server.objects:
                status = 412
            else:
                self.server.objects[self.path] = body
        self._answer(status, b"", fault, etag=hashlib.md5(body).hexdigest())

    def do_GET(self) -> None:
        self._read(with_body=True)

    def do_HEAD(self) -> None:
        self._read(with_body=False)

    def _read(self, *, with_body: bool) -> None:
        fault = self._next()
        found = self.server.objects.get(self.path)
        if found is None:
            self._answer(404, b"", fault)
        else:
            self._answer(200, found, fault, etag=hashlib.md5(found).hexdigest(), with_body=with_body)

    def _next(self) -> str:
        self.server.requests.append(self.command)
        return self.server.script.pop(0) if self.server.script else ""

    def _answer(
        self, status: int, body: bytes, fault: str, *, etag: str = "", with_body: bool = True
    ) -> None:
        fault = fault.removeprefix("apply then ")
        if fault == "reset":
            self.close_connection = True
            self.connection.close()
            return
        if fault == "stranger":
            status, body, etag = 200, b"", ""  # some other program that likes whatever it is sent
        if fault.isdigit():
            status, body = int(fault), b""
        self.send_response(status)
        if etag:
            self.send_header("ETag", f'"{etag}"')
            self.send_header("Last-Modified", "Sun, 22 Nov 2026 16:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body[: len(body) // 2] if fault == "truncate" else body)
        if fault == "truncate":
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""
