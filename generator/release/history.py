"""The chain of pointers, as a publisher reads and extends it (see `gatekeeper.contract.keys`).

One listing tells both what came after the hint and which publishers are changing a public bucket, or were killed doing so.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from gatekeeper.contract import canonical, keys, manifest, pointer
from gatekeeper.contract.manifest import Manifest
from gatekeeper.contract.pointer import Pointer
from generator.errors import StoreError
from generator.release import media
from generator.release.release import PublicFile, loads_public
from generator.release.store import ObjectStore

_NUMBERED = re.compile(rf"{keys.POINTERS}([0-9]{{8}})\.json", re.ASCII)
SWITCH_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A publisher's note: from now on a public bucket may show a mixture of these releases. previous: "" for none."""

    release: str
    previous: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """The newest pointer, None before the first publish, and the switches that have not reported their end."""

    pointer: Pointer | None
    unfinished: tuple[str, ...] = ()  # their keys

    @property
    def number(self) -> int:
        return self.pointer.number if self.pointer else 0

    @property
    def release(self) -> str:
        return self.pointer.release if self.pointer else ""


def tip(private: ObjectStore) -> Tip:
    """Three requests when the hint is right."""
    hint = private.get(keys.CURRENT)
    number = 0
    if hint is not None:
        try:
            number = pointer.loads_hint(hint)
        except pointer.PointerError:
            number = 0  # only a hint: the chain itself is listed instead
    found = _after(private, number)
    if not found.numbers and number:
        known = _pointer(private, number)
        if known is not None:
            return Tip(pointer=known, unfinished=found.switches)
        found = _after(private, 0)  # the hint is of another chain
    if not found.numbers:
        return Tip(pointer=None, unfinished=found.switches)
    return Tip(pointer=pointer_at(private, max(found.numbers)), unfinished=found.switches)


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


def write_hint(private: ObjectStore, number: int) -> None:
    private.put(
        keys.CURRENT,
        pointer.dumps_hint(number),
        media_type=media.JSON,
        cache_control=media.PRIVATE_CACHE,
    )


def announce(private: ObjectStore, switch: Switch) -> str:
    """Note that a switch has begun; returns the note's key."""
    key = keys.switch_key(switch.release)
    private.put(
        key,
        canonical.dumps({"format": SWITCH_FORMAT, "release": switch.release, "previous": switch.previous}),
        media_type=media.JSON,
        cache_control=media.PRIVATE_CACHE,
    )
    return key


def switch_at(private: ObjectStore, key: str) -> Switch | None:
    """The note `key`, or None if its switch has ended since."""
    data = private.get(key)
    if data is None:
        return None
    try:
        raw = json.loads(data)
        release = keys.checked_release(raw["release"])
        return Switch(
            release=release, previous=keys.checked_release(raw["previous"]) if raw["previous"] else ""
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            "the note of an unfinished switch cannot be understood",
            where=key,
            hint="delete this object and publish again",
        ) from error


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
    numbers: tuple[int, ...]
    switches: tuple[str, ...]


def _after(private: ObjectStore, number: int) -> _Found:
    after = keys.pointer_key(number) if number else ""
    found = [stored.key for stored in private.list(keys.POINTERS, after=after)]
    numbered = [(key, _NUMBERED.fullmatch(key)) for key in found]
    return _Found(
        numbers=tuple(int(match[1]) for _, match in numbered if match and int(match[1])),
        switches=tuple(key for key, match in numbered if not match),
    )


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
