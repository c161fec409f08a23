"""What a publish would do, found out by reading alone.

What the running release names is in the store. Of everything else only what was put there lately counts: an upload that was interrupted is
taken up again, but nothing is relied on that a prune could be deleting just now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gatekeeper.contract import keys
from generator.errors import StoreError
from generator.release import history
from generator.release.access_diff import AccessDiff
from generator.release.attest import attested
from generator.release.history import Tip
from generator.release.known import Known, known
from generator.release.release import HOME, PublicFile, Release
from generator.release.store import ObjectStore, StoredObject
from generator.release.stores import Stores

FRESH_SECONDS = 12 * 3600  # half of what `prune` leaves alone
_LARGE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """current: the release that runs now, None before the first publish. number: of the pointer that would be created.

    objects: keys to upload to the private store, private ones and blobs of public files; upload_bytes: their size together.
    added, changed, removed: public paths, against the current release; site_bytes: what the first two hold now, removed_bytes: what the last
    held. access: what changes in who may read what, where that was asked for.
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
    site_bytes: int = 0
    removed_bytes: int = 0
    access: AccessDiff | None = None


Compare = Callable[[Tip, Known], AccessDiff]


def plan(release: Release, stores: Stores, *, compare: Compare | None = None) -> Plan:
    """What `publish` would do now. Raises StoreError if a store cannot be read, or if the release is not whole.

    compare: says what changes for readers, against what the running release is known to be.
    """
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
    before = known(stores.private, tip.pointer, stores.memory, like=release)
    planned = plan_from(release, stores, tip, before)
    return replace(planned, access=compare(tip, before)) if compare else planned


def is_current(release: Release, tip: Tip, stores: Stores) -> bool:
    """Whether exactly this content is published already, and nothing was left half done."""
    return (
        tip.pointer is not None
        and tip.pointer.digest == release.digest
        and (stores.signer is None or stores.signer.vouches_for(tip.pointer))
        and not tip.unfinished
        and stores.public.is_showing(tip.release)
    )


def plan_from(release: Release, stores: Stores, tip: Tip, before: Known, *, recheck: bool = False) -> Plan:
    """recheck: look for every object, also for those that the running release names."""
    sizes = object_sizes(release) if recheck else _unnamed(release, before)
    oldest = datetime.fromisoformat(release.manifest.created).timestamp() - FRESH_SECONDS
    there = {
        stored.key: stored.size_bytes
        for stored in _looked_for(stores.private, sizes, 0 if recheck else before.count)
        if stored.modified >= oldest or stored.key in before.objects
    }
    missing = [key for key, size in sizes.items() if there.get(key) != size]
    added = release.public.keys() - before.public.keys()
    changed = [
        path
        for path, file in release.public.items()
        if (other := before.public.get(path)) is not None and _differs(file, other)
    ]
    gone = before.public.keys() - release.public.keys()
    return Plan(
        release=release.id,
        current=tip.release or None,
        is_unchanged=False,
        number=tip.number + 1,
        objects=tuple(missing),
        upload_bytes=sum(sizes[key] for key in missing),
        added=tuple(sorted(added)),
        changed=tuple(sorted(changed)),
        removed=tuple(sorted(gone)),
        site_bytes=sum(release.public[path].size_bytes for path in (*added, *changed)),
        removed_bytes=sum(before.public[path].size_bytes for path in gone),
    )


def _unnamed(release: Release, before: Known) -> dict[str, int]:
    """The release's objects that the one before does not name, sorted: key → bytes."""
    private, public = before.private, before.public
    sizes = {
        key: found.size_bytes
        for key, found in release.private.items()
        if private.get(key) != found.size_bytes
    }
    for path, file in release.public.items():
        if file is not public.get(path) and before.blobs.get(file.sha256) != file.size_bytes:
            sizes[keys.public_key(file.sha256)] = file.size_bytes
    return dict(sorted(sizes.items()))


def _differs(file: PublicFile, other: PublicFile) -> bool:
    return file is not other and (file.sha256 != other.sha256 or file.media_type != other.media_type)


def is_worth_listing(missing: int, known_objects: int) -> bool:
    """Whether so many uploads are planned that a look at the whole store, a request for each thousand objects, costs little beside them."""
    return not known_objects or (missing > 200 and missing * 10 > known_objects)


def _looked_for(
    private: ObjectStore, missing: Mapping[str, int], known_objects: int
) -> Iterator[StoredObject]:
    """Those of `missing`, key → bytes, that lie in the store all the same; where each look is a request, only large ones are looked for one by one."""
    if is_worth_listing(len(missing), known_objects):
        for prefix in (keys.PRIVATE, keys.PUBLIC):
            yield from private.list(prefix)
        return
    for key, size in missing.items():
        if private.is_near or size > _LARGE_BYTES:
            stored = private.head(key)
            if stored is not None:
                yield stored


def object_sizes(release: Release) -> dict[str, int]:
    """Every object that the release needs in the private store: key → bytes."""
    sizes = {key: private.size_bytes for key, private in release.private.items()}
    sizes |= {keys.public_key(file.sha256): file.size_bytes for file in release.public.values()}
    return dict(sorted(sizes.items()))


def stored_sizes(private: ObjectStore) -> dict[str, int]:
    return {
        stored.key: stored.size_bytes
        for prefix in (keys.PRIVATE, keys.PUBLIC)
        for stored in private.list(prefix)
    }


def check_whole(release: Release) -> None:
    """Raises StoreError unless the release has a home page and every object that its manifest names."""
    whole = release.manifest
    if HOME not in release.public:
        raise StoreError("the release has no home page, so it is not published", hint="build the site again")
    for name, entry in (*whole.parts.items(), *whole.files.items()):
        found = release.private.get(entry.key)
        if found is None or found.sha256 != entry.sha256 or found.size_bytes != entry.size_bytes:
            raise StoreError(
                "the manifest names an object that the release does not have, so it is not published",
                where=name,
                hint="build again",
            )
    lessons = whole.lessons.values()
    lost = {part for lesson in lessons for part in lesson.parts} - whole.parts.keys()
    lost |= {path for lesson in lessons for path in lesson.files} - whole.files.keys()
    for id_, lesson in whole.lessons.items() if lost else ():
        if not (set(lesson.parts) <= whole.parts.keys() and set(lesson.files) <= whole.files.keys()):
            raise StoreError(
                "a lesson names a part or file that the manifest does not have, so it is not published",
                where=id_,
                hint="build again",
            )
