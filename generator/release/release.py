"""The release: a manifest and the objects that it names, public and private half of one build together.

Its id is `YYYYMMDDTHHMMSSZ-<8 hex>`: when it was bundled, and the start of its content digest. The content digest leaves out
id, moment, commit and sources, so that two builds of the same content are recognised as one (nothing is published then).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gatekeeper.contract import canonical, keys, manifest, statement
from gatekeeper.contract.manifest import Manifest
from generator.errors import StoreError
from generator.release.store import Body, checked_key

LIST_FORMAT = 1
HOME = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateObject:
    """sha256: 64 hex digits of the bytes of `body`."""

    body: Body
    sha256: str
    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicFile:
    sha256: str
    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """private: key → object. public: path below `folder`, the built site → file. digest: 64 hex digits, see above.

    made: bytes of the public files that are not in the folder, because they were made after the build (see `attest`).
    """

    id: str
    digest: str
    manifest: Manifest
    private: Mapping[str, PrivateObject]
    public: Mapping[str, PublicFile]
    folder: Path
    made: Mapping[str, bytes] = field(default_factory=dict)


def content_digest(whole: Manifest, public: Mapping[str, PublicFile]) -> str:
    described = json.loads(manifest.dumps(whole))
    for name in ("release", "created", "commit", "sources"):
        described.pop(name, None)
    listed = _listed(public)
    listed.pop(statement.PATH, None)  # it states the three
    return hashlib.sha256(canonical.dumps([described, listed])).hexdigest()


def dumps_public(public: Mapping[str, PublicFile]) -> bytes:
    """`public.json`: every public path with its blob's hash, so that any release can be put back without a build."""
    return canonical.dumps({"format": LIST_FORMAT, "files": _listed(public)})


def loads_public(data: bytes) -> dict[str, PublicFile]:
    """Raises StoreError for bytes that are not such a list: paths are checked, they become file names."""
    try:
        raw = json.loads(data)
        if raw["format"] != LIST_FORMAT:
            raise ValueError(f"format {raw['format']!r}")
        files = {}
        for path, entry in raw["files"].items():
            keys.public_key(entry["sha256"])
            size_bytes, kind = entry["bytes"], entry["media_type"]
            if type(size_bytes) is not int or size_bytes < 0 or not isinstance(kind, str):
                raise ValueError(f"{path!r} has no size or media type")
            files[checked_key(path)] = PublicFile(
                sha256=entry["sha256"], size_bytes=size_bytes, media_type=kind
            )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"a release's list of public files cannot be understood: {error}", hint="publish again"
        ) from error
    return files


def _listed(public: Mapping[str, PublicFile]) -> dict[str, object]:
    return {
        path: {"sha256": file.sha256, "bytes": file.size_bytes, "media_type": file.media_type}
        for path, file in public.items()
    }
