"""A lesson that stops being free is at no public address afterwards, old or new (P21, L16); harmless leftovers stay for a while."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import brotli
import pytest

from gatekeeper.contract.access import PUBLIC, products_rule
from generator.release import Published, Release, Stores, publish, rollback
from generator.release.known import known_from
from generator.release.purge import purge_list
from generator.release.site_bucket import BucketSite
from generator.release.site_folder import FolderSite
from tests.generator.release.made import folder_buckets, folders, made, shown

CANARY = b"<p>CANARY that was free " + b"and long enough to be compressed " * 40 + b"</p>"
PAGES = {
    "demo/free/index.html": CANARY,
    "demo/files/picture.png": b"PNG-CANARY",
    "search/index.en_1a2b3c4d.json": b'["CANARY"]',
    "assets/old.0123abcd.js": b"// asset of an older theme",
}


def free_then_paid(root: Path) -> tuple[Release, Release]:
    first = made(root, 1, pages=PAGES)
    second = made(
        root,
        2,
        pages={"demo/free/index.html": b"<p>teaser</p>"},
        parts={"demo/free": CANARY, "demo/paid": b"<p>x</p>"},
    )
    return first, second


def every_public_byte(root: Path) -> dict[str, bytes]:
    """What a web server could show, were it set to the wrong folder, compressed or not."""
    found = {}
    for place in root.rglob("*"):
        if place.is_file():
            data = place.read_bytes()
            if place.suffix == ".gz":
                data = gzip.decompress(data)
            if place.suffix == ".br":
                data = brotli.decompress(data)
            found[place.relative_to(root).as_posix()] = data
    return found


def test_no_public_address_has_it_not_even_below_old_releases_p21_l16(tmp_path: Path) -> None:
    stores = Stores(
        private=folders(tmp_path).private, public=FolderSite(tmp_path / "public", encodings=("gzip", "br"))
    )
    first, second = free_then_paid(tmp_path)
    publish(first, stores)
    assert sum(b"CANARY" in data for data in every_public_byte(tmp_path / "public").values()) > 4
    done = publish(second, stores)
    assert not [path for path, data in every_public_byte(tmp_path / "public").items() if b"CANARY" in data]
    urls = purge_list(done)
    assert "https://school.example/demo/free/" in urls
    assert "https://school.example/demo/free/index.html" in urls
    assert "https://school.example/demo/files/picture.png" in urls
    assert "https://school.example/%E8%AF%BE%E7%A8%8B/%E7%AC%AC%E4%B8%80%E8%AF%BE/" in urls
    assert "https://school.example/" in urls
    assert "https://school.example/assets/main.0123abcd.min.css" not in urls


def test_going_back_to_before_a_lesson_was_free_closes_it_again_p21(tmp_path: Path) -> None:
    stores = folders(tmp_path)
    _, paid_for = free_then_paid(tmp_path)
    publish(paid_for, stores)
    publish(made(tmp_path, 3, pages=PAGES), stores)
    rollback(stores)
    assert not [path for path, data in every_public_byte(tmp_path / "public").items() if b"CANARY" in data]
    rollback(stores)  # and it can be put back whole
    assert shown(stores)["demo/free/index.html"] == CANARY
    rollback(stores)
    assert not [path for path, data in every_public_byte(tmp_path / "public").items() if b"CANARY" in data]


def test_a_bucket_keeps_nothing_when_a_lesson_closes_p21(tmp_path: Path) -> None:
    stores = folder_buckets(tmp_path)
    assert isinstance(stores.public, BucketSite)
    stores = Stores(private=stores.private, public=BucketSite(stores.public.store, grace_seconds=600))
    first, second = free_then_paid(tmp_path)
    publish(first, stores)
    publish(second, stores)
    assert not [path for path, data in shown(stores).items() if b"CANARY" in data]
    assert "assets/old.0123abcd.js" not in shown(stores)


def paid(release: Release) -> Release:
    """The same with its free lesson for buyers only."""
    lessons = dict(release.manifest.lessons)
    lessons["demo/free"] = replace(lessons["demo/free"], access=products_rule(["demo"]))
    return replace(release, manifest=replace(release.manifest, lessons=lessons))


@pytest.mark.parametrize(
    ("change", "closes"),
    [
        (lambda release: release, False),
        (paid, True),
        (
            lambda release: replace(
                release,
                manifest=replace(
                    release.manifest,
                    lessons={k: v for k, v in release.manifest.lessons.items() if k != "demo/free"},
                ),
            ),
            True,
        ),
    ],
)
def test_what_counts_as_closing(tmp_path: Path, change: Callable[[Release], Release], closes: bool) -> None:
    first = made(tmp_path, 1)
    assert known_from(first).closes(known_from(change(made(tmp_path, 2)))) is closes
    assert first.manifest.lessons["demo/free"].access == PUBLIC


def test_assets_that_older_pages_need_stay_for_the_grace_period(tmp_path: Path) -> None:
    plain = folder_buckets(tmp_path)
    assert isinstance(plain.public, BucketSite)
    stores = Stores(private=plain.private, public=BucketSite(plain.public.store, grace_seconds=600))
    asset, page = "assets/old.0123abcd.js", "demo/gone/index.html"
    publish(made(tmp_path, 1, pages={asset: b"// old", page: b"gone"}), stores)
    publish(made(tmp_path, 2, later=timedelta(seconds=30)), stores)
    assert asset in shown(stores)
    assert page not in shown(stores)
    assert publish(made(tmp_path, 2, later=timedelta(seconds=60)), stores).is_unchanged
    publish(made(tmp_path, 3, later=timedelta(seconds=300)), stores)
    assert asset in shown(stores)
    publish(made(tmp_path, 4, later=timedelta(seconds=900)), stores)
    assert asset not in shown(stores)
    assert not [found.key for found in stores.private.list("pointers/") if "leftover" in found.key]


def test_an_asset_that_came_back_is_not_taken_away_when_its_grace_ends(tmp_path: Path) -> None:
    plain = folder_buckets(tmp_path)
    assert isinstance(plain.public, BucketSite)
    stores = Stores(private=plain.private, public=BucketSite(plain.public.store, grace_seconds=600))
    asset = {"assets/old.0123abcd.js": b"// old"}
    publish(made(tmp_path, 1, pages=asset), stores)
    publish(made(tmp_path, 2, later=timedelta(seconds=30)), stores)
    publish(made(tmp_path, 3, pages=asset, later=timedelta(seconds=900)), stores)
    assert "assets/old.0123abcd.js" in shown(stores)


def test_texts_have_compressed_twins_and_unchanged_ones_are_taken_over(tmp_path: Path) -> None:
    stores = Stores(
        private=folders(tmp_path).private, public=FolderSite(tmp_path / "public", encodings=("gzip", "br"))
    )
    long = b"<p>" + b"words and more words " * 100 + b"</p>"
    pages = {"demo/long/index.html": long, "a.png": long, "own.css": long, "own.css.gz": b"the author's"}
    publish(made(tmp_path, 1, pages=pages), stores)
    site = tmp_path / "public" / "site"
    page = site / "demo/long/index.html"
    assert gzip.decompress(page.with_name("index.html.gz").read_bytes()) == long
    assert brotli.decompress(page.with_name("index.html.br").read_bytes()) == long
    assert not (site / "a.png.gz").exists()
    assert not (site / "index.html.gz").exists()  # a few bytes
    assert (site / "own.css.gz").read_bytes() == b"the author's"
    before = page.with_name("index.html.gz").stat().st_ino
    publish(made(tmp_path, 2, pages=pages), stores)
    assert page.with_name("index.html.gz").stat().st_ino == before
    publish(made(tmp_path, 3, pages={**pages, "demo/long/index.html": long + b"!"}), stores)
    assert gzip.decompress(page.with_name("index.html.gz").read_bytes()) == long + b"!"


def test_a_purge_list_names_each_address_once() -> None:
    done = Published(
        release="r",
        previous=None,
        number=1,
        is_unchanged=False,
        changed=("index.html", "a b/index.html", "feed.xml"),
        removed=("feed.xml", "x.html"),
        site="https://school.example/base/",
    )
    assert purge_list(done) == (
        "https://school.example/base/",
        "https://school.example/base/a%20b/",
        "https://school.example/base/a%20b/index.html",
        "https://school.example/base/feed.xml",
        "https://school.example/base/index.html",
        "https://school.example/base/x.html",
    )
