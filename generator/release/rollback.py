"""Going back: an earlier release becomes current again, public and private half together, from the store alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from gatekeeper.contract import keys
from gatekeeper.contract.manifest import Manifest
from gatekeeper.contract.pointer import Kind
from generator.errors import StoreError
from generator.release import history
from generator.release.attest import trusted_files, trusted_manifest
from generator.release.history import Tip
from generator.release.parallel import each
from generator.release.plan import stored_sizes
from generator.release.probe import probe
from generator.release.public import Progress
from generator.release.publish import Published, silent
from generator.release.release import PublicFile, content_digest
from generator.release.stores import Stores
from generator.release.switch import Switching, blob_body, switch


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """created: RFC 3339 UTC. commit: of the source, may be empty. size_bytes: public and private half."""

    release: str
    created: str
    commit: str
    lessons: int
    size_bytes: int
    is_current: bool


def rollback(
    stores: Stores,
    release: str | None = None,
    *,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> Published:
    """Make `release` current again; None: the one that was current before. now: for the pointer; default the clock.

    Raises StoreError if there is none, or if it is no longer whole in the store; then nothing has changed.
    """
    private = stores.private
    tip = history.tip(private)
    chosen = release if release is not None else _previous(stores, tip)
    try:
        keys.checked_release(chosen)
    except ValueError as error:
        raise StoreError(str(error), hint="`lyceum releases` lists them") from error
    whole = trusted_manifest(stores, chosen)
    files = trusted_files(stores, whole)
    if chosen == tip.release and not tip.unfinished and stores.public.is_showing(chosen):
        return Published(release=chosen, previous=chosen, number=tip.number, is_unchanged=True)
    _check_objects(whole, files, stores)
    stores.public.check()
    probe(private, tip)
    before = history.public_list(private, tip.release) if tip.pointer else None
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    moved = switch(
        Switching(
            release=chosen,
            digest=content_digest(whole, files),
            kind=Kind.ROLLBACK,
            files=files,
            created=f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            body=blob_body(private, files),
        ),
        stores,
        tip,
        before,
        progress or silent,
    )
    return Published(
        release=chosen,
        previous=tip.release or None,
        number=moved.number,
        is_unchanged=False,
        removed=tuple(sorted((before or {}).keys() - files.keys())),
    )


def releases(stores: Stores) -> tuple[ReleaseRow, ...]:
    """Every complete release in the store, newest first."""
    private = stores.private
    current = history.tip(private).release
    found = {
        stored.key.split("/")[1]
        for stored in private.list(keys.RELEASES)
        if stored.key.endswith("/manifest.json")
    }
    rows: list[ReleaseRow] = []

    def read(release: str) -> None:
        whole = history.manifest_of(private, release)
        objects = {entry.key: entry.size_bytes for entry in (*whole.parts.values(), *whole.files.values())}
        public = history.public_list(private, release) or {}
        rows.append(
            ReleaseRow(
                release=release,
                created=whole.created,
                commit=whole.commit,
                lessons=len(whole.lessons),
                size_bytes=sum(objects.values()) + sum(file.size_bytes for file in public.values()),
                is_current=release == current,
            )
        )

    each("releases", sorted(found), read, silent)
    return tuple(sorted(rows, key=lambda row: row.release, reverse=True))


def _previous(stores: Stores, tip: Tip) -> str:
    for number in range(tip.number - 1, 0, -1):
        release = history.pointer_at(stores.private, number).release
        if release != tip.release:
            return release
    raise StoreError(
        "there is no earlier release to go back to",
        where=stores.private.label,
        hint="`lyceum releases` lists them",
    )


def _check_objects(whole: Manifest, files: Mapping[str, PublicFile], stores: Stores) -> None:
    present = stored_sizes(stores)
    wanted = {entry.key: entry.size_bytes for entry in (*whole.parts.values(), *whole.files.values())}
    wanted |= {keys.public_key(file.sha256): file.size_bytes for file in files.values()}
    lost = [key for key, size in wanted.items() if present.get(key) != size]
    if lost:
        raise StoreError(
            f"release {whole.release} is no longer whole: {len(lost)} objects are missing",
            where=stores.private.label,
            hint="choose another release, or publish from the source",
        )
