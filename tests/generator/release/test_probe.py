"""Stores that are not fit to hold a school are refused before anything is uploaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from generator.errors import StoreError
from generator.release import Release, Stores, publish
from generator.release.site_bucket import BucketSite
from generator.release.store import Body, ObjectStore, StoredObject
from tests.generator.release.conftest import access, ceph_stores
from tests.generator.release.made import (
    WatchedStore,
    current,
    folder_buckets,
    folders,
    made,
    pages_of,
    shown,
    stored,
)
from tests.support.ceph import Ceph


class Heedless(WatchedStore):
    """Ignores conditions, as rclone's and s3rver's servers do."""

    def put(self, key: str, body: Body, **rest: Any) -> StoredObject:
        rest.pop("if_none_match", None)
        return super().put(key, body, **rest)


class Lazy(WatchedStore):
    """Shows what an object was first, as eventually consistent stores do for a while."""

    def __init__(self, store: ObjectStore) -> None:
        super().__init__(store)
        self._first: dict[str, bytes] = {}

    def put(self, key: str, body: Body, **rest: Any) -> StoredObject:
        done = super().put(key, body, **rest)
        self._first.setdefault(key, body if isinstance(body, bytes) else body.read_bytes())
        return done

    def get(self, key: str) -> bytes | None:
        return self._first.get(key, super().get(key))


class Open(WatchedStore):
    """Answers strangers."""

    def open_doors(self, key: str) -> Sequence[str]:
        assert self.inner.get(key) is not None, "only an existing object can show that it is closed"
        return ["read its objects"]


class OpenParts(Open):
    """Answers strangers, but only for private objects, as a wrong bucket policy might have it."""

    def open_doors(self, key: str) -> Sequence[str]:
        return super().open_doors(key) if key.split("/")[0] == "private" else []


@pytest.mark.parametrize(
    ("kind", "complaint", "is_new"),
    [
        (Heedless, "If-None-Match", True),
        (Heedless, "If-None-Match", False),
        (Lazy, "at once", True),
        (Open, "lets anybody read", True),
        (Open, "lets anybody read", False),
    ],
)
def test_an_unfit_store_is_refused_and_left_as_it_was_z04_u15(
    tmp_path: Path, kind: Callable[[ObjectStore], WatchedStore], complaint: str, is_new: bool
) -> None:
    stores = folders(tmp_path)
    if not is_new:
        publish(made(tmp_path, 1), stores)
    contents = stored(stores.private)
    with pytest.raises(StoreError, match=complaint) as caught:
        publish(made(tmp_path, 2), Stores(private=kind(stores.private), public=stores.public))
    assert caught.value.hint
    assert stored(stores.private) == contents


def test_private_objects_that_anybody_can_read_stop_the_switch_u15(tmp_path: Path) -> None:
    stores = folders(tmp_path)
    first = made(tmp_path, 1)
    publish(first, stores)
    with pytest.raises(StoreError, match="lets anybody read"):
        publish(made(tmp_path, 2), Stores(private=OpenParts(stores.private), public=stores.public))
    assert current(stores) == first.id
    assert shown(stores) == pages_of(first)


@pytest.mark.store
@pytest.mark.parametrize("opened", ["bucket", "object policy"])
def test_a_real_bucket_that_strangers_can_read_is_refused_u15(
    ceph: Ceph, tmp_path: Path, opened: str
) -> None:
    bucket = ceph.new_bucket(public=opened == "bucket")
    if opened == "object policy":
        policy = (
            '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",'
            f'"Action":"s3:GetObject","Resource":"arn:aws:s3:::{bucket}/*"}}]}}'
        )
        ceph.client().put_bucket_policy(Bucket=bucket, Policy=policy)
    stores = ceph_stores(ceph, bucket)
    words = "list" if opened == "bucket" else "read"
    with pytest.raises(StoreError, match=f"lets anybody {words}"):
        publish(made(tmp_path, 1), stores)
    assert stored(stores.private) == {}


@pytest.mark.store
def test_a_real_private_bucket_beside_a_public_one_is_fit(ceph: Ceph, tmp_path: Path) -> None:
    from generator.release.s3 import S3Store

    private, public = ceph.new_bucket(), ceph.new_bucket(public=True)
    stores = Stores(
        private=S3Store(access(ceph), bucket=private),
        public=BucketSite(S3Store(access(ceph), bucket=public)),
    )
    release: Release = made(tmp_path, 1)
    publish(release, stores)
    assert shown(stores) == pages_of(release)


def test_a_public_site_that_cannot_be_written_is_noticed_before_anything_is_uploaded(
    tmp_path: Path,
) -> None:
    stores = folder_buckets(tmp_path)

    class Closed(WatchedStore):
        def list(self, prefix: str, *, after: str = "") -> Any:
            raise StoreError("the store refused: NoSuchBucket", hint="make the bucket")

    closed = Stores(private=stores.private, public=BucketSite(Closed(stores.private)))
    with pytest.raises(StoreError, match="NoSuchBucket"):
        publish(made(tmp_path, 1), closed)
    assert stored(stores.private) == {}
