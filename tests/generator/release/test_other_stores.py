"""Servers that are S3 in all but some of its promises: no private half is published on them, a public half may be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from generator.errors import StoreError
from generator.release import Stores, publish
from generator.release.site_bucket import BucketSite
from generator.release.site_folder import FolderSite
from tests.generator.release.conftest import other_store
from tests.generator.release.made import folders, made, pages_of, shown, stored
from tests.support.other_stores import OtherServer

pytestmark = pytest.mark.store

WHY_NOT = {
    "rclone": "ignores If-None-Match",
    "moto": "lets anybody list them",
    "localstack": "lets anybody read its objects and list them",
    "swift": "lets two win",
    "s3rver": "ignores If-None-Match",
}


@pytest.mark.parametrize("name", WHY_NOT)
def test_no_private_half_is_published_there_and_nothing_stays_z04_u15(
    name: str, other_servers: Callable[[str], OtherServer], tmp_path: Path
) -> None:
    private = other_store(other_servers(name))
    with pytest.raises(StoreError, match=WHY_NOT[name]):
        publish(made(tmp_path, 1), Stores(private=private, public=FolderSite(tmp_path / "public")))
    assert stored(private) == {}


@pytest.mark.parametrize("name", WHY_NOT)
def test_a_public_half_can_be_shown_there_and_replaced(
    name: str, other_servers: Callable[[str], OtherServer], tmp_path: Path
) -> None:
    stores = Stores(private=folders(tmp_path).private, public=BucketSite(other_store(other_servers(name))))
    for number in (1, 2):
        release = made(tmp_path, number)
        publish(release, stores)
        assert shown(stores) == pages_of(release)
