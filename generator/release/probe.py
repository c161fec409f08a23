"""Whether a store is fit to hold a school: tried before anything is uploaded.

- It honours `If-None-Match: *`, or two publishers at once could both win (Z04). Tried on the newest pointer with its own bytes, so that
  even a store that ignores the condition changes nothing; a new store is tried with an object that is deleted again.
- It gives nothing to somebody without credentials (U15).
- A new store shows a replaced object at once, and of several creators at once lets one win. A store that lets two win seldom can pass;
  one that has no such rule, as Swift's, hardly.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from gatekeeper.contract import keys, pointer
from generator.errors import StoreError
from generator.release import media
from generator.release.history import Tip
from generator.release.known import Known
from generator.release.store import ConditionFailedError, ObjectStore
from generator.release.stores import Stores

_CREATORS, _RACES = 8, 3
_FIT = "use a store with conditional writes: a folder, Amazon S3, Cloudflare R2, MinIO, Ceph"


def probe(stores: Stores, tip: Tip, before: Known, now: datetime) -> None:
    """Raises StoreError if the private store is not fit, or cannot be written. before: the release that runs.

    Conditions are not tried again for a day where this machine has seen them work; what strangers can do is tried every time.
    """
    private = stores.private
    if tip.pointer is not None:
        key = keys.pointer_key(tip.number)
        if not stores.memory.is_fit(private.address, tip.pointer, now):
            _try_condition(private, key, pointer.dumps(tip.pointer))
            stores.memory.note_fit(private.address, tip.pointer, now)
        check_doors(private, next(iter(before.private), key))
        return
    try:
        for body in (b"first\n", b"second\n"):
            _put(private, keys.PROBE, body)
        if private.get(keys.PROBE) != b"second\n":
            raise StoreError(
                "the store does not show a replaced object at once",
                where=private.label,
                hint="use a store with strong read-after-write consistency",
            )
        _try_condition(private, keys.PROBE, b"second\n")
        check_doors(private, keys.PROBE)
        _try_races(private, keys.PROBE)
    finally:
        private.delete(keys.PROBE)


def check_doors(private: ObjectStore, key: str) -> None:
    """Raises StoreError if a stranger can read the existing object `key` or list the store."""
    doors = private.open_doors(key)
    if doors:
        raise StoreError(
            f"the private store lets anybody {' and '.join(doors)}",
            where=private.label,
            hint="block its public access (policy, ACL, website); nothing was published",
        )


def _try_condition(private: ObjectStore, key: str, body: bytes) -> None:
    try:
        _put(private, key, body, if_none_match=True)
    except ConditionFailedError:
        return
    raise StoreError(
        "the store ignores If-None-Match, so two publishers could overwrite one another",
        where=private.label,
        hint=_FIT,
    )


def _try_races(private: ObjectStore, key: str) -> None:
    def wins(number: int) -> bool:
        try:
            _put(private, key, b"%d\n" % number, if_none_match=True)
        except ConditionFailedError:
            return False
        return True

    with ThreadPoolExecutor(_CREATORS) as creators:
        for _ in range(_RACES):
            private.delete(key)
            if sum(creators.map(wins, range(_CREATORS))) != 1:
                raise StoreError(
                    "the store lets two win who create an object at the same moment, so two publishers could overwrite one another",
                    where=private.label,
                    hint=_FIT,
                )


def _put(private: ObjectStore, key: str, body: bytes, *, if_none_match: bool = False) -> None:
    private.put(
        key,
        body,
        media_type=media.JSON,
        cache_control=media.PRIVATE_CACHE,
        if_none_match=if_none_match,
    )
