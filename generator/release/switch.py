"""The switch: another release takes the current one's place, public and private half, and rolling back is the same.

    a site in a folder:  bring → create the next pointer → show → clear → hint
    a site in a bucket:  note → bring → show → create the next pointer → clear → hint, and take the note away

Creating the pointer decides. A folder shows the new release in one step after that; a gatekeeper on the same machine goes over with it
(see `gatekeeper.gate.library`), so that a publisher killed in between has changed nothing. In a bucket, what losers and killed publishers
changed is noted; whoever comes next puts right every path that any noted release could have changed.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatekeeper.contract import keys
from gatekeeper.contract.pointer import Pointer
from generator.errors import StoreError
from generator.release import history, notes
from generator.release.history import Tip
from generator.release.notes import Switch
from generator.release.parallel import aside
from generator.release.public import Progress, Scene
from generator.release.release import PublicFile
from generator.release.store import Body, ConditionFailedError, ObjectStore
from generator.release.stores import Stores

KEPT_SITES = 3  # releases whose folder stays, where the public site is a folder
_PATIENCE = 5  # so often a loser looks whether the winner has been overtaken


@dataclass(frozen=True, slots=True, kw_only=True)
class Switching:
    """What is to become current. pointer: not signed yet. body: a public path's bytes. now: the moment of the switch.

    closes: something stops being free, so older pages may stay nowhere. took_long: since the tip was read. described: returns when the manifest
    lies in the store, or raises StoreError; asked before anybody can see anything of the release.
    """

    pointer: Pointer
    files: Mapping[str, PublicFile]
    now: datetime
    body: Callable[[str], Body]
    closes: bool
    took_long: bool = False
    described: Callable[[], object] = lambda: None


def switch(
    new: Switching, stores: Stores, tip: Tip, before: Mapping[str, PublicFile] | None, progress: Progress
) -> Pointer:
    """Make `new` current, whose objects lie verified in the store. tip: as read before; before: its public files.

    Raises StoreError if another publisher was first; then the winner's pages are shown.
    """
    private, public = stores.private, stores.public
    moved = stores.signer.pointer(new.pointer) if stores.signer else new.pointer
    noted = tuple(_noted(private, tip))
    scene = Scene(
        release=moved.release,
        files=new.files,
        before=_before(before, noted, private),
        body=new.body,
        blob=stores.blob,
        blobs=private,
        closes=new.closes,
    )
    done = list(tip.unfinished)
    left: Sequence[str] = ()
    if public.is_gradual:
        done.append(notes.announce(private, Switch(release=moved.release, previous=tip.release)))
    new.described()
    public.bring(scene, progress)
    with public.turn():
        if public.is_gradual:
            won = not (new.took_long and private.head(keys.pointer_key(moved.number)))
            if won:
                public.show(scene, progress)
                won = _advance(private, moved)
        else:
            public.bring(scene, progress)  # somebody may have cleared it away while we waited for our turn
            won = _advance(private, moved)
            if won:
                with _after(moved, "is recorded as current, but its site could not be shown"):
                    public.show(scene, progress)
        if won:
            with _after(moved, _NOT_CLEARED):
                left = public.clear(scene, _kept(stores, tip), progress)
    if not won:
        raise _lost(new, stores, tip, progress)
    with _after(moved, _NOT_CLEARED), aside() as begin:
        hinting = begin(history.write_hint, private, moved, tip)
        if left:
            notes.leave(private, moved.release, left, new.now + timedelta(seconds=public.grace_seconds))
        done += _clear_leftovers(stores, tip, new)
        for key in done:
            private.delete(key)
        hinting.result()
    return moved


_NOT_CLEARED = "is current, but what the one before left could not be cleared away"


def _clear_leftovers(stores: Stores, tip: Tip, new: Switching) -> list[str]:
    """Delete what earlier releases left in a public bucket and is due, unless the new one has it; the notes that are done with."""
    due = [key for key in tip.leftovers if notes.is_due(key, new.now)]
    for key in due:
        stores.public.remove(
            [path for path in notes.leftover_at(stores.private, key) if path not in new.files]
        )
    return due


@contextlib.contextmanager
def _after(moved: Pointer, what: str) -> Iterator[None]:
    """What fails in here fails after the pointer has moved, and must say so."""
    try:
        yield
    except StoreError as error:
        raise StoreError(
            f"release {moved.release} {what}: {error}",
            hint=f"{error.hint}; then publish again" if error.hint else "publish again",
        ) from error


def blob_body(private: ObjectStore, files: Mapping[str, PublicFile]) -> Callable[[str], Body]:
    """A path's bytes from the store's own blobs."""

    def body(path: str) -> bytes:
        sha256 = files[path].sha256
        data = private.get(keys.public_key(sha256))
        if data is None or hashlib.sha256(data).hexdigest() != sha256:
            raise StoreError(
                "the store has lost a public file of this release",
                where=path,
                hint="publish again from the source",
            )
        return data

    return body


def _noted(private: ObjectStore, tip: Tip) -> list[str]:
    """The releases that unfinished switches could have left in a bucket."""
    found: list[str] = []
    for key in tip.unfinished:
        note = notes.switch_at(private, key)
        if note is not None:
            found += [release for release in (note.release, note.previous) if release]
    return found


def _before(
    current: Mapping[str, PublicFile] | None, noted: Sequence[str], private: ObjectStore
) -> tuple[Mapping[str, PublicFile], ...]:
    lists = [] if current is None else [current]
    for release in dict.fromkeys(noted):
        files = history.public_list(private, release)
        if files is not None:
            lists.append(files)
    if current is None and lists:
        lists.append({})  # killed at the very first publish: any path may be missing
    return tuple(lists)


def _advance(private: ObjectStore, moved: Pointer) -> bool:
    try:
        history.advance(private, moved)
    except ConditionFailedError:
        return False
    return True


def _kept(stores: Stores, tip: Tip) -> tuple[str, ...]:
    """The releases before the new one whose folders stay: the previous one first."""
    if stores.public.is_gradual or tip.pointer is None:
        return ()
    kept = [tip.release]
    for moved in history.earlier(stores.private, tip):
        if len(kept) >= KEPT_SITES - 1:
            break
        if moved.release not in kept:
            kept.append(moved.release)
    return tuple(kept)


def _lost(new: Switching, stores: Stores, tip: Tip, progress: Progress) -> StoreError:
    """Another publisher created our pointer: take back what we showed, and say who it was."""
    private, public = stores.private, stores.public
    winner = history.tip(private)
    if public.is_gradual or public.is_showing(new.pointer.release):
        note = ""
        if public.is_gradual:  # again: the winner may have taken ours away
            note = notes.announce(private, Switch(release=new.pointer.release, previous=tip.release))
        seen: list[Mapping[str, PublicFile]] = [new.files]
        for _ in range(_PATIENCE):
            files = history.public_list(private, winner.release)
            if files is None:
                break
            seen.append(files)
            scene = Scene(
                release=winner.release,
                files=files,
                before=tuple(seen),
                body=blob_body(private, files),
                blob=stores.blob,
                blobs=private,
                closes=True,
            )
            with public.turn():
                public.bring(scene, progress)
                public.show(scene, progress)
                public.clear(scene, _kept(stores, winner), progress)
            now = history.tip(private)
            if now.number == winner.number:
                if note:
                    private.delete(note)
                break
            winner = now
    who = f" by {winner.pointer.by}" if winner.pointer and winner.pointer.by else ""
    created = winner.pointer.created if winner.pointer else ""
    return StoreError(
        f"another publisher was first: release {winner.release}{who} is current since {created}",
        where=private.label,
        hint="look at what it published, then publish again",
    )
