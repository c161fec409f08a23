"""Publishers that are killed at random, and readers who look on all the while."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from gatekeeper.contract import keys
from generator.release import Stores, publish
from generator.release.public import Scene
from generator.release.site_folder import FolderSite
from tests.generator.release.made import current, folder_buckets, folders, made, pages_of, shown, stored
from tests.generator.release.visitors import SAID, Visitor, kill, nursery


def test_a_publisher_killed_anywhere_leaves_one_whole_release_z01(tmp_path: Path) -> None:
    stores = folders(tmp_path)
    publish(made(tmp_path / "builds", 1), stores)
    visitor = Visitor(tmp_path)
    visitor.start()
    chance = random.Random(20261122)
    with nursery("folder", tmp_path) as publishers:
        for round_ in range(1, 51):
            child = publishers.start(round_ * 1000)
            time.sleep(chance.uniform(0.0, 0.15))
            kill(child)
            site = shown(stores)
            said = {match[1] for match in map(SAID.search, site.values()) if match}
            assert len(said) == 1
            (number,) = map(int, said)
            assert site == pages_of(made(tmp_path / "again", number))
            assert current(stores)
            if round_ % 5 == 0:  # the next publish needs no help
                release = made(tmp_path / "builds", round_ * 1000 + 900)
                publish(release, stores)
                assert current(stores) == release.id
                assert shown(stores) == pages_of(release)
                left = {path.name for path in (tmp_path / "public/sites").iterdir() if path.is_dir()}
                assert len(left) <= 3, left
                assert release.id in left
                assert sorted(path.name for path in (tmp_path / "public").iterdir()) == ["site", "sites"]
    visitor.stop()
    assert visitor.faults == []
    assert visitor.visits > 50
    assert visitor.comparisons > 50
    assert len(visitor.releases) > 5


def test_a_publisher_killed_while_it_changes_a_bucket_leaves_nothing_that_the_next_cannot_mend_z01(
    tmp_path: Path,
) -> None:
    stores = folder_buckets(tmp_path)
    publish(made(tmp_path / "builds", 1), stores)
    chance = random.Random(20261123)
    mixtures = 0
    with nursery("bucket", tmp_path) as publishers:
        for round_ in range(1, 41):
            child = publishers.start(round_ * 1000)
            time.sleep(chance.uniform(0.0, 0.15))
            kill(child)
            said = {match[1] for match in map(SAID.search, shown(stores).values()) if match}
            mixtures += len(said) > 1
            assert any("switch" in name for name in stored(stores.private)) or len(said) == 1
            release = made(tmp_path / "builds", round_ * 1000 + 900)
            publish(release, stores)
            assert current(stores) == release.id
            assert shown(stores) == pages_of(release)
            assert not [found.key for found in stores.private.list(keys.POINTERS) if "switch" in found.key]
    assert mixtures  # else the kills came at harmless moments and proved nothing


def test_a_thousand_switches_show_two_readers_no_gap_and_no_mixture_z02(tmp_path: Path) -> None:
    stores = folders(tmp_path)
    releases = [made(tmp_path / "builds", number) for number in (1, 2)]
    for release in releases:
        publish(release, stores)
    visitors = [Visitor(tmp_path, gatekeeper=False) for _ in range(2)]
    for visitor in visitors:
        visitor.start()
    assert isinstance(stores.public, FolderSite)
    scenes = [_scene(stores, release.id) for release in releases]
    for switch in range(1000):
        stores.public.show(scenes[switch % 2], lambda _step, _done, _total: None)
    for visitor in visitors:
        visitor.stop()
        assert visitor.faults == []
        assert visitor.visits > 10


def _scene(stores: Stores, release: str) -> Scene:
    def never(path: str) -> bytes:
        pytest.fail(f"{path} was asked for, although its folder is there")

    return Scene(release=release, files={}, before=(), body=never, blob=stores.blob, blobs=stores.private)
