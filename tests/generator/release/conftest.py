"""Stores of every kind; servers come from `tests.support`."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from generator.release import Stores
from generator.release.s3 import S3Store
from generator.release.settings import S3Access
from generator.release.site_bucket import BucketSite
from tests.generator.release.made import folder_buckets, folders
from tests.support.ceph import *  # noqa: F403 - fixtures are found by name
from tests.support.ceph import Ceph
from tests.support.other_stores import *  # noqa: F403
from tests.support.other_stores import BUCKET, OtherServer


def access(ceph: Ceph, *, virtual: bool = False) -> S3Access:
    return S3Access(
        endpoint=ceph.named_endpoint if virtual else ceph.endpoint,
        region="us-east-1",
        is_virtual_hosted=virtual,
        access_key=ceph.access_key,
        secret_key=ceph.secret_key,
    )


def other_store(server: OtherServer, prefix: str = "") -> S3Store:
    account = S3Access(
        endpoint=server.endpoint,
        region="us-east-1",
        is_virtual_hosted=False,
        access_key=server.access_key,
        secret_key=server.secret_key,
    )
    return S3Store(account, bucket=BUCKET, prefix=prefix or f"{secrets.token_hex(8)}/")


def ceph_stores(ceph: Ceph, bucket: str) -> Stores:
    """Both stores in one bucket, side by side; a school in production takes two."""
    name = secrets.token_hex(8)
    return Stores(
        private=S3Store(access(ceph), bucket=bucket, prefix=f"{name}/private/"),
        public=BucketSite(S3Store(access(ceph), bucket=bucket, prefix=f"{name}/public/")),
    )


@pytest.fixture(params=["folder", "folder bucket", pytest.param("ceph", marks=pytest.mark.store)])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Stores:
    """Stores for a publish: private and public, of each kind."""
    if request.param == "folder":
        return folders(tmp_path)
    if request.param == "folder bucket":
        return folder_buckets(tmp_path)
    return ceph_stores(request.getfixturevalue("ceph"), request.getfixturevalue("shared_bucket"))
