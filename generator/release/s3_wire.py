"""One signed HTTP request to an S3 server, and its answer or why there was none.

- boto3 knows the bucket's address (path or virtual-hosted, region, partition), `s3_sign` signs (Signature Version 4 always), urllib3 connects,
  `s3_exchange` writes and reads. A whole boto3 call costs three milliseconds of CPU, and botocore's signer with `http.client` half of one:
  too much where thousands of small objects are sent.
- The body's SHA-256 is part of what is signed, so a server that checks signatures stores these very bytes or nothing.
- A request ends by its deadline, whatever the server does: a connection that is silent, or that trickles, is shut by a watchdog.
- Proxies and certificate bundles are taken from the environment as boto3 takes them.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlsplit

import boto3
import urllib3
from botocore.config import Config
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from generator.release.parallel import AT_ONCE
from generator.release.s3_exchange import Exchange
from generator.release.s3_sign import S3HeaderSigner
from generator.release.settings import S3Access

CONNECT_SECONDS = 3.0
SILENCE_SECONDS = 5.0  # so long a server may say nothing
_CHUNK_BYTES = 256 * 1024
_LOOK_SECONDS = 0.1  # how often the watchdog looks
_SAFE = "/~-._"  # what Signature Version 4 leaves as it is in a path


class NoAnswerError(Exception):
    """The request was sent, or not, and no whole answer came: what the server did is unknown. The text names the kind of fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """Requests to one bucket. Safe in threads."""

    def __init__(self, access: S3Access, bucket: str) -> None:
        self._base = bucket_url(access, bucket)
        parts = urlsplit(self._base)
        self._path = parts.path
        self._signer = S3HeaderSigner(access, host=_host(parts.scheme, parts.netloc))
        self._pool, self._is_proxied = _pool(f"{parts.scheme}://{parts.netloc}")

    def request(
        self,
        method: str,
        key: str = "",
        *,
        deadline: float,
        sha256: str = "",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | Path | None = None,
        is_signed: bool = True,
    ) -> Answer:
        """The answer, of whatever status. key: "" for the bucket itself. sha256: hex, of the body. deadline: of `time.monotonic`.

        Raises NoAnswerError, and OSError when a file cannot be read.
        """
        path = f"{self._path}/{quote(key, safe=_SAFE)}"
        asked = "&".join(
            f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}"
            for name, value in sorted((query or {}).items())
        )
        sent = dict(headers or {})
        if is_signed:
            sent = self._signer.signed(method, path, asked, sent, sha256 or _EMPTY)
        else:
            sent["Host"] = self._signer.host
        target = f"{path}?{asked}" if asked else path
        if self._is_proxied:
            target = self._base.removesuffix(self._path) + target
        if not isinstance(body, Path):
            return self._carry(method, target, sent, body, deadline)
        with body.open("rb") as file:
            return self._carry(method, target, sent, file, deadline)

    def _carry(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | IO[bytes] | None,
        deadline: float,
    ) -> Answer:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise NoAnswerError("no time left")
        timeout = urllib3.Timeout(
            connect=min(CONNECT_SECONDS, remaining), read=min(SILENCE_SECONDS, remaining)
        )
        with _watchdog.watching(deadline) as watched:
            try:
                response: Any = self._pool.urlopen(
                    method,
                    target,
                    body=body,
                    headers=headers,
                    retries=False,
                    redirect=False,
                    timeout=timeout,
                    preload_content=False,
                    decode_content=False,
                )
                response.release_conn()
            except (HTTPError, OSError) as error:
                if isinstance(error, OSError) and not isinstance(error, HTTPError) and body is not None:
                    _raise_if_of_file(error, body)
                raise NoAnswerError("deadline passed" if watched.is_shut else type(error).__name__) from error
        return Answer(status=response.status, headers=response.headers, body=response.body)


def _raise_if_of_file(error: OSError, body: bytes | IO[bytes]) -> None:
    """Lets a fault of reading `body` through, which is not the server's."""
    if not isinstance(body, bytes) and error.filename is not None:
        raise error


def bucket_url(access: S3Access, bucket: str) -> str:
    """Where the bucket's objects are, without a final slash, as boto3 finds it from endpoint, region and addressing."""
    url = str(_client(access).generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "x"}))
    return url.partition("?")[0].removesuffix("/x")


@lru_cache(maxsize=4)
def _client(access: S3Access) -> Any:
    session = boto3.session.Session(
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        region_name=access.region,
    )
    return session.client(
        "s3",
        endpoint_url=access.endpoint or None,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "virtual" if access.is_virtual_hosted else "path"},
        ),
    )


def _host(scheme: str, authority: str) -> str:
    """What the Host header says: the port only where it is not the scheme's own."""
    return authority.removesuffix({"http": ":80", "https": ":443"}[scheme])


_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


class _Watchdog:
    """Shuts the connections of requests whose deadline has passed, from one thread that ends when there is nothing to watch."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: set[_Watched] = set()
        self._is_running = False
        self._here = threading.local()  # what this thread waits for

    def watching(self, deadline: float) -> _Watched:
        return _Watched(self, deadline)

    def sees(self, connection: HTTPConnection) -> None:
        """This thread's request goes over `connection`."""
        watched: _Watched | None = getattr(self._here, "watched", None)
        if watched is not None:
            watched.socket = connection.sock

    def add(self, watched: _Watched) -> None:
        self._here.watched = watched
        with self._lock:
            self._watched.add(watched)
            if self._is_running:
                return
            self._is_running = True
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def remove(self, watched: _Watched) -> None:
        self._here.watched = None
        with self._lock:
            self._watched.discard(watched)

    def _run(self) -> None:
        idle = 0
        while True:
            time.sleep(_LOOK_SECONDS)
            now = time.monotonic()
            with self._lock:
                idle = 0 if self._watched else idle + 1
                if idle > 20:
                    self._is_running = False
                    return
                late = [watched for watched in self._watched if watched.deadline <= now]
            for watched in late:
                watched.shut()


class _Watched:
    def __init__(self, watchdog: _Watchdog, deadline: float) -> None:
        self.deadline = deadline
        self.is_shut = False
        self._watchdog = watchdog
        self.socket: socket.socket | None = None

    def shut(self) -> None:
        self.is_shut = True
        if self.socket is not None:
            with contextlib.suppress(OSError):  # closed already
                self.socket.shutdown(socket.SHUT_RDWR)  # whoever waits for it is woken

    def __enter__(self) -> _Watched:
        self._watchdog.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._watchdog.remove(self)


_watchdog = _Watchdog()


class _Plain(Exchange, HTTPConnection):
    def connect(self) -> None:
        HTTPConnection.connect(self)

    def close(self) -> None:
        HTTPConnection.close(self)

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **_: Any) -> None:
        if self.sock is None:
            self.connect()
        _watchdog.sees(self)
        self.speak(method, url, body, headers)

    def getresponse(self) -> Any:
        return self.hear()


class _Secure(Exchange, HTTPSConnection):
    def connect(self) -> None:
        HTTPSConnection.connect(self)

    def close(self) -> None:
        HTTPSConnection.close(self)

    def request(self, method: str, url: str, body: Any = None, headers: Any = None, **_: Any) -> None:
        if self.sock is None:
            self.connect()
        _watchdog.sees(self)
        self.speak(method, url, body, headers)

    def getresponse(self) -> Any:
        return self.hear()


@lru_cache(maxsize=8)
def _pool(origin: str) -> tuple[urllib3.HTTPConnectionPool, bool]:
    """Connections to `origin`, and whether a plain HTTP proxy is on the way, which wants whole addresses."""
    proxy = get_environ_proxies(origin).get(urlsplit(origin).scheme)
    named: dict[str, Any] = {"num_pools": 2, "maxsize": 2 * AT_ONCE, "blocksize": _CHUNK_BYTES}
    if origin.startswith("https:"):
        named["cert_reqs"] = "CERT_REQUIRED"
        named["ca_certs"] = os.environ.get("AWS_CA_BUNDLE") or get_cert_path(True)
    manager = urllib3.ProxyManager(proxy, **named) if proxy else urllib3.PoolManager(**named)
    pool = manager.connection_from_url(origin)
    pool.ConnectionCls = _Secure if origin.startswith("https:") else _Plain
    return pool, bool(proxy) and not origin.startswith("https:")
