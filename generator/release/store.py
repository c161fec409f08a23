"""What publishing needs of an object store, and nothing more; back ends are `folder` and `s3`.

Every back end passes the one conformance suite in `tests/generator/release/test_conformance.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from generator.errors import StoreError

MAXIMUM_KEY_BYTES = 1024  # S3's limit, in UTF-8
_FORBIDDEN = frozenset(map(chr, (*range(32), 0x7F))) | {"\\"}

Body = bytes | Path


class Hashed(bytes):
    """Bytes that know their digests, so that a document of megabytes is hashed once, while others wait for the network."""

    md5: bytes
    sha256: str

    @classmethod
    def of(cls, data: bytes) -> Hashed:
        """md5: for comparing what arrived, never for trusting it. sha256: as hex."""
        made = cls(data)
        made.md5 = hashlib.md5(data, usedforsecurity=False).digest()
        made.sha256 = hashlib.sha256(data).hexdigest()
        return made


class ConditionFailedError(StoreError):
    """The condition of a put did not hold; the object is as it was before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """etag: names this very version of the object; opaque, good for `if_match` on the same store only.

    modified: when it was put, in seconds since 1970 by the store's clock; 0.0 in the answer to a put.
    """

    key: str
    size_bytes: int
    etag: str
    modified: float = field(default=0.0, compare=False)


class ObjectStore(Protocol):
    """A flat map of keys to bytes. Safe to use from several threads.

    - A put is atomic: a reader gets the old bytes or the new ones, whole, and the new ones from then on.
    - `if_none_match` puts only where there is no object; of any number at once exactly one succeeds. `if_match` replaces only the
      version with that etag. Either raises ConditionFailedError, and then nothing has changed.
    - A put that returns has been stored whole: the back end compares what it sent with what arrived.
    - A missing object is None, not an error; deleting it is done already.
    - Anything else that goes wrong is a StoreError with a hint, after a bounded number of tries. Wrong credentials, a missing bucket
      and an unwritable folder say so. An unknown outcome is looked at again, never guessed.
    - Keys: `/`-separated, no empty part, no `.` or `..`, no control character, no backslash, at most 1024 bytes of UTF-8. A key
      is not a folder of another key. Names may hold any script: public paths do.
    """

    @property
    def label(self) -> str:
        """Where it is, for messages; never holds a secret."""

    @property
    def address(self) -> str:
        """Where it is among all the stores of the world this machine knows; never holds a secret."""

    @property
    def is_near(self) -> bool:
        """Whether it lies on this machine, where a look costs next to nothing; elsewhere requests are counted."""

    def put(
        self,
        key: str,
        body: Body,
        *,
        media_type: str,
        cache_control: str,
        if_none_match: bool = False,
        if_match: str | None = None,
    ) -> StoredObject:
        """Store `body`, bytes or a file's content. A folder has no place for media type and cache control and drops them."""

    def copy(
        self, source: ObjectStore, source_key: str, key: str, *, media_type: str, cache_control: str
    ) -> bool:
        """Store what lies at `source_key` of `source`, without its bytes coming here. False if this store cannot: then nothing was done."""

    def get(self, key: str) -> bytes | None: ...

    def head(self, key: str) -> StoredObject | None: ...

    def list(self, prefix: str, *, after: str = "") -> Iterator[StoredObject]:
        """The objects whose keys begin with `prefix` (empty or with a final slash) and sort after `after`, in the order of keys."""

    def delete(self, key: str) -> None: ...

    def open_doors(self, key: str) -> Sequence[str]:
        """What somebody without credentials can do here, in words: read the existing object `key`, list the store. Empty is good."""


def checked_key(key: str) -> str:
    """`key` itself. Raises StoreError if it is none (attack cases P02, P08, P09)."""
    parts = key.split("/")
    try:
        length = len(key.encode())
    except UnicodeEncodeError:
        length = 0
    if (
        not 0 < length <= MAXIMUM_KEY_BYTES
        or any(part in {"", ".", ".."} for part in parts)
        or not _FORBIDDEN.isdisjoint(key)
    ):
        raise StoreError(f"not a name for an object: {key!r}", hint="rename the file that it comes from")
    return key


def checked_prefix(prefix: str) -> str:
    """`prefix` itself: empty, or a key with a final slash."""
    if prefix:
        if not prefix.endswith("/"):
            raise ValueError(f"a prefix ends with a slash: {prefix!r}")
        checked_key(prefix[:-1])
    return prefix
