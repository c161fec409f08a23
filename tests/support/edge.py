"""A stand-in for a CloudFront distribution: checks signed URLs and cookies as AWS documents it, runs the documented function at the edge
(in Node), and serves a folder in the bucket's place.

A request is let through if its policy (from the query, else from cookies) is signed by the key group's key, names this very address or a wildcard
above it, and has not ended. The behaviour `/c/*` runs docs/deploy/cloudfront/seal.js afterwards.
"""

from __future__ import annotations

import base64
import fnmatch
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1

from tests.support.gatekeeper import free_port

FUNCTION = Path(__file__).resolve().parents[2] / "docs" / "deploy" / "cloudfront" / "seal.js"
_DRIVER = """
import readline from 'readline';
for await (const uri of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await handler({ request: { uri, method: 'GET', headers: {}, querystring: {} } })));
}
"""


def node() -> str:
    """Node, or "" where there is none."""
    return shutil.which("node") or ""


class EdgeFunction:
    """seal.js, with a key-value store that holds `seal`."""

    def __init__(self, folder: Path, seal: str) -> None:
        text = FUNCTION.read_text("utf-8")
        store = f"const cf = {{ kvs: () => ({{ get: async (name) => ({{ seal: '{seal}' }})[name] }}) }};"
        assert "import cf from 'cloudfront';" in text
        module = folder / "seal.mjs"
        module.write_text(text.replace("import cf from 'cloudfront';", store) + _DRIVER, encoding="utf-8")
        self._process = subprocess.Popen(
            [node(), str(module)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        self._lock = threading.Lock()

    def __call__(self, uri: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(uri.replace("\n", "") + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    port: int
    key: RSAPublicKey

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def lets_through(self, address: str, given: dict[str, str], now: float) -> bool:
        try:
            policy = _decoded(given["Policy"])
            self.key.verify(_decoded(given["Signature"]), policy, PKCS1v15(), SHA1())
            (statement,) = json.loads(policy)["Statement"]
            ends = statement["Condition"]["DateLessThan"]["AWS:EpochTime"]
            return (
                bool(given["Key-Pair-Id"])
                and fnmatch.fnmatchcase(address, statement["Resource"])
                and now < ends
            )
        except (KeyError, ValueError, InvalidSignature):
            return False


def _decoded(text: str) -> bytes:
    return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")), validate=True)


@contextmanager
def running_edge(
    root: Path, key: RSAPublicKey, function: EdgeFunction, *, port: int | None = None
) -> Iterator[Edge]:
    """root: the private store's folder."""
    edge = Edge(port=port or free_port(), key=key)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            given = {name: values[0] for name, values in parse_qs(query).items()}
            if "Policy" not in given:
                cookies = SimpleCookie(self.headers.get("Cookie", ""))
                given = {name.removeprefix("CloudFront-"): cookie.value for name, cookie in cookies.items()}
            if not edge.lets_through(edge.origin + path, given, time.time()):
                return self._say(403, b"")
            if path[:3] == "/c/":
                told = function(path)
                if "statusCode" in told:
                    return self._say(told["statusCode"], b"")
                path = urlsplit(told["uri"]).path
            file = root / path.lstrip("/")
            return self._say(200, file.read_bytes()) if file.is_file() else self._say(403, b"")

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", edge.port), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield edge
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
