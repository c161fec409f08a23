"""What a publish would do, found out by reading alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gatekeeper.contract import keys
from generator.errors import StoreError
from generator.release import history
from generator.release.attest import attested
from generator.release.history import Tip
from generator.release.release import HOME, PublicFile, Release
from generator.release.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """current: the release that runs now, None before the first publish. number: of the pointer that would be created.

    objects: keys to upload to the private store, private ones and blobs of public files; upload_bytes: their size together.
    added, changed, removed: public paths, against the current release.
    """

    release: str
    current: str | None
    is_unchanged: bool
    number: int
    objects: tuple[str, ...]
    upload_bytes: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def plan(release: Release, stores: Stores) -> Plan:
    """What `publish` would do now. Raises StoreError if a store cannot be read, or if the release is not whole."""
    check_whole(release)
    release = attested(release, stores.signer)
    tip = history.tip(stores.private)
    if is_current(release, tip, stores):
        return Plan(
            release=tip.release,
            current=tip.release,
            is_unchanged=True,
            number=tip.number,
            objects=(),
            upload_bytes=0,
            added=(),
            changed=(),
            removed=(),
        )
    before: Mapping[str, PublicFile] = {}
    if tip.pointer:
        before = history.public_list(stores.private, tip.release) or {}
    return plan_from(release, stores, tip, before)


def is_current(release: Release, tip: Tip, stores: Stores) -> bool:
    """Whether exactly this content is published already, and nothing was left half done."""
    return (
        tip.pointer is not None
        and tip.pointer.digest == release.digest
        and (stores.signer is None or stores.signer.vouches_for(tip.pointer))
        and not tip.unfinished
        and stores.public.is_showing(tip.release)
    )


def plan_from(release: Release, stores: Stores, tip: Tip, before: Mapping[str, PublicFile]) -> Plan:
    sizes = object_sizes(release)
    present = stored_sizes(stores)
    missing = tuple(key for key, size in sizes.items() if present.get(key) != size)
    return Plan(
        release=release.id,
        current=tip.release or None,
        is_unchanged=False,
        number=tip.number + 1,
        objects=missing,
        upload_bytes=sum(sizes[key] for key in missing),
        added=tuple(sorted(release.public.keys() - before.keys())),
        changed=tuple(
            sorted(path for path, file in release.public.items() if path in before and before[path] != file)
        ),
        removed=tuple(sorted(before.keys() - release.public.keys())),
    )


def object_sizes(release: Release) -> dict[str, int]:
    """Every object that the release needs in the private store: key → bytes."""
    sizes = {key: private.size_bytes for key, private in release.private.items()}
    sizes |= {keys.public_key(file.sha256): file.size_bytes for file in release.public.values()}
    return dict(sorted(sizes.items()))


def stored_sizes(stores: Stores) -> dict[str, int]:
    return {
        stored.key: stored.size_bytes
        for prefix in (keys.PRIVATE, keys.PUBLIC)
        for stored in stores.private.list(prefix)
    }


def check_whole(release: Release) -> None:
    """Raises StoreError unless the release has a home page and every object that its manifest names."""
    whole = release.manifest
    if HOME not in release.public:
        raise StoreError("the release has no home page, so it is not published", hint="build the site again")
    for name, entry in (*whole.parts.items(), *whole.files.items()):
        found = release.private.get(entry.key)
        if found is None or (found.sha256, found.size_bytes) != (entry.sha256, entry.size_bytes):
            raise StoreError(
                "the manifest names an object that the release does not have, so it is not published",
                where=name,
                hint="build again",
            )
    for id_, lesson in whole.lessons.items():
        if not (set(lesson.parts) <= whole.parts.keys() and set(lesson.files) <= whole.files.keys()):
            raise StoreError(
                "a lesson names a part or file that the manifest does not have, so it is not published",
                where=id_,
                hint="build again",
            )
