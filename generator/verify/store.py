"""What the publisher's own store adds to a stranger's view: which release should be shown, and the names that no stranger can know."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gatekeeper.contract import keys
from generator.errors import StoreError
from generator.release import history
from generator.release.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreView:
    """release: that runs. keys: of its private objects. parts: ids of lessons with a private half. files: paths of private files.

    documents: keys of what describes the release. left: public paths of the other releases in the store. is_clearing: some of them may
    still be shown for a while. open_doors: see `ObjectStore`.
    """

    release: str
    keys: frozenset[str]
    parts: frozenset[str]
    files: frozenset[str]
    documents: frozenset[str]
    left: frozenset[str]
    is_clearing: bool
    open_doors: Callable[[str], Sequence[str]]


def view_of_store(stores: Stores) -> StoreView:
    """Raises StoreError if the store cannot be read or holds no release."""
    private = stores.private
    tip = history.tip(private)
    if tip.pointer is None:
        raise StoreError(
            "the store holds no release", where=private.label, hint="publish one with `lyceum publish`"
        )
    whole = history.manifest_of(private, tip.release)
    others = {
        stored.key.split("/")[1]
        for stored in private.list(keys.RELEASES)
        if stored.key.endswith("/public.json")
    } - {tip.release}
    left: set[str] = set()
    for release in sorted(others):
        left |= (history.public_list(private, release) or {}).keys()
    entries = (*whole.parts.values(), *whole.files.values())
    return StoreView(
        release=tip.release,
        keys=frozenset(entry.key for entry in entries),
        parts=frozenset(whole.parts),
        files=frozenset(whole.files),
        documents=frozenset(
            {
                keys.CURRENT,
                keys.pointer_key(tip.number),
                keys.manifest_key(tip.release),
                keys.public_list_key(tip.release),
            }
        ),
        left=frozenset(left),
        is_clearing=bool(tip.leftovers or tip.unfinished),
        open_doors=private.open_doors,
    )
