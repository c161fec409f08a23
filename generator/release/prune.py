"""Making room: releases beyond the last few go, and every object that no kept release names.

- Kept: the last `keep` releases that were current, whatever runs and is shown, what an unfinished switch names, and whatever is younger than a
  day, since a publish under way has objects there that no release names yet.
- A kept release that cannot be read stops everything: what it names is not known then.
- The description of a release goes before its objects, so that nobody can roll back to it any more; then the pointer is looked at once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatekeeper.contract import keys
from generator.errors import StoreError
from generator.release import history, media, notes
from generator.release.known import read
from generator.release.listing import releases
from generator.release.parallel import each
from generator.release.public import Progress
from generator.release.publish import silent
from generator.release.stores import Stores

YOUNG = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruning:
    """What is deleted, or would be. kept, releases: ids, newest first. objects: keys; size_bytes: theirs together.

    young: objects that no kept release names, but that are younger than a day. is_done: nothing was deleted if not.
    """

    kept: tuple[str, ...]
    releases: tuple[str, ...]
    objects: tuple[str, ...]
    size_bytes: int
    young: int
    is_done: bool


def prune(
    stores: Stores, *, keep: int, now: datetime, is_dry_run: bool, progress: Progress | None = None
) -> Pruning:
    """Delete all but the last `keep` releases, at least one. Raises StoreError; what runs is untouched then."""
    report = progress or silent
    private = stores.private
    tip = history.tip(private)
    oldest = (now - YOUNG).timestamp()
    described = {stored.key: stored.modified for stored in private.list(keys.RELEASES)}
    kept, doomed = _chosen(stores, tip, keep, described, oldest)
    named = _named(stores, kept)
    objects: dict[str, int] = {}
    young = 0
    for prefix in (keys.PRIVATE, keys.PUBLIC):
        for stored in private.list(prefix):
            if stored.key in named:
                continue
            if stored.modified >= oldest:
                young += 1
            else:
                objects[stored.key] = stored.size_bytes
    if not is_dry_run:
        _delete_releases(stores, tip, doomed, described, report)
        each("objects", tuple(objects), private.delete, report)
        for key in tip.leftovers:
            if notes.is_due(key, now):
                stores.public.remove(_unused(stores, tip, notes.leftover_at(private, key)))
                private.delete(key)
    return Pruning(
        kept=kept,
        releases=doomed,
        objects=tuple(sorted(objects)),
        size_bytes=sum(objects.values()),
        young=young,
        is_done=not is_dry_run,
    )


def _chosen(
    stores: Stores, tip: history.Tip, keep: int, described: Mapping[str, float], oldest: float
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The releases that stay and those that go, each the last current one first."""
    if keep < 1:
        raise ValueError("at least one release stays")
    rows = sorted(releases(stores), key=lambda row: (row.published, row.release), reverse=True)
    stays = {row.release for row in rows[:keep]} | {tip.release, stores.public.shown}
    for key in tip.unfinished:
        note = notes.switch_at(stores.private, key)
        if note is not None:
            stays |= {note.release, note.previous}
    stays |= {key.split("/")[1] for key, modified in described.items() if modified >= oldest}
    return (
        tuple(row.release for row in rows if row.release in stays),
        tuple(row.release for row in rows if row.release not in stays),
    )


def _named(stores: Stores, kept: Sequence[str]) -> set[str]:
    """Every object that a kept release names."""
    named: set[str] = set()
    for release in kept:
        described = stores.private.get(keys.manifest_key(release))
        listed = stores.private.get(keys.public_list_key(release))
        if described is None or listed is None:
            raise StoreError(
                f"release {release} is to be kept, but what it names cannot be read",
                where=stores.private.label,
                hint="nothing was deleted; publish again, or see `lyceum releases`",
            )
        named |= read(described, listed).objects.keys()
    return named


def _delete_releases(
    stores: Stores,
    tip: history.Tip,
    doomed: Sequence[str],
    described: Mapping[str, float],
    progress: Progress,
) -> None:
    """Take away the descriptions of `doomed`, the manifests first. Raises StoreError if one of them has become current meanwhile."""
    private = stores.private
    gone = frozenset(doomed)
    manifests = {release: private.get(keys.manifest_key(release)) for release in doomed}
    each("releases", [keys.manifest_key(release) for release in doomed], private.delete, progress)
    now = history.tip(private)
    if now.number != tip.number and now.release in gone:
        for release, data in manifests.items():
            if data is not None:
                private.put(
                    keys.manifest_key(release),
                    data,
                    media_type=media.JSON,
                    cache_control=media.PRIVATE_CACHE,
                )
        raise StoreError(
            f"release {now.release} was made current again just now",
            where=private.label,
            hint="nothing was deleted; prune again",
        )
    rest = [key for key in described if key.split("/")[1] in gone and not key.endswith("/manifest.json")]
    each("releases", rest, private.delete, progress)


def _unused(stores: Stores, tip: history.Tip, paths: Sequence[str]) -> list[str]:
    """Those of `paths` that what runs does not show."""
    shown = history.public_list(stores.private, tip.release) or {}
    return [path for path in paths if path not in shown]
