"""The pointer: which release is current, one small file for every switch.

    pointers/<8 digits>.json    {"format": 1, "number": 3, "release": "<id>", "created": "<RFC 3339 UTC>", "digest": "<hex>"}
    current.json                {"format": 1, "number": 3}; only a hint, it may lag behind

A reader takes the hint (or 1), walks on while the next number exists, and believes the last one (see `keys`).
Unknown fields are ignored; anything else that does not have this shape raises `PointerError`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from gatekeeper.contract import canonical, keys

FORMAT = 1
MAXIMUM_NUMBER = 99_999_999  # eight digits, see `keys.pointer_key`


class PointerError(ValueError):
    """The bytes are not a pointer that this version understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Switch number `number` made `release` current at `created` (RFC 3339 UTC).

    digest: the release's content digest, by which a publisher sees that nothing changed; may be empty.
    """

    number: int
    release: str
    created: str
    digest: str = ""


def dumps(pointer: Pointer) -> bytes:
    return canonical.dumps(
        {
            "format": FORMAT,
            "number": pointer.number,
            "release": pointer.release,
            "created": pointer.created,
            "digest": pointer.digest,
        }
    )


def loads(data: bytes) -> Pointer:
    raw = _object(data)
    release, created, digest = raw.get("release"), raw.get("created", ""), raw.get("digest", "")
    if not isinstance(release, str) or not isinstance(created, str) or not isinstance(digest, str):
        raise PointerError("a pointer names its release and its time")
    try:
        return Pointer(
            number=_number(raw), release=keys.checked_release(release), created=created, digest=digest
        )
    except ValueError as error:
        raise PointerError(str(error)) from error


def dumps_hint(number: int) -> bytes:
    return canonical.dumps({"format": FORMAT, "number": number})


def loads_hint(data: bytes) -> int:
    """The number in `current.json`."""
    return _number(_object(data))


def _object(data: bytes) -> dict[str, object]:
    try:
        raw = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise PointerError("the pointer is not JSON") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT or isinstance(raw.get("format"), bool):
        raise PointerError(f"the pointer's format is not {FORMAT}")
    return raw


def _number(raw: dict[str, object]) -> int:
    number = raw.get("number")
    if not isinstance(number, int) or isinstance(number, bool) or not 1 <= number <= MAXIMUM_NUMBER:
        raise PointerError("a pointer's number is a whole number from 1 to 99,999,999")
    return number
