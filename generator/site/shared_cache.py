"""The build cache, shared through the private store, so that a fresh machine starts warm.

- It holds private text as HTML, so it lies in the private store, which is tried for open doors first. No manifest names it: the
  gatekeeper cannot serve it.
- A push writes what it is about to bring, then the packs that the store lacks, then the finished snapshot. Afterwards all but the
  newest snapshots are dropped, with every pack that no kept snapshot and no push of the last day needs.
- A pull takes the newest snapshot that is whole. It is put together beside the cache and verified there before anything is
  taken over, so what is damaged changes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gatekeeper.contract import keys
from generator.errors import LyceumError, StoreError
from generator.site.cache_files import copy_still, shareable, take_over
from generator.site.cache_snapshot import (
    MAXIMUM_BYTES,
    DamagedCacheError,
    Pack,
    Snapshot,
    describe,
    dumps,
    loads,
    packed,
    unpack,
    verify,
)

if TYPE_CHECKING:
    from generator.release.store import ObjectStore

KEPT = 3
_PUSH_LIFETIME = timedelta(days=1)
_AT_ONCE = 8
_MEDIA_TYPE = "application/octet-stream"
_CACHE_CONTROL = "private, no-store"
_WORKSHOP = ".lyceum-shared-"
_STALE_SECONDS = 24 * 3600
_MOMENT = re.compile(r"(\d{8}T\d{6}Z)-", re.ASCII)

Item = TypeVar("Item")
Result = TypeVar("Result")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """skipped: what was wrong with newer snapshots."""

    snapshot: str
    files: int
    size_bytes: int
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """uploaded: packs that the store did not have; uploaded_bytes: compressed. dropped: old snapshots and packs."""

    snapshot: str
    files: int
    size_bytes: int
    uploaded: int
    uploaded_bytes: int
    dropped: int


def is_empty(folder: Path) -> bool:
    return next(shareable(folder), None) is None


def pull(folder: Path, store: ObjectStore, *, content_key: bytes, progress: Progress) -> Pulled | None:
    """Take the newest good snapshot over into the cache `folder`; None when none was ever pushed.

    Raises DamagedCacheError when no snapshot is good, StoreError when the store cannot be read, LyceumError when `folder` cannot be written.
    """
    ids = [found.key.removeprefix(keys.CACHE_SNAPSHOTS) for found in store.list(keys.CACHE_SNAPSHOTS)]
    skipped: list[DamagedCacheError] = []
    for id_ in sorted(ids, reverse=True):
        with _workshop(folder) as still:
            try:
                snapshot = _fetched(id_, still, store, content_key, progress)
            except DamagedCacheError as error:
                skipped.append(error)
                continue
            take_over(still, folder)
            return Pulled(
                snapshot=id_,
                files=len(snapshot.files),
                size_bytes=snapshot.size_bytes,
                skipped=tuple(map(str, skipped)),
            )
    if skipped:
        raise skipped[0]
    return None


def push(
    folder: Path,
    store: ObjectStore,
    *,
    content_key: bytes,
    now: datetime,
    progress: Progress,
    keep: int = KEPT,
    is_whole: bool = False,
) -> Pushed:
    """Make the cache `folder` the newest snapshot in the private `store`, and drop what is too old.

    keep: how many snapshots stay. is_whole: send every pack, also those that the store has.
    Raises StoreError when the store is open to strangers or fails, LyceumError when there is no cache or it is too large.
    """
    with _workshop(folder) as still:
        copy_still(folder, still)
        snapshot = describe(still, f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{0:08x}")
        if not snapshot.files:
            raise LyceumError(
                "there is no build cache yet", where=str(folder), hint="run 'lyceum build' before"
            )
        if snapshot.size_bytes > MAXIMUM_BYTES:
            raise LyceumError(
                f"the build cache is too large to share: {snapshot.size_bytes / 1e9:.1f} GB",
                where=str(folder),
                hint="delete .cache/lyceum and build again",
            )
        digest = hashlib.sha256(dumps(snapshot, content_key)).hexdigest()
        snapshot = replace(snapshot, id=snapshot.id[:-8] + digest[:8])
        document = dumps(snapshot, content_key)
        started = keys.cache_snapshot_key(snapshot.id, is_complete=False)
        _put(store, started, document)
        try:
            _refuse_open_doors(store, started)
            there = set() if is_whole else {found.key for found in store.list(keys.CACHE_PACKS)}
            wanted = {keys.cache_pack_key(pack.sha256): pack for pack in snapshot.packs}
            missing = [pack for key, pack in wanted.items() if key not in there]
            sizes = _each("packs", missing, lambda pack: _upload(store, still, pack), progress)
            _put(store, keys.cache_snapshot_key(snapshot.id), document)
        finally:
            store.delete(started)
    dropped = _drop(store, content_key, now, keep)
    return Pushed(
        snapshot=snapshot.id,
        files=len(snapshot.files),
        size_bytes=snapshot.size_bytes,
        uploaded=len(sizes),
        uploaded_bytes=sum(sizes),
        dropped=dropped,
    )


def _fetched(id_: str, still: Path, store: ObjectStore, content_key: bytes, progress: Progress) -> Snapshot:
    """The snapshot `id_`, its files put together in `still` and verified."""
    try:
        document = store.get(keys.cache_snapshot_key(id_))
    except ValueError as error:
        raise DamagedCacheError("not a snapshot's name", where=id_) from error
    if document is None:
        raise DamagedCacheError("the shared cache was dropped while it was being read", hint="try again")
    snapshot = loads(document, content_key, id_)

    def bring(pack: Pack) -> None:
        body = store.get(keys.cache_pack_key(pack.sha256))
        if body is None:
            raise DamagedCacheError(
                "a pack of the shared cache is missing", where=id_, hint="'lyceum cache push' brings it back"
            )
        unpack(body, pack, still)

    _each("packs", snapshot.packs, bring, progress)
    verify(still, snapshot)
    return snapshot


def _upload(store: ObjectStore, still: Path, pack: Pack) -> int:
    body = packed(still, pack)
    _put(store, keys.cache_pack_key(pack.sha256), body)
    return len(body)


def _put(store: ObjectStore, key: str, body: bytes) -> None:
    store.put(key, body, media_type=_MEDIA_TYPE, cache_control=_CACHE_CONTROL)


def _refuse_open_doors(store: ObjectStore, key: str) -> None:
    if doors := store.open_doors(key):
        raise StoreError(
            f"the private store lets anybody {' and '.join(doors)}",
            where=store.label,
            hint="block its public access (policy, ACL, website); no build cache was put there",
        )


def _drop(store: ObjectStore, content_key: bytes, now: datetime, keep: int) -> int:
    """Delete old snapshots, pushes that never ended, and packs that nothing kept needs. How many objects that were."""
    snapshots = sorted((found.key for found in store.list(keys.CACHE_SNAPSHOTS)), reverse=True)
    started = [found.key for found in store.list(keys.CACHE_STARTED)]
    oldest = f"{now.astimezone(UTC) - _PUSH_LIFETIME:%Y%m%dT%H%M%SZ}"
    recent = [key for key in started if _moment(key) >= oldest]
    needed: set[str] = set()
    for key in [*snapshots[:keep], *recent]:
        with contextlib.suppress(DamagedCacheError):  # another key's, or damaged: its packs help nobody here
            snapshot = loads(store.get(key) or b"", content_key, key.rpartition("/")[2])
            needed |= {keys.cache_pack_key(pack.sha256) for pack in snapshot.packs}
    packs = [found.key for found in store.list(keys.CACHE_PACKS)]
    old = [*snapshots[keep:], *(set(started) - set(recent)), *(key for key in packs if key not in needed)]
    _each("old", old, store.delete, lambda _what, _done, _total: None)
    return len(old)


def _moment(key: str) -> str:
    found = _MOMENT.match(key.rpartition("/")[2])
    return found[1] if found else ""


def _each(
    step: str, items: Sequence[Item], action: Callable[[Item], Result], progress: Progress
) -> list[Result]:
    """What `action` gives for each item, a few at a time. The first error ends it."""
    results: list[Result] = []
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="cache") as pool:
        futures = [pool.submit(action, item) for item in items]
        try:
            for done, future in enumerate(futures, start=1):
                results.append(future.result())
                progress(step, done, len(items))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return results


@contextlib.contextmanager
def _workshop(folder: Path) -> Iterator[Path]:
    """An empty folder beside the cache, for this user alone, on the same file system; removed afterwards."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder.parent)
        made = Path(tempfile.mkdtemp(prefix=_WORKSHOP, dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from error
    try:
        yield made
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _sweep(parent: Path) -> None:
    """Remove what a killed pull or push left behind a day ago."""
    oldest = time.time() - _STALE_SECONDS  # compared with the file system's clock, which is this one
    for entry in os.scandir(parent):
        if entry.name.startswith(_WORKSHOP) and entry.stat(follow_symlinks=False).st_mtime < oldest:
            shutil.rmtree(entry.path, ignore_errors=True)


def _unwritable(folder: Path, error: OSError) -> LyceumError:
    return LyceumError(
        f"the build cache cannot be used: {error.strerror or error}",
        where=str(folder),
        hint="check the folder's permissions and the room on the disk",
    )
