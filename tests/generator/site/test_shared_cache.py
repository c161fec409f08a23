"""The build cache through a store and back: what arrives is what left, and nothing else ever arrives."""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatekeeper.contract import keys
from generator.errors import LyceumError, StoreError
from generator.release.folder import FolderStore
from generator.release.s3 import S3Store
from generator.release.store import ObjectStore
from generator.site import cache_files, cache_snapshot, shared_cache
from generator.site.cache_snapshot import DamagedCacheError, Pack, Piece, Snapshot
from tests.generator.release.conftest import access
from tests.generator.site.conftest import tree
from tests.support.ceph import *  # noqa: F403 - fixtures are found by name

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)


def silent(_what: str, _done: int, _total: int) -> None:
    pass


def pull(folder: Path, store: ObjectStore, key: bytes = KEY) -> shared_cache.Pulled | None:
    return shared_cache.pull(folder, store, content_key=key, progress=silent)


def push(
    folder: Path, store: ObjectStore, hours: float = 0, *, keep: int = 3, is_whole: bool = False
) -> shared_cache.Pushed:
    now = NOW + timedelta(hours=hours)
    return shared_cache.push(
        folder, store, content_key=KEY, now=now, progress=silent, keep=keep, is_whole=is_whole
    )


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache as a build leaves it: a database and objects, one of them large."""
    folder = tmp_path / "author" / ".cache" / "lyceum"
    (folder / "objects").mkdir(parents=True)
    with closing(sqlite3.connect(folder / "cache.sqlite")) as database:
        database.execute("CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB)")
        database.executemany("INSERT INTO entries VALUES (?, ?)", [(f"k{n}", b"x" * n) for n in range(500)])
        database.commit()
    for number in range(40):
        (folder / "objects" / f"{number:02d}").write_bytes(b"<p>private %d</p>" % number * 50)
    (folder / "objects" / "empty").write_bytes(b"")
    (folder / "objects" / "large").write_bytes(bytes(9_000_000) + b"end")
    return folder


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    return tmp_path / "runner" / ".cache" / "lyceum"


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_a_fresh_machine_gets_every_file_as_it_was(cache: Path, fresh: Path, store: FolderStore) -> None:
    pushed = push(cache, store)
    pulled = pull(fresh, store)
    assert pulled is not None
    assert (pulled.snapshot, pulled.files, pulled.skipped) == (pushed.snapshot, 43, ())
    assert rows(cache) == rows(fresh)
    before, after = (objects(folder) for folder in (cache, fresh))
    assert len(before) == 42
    assert before == after
    assert list(fresh.parent.iterdir()) == [fresh]


@pytest.mark.store
def test_a_real_s3_server_carries_it(cache: Path, fresh: Path, ceph: Ceph, bucket: str) -> None:  # noqa: F405
    remote = S3Store(access(ceph), bucket=bucket, prefix="school/")
    first = push(cache, remote)
    assert pull(fresh, remote) is not None
    assert objects(fresh) == objects(cache)
    assert first.uploaded > 0
    assert push(cache, remote, 1).uploaded == 0


def test_only_what_changed_is_sent_again(cache: Path, store: FolderStore) -> None:
    first = push(cache, store)
    assert first.uploaded_bytes < first.size_bytes
    (cache / "objects" / "07").write_bytes(b"changed")
    second = push(cache, store, 1)
    assert (second.uploaded, second.dropped) == (1, 0)
    assert push(cache, store, 2).uploaded == 0
    assert push(cache, store, 3, is_whole=True).uploaded == first.uploaded


def test_previews_locks_and_links_stay_at_home(cache: Path, fresh: Path, store: FolderStore) -> None:
    (cache / "preview" / "owner-demo").mkdir(parents=True)
    (cache / "preview" / "owner-demo" / "index.html").write_text("PRIVATE")
    (cache / "lock").write_text("")
    (cache / "cache.sqlite-wal").write_text("")
    (cache / "passwd").symlink_to("/etc/passwd")
    (cache / "etc").symlink_to("/etc")
    push(cache, store)
    pull(fresh, store)
    assert {path.split("/")[0] for path in tree(fresh)} == {"cache.sqlite", "objects", cache_files.LOCK}
    assert (fresh / cache_files.LOCK).read_bytes() == b""


def test_a_database_that_is_being_written_is_taken_as_of_one_moment(
    cache: Path, fresh: Path, store: FolderStore
) -> None:
    with closing(sqlite3.connect(cache / "cache.sqlite")) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("UPDATE entries SET value = 'committed'")
        writer.commit()
        writer.execute("UPDATE entries SET value = 'open'")
        push(cache, store)
        writer.rollback()
    pull(fresh, store)
    assert {value for _, value in rows(fresh)} == {"committed"}


@pytest.mark.parametrize("what", ["push", "pull"])
def test_a_build_that_is_running_is_waited_for(
    cache: Path, fresh: Path, store: FolderStore, what: str
) -> None:
    """So that the files are those that the database speaks of."""
    push(cache, store)
    folder = cache if what == "push" else fresh
    folder.mkdir(parents=True, exist_ok=True)
    done = threading.Event()

    def share() -> None:
        if what == "push":
            push(cache, store, 1)
        else:
            pull(fresh, store)
        done.set()

    with (folder / cache_files.LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        thread = threading.Thread(target=share)
        thread.start()
        assert not done.wait(0.5)
        (folder / "late").write_text("late")
    thread.join(60)
    assert done.is_set()
    other = fresh.parent / "other"
    pull(other, store)
    assert (other / "late").exists() == (what == "push")
    assert not (fresh / "late").exists()


def test_what_was_there_before_is_gone_and_no_old_journal_spoils_the_database(
    cache: Path, fresh: Path, store: FolderStore
) -> None:
    push(cache, store)
    (fresh / "objects").mkdir(parents=True)
    (fresh / "objects" / "old").write_text("old")
    (fresh / "preview").mkdir()
    (fresh / "preview" / "kept").write_text("kept")
    for name in ("cache.sqlite", "cache.sqlite-journal", "cache.sqlite-wal"):
        (fresh / name).write_bytes(b"SQLite format 3\0 and nothing of sense")
    assert pull(fresh, store) is not None
    assert rows(fresh) == rows(cache)
    assert not (fresh / "objects" / "old").exists()
    assert (fresh / "preview" / "kept").exists()


def test_a_take_over_that_is_killed_leaves_no_database(
    cache: Path, fresh: Path, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(cache, store)
    pull(fresh, store)

    def killed(_self: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        pull(fresh, store)
    assert not (fresh / "cache.sqlite").exists()


def test_a_damaged_database_is_not_shared(cache: Path, store: FolderStore) -> None:
    (cache / "cache.sqlite").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(LyceumError, match="cannot be copied"):
        push(cache, store)
    assert list(store.list("")) == []


def test_nothing_is_taken_from_a_store_that_has_none(fresh: Path, store: FolderStore) -> None:
    assert pull(fresh, store) is None
    assert not fresh.exists()


def test_there_must_be_a_cache_to_share(fresh: Path, store: FolderStore) -> None:
    with pytest.raises(LyceumError, match="no build cache yet"):
        push(fresh, store)
    assert list(store.list("")) == []


def test_a_damaged_pack_is_refused_and_nothing_is_taken_over(
    cache: Path, fresh: Path, store: FolderStore
) -> None:
    push(cache, store)
    for found in store.list(keys.CACHE_PACKS):
        body = bytearray(store.get(found.key) or b"")
        body[len(body) // 2] ^= 1
        put(store, found.key, bytes(body))
    fresh.mkdir(parents=True)
    (fresh / "mine").write_text("mine")
    with pytest.raises(DamagedCacheError):
        pull(fresh, store)
    assert tree(fresh.parent) == {"lyceum/mine": b"mine"}
    push(cache, store, 1, is_whole=True)
    assert pull(fresh, store) is not None


def test_a_pack_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    pack = Pack(sha256="0" * 64, pieces=(Piece(path="a", offset=0, size_bytes=10),))
    (tmp_path / "bomb").write_bytes(bytes(50_000_000))
    bomb = Pack(sha256="0" * 64, pieces=(Piece(path="bomb", offset=0, size_bytes=50_000_000),))
    with pytest.raises(DamagedCacheError, match="not what was pushed"):
        cache_snapshot.unpack(cache_snapshot.packed(tmp_path, bomb), pack, tmp_path)
    assert not (tmp_path / "a").exists()


def test_a_missing_pack_leads_to_the_snapshot_before(cache: Path, fresh: Path, store: FolderStore) -> None:
    first = push(cache, store)
    there = {found.key for found in store.list(keys.CACHE_PACKS)}
    (cache / "objects" / "07").write_bytes(b"changed")
    push(cache, store, 1)
    for found in list(store.list(keys.CACHE_PACKS)):
        if found.key not in there:
            store.delete(found.key)
    pulled = pull(fresh, store)
    assert pulled is not None
    assert pulled.snapshot == first.snapshot
    assert "missing" in pulled.skipped[0]


def test_who_can_only_write_to_the_store_cannot_slip_in_a_page(
    cache: Path, fresh: Path, store: FolderStore
) -> None:
    """A snapshot that is well-formed, but made without the school's content key."""
    (cache / "objects" / "07").write_bytes(b"<script>evil()</script>")
    shared_cache.push(cache, store, content_key=OTHER_KEY, now=NOW, progress=silent)
    with pytest.raises(DamagedCacheError, match="another content key"):
        pull(fresh, store)
    assert not fresh.exists()


def test_an_old_snapshot_cannot_be_passed_off_as_a_new_one(
    cache: Path, fresh: Path, store: FolderStore
) -> None:
    pushed = push(cache, store)
    document = store.get(keys.cache_snapshot_key(pushed.snapshot)) or b""
    store.delete(keys.cache_snapshot_key(pushed.snapshot))
    put(store, keys.cache_snapshot_key("20991231T000000Z-00000000"), document)
    with pytest.raises(DamagedCacheError):
        pull(fresh, store)


@pytest.mark.parametrize(
    "path",
    [
        "../evil",
        "/etc/evil",
        "a/../../evil",
        "a//b",
        "./a",
        "",
        "a\\..\\b",
        "a\0b",
        "preview/x",
        "x.sqlite-wal",
    ],
)
def test_no_path_leads_out_of_the_cache(path: str) -> None:
    pack = Pack(sha256="0" * 64, pieces=(Piece(path=path, offset=0, size_bytes=0),))
    id_ = "20261122T200000Z-00000000"
    for snapshot in (
        Snapshot(id=id_, files={}, packs=(pack,)),
        Snapshot(id=id_, files={path: "0" * 64}, packs=()),
    ):
        with pytest.raises(DamagedCacheError, match="cannot be read"):
            cache_snapshot.loads(cache_snapshot.dumps(snapshot, KEY), KEY, id_)


@pytest.mark.parametrize("value", [[], {}, {"format": 2, "id": "x"}, {"format": 1, "files": []}, "text"])
def test_a_strange_document_is_refused(value: object) -> None:
    body = json.dumps(value).encode()
    document = cache_snapshot._mac(KEY, body).hex().encode() + b"\n" + body
    with pytest.raises(DamagedCacheError):
        cache_snapshot.loads(document, KEY, "20261122T200000Z-00000000")


def test_a_link_in_the_cache_is_not_written_through(
    cache: Path, fresh: Path, store: FolderStore, tmp_path: Path
) -> None:
    push(cache, store)
    outside = tmp_path / "outside"
    outside.mkdir()
    fresh.mkdir(parents=True)
    (fresh / "objects").symlink_to(outside)
    with pytest.raises(LyceumError, match="symbolic link"):
        pull(fresh, store)
    assert list(outside.iterdir()) == []
    assert not (fresh / "cache.sqlite").exists()  # a database comes after what it names


def test_a_pack_of_other_bytes_is_refused_before_it_is_written(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"evil")
    pack = Pack(sha256="0" * 64, pieces=(Piece(path="a", offset=0, size_bytes=4),))
    still = tmp_path / "still"
    with pytest.raises(DamagedCacheError, match="not what was pushed"):
        cache_snapshot.unpack(cache_snapshot.packed(tmp_path, pack), pack, still)
    assert not still.exists()


def test_old_snapshots_and_what_only_they_need_are_dropped(
    cache: Path, fresh: Path, store: FolderStore
) -> None:
    for hour in range(5):
        (cache / "objects" / "07").write_bytes(b"version %d" % hour)
        push(cache, store, hour, keep=2)
    assert len(list(store.list(keys.CACHE_SNAPSHOTS))) == 2
    held = len(list(store.list(keys.CACHE_PACKS)))
    for found in list(store.list(keys.CACHE_SNAPSHOTS))[:1]:
        store.delete(found.key)
    push(cache, store, 6, keep=1)
    assert len(list(store.list(keys.CACHE_PACKS))) == held - 1
    assert pull(fresh, store) is not None
    assert (fresh / "objects" / "07").read_bytes() == b"version 4"


def test_a_push_that_is_under_way_loses_nothing_and_a_killed_one_is_cleared_away(
    cache: Path, fresh: Path, store: FolderStore
) -> None:
    begun = push(cache, store)
    document = store.get(keys.cache_snapshot_key(begun.snapshot)) or b""
    store.delete(keys.cache_snapshot_key(begun.snapshot))
    put(store, keys.cache_snapshot_key(begun.snapshot, is_complete=False), document)
    other = fresh.parent / "other"
    other.mkdir(parents=True)
    (other / "file").write_bytes(b"other")
    assert push(other, store, 1).dropped == 0
    put(store, keys.cache_snapshot_key(begun.snapshot), document)
    store.delete(keys.cache_snapshot_key(begun.snapshot, is_complete=False))
    assert pull(fresh, store) is not None
    put(store, keys.cache_snapshot_key(begun.snapshot, is_complete=False), document)
    store.delete(keys.cache_snapshot_key(begun.snapshot))
    push(other, store, 30)
    assert list(store.list(keys.CACHE_STARTED)) == []
    assert len(list(store.list(keys.CACHE_PACKS))) == 1


def test_a_store_that_is_open_to_strangers_gets_no_private_text(cache: Path, tmp_path: Path) -> None:
    store = OpenStore(tmp_path / "open")
    with pytest.raises(StoreError, match="lets anybody read"):
        push(cache, store)
    assert list(store.list("")) == []


class OpenStore(FolderStore):
    def open_doors(self, key: str) -> tuple[str, ...]:
        return ("read its objects",)


def objects(folder: Path) -> dict[str, bytes]:
    return tree(folder / "objects")


def rows(folder: Path) -> list[tuple[str, object]]:
    with closing(sqlite3.connect(folder / "cache.sqlite")) as database:
        return sorted(database.execute("SELECT key, value FROM entries"))


def put(store: ObjectStore, key: str, body: bytes) -> None:
    store.put(key, body, media_type="application/octet-stream", cache_control="private, no-store")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    yield
    assert not [t for t in threading.enumerate() if t.name.startswith("cache")]
