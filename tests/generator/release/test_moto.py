"""A server that honours every condition and answers everybody: no school is published on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import StoreError
from generator.release import Stores, publish
from generator.release.s3 import S3Store
from generator.release.settings import S3Access
from generator.release.site_bucket import BucketSite
from tests.generator.release.made import folders, made, pages_of, shown, stored
from tests.support.moto import BUCKET, Moto

pytestmark = pytest.mark.store


def store(moto: Moto, prefix: str) -> S3Store:
    account = S3Access(
        endpoint=moto.endpoint, region="us-east-1", is_virtual_hosted=False, access_key="a", secret_key="b"
    )
    return S3Store(account, bucket=BUCKET, prefix=prefix)


def test_it_answers_strangers_and_is_refused_for_that_z04_u15(moto: Moto, tmp_path: Path) -> None:
    private = store(moto, "private/")
    with pytest.raises(StoreError, match="lets anybody list"):
        publish(made(tmp_path, 1), Stores(private=private, public=BucketSite(store(moto, "public/"))))
    assert stored(private) == {}


def test_it_can_show_the_public_half(moto: Moto, tmp_path: Path) -> None:
    stores = Stores(private=folders(tmp_path).private, public=BucketSite(store(moto, "shown/")))
    for number in (1, 2):
        release = made(tmp_path, number)
        publish(release, stores)
        assert shown(stores) == pages_of(release)
