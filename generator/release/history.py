"""The chain of pointers, as a publisher reads and extends it (see `gatekeeper.contract.keys`).

One listing tells what came after the hint, which publishers are changing a public bucket, or were killed doing so, and what releases left there
for a while. The hint repeats the newest pointers; its copy of the last one is believed when the listing's etag is of the same bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gatekeeper.contract import keys, manifest, pointer
from gatekeeper.contract.manifest import Manifest
from gatekeeper.contract.pointer import Pointer
from generator.errors import StoreError
from generator.release import media, notes
from generator.release.release import PublicFile, loads_public
from generator.release.store import ObjectStore

_NUMBERED = re.compile(rf"{keys.POINTERS}([0-9]{{8}})\.json", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The newest pointer, None before the first publish.

    recent: it and those before it, as far as they are known without asking, newest first. unfinished: keys of the notes of switches that
    have not reported their end. leftovers: keys of the notes of what still lies in a public bucket.
    """

    pointer: Pointer | None
    recent: tuple[Pointer, ...] = ()
    unfinished: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        return self.pointer.number if self.pointer else 0

    @property
    def release(self) -> str:
        return self.pointer.release if self.pointer else ""


def tip(private: ObjectStore) -> Tip:
    """Two requests when the hint is right."""
    hint = private.get(keys.CURRENT)
    number, recent = 0, tuple[Pointer, ...]()
    if hint is not None:
        try:
            number, recent = pointer.loads_hint(hint), pointer.loads_recent(hint)
        except pointer.PointerError:
            number = 0  # only a hint: the chain itself is listed instead
    found = _from(private, number)
    if not found.etags and number > 1:
        found = _from(private, 1)  # the hint is of another chain
    if not found.etags:
        return Tip(pointer=None, unfinished=found.switches, leftovers=found.leftovers)
    newest = max(found.etags)
    last = recent[0] if recent and recent[0].number == newest else None
    if last is None or not _is_of(last, found.etags[newest]):
        last = pointer_at(private, newest)
    recent = _joined((last, *(known for known in recent if known.number < newest)))
    return Tip(
        pointer=recent[0],
        recent=recent[: pointer.MAXIMUM_RECENT],
        unfinished=found.switches,
        leftovers=found.leftovers,
    )


def earlier(private: ObjectStore, tip: Tip) -> Iterator[Pointer]:
    """The pointers before the newest one, backwards; those that the hint does not repeat are fetched one by one."""
    known = {before.number: before for before in tip.recent}
    for number in range(tip.number - 1, 0, -1):
        yield known.get(number) or pointer_at(private, number)


def pointer_at(private: ObjectStore, number: int) -> Pointer:
    known = _pointer(private, number)
    if known is None:
        raise StoreError(
            f"pointer {number} is missing", where=private.label, hint="the store lost it; try again"
        )
    return known


def advance(private: ObjectStore, moved: Pointer) -> None:
    """Create the next pointer. Raises ConditionFailedError when another publisher has made this number."""
    private.put(
        keys.pointer_key(moved.number),
        pointer.dumps(moved),
        media_type=media.JSON,
        cache_control=media.PRIVATE_CACHE,
        if_none_match=True,
    )


def write_hint(private: ObjectStore, moved: Pointer, tip: Tip) -> None:
    """tip: as it was before `moved`."""
    private.put(
        keys.CURRENT,
        pointer.dumps_hint(moved.number, (moved, *tip.recent)),
        media_type=media.JSON,
        cache_control=media.PRIVATE_CACHE,
    )


def manifest_of(private: ObjectStore, release: str) -> Manifest:
    """The manifest of `release`. Raises StoreError if there is none or it cannot be understood."""
    data = private.get(keys.manifest_key(release))
    if data is None:
        raise StoreError(
            f"there is no release {release}", where=private.label, hint="`lyceum releases` lists them"
        )
    try:
        whole = manifest.loads(data)
    except manifest.ManifestError as error:
        raise StoreError(f"release {release} cannot be understood: {error}", hint="publish again") from error
    if whole.release != release:
        raise StoreError(f"the manifest of release {release} names another one", hint="publish again")
    return whole


def public_list(private: ObjectStore, release: str) -> dict[str, PublicFile] | None:
    """The public files of `release`, or None if it is not in the store."""
    data = private.get(keys.public_list_key(release))
    return None if data is None else loads_public(data)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """etags: pointer's number → its etag."""

    etags: Mapping[int, str]
    switches: tuple[str, ...]
    leftovers: tuple[str, ...]


def _from(private: ObjectStore, number: int) -> _Found:
    """What the folder of pointers holds from pointer `number` on."""
    after = keys.pointer_key(number - 1) if number > 1 else ""
    etags: dict[int, str] = {}
    noted: list[str] = []
    for stored in private.list(keys.POINTERS, after=after):
        match = _NUMBERED.fullmatch(stored.key)
        if match is None:
            noted.append(stored.key)
        elif int(match[1]):
            etags[int(match[1])] = stored.etag
    return _Found(
        etags=etags,
        switches=tuple(key for key in noted if not notes.is_leftover(key)),
        leftovers=tuple(key for key in noted if notes.is_leftover(key)),
    )


def _is_of(copy: Pointer, etag: str) -> bool:
    """Whether an object with this etag surely has the bytes of `copy`; an etag that is no MD5 says nothing."""
    return hashlib.md5(pointer.dumps(copy), usedforsecurity=False).hexdigest() == etag


def _joined(recent: Sequence[Pointer]) -> tuple[Pointer, ...]:
    """The start of `recent` that counts down without a gap."""
    return tuple(known for place, known in enumerate(recent) if known.number == recent[0].number - place)


def _pointer(private: ObjectStore, number: int) -> Pointer | None:
    data = private.get(keys.pointer_key(number))
    if data is None:
        return None
    try:
        known = pointer.loads(data)
    except pointer.PointerError as error:
        raise StoreError(
            f"pointer {number} cannot be understood: {error}", where=private.label, hint="use a newer Lyceum"
        ) from error
    if known.number != number:
        raise StoreError(f"pointer {number} calls itself {known.number}", where=private.label)
    return known
