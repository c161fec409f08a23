"""The list of releases: what the store has, and which one runs.

The pointers say when, by whom and what; only releases that no pointer tells of are read themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gatekeeper.contract import keys
from gatekeeper.contract.pointer import Pointer
from generator.release import history
from generator.release.parallel import each
from generator.release.publish import silent
from generator.release.stores import Stores

_LOOKS_BACK = 1000  # pointers; whoever has switched more often has the older ones read from their manifests


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """created: RFC 3339 UTC, of the release. published, by: when it last became current and who did that; "" if it never did or is unknown.

    commit: of the source, may be empty. size_bytes: public and private half.
    """

    release: str
    created: str
    published: str
    by: str
    commit: str
    lessons: int
    size_bytes: int
    is_current: bool


def releases(stores: Stores) -> tuple[ReleaseRow, ...]:
    """Every complete release in the store, newest first."""
    private = stores.private
    tip = history.tip(private)
    current = stores.public.shown or tip.release
    found = {
        stored.key.split("/")[1]
        for stored in private.list(keys.RELEASES)
        if stored.key.endswith("/manifest.json")
    }
    told = _told(stores, tip, found)
    rows: list[ReleaseRow] = []

    def read(release: str) -> None:
        moved = told.get(release)
        if moved is not None and moved.manifest_sha256:
            commit, lessons, size_bytes = moved.commit, moved.lessons, moved.size_bytes
        else:
            whole = history.manifest_of(private, release)
            objects = {
                entry.key: entry.size_bytes for entry in (*whole.parts.values(), *whole.files.values())
            }
            public = {
                file.sha256: file.size_bytes
                for file in (history.public_list(private, release) or {}).values()
            }
            commit, lessons = whole.commit, len(whole.lessons)
            size_bytes = sum(objects.values()) + sum(public.values())
        rows.append(
            ReleaseRow(
                release=release,
                created=_created(release),
                published=moved.created if moved else "",
                by=moved.by if moved else "",
                commit=commit,
                lessons=lessons,
                size_bytes=size_bytes,
                is_current=release == current,
            )
        )

    each("releases", sorted(found), read, silent)
    return tuple(sorted(rows, key=lambda row: row.release, reverse=True))


def _told(stores: Stores, tip: history.Tip, wanted: set[str]) -> dict[str, Pointer]:
    """For each of `wanted` the newest pointer that made it current."""
    told: dict[str, Pointer] = {}
    missing = set(wanted)
    for moved in tip.recent:
        told.setdefault(moved.release, moved)
        missing.discard(moved.release)
    first = tip.recent[-1].number if tip.recent else 0
    last = max(0, tip.number - _LOOKS_BACK)
    while missing and first - 1 > last:
        numbers = range(first - 1, max(last, first - 65), -1)
        batch: dict[int, Pointer] = {}

        def fetch(number: int, batch: dict[int, Pointer] = batch) -> None:
            batch[number] = history.pointer_at(stores.private, number)

        each("releases", numbers, fetch, silent)
        for number in numbers:
            told.setdefault(batch[number].release, batch[number])
            missing.discard(batch[number].release)
        first = numbers[-1]
    return told


def _created(release: str) -> str:
    """The moment that a release's id begins with, as RFC 3339."""
    moment = datetime.strptime(release[:16], "%Y%m%dT%H%M%SZ")
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
