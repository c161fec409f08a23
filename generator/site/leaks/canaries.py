"""Canaries: strings planted in private fields by a test, looked for in every encoding a file could use."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote


def spellings(canary: str) -> Iterator[bytes]:
    """The bytes that a canary becomes: UTF-8, UTF-16, entities, JSON and percent escapes, hex, base64 at every offset."""
    raw = canary.encode()
    yield raw
    yield canary.encode("utf-16-le")
    yield canary.encode("utf-16-be")
    yield "".join(f"&#{ord(sign)};" for sign in canary).encode()
    yield "".join(f"&#x{ord(sign):x};" for sign in canary).encode()
    units = canary.encode("utf-16-be").hex()
    yield "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4)).encode()
    yield "".join(f"%{byte:02X}" for byte in raw).encode()
    yield quote(canary).encode()
    yield raw.hex().encode()
    for offset in range(3):
        # Of the encoded bytes only whole groups of three are the same whatever stands around them.
        inner = raw[(3 - offset) % 3 :]
        inner = inner[: len(inner) // 3 * 3]
        if len(inner) >= 6:
            yield base64.b64encode(inner)
            yield base64.urlsafe_b64encode(inner)


def found(canaries: Sequence[str], data: bytes, readings: Iterable[str]) -> list[str]:
    """The canaries that stand in a file's bytes or in one of its readings, whatever their case."""
    small = data.lower()
    texts = [reading.casefold() for reading in readings]
    return [
        canary
        for canary in canaries
        if any(spelling.lower() in small for spelling in set(spellings(canary)))
        or any(canary.casefold() in text for text in texts)
    ]
