"""How many requests a publisher makes, whatever the school holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatekeeper.contract import keys, statement
from generator.errors import StoreError
from generator.release import Release, Stores, publish, rollback
from generator.release.memory import Memory
from generator.release.s3_wire import Answer, Wire
from generator.release.site_bucket import BucketSite
from generator.release.site_folder import FolderSite
from tests.generator.release.conftest import ceph_stores
from tests.generator.release.made import WatchedStore, current, folder_buckets, made, pages_of, shown, stored
from tests.support.ceph import Ceph

MANY = {f"demo/l{number}/index.html": b"%d" % number for number in range(300)}
DESCRIBED = 3  # list of public files, manifest, statement; they change with every release


def numbered(root: Path, number: int, **changes: bytes) -> Release:
    """Release `number`, which differs from number 1 in the given pages and its statement alone."""
    first = made(root / "first", 1, pages=MANY)
    pages = {path: data for path, data in pages_of(first).items() if path != statement.PATH} | changes
    new = made(root / f"n{number}", number, pages=pages, parts={"demo/paid": b"<p>stays</p>"})
    only = f"demo/only-{number}/index.html"
    return (
        new
        if number == 1
        else replace(new, public={path: file for path, file in new.public.items() if path != only})
    )


def watched(stores: Stores, memory: Path | None = None) -> tuple[Stores, WatchedStore]:
    """The same stores as a far machine's, and the one that counts."""
    private = WatchedStore(stores.private, far=True)
    public = stores.public
    if isinstance(public, BucketSite):
        counted = WatchedStore(public.store, name="site:", far=True)
        counted.calls = private.calls
        public = BucketSite(counted)
    return Stores(private=private, public=public, memory=Memory(memory)), private


def two(stores: Stores, root: Path, memory: Path | None = None) -> WatchedStore:
    """Publishes a school and then one changed lesson; returns who counted the second."""
    publish(numbered(root, 1), watched(stores, memory)[0])
    again, counter = watched(stores, memory)
    publish(numbered(root, 2, **{"demo/l7/index.html": b"new"}), again)
    return counter


def objects(counter: WatchedStore) -> list[str]:
    """What was put that is content: public and private objects."""
    return [
        key
        for verb, key in counter.calls
        if verb in {"put", "copy", "delete"}
        and key.split("/")[0] not in {"pointers", "releases", "current.json"}
    ]


@pytest.mark.parametrize("kind", ["bucket", "folder"])
def test_one_changed_lesson_costs_ten_requests_and_its_objects(tmp_path: Path, kind: str) -> None:
    stores = folder_buckets(tmp_path)
    if kind == "folder":
        stores = Stores(private=stores.private, public=FolderSite(tmp_path / "public"))
    counter = two(stores, tmp_path, tmp_path / "memory")
    changed = objects(counter)
    assert (
        keys.public_key(
            numbered(tmp_path, 2, **{"demo/l7/index.html": b"new"}).public["demo/l7/index.html"].sha256
        )
        in changed
    )
    assert len(changed) <= 8, (
        changed
    )  # lesson and statement, in both stores; a bucket's are tried as copies first
    copies = sum(verb == "copy" for verb, _ in counter.calls)  # not requests here: a folder cannot copy
    assert counter.requests - copies <= 10 + len(changed) - copies
    assert not [call for call in counter.calls if call[0] == "list" and call[1] != keys.POINTERS]


def test_a_machine_that_remembers_nothing_asks_for_little_more(tmp_path: Path) -> None:
    counter = two(folder_buckets(tmp_path), tmp_path)
    described = [key for verb, key in counter.calls if verb == "put" and key not in objects(counter)]
    copies = sum(verb == "copy" for verb, _ in counter.calls)
    assert counter.requests - copies <= 10 + len(objects(counter)) - copies + len(described)


def test_nothing_changed_costs_two_requests(tmp_path: Path) -> None:
    stores = folder_buckets(tmp_path)
    publish(numbered(tmp_path, 1), watched(stores)[0])
    again, counter = watched(stores)
    assert publish(numbered(tmp_path, 1), again).is_unchanged
    assert counter.calls == [("get", keys.CURRENT), ("list", keys.POINTERS)]


def test_going_back_costs_five_requests_and_uploads_nothing(tmp_path: Path) -> None:
    stores = Stores(private=folder_buckets(tmp_path).private, public=FolderSite(tmp_path / "public"))
    two(stores, tmp_path)
    before = {key for key in stored(stores.private) if key.split("/")[0] in {"private", "public"}}
    far, counter = watched(stores)
    done = rollback(far)
    first = numbered(tmp_path, 1)
    assert done.release == first.id
    assert current(stores) == first.id
    assert shown(stores)["demo/l7/index.html"] == b"7"
    assert len(counter.calls) <= 5, counter.calls
    assert {key for verb, key in counter.calls if verb == "put"} == {keys.pointer_key(3), keys.CURRENT}
    assert {key for key in stored(stores.private) if key.split("/")[0] in {"private", "public"}} == before


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Every request over the wire, as (method, key)."""
    seen: list[tuple[str, str]] = []
    request = Wire.request

    def count(self: Wire, method: str, key: str = "", **rest: Any) -> Answer:
        seen.append((method, key))
        return request(self, method, key, **rest)

    monkeypatch.setattr(Wire, "request", count)
    return seen


@pytest.mark.store
def test_the_same_bars_over_the_wire_to_a_real_server(
    ceph: Ceph, shared_bucket: str, tmp_path: Path, counted: list[tuple[str, str]]
) -> None:
    fresh = ceph_stores(ceph, shared_bucket)
    stores = Stores(private=fresh.private, public=fresh.public, memory=Memory(tmp_path / "memory"))
    publish(numbered(tmp_path, 1), stores)
    counted.clear()
    publish(numbered(tmp_path, 2, **{"demo/l7/index.html": b"new"}), stores)
    content = [
        key for method, key in counted if method == "PUT" and "/public/" in key and "/releases/" not in key
    ]
    described = ("pointers", "releases", "current.json")
    changed = [
        key for method, key in counted if method == "PUT" and not any(f"/{word}" in key for word in described)
    ]
    assert content
    assert len(counted) <= 10 + len(changed), counted
    counted.clear()
    assert publish(numbered(tmp_path, 2, **{"demo/l7/index.html": b"new"}), stores).is_unchanged
    assert len(counted) <= 3
    assert shown(stores)["demo/l7/index.html"] == b"new"


@pytest.mark.store
def test_going_back_and_forth_on_a_real_server_costs_five_requests(
    ceph: Ceph, shared_bucket: str, tmp_path: Path, counted: list[tuple[str, str]]
) -> None:
    memory = Memory(tmp_path / "memory")
    stores = Stores(
        private=ceph_stores(ceph, shared_bucket).private,
        public=FolderSite(tmp_path / "public"),
        memory=memory,
    )
    publish(numbered(tmp_path, 1), stores)
    publish(numbered(tmp_path, 2, **{"demo/l7/index.html": b"new"}), stores)
    for _ in range(4):
        counted.clear()
        rollback(stores)
        assert len(counted) <= 5, counted
        assert sum(method == "PUT" for method, _ in counted) == 2
    assert shown(stores)["demo/l7/index.html"] == b"new"


def test_what_a_machine_remembers_wrongly_is_not_believed(tmp_path: Path) -> None:
    stores = folder_buckets(tmp_path)
    memory = tmp_path / "memory"
    publish(made(tmp_path, 1), watched(stores, memory)[0])
    for place in memory.iterdir():
        place.write_bytes(b'{"format":1,"files":{}}')
    publish(made(tmp_path, 2), watched(stores, memory)[0])
    assert shown(stores) == pages_of(made(tmp_path, 2))
    memory.chmod(0o500)
    try:
        publish(made(tmp_path, 3), watched(stores, memory)[0])
    finally:
        memory.chmod(0o700)
    assert shown(stores) == pages_of(made(tmp_path, 3))


def test_documents_that_were_changed_in_the_store_tell_nothing(tmp_path: Path) -> None:
    """Whoever can write to the bucket cannot make a publisher leave out an upload."""
    stores = folder_buckets(tmp_path)
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, watched(stores)[0])
    key = keys.public_list_key(first.id)
    lied = (stores.private.get(key) or b"").replace(b'"demo/index.html"', b'"demo/x.html"')
    stores.private.put(key, lied, media_type="application/json", cache_control="no-store")
    same = keys.public_key(first.public["demo/index.html"].sha256)
    stores.private.delete(same)
    publish(second, watched(stores)[0])
    assert stores.private.get(same) is not None


def test_a_store_that_lost_an_object_is_mended_when_asked(tmp_path: Path) -> None:
    stores = folder_buckets(tmp_path)
    first = made(tmp_path, 1)
    publish(first, watched(stores)[0])
    lost = keys.public_key(first.public["demo/index.html"].sha256)
    stores.private.delete(lost)
    assert publish(first, watched(stores)[0]).is_unchanged
    again = made(tmp_path, 1)
    done = publish(again, watched(stores)[0], recheck=True)
    assert done.uploaded == 1
    assert stores.private.get(lost) is not None


@pytest.mark.parametrize(
    "damage", [lambda _: b"{}", lambda data: data.replace(b"public", b"secret"), lambda _: None]
)
def test_a_release_whose_documents_are_not_what_was_published_is_not_rolled_back_to(
    tmp_path: Path, damage: Callable[[bytes], bytes | None]
) -> None:
    stores = folder_buckets(tmp_path)
    first, second = made(tmp_path, 1), made(tmp_path, 2)
    publish(first, stores)
    publish(second, stores)
    for key in (keys.public_list_key(first.id), keys.manifest_key(first.id)):
        good = stores.private.get(key) or b""
        bad = damage(good)
        stores.private.delete(key)
        if bad is not None:
            stores.private.put(key, bad, media_type="application/json", cache_control="no-store")
        if bad == good:
            continue
        with pytest.raises(StoreError):
            rollback(watched(stores)[0])
        assert current(stores) == second.id
        stores.private.put(key, good, media_type="application/json", cache_control="no-store")
    assert rollback(watched(stores)[0]).release == first.id
