"""The release statement: what a publisher says of the public site, for anybody to check (`lyceum verify`).

    <site>/lyceum-release.json   {"format": 1, "release": "<id>", "created": "<RFC 3339 UTC>", "commit": "…", "site": "<base URL>",
                                  "files": {"<public path>": "<SHA-256 as hex>", …}, "signature": {…}}

It lies beside the home page and not below `/.well-known/`, because a school may live below a path of its own and some hosts show no
folder that begins with a dot. It names every public file but itself, and nothing private: neither keys nor lessons nor access.
The signature (see `signature`) is over its canonical bytes without it. Unknown fields are ignored, and not vouched for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from gatekeeper.contract import canonical, keys
from gatekeeper.contract.canonical import quoted

FORMAT = 1
PATH = "lyceum-release.json"

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class StatementError(ValueError):
    """The bytes are not a statement that this version understands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """files: public path → SHA-256 as hex. signature: canonical JSON over `document`, empty for none."""

    release: str
    created: str
    commit: str
    site: str
    files: Mapping[str, str]
    signature: bytes = b""


def document(statement: Statement) -> bytes:
    """What a statement's signature is over: the statement without it."""
    return canonical.document(_texts(statement))


def dumps(statement: Statement) -> bytes:
    written = _texts(statement)
    if statement.signature:
        written["signature"] = canonical.text(json.loads(statement.signature))
    return canonical.document(written)


def loads(data: bytes) -> Statement:
    """The statement in `data`. Raises StatementError, and nothing else, for bytes that are not one."""
    try:
        raw = json.loads(data)
        if not isinstance(raw, dict) or raw.get("format") != FORMAT or isinstance(raw.get("format"), bool):
            raise StatementError(f"the statement's format is not {FORMAT}")
        release, created, commit, site = (
            _text(raw[name]) for name in ("release", "created", "commit", "site")
        )
        files = raw["files"]
        if not isinstance(files, dict):
            raise StatementError("the statement lists no files")
        if not all(isinstance(digest, str) and _SHA256.fullmatch(digest) for digest in files.values()):
            raise StatementError("the statement holds something that is no digest")
        signature = raw.get("signature")
        read = Statement(
            release=keys.checked_release(release),
            created=created,
            commit=commit,
            site=site,
            files=files,
            signature=b"" if signature is None else canonical.dumps(signature),
        )
        document(read)  # half a surrogate pair is text for JSON, but has no bytes
    except StatementError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StatementError(f"not a release statement: {error}") from error
    return read


def _texts(statement: Statement) -> dict[str, str]:
    """Field → its text."""
    files = statement.files
    fields = {
        "format": FORMAT,
        "release": statement.release,
        "created": statement.created,
        "commit": statement.commit,
        "site": statement.site,
    }
    return {name: canonical.text(value) for name, value in fields.items()} | {
        "files": canonical.braced([f"{quoted(path)}:{quoted(files[path])}" for path in sorted(files)])
    }


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text expected, not {value!r}")
    return value
