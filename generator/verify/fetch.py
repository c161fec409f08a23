"""Asking a site politely: few connections at once, each kept open; three tries; as patient as `Retry-After` says.

A stranger asks: no cookie, no credentials, and no address of this machine's own but the ones it was told. What an answer holds is hashed
while it comes; only pages and the like are kept, and only as far as they are of a reasonable size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import TypeVar
from urllib.parse import urljoin

import urllib3
from urllib3.exceptions import HTTPError

CONNECTIONS = 4
_TIMEOUT = urllib3.Timeout(connect=10, read=30)
_LONGEST_WAIT_SECONDS = 30
_READ_AS_TEXT = ("text/", "application/xml", "application/xhtml", "application/rss", "application/atom")
_MOST_KEPT_BYTES = 64 * 1024 * 1024
_MOST_REDIRECTS = 3
_CHUNK = 64 * 1024

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer. url: after redirects. location: where a redirect that was not followed leads. status: 0 if none came, and then `trouble` says why. body: of texts only, else empty."""

    url: str
    status: int
    media_type: str = ""
    location: str = ""
    sha256: str = ""
    size_bytes: int = 0
    body: bytes = b""
    trouble: str = ""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class _Patience(urllib3.Retry):
    """Waits as long as the answer asks for, within reason."""

    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, _LONGEST_WAIT_SECONDS)


class Stranger:
    """Fetches without any credentials, with at most `connections` requests at once. Safe to use from several threads; close it."""

    def __init__(self, connections: int = CONNECTIONS) -> None:
        self._connections = connections
        self._pool = urllib3.PoolManager(
            num_pools=8,
            maxsize=connections,
            block=True,
            timeout=_TIMEOUT,
            headers={"User-Agent": f"lyceum-verify/{_version()}", "Accept-Encoding": "gzip"},
        )
        self._workers = ThreadPoolExecutor(max_workers=connections, thread_name_prefix="verify")

    def __enter__(self) -> Stranger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._workers.shutdown(cancel_futures=True)
        self._pool.clear()

    def get(self, url: str, *, follow: Callable[[str], bool] | None = None, keep: bool = False) -> Fetched:
        """follow: whether a redirect to this address may be followed; None follows none. keep: the body, whatever its type.

        Never raises for a site's fault.
        """
        for _ in range(_MOST_REDIRECTS + 1):
            fetched = self._once(url, keep=keep)
            if not fetched.location or follow is None:
                return fetched
            url = urljoin(url, fetched.location)
            if not follow(url):
                return fetched
        return fetched

    def each(self, items: Iterable[Item], ask: Callable[[Item], Result]) -> Iterator[Result]:
        """`ask` of every item, in their order, a few at once."""
        waiting = list(items)
        step = self._connections * 64
        for start in range(0, len(waiting), step):
            yield from self._workers.map(ask, waiting[start : start + step])

    def _once(self, url: str, *, keep: bool) -> Fetched:
        retries = _Patience(
            total=3,
            redirect=False,
            backoff_factor=0.5,
            backoff_jitter=0.5,
            status_forcelist=(429, 502, 503, 504),
            respect_retry_after_header=True,
            raise_on_status=False,
        )
        try:
            answer = self._pool.request(
                "GET",
                url,
                redirect=False,
                retries=retries,
                preload_content=False,
            )
            try:
                return _read(url, answer, keep=keep)
            finally:
                answer.drain_conn()
                answer.release_conn()
        except (HTTPError, UnicodeError, ValueError) as error:
            return Fetched(url=url, status=0, trouble=_said(error))


def _read(url: str, answer: urllib3.BaseHTTPResponse, *, keep: bool) -> Fetched:
    media_type = answer.headers.get("Content-Type", "")
    is_kept = keep or media_type.lower().startswith(_READ_AS_TEXT)
    digest, size, kept = hashlib.sha256(), 0, bytearray()
    for chunk in answer.stream(_CHUNK, decode_content=True):
        digest.update(chunk)
        size += len(chunk)
        if is_kept and len(kept) < _MOST_KEPT_BYTES:
            kept += chunk
    return Fetched(
        url=url,
        status=answer.status,
        media_type=media_type,
        location=answer.headers.get("Location", "") if 300 <= answer.status < 400 else "",
        sha256=digest.hexdigest(),
        size_bytes=size,
        body=bytes(kept),
    )


def _said(error: Exception) -> str:
    """A reason without the address: it could hold a query."""
    reason = getattr(error, "reason", None) or error
    return type(reason).__name__ if isinstance(reason, HTTPError) else str(reason)


def _version() -> str:
    try:
        return version("lyceum")
    except PackageNotFoundError:  # a copy of the sources that nobody installed
        return "0"
