"""Asks an address once, as a reader's browser or a stranger would. No redirect is followed."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10.0
_LARGEST_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    status: int
    headers: Message
    body: bytes

    def header(self, name: str) -> str:
        return str(self.headers.get(name, ""))

    def date(self) -> datetime | None:
        """What time the server says it is."""
        try:
            stated = parsedate_to_datetime(self.header("Date"))
        except (TypeError, ValueError):
            return None
        return stated if stated.tzinfo is not None else stated.replace(tzinfo=UTC)


def fetch(url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None) -> Fetched:
    """Raises OSError when nobody answers in HTTP."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(parts.netloc, timeout=TIMEOUT_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, target, headers=dict(headers or {}))
        answer = connection.getresponse()
        return Fetched(status=answer.status, headers=answer.headers, body=answer.read(_LARGEST_BYTES))
    except http.client.HTTPException as error:
        raise ConnectionError(type(error).__name__) from error
    finally:
        connection.close()
