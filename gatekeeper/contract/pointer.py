"""The pointer: which release is current, one small file for every switch.

    pointers/<8 digits>.json    {"format": 1, "number": 3, "kind": "publish", "release": "<id>", "created": "<RFC 3339 UTC>",
                                 "digest": "<hex>", "signature": {…}}, and, left out where unknown, "manifest" and "public" (the
                                 SHA-256 of the release's two documents), "by" (who switched), "commit", "lessons", "bytes"
    current.json                {"format": 1, "number": 3, "recent": [newest pointer, the one before, …]}; only a hint, it may lag behind

A reader takes the hint (or 1), walks on while the next number exists, and believes the last one (see `keys`, `trust`).
The signature (see `signature`) is over the pointer's own canonical bytes without it, so it vouches for the number, the kind and the
release together: no pointer can be put at another place of the chain, and only a publisher can say `rollback`.
Unknown fields are ignored; anything else that does not have this shape raises `PointerError`. `kind` and `signature` came later than
the format: an older reader ignores them and believes what it always did, so the format's number is still 1.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from gatekeeper.contract import canonical, keys

FORMAT = 1
MAXIMUM_NUMBER = 99_999_999  # eight digits, see `keys.pointer_key`
MAXIMUM_RECENT = 8  # pointers that a hint repeats


class PointerError(ValueError):
    """The bytes are not a pointer that this version understands."""


class Kind(StrEnum):
    """Why the school was switched. The values are signed and kept: never rename one."""

    PUBLISH = "publish"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Switch number `number` made `release` current at `created` (RFC 3339 UTC).

    digest: the release's content digest, by which a publisher sees that nothing changed; may be empty.
    signature: canonical JSON over `document`, empty for none; made by `trust.signed`.
    manifest_sha256, public_sha256: hex digests of `manifest.json` and `public.json`, so that whoever believes the pointer believes these
    bytes too. by, commit, lessons, size_bytes: what a list of releases shows; nothing is decided by them. "" or 0 where unknown.
    """

    number: int
    release: str
    created: str
    digest: str = ""
    kind: Kind = Kind.PUBLISH
    signature: bytes = b""
    manifest_sha256: str = ""
    public_sha256: str = ""
    by: str = ""
    commit: str = ""
    lessons: int = 0
    size_bytes: int = 0


def document(pointer: Pointer) -> bytes:
    """What a pointer's signature is over: the pointer without it."""
    return canonical.dumps(_described(pointer))


def dumps(pointer: Pointer) -> bytes:
    return canonical.dumps(_signed(pointer))


def _signed(pointer: Pointer) -> dict[str, object]:
    described = _described(pointer)
    if pointer.signature:
        described["signature"] = json.loads(pointer.signature)
    return described


def _described(pointer: Pointer) -> dict[str, object]:
    facts: dict[str, object] = {
        "manifest": pointer.manifest_sha256,
        "public": pointer.public_sha256,
        "by": pointer.by,
        "commit": pointer.commit,
        "lessons": pointer.lessons,
        "bytes": pointer.size_bytes,
    }
    return {name: fact for name, fact in facts.items() if fact} | {
        "format": FORMAT,
        "number": pointer.number,
        "kind": pointer.kind.value,
        "release": pointer.release,
        "created": pointer.created,
        "digest": pointer.digest,
    }


def loads(data: bytes) -> Pointer:
    return _pointer(_object(data))


def _pointer(raw: dict[str, object]) -> Pointer:
    release, created, digest = raw.get("release"), raw.get("created", ""), raw.get("digest", "")
    if not isinstance(release, str) or not isinstance(created, str) or not isinstance(digest, str):
        raise PointerError("a pointer names its release and its time")
    signature, kind = raw.get("signature"), raw.get("kind", Kind.PUBLISH.value)
    if not isinstance(kind, str):
        raise PointerError("a pointer's kind is a word")
    try:
        read = Pointer(
            number=_number(raw),
            release=keys.checked_release(release),
            created=created,
            digest=digest,
            kind=Kind(kind),
            signature=b"" if signature is None else canonical.dumps(signature),
            manifest_sha256=_fact(raw, "manifest", str, ""),
            public_sha256=_fact(raw, "public", str, ""),
            by=_fact(raw, "by", str, ""),
            commit=_fact(raw, "commit", str, ""),
            lessons=_fact(raw, "lessons", int, 0),
            size_bytes=_fact(raw, "bytes", int, 0),
        )
        document(read)  # half a surrogate pair is text for JSON, but has no bytes
    except ValueError as error:
        raise PointerError(str(error)) from error
    return read


def dumps_hint(number: int, recent: Sequence[Pointer] = ()) -> bytes:
    """recent: pointers newest first, so that whoever reads the hint need not fetch them; at most `MAXIMUM_RECENT` are kept."""
    described: dict[str, object] = {"format": FORMAT, "number": number}
    if recent:
        described["recent"] = [_signed(pointer) for pointer in recent[:MAXIMUM_RECENT]]
    return canonical.dumps(described)


def loads_hint(data: bytes) -> int:
    """The number in `current.json`."""
    return _number(_object(data))


def loads_recent(data: bytes) -> tuple[Pointer, ...]:
    """The pointers that `current.json` repeats, newest first; whatever is none of them is left out."""
    found = _object(data).get("recent")
    recent: list[Pointer] = []
    for raw in found if isinstance(found, list) else ():
        with contextlib.suppress(PointerError):
            if isinstance(raw, dict) and raw.get("format") == FORMAT:
                recent.append(_pointer(raw))
    return tuple(recent)


_Fact = TypeVar("_Fact", str, int)


def _fact(raw: dict[str, object], name: str, kind: type[_Fact], default: _Fact) -> _Fact:
    """A fact for people; of another type it is as good as absent."""
    value = raw.get(name, default)
    return value if isinstance(value, kind) and not isinstance(value, bool) else default


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
