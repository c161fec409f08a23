"""Two small servers on loopback: the public site under a sub-path, and a gatekeeper that keeps to the routes of the contract.

The gatekeeper's one reader is set by the test (`reader`, `token`); it writes down what it was asked. Its entitlement token is a
cookie whose value `renewals` counts, so that "expired" means: older than the last one.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="16"><rect width="64" height="16" fill="#0a7"/></svg>'


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


class Site:
    """A folder of static files, served under a sub-path as a project page would be."""

    PREFIX = "/school/"

    def __init__(self, port: int = 0) -> None:
        self.folder = Path()
        self._server = _Server(("127.0.0.1", port), partial(_SiteHandler, self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.url = self.origin + self.PREFIX

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _SiteHandler(SimpleHTTPRequestHandler):
    def __init__(self, site: Site, *args: Any) -> None:
        self.site = site
        self.extensions_map = {**self.extensions_map, ".mjs": "text/javascript", ".js": "text/javascript"}
        super().__init__(*args)

    def translate_path(self, path: str) -> str:
        plain = unquote(urlsplit(path).path)
        inside = plain.removeprefix(Site.PREFIX) if plain.startswith(Site.PREFIX) else "\0outside"
        target = self.site.folder / inside.replace("\0", "-").strip("/")
        return f"{target}/" if path.endswith("/") else str(target)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        body = (self.site.folder / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@dataclass
class FakeGatekeeper:
    """part_html: what /store serves. refuse_tokens, refuse_store, refuse_files: how many requests are refused at first."""

    site_origin: str
    port: int = 0
    reader: dict[str, Any] = field(default_factory=lambda: {"signed_in": False})
    part_html: str = "<p>part</p>"
    renewals: int = 0
    refuse_tokens: int = 0
    refuse_store: int = 0
    refuse_files: int = 0
    gate_says: dict[str, Any] | None = None
    asked: list[str] = field(default_factory=list)
    hold: threading.Event | None = None

    def __post_init__(self) -> None:
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.connections: set[socket.socket] = set()
        self.start()
        self.origin = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._server = _Server(("127.0.0.1", self.port), partial(_GateHandler, self))
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """As if the process were gone: the port refuses connections."""
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = None
            for connection in list(self.connections):
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def signed_in(self, *, products: dict[str, int | None] | None = None, **more: Any) -> None:
        self.reader = {
            "signed_in": True,
            "email": "reader@example.org",
            "products": products or {},
            "ended": {},
            "pending": [],
            **more,
        }

    def signed_out(self) -> None:
        self.reader = {"signed_in": False}

    def count(self, path: str) -> int:
        return self.asked.count(path)


class _GateHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, gate: FakeGatekeeper, *args: Any) -> None:
        self.gate = gate
        super().__init__(*args)

    def setup(self) -> None:
        super().setup()
        self.gate.connections.add(self.connection)

    def finish(self) -> None:
        self.gate.connections.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.gate.asked.append(path)
        routes: list[tuple[str, Callable[[str], None]]] = [
            ("/api/reader", self.api_reader),
            ("/gate/parts/", self.gate_part),
            ("/store/", self.store),
            ("/files/", self.file),
        ]
        for prefix, answer in routes:
            if path.startswith(prefix):
                answer(path)
                return
        self.reply(200, f"<!doctype html><title>{path}</title><p>{path}", "text/html; charset=utf-8")

    def api_reader(self, _path: str) -> None:
        headers = {}
        if self.gate.reader["signed_in"]:
            self.gate.renewals += 1
            headers["Set-Cookie"] = f"lyceum_entitlement={self.gate.renewals}; Path=/; HttpOnly; SameSite=Lax"
        self.reply(200, json.dumps(self.gate.reader), headers=headers)

    def gate_part(self, _path: str) -> None:
        gate = self.gate
        if gate.hold is not None:
            gate.hold.wait(10)
        if gate.refuse_tokens > 0 or not self.has_token():
            gate.refuse_tokens -= 1
            self.reply(401, json.dumps({"reason": "anonymous", "products": ["async-python"]}))
        elif gate.gate_says is not None:
            self.reply(403, json.dumps(gate.gate_says))
        else:
            body = {
                "url": "/store/private/abc?sig=1",
                "expires_at": 1,
                "media_type": "text/html; charset=utf-8",
            }
            self.reply(200, json.dumps(body))

    def store(self, _path: str) -> None:
        if self.gate.refuse_store > 0:
            self.gate.refuse_store -= 1
            self.reply(403, "lapsed", "text/plain")
        else:
            self.reply(200, self.gate.part_html, "text/html; charset=utf-8")

    def file(self, path: str) -> None:
        if self.gate.refuse_files > 0 or not self.has_token():
            self.gate.refuse_files -= 1
            self.reply(401, "no", "text/plain")
        elif path.endswith(".svg"):
            self.reply(200, PICTURE, "image/svg+xml")
        else:
            self.reply(200, b"PK", "application/zip", headers={"Content-Disposition": "attachment"})

    def has_token(self) -> bool:
        cookie = SimpleCookie(self.headers.get("Cookie", "")).get("lyceum_entitlement")
        return (
            cookie is not None and cookie.value == str(self.gate.renewals) and self.gate.reader["signed_in"]
        )

    def reply(
        self,
        status: int,
        body: str | bytes,
        media_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> None:
        data = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "private, no-store")
        self.send_header("Access-Control-Allow-Origin", self.gate.site_origin)
        self.send_header("Access-Control-Allow-Credentials", "true")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass
