"""The library: the last good release stays whatever happens to the store."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.contract import keys, manifest, pointer, trust
from gatekeeper.errors import StoreError
from gatekeeper.gate.library import Library
from gatekeeper.stores.reader import FolderReader
from tests.support.tiny_release import RELEASE, RELEASE_KEYS, renamed, tiny_manifest, write_release

SITE = "https://school.example/"
SECOND = "20261102T080000Z-0123abce"
THIRD = "20261103T080000Z-0123abcf"


class Shop:
    """A store folder with releases, and a reader that counts and can be cut off."""

    def __init__(self, root: Path) -> None:
        self.private, self.public = root / "private", root / "public"
        self.asked: list[str] = []
        self.is_away = False

    def publish(self, release: str, number: int) -> None:
        write_release(self.private, self.public, renamed(tiny_manifest(SITE), release), number=number)

    def get(self, path: str) -> bytes | None:
        self.asked.append(path)
        if self.is_away:
            raise StoreError("the store is away")
        return FolderReader(self.private).get(path)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    whole = Shop(tmp_path)
    whole.publish(RELEASE, 1)
    return whole


def current(library: Library) -> str | None:
    return library.manifest.release if library.manifest else None


def test_the_current_release_is_loaded(shop: Shop) -> None:
    library = Library(shop, RELEASE_KEYS)
    assert library.manifest is None
    assert library.refresh() is True
    assert library.manifest == tiny_manifest(SITE)


def test_a_new_release_replaces_the_manifest_whole(shop: Shop) -> None:
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    before = library.manifest
    shop.publish(SECOND, 2)
    assert library.refresh() is True
    assert current(library) == SECOND
    assert before is not None
    assert before.release == RELEASE  # who still holds the old one reads on undisturbed


def test_nothing_new_costs_two_small_reads(shop: Shop) -> None:
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    shop.asked.clear()
    assert library.refresh() is False
    assert shop.asked == [keys.pointer_key(1), keys.pointer_key(2)]


def test_the_chain_is_followed_past_a_hint_that_lags_behind(shop: Shop) -> None:
    shop.publish(SECOND, 2)
    shop.publish(THIRD, 3)
    (shop.private / keys.CURRENT).write_bytes(pointer.dumps_hint(1))
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    assert current(library) == THIRD


def test_a_missing_hint_does_not_matter(shop: Shop) -> None:
    shop.publish(SECOND, 2)
    (shop.private / keys.CURRENT).unlink()
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    assert current(library) == SECOND


def test_a_pointer_back_to_an_older_release_rolls_back(shop: Shop) -> None:
    shop.publish(SECOND, 2)
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    shop.publish(RELEASE, 3)
    assert library.refresh() is True
    assert current(library) == RELEASE


def make_anew(shop: Shop) -> None:
    for file in (shop.private / "pointers").iterdir():
        file.unlink()
    shop.publish(SECOND, 1)


def test_a_store_that_was_made_anew_is_noticed_where_unsigned_releases_are_allowed(shop: Shop) -> None:
    shop.publish(SECOND, 2)
    shop.publish(THIRD, 3)
    library = Library(shop, {})
    library.refresh()
    make_anew(shop)
    assert library.refresh() is True
    assert current(library) == SECOND


def test_a_chain_of_pointers_that_was_cut_off_moves_nobody_back(shop: Shop) -> None:
    shop.publish(SECOND, 2)
    shop.publish(THIRD, 3)
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    make_anew(shop)
    with pytest.raises(StoreError, match="older than pointer 3"):
        library.refresh()
    assert current(library) == THIRD


def test_an_older_pointer_to_the_same_release_is_refused_too(shop: Shop) -> None:
    shop.publish(RELEASE, 2)
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    (shop.private / keys.pointer_key(2)).unlink()
    (shop.private / keys.CURRENT).write_bytes(pointer.dumps_hint(1))
    with pytest.raises(StoreError, match="older than pointer 2"):
        library.refresh()


@pytest.mark.parametrize("key", [None, Ed25519PrivateKey.generate()], ids=["unsigned", "a stranger's key"])
def test_what_no_known_key_signed_is_refused(shop: Shop, key: Ed25519PrivateKey | None) -> None:
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    write_release(shop.private, shop.public, renamed(tiny_manifest(SITE), SECOND), number=2, key=key)
    with pytest.raises(StoreError, match=r"not signed|not known"):
        library.refresh()
    assert current(library) == RELEASE


def test_a_pointer_that_is_not_believed_does_not_stand_in_the_way_of_the_next_one(shop: Shop) -> None:
    """A publisher with a wrong key, or somebody who can write to the bucket, must not stop the school for good."""
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    write_release(shop.private, shop.public, renamed(tiny_manifest(SITE), SECOND), number=2, key=None)
    (shop.private / keys.pointer_key(3)).write_bytes(b"nonsense")
    with pytest.raises(StoreError, match="not JSON"):
        library.refresh()
    assert current(library) == RELEASE
    shop.publish(THIRD, 4)
    assert library.refresh() is True
    assert current(library) == THIRD


def test_nothing_is_served_from_a_store_that_nobody_known_signed(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    write_release(shop.private, shop.public, tiny_manifest(SITE), key=None)
    library = Library(shop, RELEASE_KEYS)
    with pytest.raises(StoreError, match="not signed"):
        library.refresh()
    assert library.manifest is None


def test_one_changed_letter_in_a_signed_manifest_is_refused(shop: Shop) -> None:
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    shop.publish(SECOND, 2)
    place = shop.private / keys.manifest_key(SECOND)
    opened = place.read_bytes().replace(b'{"products":["other"]}', b'{"products":["demo"]}')
    assert opened != place.read_bytes()
    place.write_bytes(opened)
    with pytest.raises(StoreError, match="not of these bytes"):
        library.refresh()
    assert current(library) == RELEASE


def test_an_older_release_is_followed_only_when_its_pointer_says_rollback(shop: Shop) -> None:
    newer = replace(tiny_manifest(SITE, release=SECOND), created="2026-11-02T08:00:00Z")
    write_release(shop.private, shop.public, newer, number=2)
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    shop.publish(RELEASE, 3)
    with pytest.raises(StoreError, match="does not say rollback"):
        library.refresh()
    assert current(library) == SECOND
    write_release(shop.private, shop.public, tiny_manifest(SITE), number=4, kind=pointer.Kind.ROLLBACK)
    assert library.refresh() is True
    assert current(library) == RELEASE


def test_the_last_good_release_stays_while_the_store_is_away(shop: Shop) -> None:
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    shop.is_away = True
    with pytest.raises(StoreError, match="away"):
        library.refresh()
    assert current(library) == RELEASE
    shop.is_away = False
    shop.publish(SECOND, 2)
    assert library.refresh() is True


def break_nothing_there(shop: Shop) -> None:
    (shop.private / keys.manifest_key(SECOND)).unlink()


def break_not_json(shop: Shop) -> None:
    (shop.private / keys.manifest_key(SECOND)).write_bytes(b"{")


def break_half_of_it(shop: Shop) -> None:
    path = shop.private / keys.manifest_key(SECOND)
    path.write_bytes(path.read_bytes()[:-500])


def break_another_name(shop: Shop) -> None:
    other = manifest.dumps(replace(tiny_manifest(SITE), release=THIRD))
    (shop.private / keys.manifest_key(SECOND)).write_bytes(other)


def break_newer_format(shop: Shop) -> None:
    path = shop.private / keys.manifest_key(SECOND)
    path.write_bytes(path.read_bytes().replace(b'"format":1', b'"format":2'))


def break_pointer(shop: Shop) -> None:
    (shop.private / keys.pointer_key(2)).write_bytes(
        b'{"format":1,"number":2,"release":"../../etc","created":""}'
    )


def break_pointer_number(shop: Shop) -> None:
    (shop.private / keys.pointer_key(2)).write_bytes(
        pointer.dumps(pointer.Pointer(number=3, release=SECOND, created=""))
    )


@pytest.mark.parametrize(
    "fault",
    [
        break_nothing_there,
        break_not_json,
        break_half_of_it,
        break_another_name,
        break_newer_format,
        break_pointer,
        break_pointer_number,
    ],
)
@pytest.mark.parametrize("release_keys", [RELEASE_KEYS, {}], ids=["signed", "unsigned"])
def test_a_broken_release_is_refused_and_the_last_good_one_stays(
    shop: Shop, fault: object, release_keys: trust.Keys
) -> None:
    library = Library(shop, release_keys)
    library.refresh()
    shop.publish(SECOND, 2)
    assert callable(fault)
    fault(shop)
    with pytest.raises(StoreError):
        library.refresh()
    assert current(library) == RELEASE


def test_an_empty_store_says_how_to_fill_it(tmp_path: Path) -> None:
    library = Library(FolderReader(tmp_path), RELEASE_KEYS)
    with pytest.raises(StoreError, match="no release") as caught:
        library.refresh()
    assert "publish" in caught.value.hint


def test_the_background_keeps_the_library_fresh_and_stops(shop: Shop) -> None:
    library = Library(shop, RELEASE_KEYS)
    library.keep_fresh(0.01)
    assert current(library) == RELEASE  # loaded before it returns
    shop.publish(SECOND, 2)
    end = time.monotonic() + 20
    while current(library) != SECOND and time.monotonic() < end:
        time.sleep(0.01)
    assert current(library) == SECOND
    library.stop()
    while any(thread.name == "library" for thread in threading.enumerate()) and time.monotonic() < end:
        time.sleep(0.01)
    assert not any(thread.name == "library" for thread in threading.enumerate())


def test_trouble_is_logged_once_and_its_end_too(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    library = Library(shop, RELEASE_KEYS)
    shop.is_away = True
    with caplog.at_level(logging.INFO):
        library._try_refresh()
        library._try_refresh()
        shop.is_away = False
        library._try_refresh()
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 3
    assert "away" in said[0]
    assert said[1] == "refresh works again"
    assert said[2] == f"release loaded: {RELEASE}, 5 lessons"


def test_a_swap_under_readers_never_shows_half_of_two_releases(shop: Shop) -> None:
    """A reader that takes the manifest once sees one release throughout."""
    library = Library(shop, RELEASE_KEYS)
    library.refresh()
    wrong: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            held = library.manifest
            if held is None or held.release not in {RELEASE, SECOND} or len(held.parts) != 4:
                wrong.append(str(held))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(2, 40):
        shop.publish(SECOND if number % 2 == 0 else RELEASE, number)
        assert library.refresh() is True
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []
