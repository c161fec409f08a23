"""Making room in the store, on every kind of store."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatekeeper.contract import keys
from generator.errors import StoreError
from generator.release import Release, Stores, publish, releases, rollback
from generator.release.prune import prune
from tests.generator.release.made import WatchedStore, current, folder_buckets, made, pages_of, shown, stored

LATER = datetime.now(UTC) + timedelta(days=2)  # what is put now is older than a day then


def several(stores: Stores, root: Path, count: int = 4) -> list[Release]:
    made_ones = [made(root, number) for number in range(1, count + 1)]
    for release in made_ones:
        publish(release, stores, by="someone")
    return made_ones


def content(stores: Stores) -> set[str]:
    return {key for key in stored(stores.private) if key.split("/")[0] in {"private", "public"}}


def needed(*kept: Release) -> set[str]:
    names: set[str] = set()
    for release in kept:
        names |= set(release.private)
        names |= {keys.public_key(file.sha256) for file in release.public.values()}
    return names


def test_what_no_kept_release_names_goes_and_nothing_else(stores: Stores, tmp_path: Path) -> None:
    first, second, third, fourth = several(stores, tmp_path)
    before = stored(stores.private)
    planned = prune(stores, keep=2, now=LATER, is_dry_run=True)
    assert stored(stores.private) == before
    assert not planned.is_done
    done = prune(stores, keep=2, now=LATER, is_dry_run=False)
    assert done.is_done
    assert (done.kept, done.releases) == ((fourth.id, third.id), (second.id, first.id))
    assert (planned.releases, planned.objects, planned.size_bytes) == (
        done.releases,
        done.objects,
        done.size_bytes,
    )
    assert content(stores) == needed(third, fourth)
    assert set(done.objects) == needed(first, second) - needed(third, fourth)
    assert done.size_bytes == sum(len(before[key]) for key in done.objects)
    assert [row.release for row in releases(stores)] == [fourth.id, third.id]
    assert not [key for key in stored(stores.private) if first.id in key or second.id in key]
    assert rollback(stores).release == third.id
    assert shown(stores) == pages_of(third)
    with pytest.raises(StoreError, match="no release"):
        rollback(stores, first.id)
    publish(made(tmp_path, 9), stores)  # what went is sent again where it is needed


def test_nothing_younger_than_a_day_goes(stores: Stores, tmp_path: Path) -> None:
    several(stores, tmp_path)
    before = stored(stores.private)
    done = prune(stores, keep=1, now=datetime.now(UTC), is_dry_run=False)
    assert (done.releases, done.objects) == ((), ())
    assert stored(stores.private) == before
    stray = f"public/{'ab' * 32}"
    stores.private.put(stray, b"of a publish under way", media_type="text/plain", cache_control="no-store")
    assert prune(stores, keep=1, now=datetime.now(UTC), is_dry_run=False).young == 1
    assert stores.private.get(stray) is not None
    assert stray in prune(stores, keep=9, now=LATER, is_dry_run=False).objects
    assert stores.private.get(stray) is None


def test_what_runs_stays_however_long_ago_it_was_published(stores: Stores, tmp_path: Path) -> None:
    first, *_ = several(stores, tmp_path)
    rollback(stores, first.id)
    done = prune(stores, keep=1, now=LATER, is_dry_run=False)
    assert done.kept == (first.id,)
    assert content(stores) == needed(first)
    assert shown(stores) == pages_of(first)
    assert current(stores) == first.id


def test_a_kept_release_that_cannot_be_read_stops_everything(stores: Stores, tmp_path: Path) -> None:
    _, _, third, _ = several(stores, tmp_path)
    stores.private.delete(keys.public_list_key(third.id))
    before = stored(stores.private)
    with pytest.raises(StoreError, match="cannot be read") as caught:
        prune(stores, keep=2, now=LATER, is_dry_run=False)
    assert caught.value.exit_code == 6
    assert stored(stores.private) == before


def test_a_release_that_becomes_current_meanwhile_is_given_back(tmp_path: Path) -> None:
    stores = folder_buckets(tmp_path)
    first, *_ = several(stores, tmp_path)
    gone_back: list[str] = []

    def interfere(verb: str, key: str) -> None:
        if (verb, key) == ("delete", keys.manifest_key(first.id)) and not gone_back:
            gone_back.append(rollback(stores, first.id).release)

    watched = Stores(private=WatchedStore(stores.private, before=interfere), public=stores.public)
    with pytest.raises(StoreError, match=f"{first.id} was made current again"):
        prune(watched, keep=1, now=LATER, is_dry_run=False)
    assert gone_back
    assert content(stores) >= needed(first)
    assert stores.private.get(keys.manifest_key(first.id)) is not None
    assert shown(stores) == pages_of(first)


def test_a_publish_relies_on_nothing_that_a_prune_could_be_deleting(tmp_path: Path) -> None:
    """An old object that the running release does not name is sent again, which makes it young."""
    stores = folder_buckets(tmp_path)
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, stores)
    publish(second, stores)
    old = keys.public_key(first.public["index.html"].sha256)
    place = tmp_path / "private" / old
    long_ago = (datetime.now(UTC) - timedelta(days=3)).timestamp()
    os.utime(place, (long_ago, long_ago))
    pages = {"index.html": pages_of(first)["index.html"]}
    publish(made(tmp_path, 3, pages=pages), stores)
    assert place.stat().st_mtime > long_ago + 86400


def test_the_list_says_when_and_who_without_reading_manifests(stores: Stores, tmp_path: Path) -> None:
    made_ones = several(stores, tmp_path)
    rollback(stores, made_ones[0].id, by="the night watch")
    watched = WatchedStore(stores.private)
    rows = releases(Stores(private=watched, public=stores.public))
    assert [row.release for row in rows] == [release.id for release in reversed(made_ones)]
    assert [row.by for row in rows] == ["someone", "someone", "someone", "the night watch"]
    assert rows[-1].is_current
    assert rows[-1].created == "2026-11-22T16:00:01Z"
    assert rows[-1].published > rows[0].published
    assert not [key for verb, key in watched.calls if verb == "get" and key.endswith("manifest.json")]
    assert rows[0].size_bytes == sum(
        {
            key: len(data) for key, data in stored(stores.private).items() if key in needed(made_ones[3])
        }.values()
    )


def test_releases_that_old_pointers_tell_of_are_found_beyond_the_hint(tmp_path: Path) -> None:
    stores = folder_buckets(tmp_path)
    first = made(tmp_path, 1)
    publish(first, stores, by="the first")
    for number in range(2, 24):
        publish(made(tmp_path, number), stores, by="another")
    assert {row.release: row.by for row in releases(stores)}[first.id] == "the first"
