"""Publishing: upload what is missing, verify it, bring the public site, move the pointer, clear up (rule R6).

1. Content that is published already is recognised by its digest: nothing happens.
2. The store is tried; what is missing is uploaded by content address and verified, the public list beside it; the manifest last.
3. The switch: the next pointer is created by a conditional put, and the public site is shown. Whoever creates the pointer has won; a loser
   puts the winner's pages back, if it changed any, and says who won.
4. What the previous release had and this one has not is removed (P21); the hint is rewritten.

A process that is killed anywhere leaves the old release or the new one, whole, and work that the next publish takes over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from gatekeeper.contract import keys
from gatekeeper.contract.pointer import Kind, Pointer
from generator.errors import StoreError
from generator.release import history, media
from generator.release.attest import attested
from generator.release.history import Tip
from generator.release.known import Known, at_hand, known, known_from
from generator.release.parallel import aside, collector_at_rest, each
from generator.release.plan import (
    check_whole,
    is_current,
    is_worth_listing,
    object_sizes,
    plan_from,
    stored_sizes,
)
from generator.release.probe import check_doors, probe
from generator.release.public import Progress
from generator.release.release import Release
from generator.release.store import Body, ConditionFailedError, Hashed, ObjectStore
from generator.release.stores import Stores
from generator.release.switch import Switching, switch

_IN_MEMORY_BYTES = 64 * 1024 * 1024
_QUICK_UPLOADS = 100  # after more than these somebody else may well have published meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What is current now. previous: what was, None at the first publish. number: of the pointer.

    is_unchanged: the same content was current already; nothing was uploaded or switched.
    uploaded: objects sent to the private store; uploaded_bytes: their size. changed, removed: public paths that hold something else
    than before, or nothing any more. site: the base URL of the public site.
    """

    release: str
    previous: str | None
    number: int
    is_unchanged: bool
    uploaded: int = 0
    uploaded_bytes: int = 0
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    site: str = ""


def publish(
    release: Release,
    stores: Stores,
    *,
    by: str = "",
    recheck: bool = False,
    approve: Callable[[Tip, Known], object] | None = None,
    progress: Progress | None = None,
) -> Published:
    """Make `release` the current one.

    by: who publishes, for the list of releases. recheck: believe nothing about the store that it does not say itself, and publish even what is
    current already; for a store that lost objects. approve: told what runs now, before anything is changed; raises an error to stop.
    progress: called with a step's name, what is done and the total.
    Raises StoreError, and then what was current still is: a store that is away, full or unfit, a release that is not whole,
    another publisher who was first.
    """
    with collector_at_rest():
        return _publish(release, stores, by, recheck, approve, progress or silent)


def _publish(
    release: Release,
    stores: Stores,
    by: str,
    recheck: bool,
    approve: Callable[[Tip, Known], object] | None,
    report: Progress,
) -> Published:
    with aside() as begin:
        reading = begin(_running, stores)
        check_whole(release)
        release = attested(release, stores.signer)
        tip, remembered = reading.result()
        if is_current(release, tip, stores) and not recheck:
            return Published(release=tip.release, previous=tip.release, number=tip.number, is_unchanged=True)
        if tip.pointer is None or not stores.public.is_gradual:
            stores.public.check()
        before = known(stores.private, tip.pointer, stores.memory, like=release, remembered=remembered)
        if tip.pointer is not None and (stores.signer is None or stores.signer.vouches_for(tip.pointer)):
            _check_age(release, tip)
        if approve is not None:
            approve(tip, before)
        now = datetime.fromisoformat(release.manifest.created)
        probing = begin(probe, stores, tip, before, now)
        listed = Hashed.of(release.in_writing().public_list)
        probing.result()
        planned = plan_from(release, stores, tip, before, recheck=recheck)
        listing = begin(_put_described, stores.private, keys.public_list_key(release.id), listed)
        describing = begin(_described, release)
        _upload(release, stores.private, planned.objects, report)
        _verify(release, stores.private, planned.objects, before)
        if release.private and not before.private:
            check_doors(stores.private, next(iter(release.private)))
        listing.result()
        described, after = describing.result()
        if stores.signer:
            signed = stores.signer.manifest(described)
            _put_described(stores.private, keys.manifest_signature_key(release.id), signed)
        keeping = begin(stores.memory.keep, {described.sha256: described, listed.sha256: listed})
        putting = begin(_put_described, stores.private, keys.manifest_key(release.id), described)

        def body(path: str) -> Body:
            return _public_body(release, path)

        switched = switch(
            Switching(
                pointer=Pointer(
                    number=tip.number + 1,
                    release=release.id,
                    created=release.manifest.created,
                    digest=release.digest,
                    kind=Kind.PUBLISH,
                    manifest_sha256=described.sha256,
                    public_sha256=listed.sha256,
                    by=by,
                    commit=release.manifest.commit,
                    lessons=len(release.manifest.lessons),
                    size_bytes=after.size_bytes,
                ),
                files=release.public,
                now=now,
                body=body,
                closes=before.closes(after),
                took_long=len(planned.objects) > _QUICK_UPLOADS,
                described=putting.result,
            ),
            stores,
            tip,
            before.public if tip.pointer else None,
            report,
        )
        keeping.result()
        if tip.pointer is None:
            stores.memory.note_fit(stores.private.address, switched, now)
    return Published(
        release=release.id,
        previous=tip.release or None,
        number=switched.number,
        is_unchanged=False,
        uploaded=len(planned.objects),
        uploaded_bytes=planned.upload_bytes,
        changed=(*planned.added, *planned.changed),
        removed=planned.removed,
        site=release.manifest.site,
    )


def _described(release: Release) -> tuple[Hashed, Known]:
    """The manifest, and what it says."""
    return Hashed.of(release.in_writing().described), known_from(release)


def _running(stores: Stores) -> tuple[Tip, Mapping[str, bytes]]:
    """What runs, and those of its documents that this machine remembers."""
    tip = history.tip(stores.private)
    return tip, at_hand(tip.pointer, stores.memory)


def _check_age(release: Release, tip: Tip) -> None:
    """Raises StoreError for a release that was begun before the one that runs: no gatekeeper would follow it there (see `contract.trust`)."""
    length = len("20261122T160501Z")  # a release's id begins with its moment
    if release.id[:length] < tip.release[:length]:
        raise StoreError(
            f"release {tip.release} is current, and was begun after this one ({release.id})",
            hint="build and publish again; if that goes on, the clock of one of the publishing machines is wrong",
        )


def silent(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""


def _upload(release: Release, private: ObjectStore, missing: Sequence[str], progress: Progress) -> None:
    wanted = {key.removeprefix(keys.PUBLIC) for key in missing if key not in release.private}
    places = {file.sha256: path for path, file in release.public.items() if file.sha256 in wanted}

    def upload(key: str) -> None:
        found = release.private.get(key)
        if found is not None:
            body = found.content()
            if isinstance(body, Path):
                body = _checked(body, found.sha256)
            media_type = found.media_type
        else:
            path = places[key.removeprefix(keys.PUBLIC)]
            body = _public_body(release, path)
            media_type = release.public[path].media_type
        private.put(key, body, media_type=media_type, cache_control=media.PRIVATE_CACHE)

    each("upload", missing, upload, progress)


def _verify(release: Release, private: ObjectStore, uploaded: Sequence[str], before: Known) -> None:
    """What was uploaded lies in the store with the right size, or StoreError.

    Each put was compared by its SHA-256 when it arrived; here it is looked at again where that is cheap.
    """
    if private.is_near:
        sizes = object_sizes(release)
        found = {key: private.head(key) for key in uploaded}
        wrong = [key for key, stored in found.items() if stored is None or stored.size_bytes != sizes[key]]
    elif is_worth_listing(len(uploaded), before.count):
        sizes = object_sizes(release)
        present = stored_sizes(private)
        wrong = [key for key in sizes if present.get(key) != sizes[key]]
    else:
        return
    if wrong:
        raise StoreError(
            f"{len(wrong)} uploaded objects are missing or incomplete in the store",
            where=private.label,
            hint="nothing was switched; publish again",
        )


def _put_described(private: ObjectStore, key: str, data: bytes) -> None:
    """Manifest or list of a release: never replaced by anything else (a release is immutable)."""
    try:
        private.put(key, data, media_type=media.JSON, cache_control=media.PRIVATE_CACHE, if_none_match=True)
    except ConditionFailedError as error:
        if private.get(key) != data:
            raise StoreError(
                "another release has the same id", where=key, hint="publish again in a second"
            ) from error


def _public_body(release: Release, path: str) -> Body:
    made = release.made.get(path)
    return made if made is not None else _checked(release.folder / path, release.public[path].sha256)


def _checked(place: Path, sha256: str) -> Body:
    """The file's content; raises StoreError if it is no longer what was bundled."""
    try:
        if place.stat().st_size <= _IN_MEMORY_BYTES:
            data = place.read_bytes()
            digest = hashlib.sha256(data).hexdigest()
            body: Body = data
        else:
            with place.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            body = place
    except OSError as error:
        raise StoreError(
            f"a file of the release cannot be read: {error.strerror or error}",
            where=str(place),
            hint="something changes the build folder; build and publish again",
        ) from error
    if digest != sha256:
        raise StoreError(
            "a file of the release has changed since the leak check",
            where=str(place),
            hint="something changes the build folder; build and publish again",
        )
    return body
