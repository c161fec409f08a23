"""The switch: another release takes the current one's place, public and private half, and rolling back is the same.

    note (buckets only) → bring → show → create the next pointer → hint → clear → take the note away

Creating the pointer decides. Until then the loser of a race and a killed publisher have changed nothing that counts, and what they changed in
a bucket is noted; whoever comes next puts right every path that any noted release could have changed.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gatekeeper.contract import keys
from gatekeeper.contract.pointer import Kind, Pointer
from generator.errors import StoreError
from generator.release import history
from generator.release.history import Switch, Tip
from generator.release.public import Progress, Scene
from generator.release.release import PublicFile
from generator.release.store import Body, ConditionFailedError, ObjectStore
from generator.release.stores import Stores

KEPT_SITES = 3  # releases whose folder stays, where the public site is a folder
_PATIENCE = 5  # so often a loser looks whether the winner has been overtaken


@dataclass(frozen=True, slots=True, kw_only=True)
class Switching:
    """What is to become current. created: RFC 3339, when the switch is made. body: a public path's bytes."""

    release: str
    digest: str
    kind: Kind
    files: Mapping[str, PublicFile]
    created: str
    body: Callable[[str], Body]


def switch(
    new: Switching, stores: Stores, tip: Tip, before: Mapping[str, PublicFile] | None, progress: Progress
) -> Pointer:
    """Make `new` current, whose objects lie verified in the store. tip: as read before; before: its public files.

    Raises StoreError if another publisher was first; then the winner's pages are shown.
    """
    private, public = stores.private, stores.public
    moved = Pointer(
        number=tip.number + 1, release=new.release, created=new.created, digest=new.digest, kind=new.kind
    )
    if stores.signer:
        moved = stores.signer.pointer(moved)
    noted = tuple(_noted(private, tip))
    scene = Scene(
        release=new.release,
        files=new.files,
        before=_before(before, noted, private),
        body=new.body,
        blob=stores.blob,
    )
    notes = list(tip.unfinished)
    if public.is_gradual:
        notes.append(history.announce(private, Switch(release=new.release, previous=tip.release)))
    public.bring(scene, progress)
    with public.turn():
        if private.head(keys.pointer_key(moved.number)) is not None:
            won = False
        else:
            public.bring(scene, progress)
            public.show(scene, progress)
            won = _advance(private, moved)
        if won:
            with _tidying(new.release):
                public.clear(scene, _kept(private, tip), progress)
    if not won:
        raise _lost(new, stores, tip, progress)
    with _tidying(new.release):
        history.write_hint(private, moved.number)
        for key in notes:
            private.delete(key)
    return moved


@contextlib.contextmanager
def _tidying(release: str) -> Iterator[None]:
    """What fails in here fails after the switch, and must say so."""
    try:
        yield
    except StoreError as error:
        raise StoreError(
            f"release {release} is current, but what the one before left could not be cleared away: {error}",
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
        note = history.switch_at(private, key)
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


def _kept(private: ObjectStore, tip: Tip) -> tuple[str, ...]:
    """The releases before the new one whose folders stay: the previous one first."""
    kept: list[str] = []
    number = tip.number
    while number > 0 and len(kept) < KEPT_SITES - 1:
        release = history.pointer_at(private, number).release
        if release not in kept:
            kept.append(release)
        number -= 1
    return tuple(kept)


def _lost(new: Switching, stores: Stores, tip: Tip, progress: Progress) -> StoreError:
    """Another publisher created our pointer: take back what we showed, and say who it was."""
    private, public = stores.private, stores.public
    winner = history.tip(private)
    if public.is_gradual or public.is_showing(new.release):
        note = ""
        if public.is_gradual:  # again: the winner may have taken ours away
            note = history.announce(private, Switch(release=new.release, previous=tip.release))
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
            )
            with public.turn():
                public.bring(scene, progress)
                public.show(scene, progress)
                public.clear(scene, _kept(private, winner), progress)
            now = history.tip(private)
            if now.number == winner.number:
                if note:
                    private.delete(note)
                break
            winner = now
    created = winner.pointer.created if winner.pointer else ""
    return StoreError(
        f"another publisher was first: release {winner.release} is current since {created}",
        where=private.label,
        hint="look at what it published, then publish again",
    )
