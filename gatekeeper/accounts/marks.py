"""Keyed hashes of what must be recognised but not kept: codes, links, cookies, addresses in counters.

A mark is HMAC-SHA256 under a key that only marks use; its kind is part of the input, so that a mark of one kind never equals one
of another. A stolen database therefore holds no code, no session and no address of those who only asked.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

SECRET_BYTES = 32  # of cookies and links: 256 bits (attack case S12)


class Marker:
    """Makes marks under one key. key: 32 bytes, derived for this purpose alone."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mark(self, kind: str, *values: str) -> str:
        """64 hex digits for these values; each is preceded by its length, so that `a`+`bc` is not `ab`+`c`."""
        message = bytearray()
        for value in (kind, *values):
            raw = value.encode("utf-8", "surrogatepass")
            message += len(raw).to_bytes(4) + raw
        return hmac.new(self._key, bytes(message), hashlib.sha256).hexdigest()


def is_same(mark: str, other: str) -> bool:
    """Whether two marks are equal, in constant time."""
    return hmac.compare_digest(mark.encode(), other.encode())


def new_secret() -> str:
    """A value for a cookie or a link that nobody guesses."""
    return secrets.token_urlsafe(SECRET_BYTES)


def new_id() -> str:
    """A public, opaque name of 32 hex digits."""
    return secrets.token_hex(16)
