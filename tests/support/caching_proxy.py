"""A cache in front of a server, as careless as a CDN by default: it knows an object by its path and query alone, ignores
cookies and Vary, and may be told to keep everything that looks like a static file. It honours `no-store` and `private`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.raw_http import RawAnswer, exchange

STATIC = (".css", ".js", ".png", ".svg", ".html", ".ico", ".jpg", ".pdf", ".zip")


@dataclass(frozen=True, slots=True, kw_only=True)
class CachingProxy:
    """hits: targets that were answered from the cache."""

    port: int
    hits: list[str] = field(default_factory=list)
    kept: dict[str, RawAnswer] = field(default_factory=dict)

    def get(self, target: str, *, lines: bytes = b"") -> RawAnswer:
        request = f"GET {target} HTTP/1.1\r\nHost: cdn\r\n".encode() + lines + b"Connection: close\r\n\r\n"
        return exchange("127.0.0.1", self.port, request)


def may_keep(target: str, answer: RawAnswer) -> bool:
    """Shared caches keep what they are not told not to (RFC 9111); static-looking paths of any status even sooner."""
    control = (answer.header("cache-control") or "").replace(" ", "").split(",")
    if {"no-store", "private"} & set(control):
        return False
    return answer.status == 200 or target.partition("?")[0].endswith(STATIC)


@contextmanager
def caching_proxy(origin_port: int) -> Iterator[CachingProxy]:
    class Cache(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = proxy.kept.get(self.path)
            if answer is not None:
                proxy.hits.append(self.path)
            else:
                passed = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
                request = f"GET {self.path} HTTP/1.1\r\n{passed}\r\n"
                answer = exchange("127.0.0.1", origin_port, request.encode("latin-1"))
                if may_keep(self.path, answer):
                    proxy.kept[self.path] = answer
            self.send_response_only(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Cache)
    proxy = CachingProxy(port=server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
