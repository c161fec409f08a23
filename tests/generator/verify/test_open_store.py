"""A private bucket on a real S3 server, closed and then opened: `lyceum verify --store` asks it without a signature."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.cli.site_host import SiteHost
from generator.release import Stores, publish
from generator.release.s3 import S3Store
from generator.release.site_folder import FolderSite
from generator.verify import Kind, verify, view_of_store
from tests.generator.release.conftest import access
from tests.generator.release.made import made
from tests.support.ceph import Ceph


@pytest.mark.store
def test_private_objects_that_a_bucket_gives_to_anybody_are_found_u15(ceph: Ceph, tmp_path: Path) -> None:
    bucket = ceph.new_bucket()
    stores = Stores(private=S3Store(access(ceph), bucket=bucket), public=FolderSite(tmp_path / "public"))
    release = made(tmp_path, 1)
    publish(release, stores)
    host = SiteHost(tmp_path / "public" / "site", "127.0.0.1", 0)
    host.start()
    try:
        closed = verify(host.url, keys={}, store=view_of_store(stores), progress=lambda *_: None)
        assert closed.findings == ()
        statement = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/private/*",
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        ceph.client().put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        opened = verify(host.url, keys={}, store=view_of_store(stores), progress=lambda *_: None)
    finally:
        host.stop()
    assert {(one.kind, one.where) for one in opened.findings} == {
        (Kind.PRIVATE, key) for key in release.private
    }
