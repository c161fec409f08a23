"""Going back: an earlier release becomes current again, public and private half together, from the store alone.

A signed pointer that made the release current before vouches for its documents, so that one read tells that it is still there: five requests
where the site is a folder that still has the release, whatever its size. A release that no such pointer names is believed by its own signature.
Objects of a kept release are never deleted (see `prune`); where looking costs nothing they are looked at all the same, elsewhere when asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gatekeeper.contract import keys
from gatekeeper.contract.pointer import Kind, Pointer
from generator.errors import StoreError
from generator.release import history
from generator.release.attest import trusted
from generator.release.history import Tip
from generator.release.known import Known, known, read, remembered
from generator.release.plan import stored_sizes
from generator.release.public import Progress
from generator.release.publish import Published, silent
from generator.release.release import PublicFile, content_digest, loads_public
from generator.release.stores import Stores
from generator.release.switch import Switching, blob_body, switch


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chosen:
    """The release to go back to. pointer: one that made it current before, or would. manifest: its bytes."""

    pointer: Pointer
    manifest: bytes


def rollback(
    stores: Stores,
    release: str | None = None,
    *,
    now: datetime | None = None,
    by: str = "",
    look: bool = False,
    tell: bool = False,
    progress: Progress | None = None,
) -> Published:
    """Make `release` current again; None: the one that was current before. now: for the pointer; default the clock.

    by: who does it. look: look for every object of it first, as is done anyway in a store on this machine. tell: find out which public
    files change, also where that takes requests of its own.
    Raises StoreError if there is none, or if it is no longer whole in the store; then nothing has changed.
    """
    private, public = stores.private, stores.public
    tip = history.tip(private)
    wanted = release if release is not None else _previous(stores, tip)
    try:
        keys.checked_release(wanted)
    except ValueError as error:
        raise StoreError(str(error), hint="`lyceum releases` lists them") from error
    chosen = _chosen(stores, tip, wanted)
    if wanted == tip.release and not tip.unfinished and public.is_showing(wanted):
        return Published(release=wanted, previous=wanted, number=tip.number, is_unchanged=True)
    files = _Files(stores, chosen.pointer)
    before: Known | None = None
    if public.is_gradual or tell or private.is_near:
        before = known(private, tip.pointer, stores.memory)
    elif tip.pointer is not None:
        before = remembered(tip.pointer, stores.memory)
    look = look or private.is_near
    after = _whole(chosen, files, stores) if look else remembered(chosen.pointer, stores.memory)
    # what is not known is taken to stop being free: then nothing older stays
    closes = before is None or after is None or before.closes(after)
    shown = {} if before is None else before.public
    changed = [] if before is None else [path for path in files if shown.get(path) != files[path]]
    removed = [path for path in shown if path not in files]
    if not public.is_gradual:
        public.check()
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    moved = switch(
        Switching(
            pointer=replace(
                chosen.pointer,
                number=tip.number + 1,
                created=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                kind=Kind.ROLLBACK,
                signature=b"",
                by=by,
            ),
            files=files,
            now=moment,
            body=blob_body(private, files),
            closes=closes,
        ),
        stores,
        tip,
        before.public if before is not None and tip.pointer else None,
        progress or silent,
    )
    return Published(
        release=wanted,
        previous=tip.release or None,
        number=moved.number,
        is_unchanged=False,
        changed=tuple(sorted(changed)),
        removed=tuple(sorted(removed)),
        site=str(json.loads(chosen.manifest).get("site", "")),
    )


class _Files(Mapping[str, PublicFile]):
    """The public files of a release, read when the first is asked for: where its folder is still there, none is."""

    def __init__(self, stores: Stores, moved: Pointer) -> None:
        self._stores = stores
        self._pointer = moved
        self._files: dict[str, PublicFile] | None = None
        self._document = b""

    def __getitem__(self, path: str) -> PublicFile:
        return self._read()[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    @property
    def document(self) -> bytes:
        """The list itself, which the pointer vouches for."""
        self._read()
        return self._document

    def _read(self) -> dict[str, PublicFile]:
        if self._files is None:
            moved, memory = self._pointer, self._stores.memory
            data = memory.document(moved.public_sha256)
            if data is None:
                data = _public_list(self._stores, moved.release)
            if hashlib.sha256(data).hexdigest() != moved.public_sha256:
                raise StoreError(
                    f"the list of public files of release {moved.release} is not the one that was published",
                    where=self._stores.private.label,
                    hint="somebody changed it in the store; publish from the source",
                )
            self._files, self._document = loads_public(data), data
        return self._files


def _public_list(stores: Stores, release: str) -> bytes:
    data = stores.private.get(keys.public_list_key(release))
    if data is None:
        raise StoreError(
            f"the public half of release {release} is not in the store",
            where=stores.private.label,
            hint="publish from its source",
        )
    return data


def _previous(stores: Stores, tip: Tip) -> str:
    for moved in history.earlier(stores.private, tip):
        if moved.release != tip.release:
            return moved.release
    raise StoreError(
        "there is no earlier release to go back to",
        where=stores.private.label,
        hint="`lyceum releases` lists them",
    )


def _chosen(stores: Stores, tip: Tip, release: str) -> _Chosen:
    """The release by a pointer that this publisher believes, else by its own signature."""
    private = stores.private
    for moved in tip.recent:
        if moved.release != release or not (moved.manifest_sha256 and moved.public_sha256):
            continue
        if stores.signer is not None and not stores.signer.vouches_for(moved):
            continue
        data = private.get(keys.manifest_key(release))
        if data is None:
            break  # said below
        if hashlib.sha256(data).hexdigest() != moved.manifest_sha256:
            raise StoreError(
                f"the manifest of release {release} is not the one that was published",
                where=private.label,
                hint="somebody changed it in the store; publish from the source",
            )
        return _Chosen(pointer=moved, manifest=data)
    found = trusted(stores, release)
    whole = found.manifest
    return _Chosen(
        pointer=Pointer(
            number=1,
            release=release,
            created=whole.created,
            digest=content_digest(whole, found.files),
            manifest_sha256=hashlib.sha256(found.described).hexdigest(),
            public_sha256=hashlib.sha256(found.listed).hexdigest(),
            commit=whole.commit,
            lessons=len(whole.lessons),
            size_bytes=sum(read(found.described, found.listed).objects.values()),
        ),
        manifest=found.described,
    )


def _whole(chosen: _Chosen, files: _Files, stores: Stores) -> Known:
    """What the release holds. Raises StoreError if the store has lost some of it."""
    present = stored_sizes(stores.private)
    whole = read(chosen.manifest, files.document)
    lost = [key for key, size in whole.objects.items() if present.get(key) != size]
    if lost:
        raise StoreError(
            f"release {chosen.pointer.release} is no longer whole: {len(lost)} objects are missing",
            where=stores.private.label,
            hint="choose another release, or publish from the source",
        )
    return whole
