"""Notes that publishers to a public bucket leave one another, beside the pointers so that one listing finds them.

pointers/switch-<release>.json      from now on the bucket may show a mixture of these releases; taken away when the change is complete
pointers/leftover-<until>-….json    what may be deleted then: assets that readers with an older page open still ask for
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gatekeeper.contract import canonical, keys
from generator.errors import StoreError
from generator.release import media
from generator.release.store import ObjectStore, checked_key

FORMAT = 1
_LEFTOVER = re.compile(rf"{keys.POINTERS}leftover-([0-9]{{8}}T[0-9]{{6}}Z)-[0-9a-f]+\.json", re.ASCII)
_MOMENT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A publisher's note: from now on a public bucket may show a mixture of these releases. previous: "" for none."""

    release: str
    previous: str


def announce(private: ObjectStore, switch: Switch) -> str:
    """Note that a switch has begun; returns the note's key."""
    key = keys.switch_key(switch.release)
    _note(private, key, {"release": switch.release, "previous": switch.previous})
    return key


def leave(private: ObjectStore, release: str, paths: Sequence[str], until: datetime) -> None:
    """Note that `paths` of the public bucket are to be deleted when it is `until`, which the note's name says."""
    digest = hashlib.sha256("\n".join((release, *paths)).encode()).hexdigest()
    key = keys.leftover_key(f"{until.astimezone(UTC).strftime(_MOMENT)}-{digest[:16]}")
    _note(private, key, {"release": release, "paths": list(paths)})


def is_leftover(key: str) -> bool:
    return _LEFTOVER.fullmatch(key) is not None


def is_due(key: str, now: datetime) -> bool:
    """Whether what the note `key` names may be deleted."""
    match = _LEFTOVER.fullmatch(key)
    try:
        return match is not None and datetime.strptime(match[1], _MOMENT).replace(tzinfo=UTC) <= now
    except ValueError:
        return True  # no moment at all


def leftover_at(private: ObjectStore, key: str) -> tuple[str, ...]:
    """The public paths that the note `key` names; none if it is gone."""
    data = private.get(key)
    if data is None:
        return ()
    try:
        return tuple(checked_key(path) for path in json.loads(data)["paths"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            "the note of what a release left cannot be understood",
            where=key,
            hint="delete this object and publish again",
        ) from error


def _note(private: ObjectStore, key: str, facts: Mapping[str, object]) -> None:
    private.put(
        key,
        canonical.dumps({"format": FORMAT, **facts}),
        media_type=media.JSON,
        cache_control=media.PRIVATE_CACHE,
    )


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
