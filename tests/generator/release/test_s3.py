"""What is peculiar to S3: headers, credentials, faults and how often something is tried."""

from __future__ import annotations

import logging
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gatekeeper.contract import keys
from gatekeeper.environment import read_settings
from gatekeeper.gate.library import Library
from gatekeeper.stores.reader import reader_of
from generator.errors import StoreError
from generator.release import ReleaseSettings, Stores, open_stores, publish, rollback
from generator.release.s3 import PATIENCE_SECONDS, TRIES, S3Store
from generator.release.settings import S3Access
from generator.release.store import ConditionFailedError
from tests.generator.release.conftest import access
from tests.generator.release.made import made, pages_of, shown
from tests.generator.release.scripted_s3 import ScriptedS3, scripted
from tests.support.ceph import Ceph


@pytest.fixture
def server() -> Iterator[ScriptedS3]:
    with scripted() as running:
        yield running


ACCOUNT = S3Access(
    endpoint="",
    region="us-east-1",
    is_virtual_hosted=False,
    access_key="AKIDEXAMPLE",
    secret_key="the-secret-key",
)


class Pauses(list[float]):
    """Instead of sleeping: how long it would have been."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def faulty(server: ScriptedS3) -> tuple[S3Store, Pauses]:
    pauses = Pauses()
    return S3Store(replace(ACCOUNT, endpoint=server.endpoint), bucket="bucket", sleep=pauses), pauses


def put(store: S3Store, key: str, body: bytes = b"body", *, if_none_match: bool = False) -> str:
    return store.put(
        key, body, media_type="text/plain", cache_control="no-store", if_none_match=if_none_match
    ).etag


@pytest.mark.parametrize("fault", ["500", "503", "reset", "apply then 500", "apply then reset"])
def test_a_passing_fault_is_tried_again_with_a_jittered_pause_z10(server: ScriptedS3, fault: str) -> None:
    store, pauses = faulty(server)
    server.expect([fault, fault])
    put(store, "x")
    assert server.objects == {"/bucket/x": b"body"}
    assert server.requests == ["PUT"] * 3
    assert 0 <= pauses[0] <= 1
    assert 0 <= pauses[1] <= 2
    assert sum(pauses) < PATIENCE_SECONDS


@pytest.mark.parametrize("fault", ["500", "503", "reset"])
def test_after_three_tries_it_is_a_store_error_z10(server: ScriptedS3, fault: str) -> None:
    store, pauses = faulty(server)
    for call in (lambda: put(store, "x"), lambda: store.get("x"), lambda: store.head("x")):
        server.expect([fault] * 9)
        with pytest.raises(StoreError, match="3 tries") as caught:
            call()
        assert len(server.requests) == TRIES
        assert caught.value.exit_code == 6
        assert caught.value.hint
    assert len(pauses) == 3 * (TRIES - 1)


def test_a_truncated_answer_is_never_taken_for_the_object_z10(server: ScriptedS3) -> None:
    store, _ = faulty(server)
    put(store, "x", b"0123456789")
    server.expect(["truncate", "truncate"])
    assert store.get("x") == b"0123456789"
    server.expect(["truncate"] * 3)
    with pytest.raises(StoreError):
        store.get("x")


@pytest.mark.parametrize("fault", ["apply then 500", "apply then reset"])
def test_a_conditional_put_that_was_done_but_answered_wrongly_is_ours_z12(
    server: ScriptedS3, fault: str
) -> None:
    store, _ = faulty(server)
    server.expect([fault])
    put(store, "pointer", b"ours", if_none_match=True)
    assert server.objects == {"/bucket/pointer": b"ours"}
    server.expect(
        [fault, fault, fault]
    )  # the first was done; the others find the object, and nobody learns it
    put(store, "next", b"ours", if_none_match=True)
    assert server.objects["/bucket/next"] == b"ours"


def test_a_conditional_put_that_somebody_else_did_meanwhile_is_not_ours_z12(server: ScriptedS3) -> None:
    store, _ = faulty(server)
    server.objects["/bucket/pointer"] = b"hers"
    for faults in (["500"], ["500", "500"], ["409", "409"], []):
        server.expect(faults)
        with pytest.raises(ConditionFailedError):
            put(store, "pointer", b"ours", if_none_match=True)
    server.expect(["409"] * 3)
    with pytest.raises(ConditionFailedError):
        put(store, "pointer", b"ours", if_none_match=True)
    assert server.objects == {"/bucket/pointer": b"hers"}


def test_a_refusal_is_not_tried_again(server: ScriptedS3) -> None:
    store, pauses = faulty(server)
    server.expect(["403"])
    with pytest.raises(StoreError, match="refused") as caught:
        store.get("x")
    assert server.requests == ["GET"]
    assert pauses == []
    assert "credentials" in caught.value.hint


def test_another_program_is_not_taken_for_a_store(server: ScriptedS3) -> None:
    store, _ = faulty(server)
    server.expect(["stranger"])
    with pytest.raises(StoreError, match="not answer like an S3 store") as caught:
        put(store, "x")
    assert "LYCEUM_S3_ENDPOINT" in caught.value.hint


def test_a_server_that_is_not_there_is_a_store_error() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{closed.getsockname()[1]}"
        store = S3Store(replace(ACCOUNT, endpoint=endpoint), bucket="bucket", sleep=Pauses())
        with pytest.raises(StoreError) as caught:
            store.get("x")
    assert "LYCEUM_S3_ENDPOINT" in caught.value.hint


def test_no_secret_stands_in_errors_or_logs_u07(server: ScriptedS3, caplog: pytest.LogCaptureFixture) -> None:
    store, _ = faulty(server)
    with caplog.at_level(logging.DEBUG, logger="generator"):
        server.expect(["500"] * 9)
        with pytest.raises(StoreError) as caught:
            put(store, "x")
    said = f"{caught.value} {caught.value.hint} {caplog.text}"
    assert "500" in said
    for secret in ("the-secret-key", "Signature", "AKIDEXAMPLE"):
        assert secret not in said


@pytest.mark.store
@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"access_key": "nobody"}, "AWS_ACCESS_KEY_ID"),
        ({"secret_key": "wrong"}, "AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_wrong_credentials_are_named_by_their_variable(
    ceph: Ceph, shared_bucket: str, change: dict[str, str], hint: str
) -> None:
    store = S3Store(replace(access(ceph), **change), bucket=shared_bucket)  # type: ignore[arg-type]
    calls = (lambda: put(store, "x"), lambda: store.get("x"), lambda: list(store.list("")))
    for call in calls:
        with pytest.raises(StoreError) as caught:
            call()
        assert hint in caught.value.hint
        assert "wrong" not in str(caught.value)


@pytest.mark.store
@pytest.mark.parametrize("which", ["private", "public"])
def test_a_missing_bucket_stops_a_publish_before_it_begins(
    ceph: Ceph, shared_bucket: str, tmp_path: Path, which: str
) -> None:
    names = {"private": f"{shared_bucket}/p1", "public": f"{shared_bucket}/p2"}
    names[which] = "no-such-bucket-here"
    environ = ceph.environment(names["private"], names["public"]) | {
        "LYCEUM_CONTENT_KEY": bytes(range(16)).hex(),
        "LYCEUM_RELEASE_KEY": bytes(range(32)).hex(),
    }
    stores = open_stores(ReleaseSettings.from_environment(environ))
    with pytest.raises(StoreError, match="NoSuchBucket") as caught:
        publish(made(tmp_path, 1), stores)
    assert caught.value.exit_code == 6
    assert "make the bucket" in caught.value.hint
    if which == "public":
        assert list(stores.private.list("")) == []


@pytest.mark.store
def test_objects_carry_their_media_type_and_how_long_to_keep_them_c06_c01(
    ceph: Ceph, shared_bucket: str, tmp_path: Path
) -> None:
    environ = ceph.environment(f"{shared_bucket}/h1", f"{shared_bucket}/h2") | {
        "LYCEUM_CONTENT_KEY": bytes(range(16)).hex(),
        "LYCEUM_RELEASE_KEY": bytes(range(32)).hex(),
    }
    stores = open_stores(ReleaseSettings.from_environment(environ))
    release = made(tmp_path, 1)
    publish(release, stores)

    def headers(key: str) -> tuple[str, str]:
        answer = ceph.client().head_object(Bucket=shared_bucket, Key=key)
        return answer["ContentType"], answer["CacheControl"]

    assert headers("h2/index.html") == ("text/html; charset=utf-8", "public, max-age=60, must-revalidate")
    assert headers("h2/assets/main.0123abcd.min.css") == (
        "text/css; charset=utf-8",
        "public, max-age=31536000, immutable",
    )
    assert headers("h2/课程/第一课/index.html")[0] == "text/html; charset=utf-8"
    part = next(iter(release.private))
    assert headers(f"h1/{part}") == ("text/html; charset=utf-8", "private, no-store")
    for key in (
        keys.CURRENT,
        keys.pointer_key(1),
        keys.manifest_key(release.id),
        keys.public_list_key(release.id),
    ):
        assert headers(f"h1/{key}") == ("application/json", "private, no-store")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{ceph.endpoint}/{shared_bucket}/h1/{part}")
    assert refused.value.code == 403
    refused.value.close()


@pytest.mark.store
def test_the_gatekeeper_reads_what_was_published_and_rolled_back(
    ceph: Ceph, shared_bucket: str, tmp_path: Path
) -> None:
    """Both sides with the same environment, as an operator sets it."""
    environ = ceph.environment(f"{shared_bucket}/g1", f"{shared_bucket}/g2") | {
        "LYCEUM_CONTENT_KEY": bytes(range(16)).hex(),
        "LYCEUM_RELEASE_KEY": bytes(range(32)).hex(),
        "LYCEUM_MODE": "demo",
        "LYCEUM_STATE": str(tmp_path / "state"),
    }
    stores: Stores = open_stores(ReleaseSettings.from_environment(environ))
    settings = read_settings(environ)
    store = reader_of(settings.store, settings.s3)
    library = Library(store, settings.release_keys)
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, stores)
    assert library.refresh()
    assert library.manifest == first.manifest
    publish(second, stores)
    assert library.refresh()
    assert library.manifest == second.manifest
    for entry in second.manifest.parts.values():
        assert store.get(entry.key) == second.private[entry.key].body
    rollback(stores)
    assert library.refresh()
    assert library.manifest == first.manifest
    assert not library.refresh()
    assert settings.public_store is not None
    pages = reader_of(settings.public_store, settings.s3)
    assert pages.get("课程/第一课/index.html") == pages_of(first)["课程/第一课/index.html"]
    assert shown(stores) == pages_of(first)
