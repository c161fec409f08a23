"""A server that is S3 in all but its promises: what works there, and that no school is published on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import StoreError
from generator.release import Stores, publish
from generator.release.s3 import S3Store
from generator.release.settings import S3Access
from generator.release.site_bucket import BucketSite
from generator.release.site_folder import FolderSite
from generator.release.store import StoredObject
from tests.generator.release.made import folders, made, pages_of, shown, stored
from tests.support.rclone import BUCKET, Rclone

pytestmark = pytest.mark.store


def store(rclone: Rclone, prefix: str) -> S3Store:
    account = S3Access(
        endpoint=rclone.endpoint,
        region="us-east-1",
        is_virtual_hosted=False,
        access_key=rclone.access_key,
        secret_key=rclone.secret_key,
    )
    return S3Store(account, bucket=BUCKET, prefix=prefix)


def test_plain_puts_gets_lists_and_deletes_work_there(rclone: Rclone) -> None:
    one = store(rclone, "plain/")
    for key in ("a.txt", "a/b.txt", "课/程.html"):
        kept = one.put(key, key.encode(), media_type="text/plain", cache_control="no-store")
        assert one.get(key) == key.encode()
        assert one.head(key) == kept
    assert [found.key for found in one.list("")] == ["a.txt", "a/b.txt", "课/程.html"]
    one.delete("a.txt")
    assert one.get("a.txt") is None
    assert one.head("a.txt") is None


def test_it_turns_strangers_away(rclone: Rclone) -> None:
    one = store(rclone, "strangers/")
    one.put("x", b"secret", media_type="text/plain", cache_control="no-store")
    assert not one.open_doors("x")


def test_it_ignores_conditions_and_is_refused_for_that_z04(rclone: Rclone, tmp_path: Path) -> None:
    one = store(rclone, "conditions/")
    for body in (b"first", b"second"):
        created = one.put("x", body, media_type="text/plain", cache_control="no-store", if_none_match=True)
        assert isinstance(created, StoredObject)  # when this fails, rclone has learnt it: renew the docstring
    private = store(rclone, "private/")
    with pytest.raises(StoreError, match="If-None-Match"):
        publish(made(tmp_path, 1), Stores(private=private, public=FolderSite(tmp_path / "public")))
    assert stored(private) == {}


def test_it_can_show_the_public_half_of_a_school_whose_private_store_is_elsewhere(
    rclone: Rclone, tmp_path: Path
) -> None:
    stores = Stores(private=folders(tmp_path).private, public=BucketSite(store(rclone, "public/")))
    for number in (1, 2):
        release = made(tmp_path, number)
        publish(release, stores)
        assert shown(stores) == pages_of(release)
