"""Publishing to a real server through a network that fails in every way."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.contract import keys
from generator.errors import StoreError
from generator.release import Stores, publish, rollback, s3, s3_wire
from generator.release.s3 import TRIES, S3Store
from generator.release.s3_wire import Answer, NoAnswerError, Wire
from generator.release.settings import S3Access
from generator.release.site_bucket import BucketSite
from generator.release.store import ConditionFailedError
from tests.generator.release.made import current, made, pages_of, shown, stored
from tests.support.ceph import Ceph
from tests.support.fault_proxy import FAULTS, PASSING, FaultProxy, before

pytestmark = pytest.mark.store


@pytest.fixture
def proxy(ceph: Ceph) -> Iterator[FaultProxy]:
    with before(ceph.port) as running:
        yield running


def no_pause(_seconds: float) -> None:
    """Instead of the pause between tries."""


def store(ceph: Ceph, endpoint: str, bucket: str, prefix: str) -> S3Store:
    access = S3Access(
        endpoint=endpoint,
        region="us-east-1",
        is_virtual_hosted=False,
        access_key=ceph.access_key,
        secret_key=ceph.secret_key,
    )
    return S3Store(access, bucket=bucket, prefix=prefix, sleep=no_pause)


class School:
    """The same two stores, through the proxy and beside it."""

    def __init__(self, ceph: Ceph, proxy: FaultProxy, bucket: str) -> None:
        name = secrets.token_hex(8)

        def both(endpoint: str) -> Stores:
            return Stores(
                private=store(ceph, endpoint, bucket, f"{name}/private/"),
                public=BucketSite(store(ceph, endpoint, bucket, f"{name}/public/")),
            )

        self.troubled, self.plain = both(proxy.endpoint), both(ceph.endpoint)


@pytest.fixture
def school(ceph: Ceph, proxy: FaultProxy, shared_bucket: str) -> School:
    return School(ceph, proxy, shared_bucket)


def put(one: S3Store, key: str, body: bytes, *, if_none_match: bool = False) -> None:
    one.put(key, body, media_type="text/plain", cache_control="no-store", if_none_match=if_none_match)


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes_costs_a_try_and_nothing_else_z10_z12(
    school: School, proxy: FaultProxy, fault: str
) -> None:
    private = school.troubled.private
    assert isinstance(private, S3Store)
    body = b"0123456789" * 500
    proxy.expect([fault])
    put(private, "x", body)
    assert school.plain.private.get("x") == body
    proxy.expect([fault])
    assert private.get("x") == body
    proxy.expect([fault])
    assert [found.key for found in private.list("")] == ["x"]
    proxy.expect([fault])
    put(private, "once", body, if_none_match=True)
    proxy.expect([fault])
    with pytest.raises(ConditionFailedError):
        put(private, "once", b"another", if_none_match=True)
    assert school.plain.private.get("once") == body
    proxy.expect([fault])
    private.delete("x")
    assert school.plain.private.get("x") is None


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in {"etag", "skew"}])
def test_what_does_not_pass_ends_after_three_tries_within_its_time_z10(
    school: School, proxy: FaultProxy, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is made short here; that every try is given the same end is what bounds it."""
    put_first = school.plain.private
    assert isinstance(put_first, S3Store)
    put(put_first, "x", b"0123456789" * 100)
    monkeypatch.setattr(s3, "PATIENCE_SECONDS", 1.5)
    if "trickled" not in fault:  # those are never silent for long
        monkeypatch.setattr(s3_wire, "SILENCE_SECONDS", 0.4)
    deadlines: list[float] = []
    request = Wire.request

    def note(self: Wire, method: str, key: str = "", *, deadline: float, **rest: Any) -> Answer:
        deadlines.append(deadline)
        return request(self, method, key, deadline=deadline, **rest)

    monkeypatch.setattr(Wire, "request", note)
    proxy.expect([fault] * 9)
    with pytest.raises(StoreError) as caught:
        school.troubled.private.get("x")
    assert caught.value.exit_code == 6
    assert caught.value.hint
    assert 1 <= len(proxy.requests) <= TRIES
    assert len(set(deadlines)) == 1


def test_no_request_is_begun_when_its_time_is_over(ceph: Ceph, shared_bucket: str) -> None:
    one = store(ceph, ceph.endpoint, shared_bucket, "")
    with pytest.raises(NoAnswerError, match="no time"):
        one._wire.request("GET", "x", deadline=0.0)


def test_clocks_that_differ_are_named(school: School, proxy: FaultProxy) -> None:
    proxy.expect(["skew"])
    with pytest.raises(StoreError, match="RequestTimeTooSkewed") as caught:
        school.troubled.private.get("x")
    assert "clock" in caught.value.hint
    assert len(proxy.requests) == 1


@pytest.mark.parametrize("seed", range(3))
def test_publishes_over_a_bad_network_end_whole_z10_z12(
    school: School, proxy: FaultProxy, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    proxy.choose = lambda _method, _path: chance.choice(PASSING) if chance.random() < 0.15 else ""
    numbers: list[int] = []
    for number in range(1, 5):
        release = made(tmp_path, number)
        try:
            numbers.append(publish(release, school.troubled).number)
        except StoreError:  # three bad tries in a row happen; what runs is whole all the same
            publish(release, school.plain)
            numbers.append(0)
        assert current(school.plain) == release.id
        assert shown(school.plain) == pages_of(release)
    rollback(school.plain)
    assert shown(school.plain) == pages_of(made(tmp_path, 3))
    assert sum(fault != "" for _, _, fault in proxy.requests) > 5
    pointers = [key for key in stored(school.plain.private) if key.split("/")[0] == "pointers"]
    assert len([key for key in pointers if "switch" not in key]) == 5  # nothing was published twice


@pytest.mark.parametrize("fault", ["applied 500", "applied reset"])
def test_a_pointer_that_was_created_but_answered_wrongly_is_ours_z12(
    school: School, proxy: FaultProxy, tmp_path: Path, fault: str
) -> None:
    publish(made(tmp_path, 1), school.plain)
    times: list[str] = []

    def choose(method: str, path: str) -> str:
        if method == "PUT" and path.endswith(keys.pointer_key(2)) and not times:
            times.append(path)
            return fault
        return ""

    proxy.choose = choose
    assert publish(made(tmp_path, 2), school.troubled).number == 2
    assert times
    assert current(school.plain) == made(tmp_path, 2).id
    assert school.plain.private.get(keys.pointer_key(3)) is None


def test_an_upload_that_broke_off_is_taken_up_where_it_ended_z01(
    school: School, proxy: FaultProxy, tmp_path: Path
) -> None:
    pages = {f"demo/l{number}/index.html": b"page %d" % number for number in range(60)}
    release = made(tmp_path, 1, pages=pages)
    arrived: list[str] = []

    def choose(method: str, path: str) -> str:
        if method == "PUT" and "/private/public/" in path:
            arrived.append(path)
            return "" if len(arrived) <= 30 else "500"
        return ""

    proxy.choose = choose
    with pytest.raises(StoreError):
        publish(release, school.troubled)
    assert not [key for key in stored(school.plain.private) if key.split("/")[0] == "pointers"]
    there = len([key for key in stored(school.plain.private) if key.split("/")[0] == "public"])
    assert there >= 20
    done = publish(release, school.plain)
    assert done.uploaded <= len(release.public) + 1 - there
    assert shown(school.plain) == pages_of(release)


def test_a_server_whose_etags_are_something_else_is_asked_about_it_once(
    school: School, proxy: FaultProxy
) -> None:
    """As buckets do that encrypt with a key of their own."""
    proxy.choose = lambda _method, _path: "etag"
    private = school.troubled.private
    assert isinstance(private, S3Store)
    for number in range(5):
        put(private, f"k{number}", b"%d" % number)
    assert [method for method, _, _ in proxy.requests] == ["PUT", "HEAD", "PUT", "PUT", "PUT", "PUT"]
