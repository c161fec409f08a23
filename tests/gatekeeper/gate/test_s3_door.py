"""The gate in front of a real S3-compatible server (Ceph RADOS Gateway), which itself checks signatures and expiry."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.support.ceph import Ceph
from tests.support.gatekeeper import SITE_URL, RunningGatekeeper, running_gatekeeper
from tests.support.tiny_release import CANARY, FILES, PARTS, tiny_manifest, write_release

OWNER = {"everything": None}
SECONDS = 5

pytestmark = pytest.mark.store


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def fetch(url: str, method: str = "GET") -> Answer:
    """As a browser would, with nothing but the URL."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request(method, f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(status=answer.status, headers=headers, body=answer.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def s3_gatekeeper(ceph: Ceph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGatekeeper]:
    folder = tmp_path_factory.mktemp("s3")
    write_release(folder / "private", folder / "public", tiny_manifest(SITE_URL))
    bucket, client = ceph.new_bucket(), ceph.client()
    for file in sorted((folder / "private").rglob("*")):
        if file.is_file():
            key = f"lyceum/{file.relative_to(folder / 'private').as_posix()}"
            client.put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
    environ = ceph.environment(f"{bucket}/lyceum", bucket)
    environ["LYCEUM_PUBLIC_STORE"] = (folder / "public").as_uri()
    with running_gatekeeper(folder, environ={**environ, "LYCEUM_URL_SECONDS": str(SECONDS)}) as running:
        yield running


def signed(gatekeeper: RunningGatekeeper, path: str = "/gate/parts/demo/paid") -> str:
    answer = gatekeeper.get(path, lines=gatekeeper.cookie(OWNER))
    return str(answer.json()["url"] if answer.status == 200 else answer.header("location"))


def test_the_store_gives_the_owner_what_was_signed_for(s3_gatekeeper: RunningGatekeeper) -> None:
    part = fetch(signed(s3_gatekeeper))
    assert (part.status, part.body) == (200, PARTS["demo/paid"][1])
    assert part.headers["content-type"] == "text/html; charset=utf-8"
    assert part.headers["content-disposition"] == 'attachment; filename="paid.html"'
    for path, (_, data, media_type) in FILES.items():
        if path.partition("/")[0] == "demo":
            file = fetch(signed(s3_gatekeeper, f"/files/{path}"))
            assert (file.status, file.body, file.headers["content-type"]) == (200, data, media_type)


def test_the_composed_page_reads_its_part_from_the_store(s3_gatekeeper: RunningGatekeeper) -> None:
    page = s3_gatekeeper.get("/gate/read/demo/paid", lines=s3_gatekeeper.cookie(OWNER))
    assert page.status == 200
    assert CANARY in page.body
    store = "http://" + urlsplit(signed(s3_gatekeeper)).netloc
    assert f"img-src 'self' http://127.0.0.1:9 {store} data:" in (
        page.header("content-security-policy") or ""
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("attachment", "inline"),
        ("response-content-type=text%2Fhtml", "response-content-type=text%2Fplain"),
        (f"X-Amz-Expires={SECONDS}", "X-Amz-Expires=604800"),
        ("X-Amz-Date=2", "X-Amz-Date=3"),
        ("/test-", "/test0-"),
        ("/private/", "/private/x"),
        ("us-east-1", "us-east-2"),
        ("&X-Amz-SignedHeaders", "&response-cache-control=public&X-Amz-SignedHeaders"),
        ("&X-Amz-SignedHeaders", "&versionId=null&X-Amz-SignedHeaders"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
    ],
)
def test_a_changed_url_is_refused_by_the_store(s3_gatekeeper: RunningGatekeeper, old: str, new: str) -> None:
    """U03"""
    url = signed(s3_gatekeeper)
    assert old in url
    answer = fetch(url.replace(old, new))
    assert answer.status in {400, 403, 404}
    assert CANARY not in answer.body


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "HEAD"])
def test_a_url_for_reading_does_nothing_else(s3_gatekeeper: RunningGatekeeper, method: str) -> None:
    """U11"""
    assert fetch(signed(s3_gatekeeper), method).status in {403, 405, 412}
    assert fetch(signed(s3_gatekeeper)).status == 200


def test_the_store_gives_nothing_unsigned_and_lists_nothing(
    s3_gatekeeper: RunningGatekeeper, ceph: Ceph
) -> None:
    """U15"""
    bucket = s3_gatekeeper.settings.store.bucket
    for url in (
        signed(s3_gatekeeper).partition("?")[0],
        f"{ceph.endpoint}/{bucket}?list-type=2",
        f"{ceph.endpoint}/{bucket}/lyceum/current.json",
    ):
        answer = fetch(url)
        assert answer.status == 403
        assert CANARY not in answer.body


def test_a_url_dies_at_the_store_when_its_time_is_over(s3_gatekeeper: RunningGatekeeper) -> None:
    """U02, U12"""
    given = s3_gatekeeper.get("/gate/parts/demo/paid", lines=s3_gatekeeper.cookie(OWNER)).json()
    while time.time() < given["expires_at"] - 1.2:
        assert fetch(given["url"]).status == 200
        time.sleep(0.5)
    while time.time() < given["expires_at"] + 1:
        time.sleep(0.05)
    late = fetch(given["url"])
    assert late.status == 403
    assert CANARY not in late.body


def test_no_signature_reaches_the_log(s3_gatekeeper: RunningGatekeeper, ceph: Ceph) -> None:
    """U07"""
    url = signed(s3_gatekeeper)
    log = s3_gatekeeper.log.read_text()
    assert "X-Amz-Signature" not in log
    assert url.rpartition("=")[2] not in log
    assert ceph.secret_key not in log
