"""What is peculiar to folders: links, leftovers, and folders that cannot be written."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from generator.errors import StoreError
from generator.release import Stores, publish
from generator.release.folder import TEMPORARY, FolderStore
from generator.release.site_folder import FolderSite
from tests.generator.release.made import current, folders, made, pages_of, shown

ROOT = Path(__file__).resolve().parents[3]


def put(store: FolderStore, key: str, body: bytes) -> None:
    store.put(key, body, media_type="text/plain", cache_control="no-store")


@pytest.mark.parametrize("inside", [True, False])
def test_no_link_is_followed_out_of_the_store_or_within_it_p16(tmp_path: Path, inside: bool) -> None:
    store = FolderStore(tmp_path / "store")
    put(store, "real/x", b"real")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_bytes(b"outside")
    target = tmp_path / "store" / "real" if inside else outside
    (tmp_path / "store" / "folder").symlink_to(target)
    (tmp_path / "store" / "file").symlink_to(target / "x")
    for key in ("folder/x", "file"):
        for call in (store.get, store.head, store.delete):
            with pytest.raises(StoreError, match="symbolic link"):
                call(key)
        with pytest.raises(StoreError, match="symbolic link"):
            put(store, key, b"overwritten")
    assert [found.key for found in store.list("")] == ["real/x"]
    assert (outside / "x").read_bytes() == b"outside"


def test_nobody_can_name_the_stores_own_folder(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with pytest.raises(StoreError, match="not a name"):
        put(store, f"{TEMPORARY}/x", b"")
    put(store, f"deeper/{TEMPORARY}/x", b"")  # only at the top


def test_what_a_killed_put_left_is_never_listed_and_goes_after_a_day(tmp_path: Path) -> None:
    put(FolderStore(tmp_path), "x", b"1")
    left, fresh = tmp_path / TEMPORARY / "left", tmp_path / TEMPORARY / "fresh"
    for path in (left, fresh):
        path.write_bytes(b"half an obj")
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(left, (two_days_ago, two_days_ago))
    store = FolderStore(tmp_path)
    put(store, "y", b"2")
    assert not left.exists()
    assert fresh.exists()  # another publisher may be writing it
    assert [found.key for found in store.list("")] == ["x", "y"]


def test_a_folder_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    """A file lies where the folder should be: nobody, not even root, can write there."""
    blocker = tmp_path / "file"
    blocker.write_bytes(b"")
    for stores in (
        Stores(private=FolderStore(blocker / "store"), public=FolderSite(tmp_path / "public")),
        Stores(private=FolderStore(tmp_path / "store"), public=FolderSite(blocker / "public")),
    ):
        with pytest.raises(StoreError) as caught:
            publish(made(tmp_path, 1), stores)
        assert caught.value.exit_code == 6
        assert caught.value.hint
        assert str(blocker) in str(caught.value)
    assert not (tmp_path / "public" / "site").exists()


def test_a_folder_without_permission_says_so() -> None:
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "store"
        root.mkdir()
        Path(place).chmod(0o755)
        before = os.geteuid()
        try:
            if before == 0:
                os.seteuid(65534)  # root may write everywhere
            else:
                root.chmod(0o500)
            with pytest.raises(StoreError, match="denied") as caught:
                put(FolderStore(root), "x", b"")
        finally:
            os.seteuid(before)
    assert "write access" in caught.value.hint


def test_something_else_at_the_links_place_is_not_replaced(tmp_path: Path) -> None:
    stores = folders(tmp_path)
    place = tmp_path / "public" / "site"
    place.mkdir(parents=True)
    (place / "mine.html").write_bytes(b"the operator's")
    with pytest.raises(StoreError, match="something else") as caught:
        publish(made(tmp_path, 1), stores)
    assert str(place) in str(caught.value)
    assert (place / "mine.html").read_bytes() == b"the operator's"
    assert list(FolderStore(tmp_path / "private").list("")) == []


FULL = """
import resource, sys
from pathlib import Path
from generator.errors import StoreError
from generator.release import publish
from tests.generator.release.made import folders, made
root = Path(sys.argv[1])
big = made(root, 2, pages={"big.bin": bytes(200_000)})
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    publish(big, folders(root))
except StoreError as error:
    print(error.exit_code, error, "|", error.hint)
"""


def test_a_write_that_finds_no_room_changes_nothing_that_readers_see_z06(tmp_path: Path) -> None:
    """The file size limit fails in the middle of a write, as a full disk does."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
    stores = folders(tmp_path)
    first = made(tmp_path, 1)
    publish(first, stores)
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.startswith("6 the store folder failed: File too large")
    assert current(stores) == first.id
    assert shown(stores) == pages_of(first)
    assert list((tmp_path / "private" / TEMPORARY).iterdir()) == []
    second = made(tmp_path, 2, pages={"big.bin": bytes(200_000)})
    publish(second, stores)  # with room again: no help needed
    assert shown(stores) == pages_of(second)
