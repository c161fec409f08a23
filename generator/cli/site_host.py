"""A small static host for the demo and the tests: what any web server does with the published folder.

It serves files only, never a listing, follows the `site` symlink anew at each request (so a publish shows at once),
answers unknown paths with the site's own 404 page, and knows nothing of readers or gatekeepers: with the gatekeeper
stopped every page still works (rule R9). For a real school use nginx, a bucket or a CDN: see docs/deploy.
"""

from __future__ import annotations

import email.utils
import mimetypes
import socket
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from generator.errors import SettingsError

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".xml": "application/xml; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}


class SiteHost(ThreadingHTTPServer):
    """Serves the folder `root` on host:port; port 0 takes a free one. Raises SettingsError when the port is busy."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, root: Path, host: str, port: int) -> None:
        self.root = root
        self._thread: threading.Thread | None = None
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise _busy(host, port, error, "--port") from error

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}/"

    def start(self) -> None:
        """Serve in a thread until `stop`."""
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away in the middle of an answer is no event; anything else is shown as usual."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    def stop(self) -> None:
        """Stop serving, if it was started, and close the port."""
        if self._thread is not None:
            self.shutdown()
            self._thread.join()
            self._thread = None
        self.server_close()


def check_free(host: str, port: int, option: str) -> None:
    """Raises SettingsError when host:port cannot be listened on; option: the one that chooses another port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise _busy(host, port, error, option) from error


def _busy(host: str, port: int, error: OSError, option: str) -> SettingsError:
    return SettingsError(
        f"cannot listen on {host}:{port}: {error.strerror or error}",
        hint=f"another program uses this port; stop it, or choose another with {option}",
    )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = (
        True  # head and body are two writes; the second would wait for the first one's acknowledgement
    )
    server: SiteHost

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        target = _file_of(self.server.root, path)
        if target is not None and target.is_dir():
            if not path.endswith("/"):
                self._send(
                    HTTPStatus.MOVED_PERMANENTLY,
                    b"",
                    "text/plain",
                    body=body,
                    location=urlsplit(self.path).path + "/",
                )
                return
            target = target / "index.html"
        if target is None or not target.is_file():
            missing = self.server.root / "404.html"
            page = missing.read_bytes() if missing.is_file() else b"not found\n"
            self._send(HTTPStatus.NOT_FOUND, page, _TYPES[".html"], body=body)
            return
        modified = email.utils.formatdate(target.stat().st_mtime, usegmt=True)
        if self.headers.get("If-Modified-Since") == modified:
            self._send(HTTPStatus.NOT_MODIFIED, b"", "", body=False, modified=modified)
            return
        media_type = (
            _TYPES.get(target.suffix) or mimetypes.guess_type(target.name)[0] or "application/octet-stream"
        )
        self._send(HTTPStatus.OK, target.read_bytes(), media_type, body=body, modified=modified)

    def _send(
        self,
        status: HTTPStatus,
        content: bytes,
        media_type: str,
        *,
        body: bool,
        location: str = "",
        modified: str = "",
    ) -> None:
        self.send_response(status)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
        if location:
            self.send_header("Location", location)
        if modified:
            self.send_header("Last-Modified", modified)
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "strict-origin-when-cross-origin")
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the demo's terminal belongs to its messages."""


def _file_of(root: Path, path: str) -> Path | None:
    """The file or folder that an already decoded URL path names below root, or None; no dot file, nothing outside."""
    parts = PurePosixPath(path.lstrip("/")).parts
    if "\0" in path or "\\" in path or any(part == ".." or part.startswith(".") for part in parts):
        return None
    base = root.resolve()
    target = base.joinpath(*parts).resolve()
    return target if target.is_relative_to(base) else None
