"""What the release that runs consists of, and so what its store surely has: whatever a kept release names is never deleted (see `prune`).

Two small reads tell it, or none where this machine remembers them; the store's objects are not listed.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from gatekeeper.contract import keys
from gatekeeper.contract.access import PUBLIC, rule_to_json
from gatekeeper.contract.pointer import Pointer
from generator.errors import StoreError
from generator.release.alike import beside
from generator.release.memory import Memory
from generator.release.release import PublicFile, Release, public_from_json
from generator.release.store import ObjectStore

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)  # without slots, which leave no room for what is reckoned once
class Known:
    """private: key → bytes. open_lessons: ids of those that everybody may read wholly.

    hidden_bytes: SHA-256 as hex of what is private. hidden_paths: public paths of private files. described: the manifest's bytes, empty
    where nothing is known.
    """

    public: Mapping[str, PublicFile] = field(default_factory=dict)
    private: Mapping[str, int] = field(default_factory=dict)
    open_lessons: frozenset[str] = frozenset()
    hidden_bytes: frozenset[str] = frozenset()
    hidden_paths: frozenset[str] = frozenset()
    described: bytes = b""

    @cached_property
    def blobs(self) -> Mapping[str, int]:
        """SHA-256 of what is public → bytes."""
        return {file.sha256: file.size_bytes for file in self.public.values()}

    @cached_property
    def objects(self) -> Mapping[str, int]:
        """All of the release, private parts and blobs of public files: key → bytes."""
        return {**self.private, **{keys.public_key(sha256): size for sha256, size in self.blobs.items()}}

    @property
    def count(self) -> int:
        """How many objects there are."""
        return len(self.private) + len(self.blobs)

    @property
    def size_bytes(self) -> int:
        return sum(self.private.values()) + sum(self.blobs.values())

    def closes(self, after: Known) -> bool:
        """Whether something that everybody may read now would no longer be for everybody, or would be gone, after this."""
        return (
            not self.open_lessons <= after.open_lessons
            or not after.hidden_paths.isdisjoint(self.public)
            or not after.hidden_bytes.isdisjoint(self.blobs)
        )


NOTHING = Known()


def known_from(release: Release) -> Known:
    """The same of a release that is not in the store yet."""
    whole = release.manifest
    return Known(
        public=release.public,
        private={key: found.size_bytes for key, found in release.private.items()},
        open_lessons=release.in_writing().open_lessons,
        hidden_bytes=frozenset(found.sha256 for found in release.private.values()),
        hidden_paths=frozenset(whole.files),
    )


def known(
    private: ObjectStore,
    newest: Pointer | None,
    memory: Memory,
    *,
    like: Release | None = None,
    remembered: Mapping[str, bytes] | None = None,
) -> Known:
    """What the release of `newest` holds; nothing if there is none, or if its documents are not there or not what was published.

    like: a release that is perhaps nearly the same, for reading faster. remembered: see `at_hand`, where that was asked already.
    Raises StoreError for documents that cannot be understood.
    """
    if newest is None:
        return NOTHING
    here = at_hand(newest, memory) if remembered is None else remembered
    listed = here.get(newest.public_sha256) or _document(
        private, keys.public_list_key(newest.release), newest.public_sha256, memory
    )
    described = here.get(newest.manifest_sha256) or _document(
        private, keys.manifest_key(newest.release), newest.manifest_sha256, memory
    )
    if listed is None or described is None:
        return NOTHING
    return read(described, listed, like)


def at_hand(newest: Pointer | None, memory: Memory) -> dict[str, bytes]:
    """Those of the two documents of `newest` that this machine remembers: digest → bytes that have it."""
    wanted = (newest.public_sha256, newest.manifest_sha256) if newest else ()
    found = {sha256: memory.document(sha256) for sha256 in wanted if sha256}
    return {sha256: data for sha256, data in found.items() if data is not None}


def remembered(moved: Pointer, memory: Memory) -> Known | None:
    """The same from this machine's memory alone, None if it does not have it."""
    described, listed = memory.document(moved.manifest_sha256), memory.document(moved.public_sha256)
    return read(described, listed) if described is not None and listed is not None else None


def read(described: bytes, listed: bytes, like: Release | None = None) -> Known:
    """What these two documents, a manifest and a list of public files, name. Raises StoreError if they cannot be understood."""
    try:
        texts = like.in_writing() if like else None
        whole = beside(described, texts.sections if texts else {})
        paths = beside(listed, {"files": texts.listed} if texts else {})
        public = public_from_json(paths.raw)
        private: dict[str, int] = {}
        hidden: set[str] = set()
        for kind in ("parts", "files"):
            for entry in whole.raw[kind].values():
                private[str(entry["key"])] = int(entry["bytes"])
                hidden.add(str(entry["sha256"]))
        hidden_paths = set(whole.raw["files"])
        open_to_all = rule_to_json(PUBLIC)
        lessons = {id_ for id_, entry in whole.raw["lessons"].items() if entry["access"] == open_to_all}
        if like:
            public |= {path: like.public[path] for path in paths.known["files"]}
            for kind, entries in (("parts", like.manifest.parts), ("files", like.manifest.files)):
                same = [entries[name] for name in whole.known[kind]]
                private |= {own.key: own.size_bytes for own in same}
                hidden.update([own.sha256 for own in same])
            hidden_paths.update(whole.known["files"])
            lessons |= like.in_writing().open_lessons.intersection(whole.known["lessons"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StoreError(
            f"a release in the store cannot be understood: {error}", hint="use a newer Lyceum"
        ) from error
    return Known(
        public=public,
        private=private,
        open_lessons=frozenset(lessons),
        hidden_bytes=frozenset(hidden),
        hidden_paths=frozenset(hidden_paths),
        described=described,
    )


def _document(private: ObjectStore, key: str, sha256: str, memory: Memory) -> bytes | None:
    """The document at `key`, which has this digest unless the digest is not known (empty)."""
    data = private.get(key)
    if data is None or not sha256:
        return data
    if hashlib.sha256(data).hexdigest() != sha256:
        _log.warning("document ignored, it is not what was published: %s", key)
        return None
    memory.keep({sha256: data})
    return data
