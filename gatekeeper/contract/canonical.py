"""Canonical JSON: the same value always gives the same bytes, so that bytes can be compared, hashed and signed.

`dumps` writes any value. What has ten thousand alike members is put together from their texts instead (`member`, `braced`, `document`), in a
third of the time, and gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from json.encoder import encode_basestring

__all__ = ["braced", "document", "dumps", "member", "quoted", "text"]

quoted = encode_basestring  # a string's text, non-ASCII kept


def dumps(value: object) -> bytes:
    """UTF-8, keys sorted, no spaces, non-ASCII kept, one final newline. Raises ValueError for NaN and infinities."""
    return text(value).encode() + b"\n"


def text(value: object) -> str:
    """The same without the newline and not encoded yet."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def member(name: str, written: str) -> str:
    """A member of an object, whose value has this text."""
    return f"{quoted(name)}:{written}"


def braced(members: Iterable[str]) -> str:
    """The object of these members, which come in the order of their names."""
    return "{" + ",".join(members) + "}"


def document(fields: Mapping[str, str]) -> bytes:
    """The object whose values have these texts, as bytes. It is copied once: these are megabytes."""
    pieces = [piece for name in sorted(fields) for piece in (",", quoted(name), ":", fields[name])]
    return "".join(["{", *pieces[1:], "}\n"]).encode()
