"""The names of objects in a store, built here and nowhere else.

    current.json                    a hint: the newest pointer's number when it was written
    pointers/<8 digits>.json        the chain of pointers; each is created once with `If-None-Match: *` and never changed
    probe.json                      written and deleted while a publisher tries a new store
    pointers/switch-<id>.json       a publisher of that release is changing a public bucket, or was killed while it did
    pointers/leftover-<id>.json     what that release left in a public bucket for a while, and until when
    releases/<id>/manifest.json     what a release holds, for the gatekeeper
    releases/<id>/manifest.sig      its detached signature (see `signature`)
    releases/<id>/public.json       every public path of the release: path → sha256, bytes, media type
    public/<sha256>                 a public file's bytes by content, from which any release can be put back
    private/<keyed hash>            a private part or file (rule R4)
    cache/snapshots/<id>            the publisher's build cache as it was at that moment; no manifest names it
    cache/started/<id>              the same document while its packs are being put there
    cache/packs/<sha256>            bytes of such a cache

All of them lie in the private store. The public site lies in the public store at its own paths; where that store is a
folder, below `sites/<id>/`, one folder a release, with the symbolic link `site` to the current one.
The newest pointer is the last of the chain: read the hint, then follow until one is missing. So a switch is one
conditional create, which every S3-compatible store with `If-None-Match` does atomically.
"""

from __future__ import annotations

import hashlib
import hmac
import re

CURRENT = "current.json"
POINTERS = "pointers/"
PRIVATE = "private/"
PUBLIC = "public/"
RELEASES = "releases/"
PROBE = "probe.json"
SITE = "site"
CACHE_SNAPSHOTS = "cache/snapshots/"
CACHE_STARTED = "cache/started/"
CACHE_PACKS = "cache/packs/"
MINIMUM_CONTENT_KEY_BYTES = 16

_PRIVATE_DOMAIN = b"lyceum private object v1\0"
_PRIVATE_BYTES = 20  # 160 bits; R4 asks for at least 128
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_RELEASE = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8,40}", re.ASCII)


def private_key(content_key: bytes, sha256: bytes) -> str:
    """The unguessable key of a private object: HMAC-SHA256 of its digest under the school's content key.

    content_key: at least 16 bytes, secret. sha256: the 32-byte digest of the object's bytes.
    Raises ValueError if either is too short, so that an empty secret can never name objects.
    """
    if len(content_key) < MINIMUM_CONTENT_KEY_BYTES:
        raise ValueError(
            f"the content key has {len(content_key)} bytes; at least {MINIMUM_CONTENT_KEY_BYTES} are needed"
        )
    if len(sha256) != 32:
        raise ValueError("a SHA-256 digest has 32 bytes")
    digest = hmac.new(content_key, _PRIVATE_DOMAIN + sha256, hashlib.sha256).digest()
    return f"{PRIVATE}{digest[:_PRIVATE_BYTES].hex()}"


def public_key(sha256_hex: str) -> str:
    if not _SHA256.fullmatch(sha256_hex):
        raise ValueError("a hex SHA-256 digest has 64 lower-case digits")
    return f"{PUBLIC}{sha256_hex}"


def manifest_key(release: str) -> str:
    return f"{RELEASES}{checked_release(release)}/manifest.json"


def manifest_signature_key(release: str) -> str:
    return f"{RELEASES}{checked_release(release)}/manifest.sig"


def public_list_key(release: str) -> str:
    return f"{RELEASES}{checked_release(release)}/public.json"


def site_folder(release: str) -> str:
    """Where a folder store keeps the public site of a release, with a final slash."""
    return f"sites/{checked_release(release)}/"


def pointer_key(number: int) -> str:
    if not 1 <= number <= 99_999_999:
        raise ValueError(f"pointer number {number} is out of range")
    return f"{POINTERS}{number:08d}.json"


def switch_key(release: str) -> str:
    return f"{POINTERS}switch-{checked_release(release)}.json"


def cache_snapshot_key(id_: str, *, is_complete: bool = True) -> str:
    return f"{CACHE_SNAPSHOTS if is_complete else CACHE_STARTED}{checked_release(id_)}"


def cache_pack_key(sha256_hex: str) -> str:
    if not _SHA256.fullmatch(sha256_hex):
        raise ValueError("a hex SHA-256 digest has 64 lower-case digits")
    return f"{CACHE_PACKS}{sha256_hex}"


def leftover_key(release: str) -> str:
    return f"{POINTERS}leftover-{checked_release(release)}.json"


def checked_release(release: str) -> str:
    """`release` itself; raises ValueError unless it is `YYYYMMDDTHHMMSSZ-<hex>`, so that no path can hide in it."""
    if not _RELEASE.fullmatch(release):
        raise ValueError(f"not a release id: {release!r}")
    return release


def is_key(text: str) -> bool:
    """Whether `text` could be a key of ours: parts of letters, digits, `.`, `_`, `-`, none of them starting with a dot."""
    return len(text) <= 512 and _KEY.fullmatch(text) is not None
