"""A published folder behind a real nginx with the documented configuration."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from generator.release import Stores, publish, rollback
from generator.release.site_folder import FolderSite
from tests.generator.release.made import folders, made, pages_of
from tests.support.gatekeeper import free_port
from tests.support.nginx import Nginx, running_nginx, why_not

LONG = b"<p>" + b"words of a page " * 200 + b"</p>"

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(
        private=folders(tmp_path).private, public=FolderSite(tmp_path / "public", encodings=("gzip",))
    )


@contextmanager
def served(tmp_path: Path) -> Iterator[Nginx]:
    port = free_port()
    replaced = {"/srv/school/public/site": str(tmp_path / "public" / "site")}
    with running_nginx(tmp_path / "nginx", "site", port=port, gatekeeper=1, replaced=replaced) as nginx:
        yield nginx


def test_pages_are_sent_as_documented_c06(stores: Stores, tmp_path: Path) -> None:
    publish(made(tmp_path, 1, pages={"long/index.html": LONG}), stores)
    with served(tmp_path) as nginx:
        plain = nginx.raw(b"/long/")
        assert (plain.status, plain.body) == (200, LONG)
        assert plain.header("content-type") == "text/html; charset=utf-8"
        assert plain.header("cache-control") == "public, max-age=60, must-revalidate"
        assert plain.header("content-encoding") is None
        packed = nginx.raw(b"/long/", lines=b"Accept-Encoding: gzip\r\n")
        assert packed.header("content-encoding") == "gzip"
        assert gzip.decompress(packed.body) == LONG
        assert len(packed.body) < len(LONG) / 5
        tag = (plain.header("etag") or "").encode()
        assert nginx.raw(b"/long/", lines=b"If-None-Match: %s\r\n" % tag).status == 304
        style = nginx.raw(b"/assets/main.0123abcd.min.css")
        assert style.header("cache-control") == "public, max-age=31536000, immutable"
        assert (
            nginx.raw(b"/assets/extra.js").header("cache-control") == "public, max-age=300, must-revalidate"
        )
        missing = nginx.raw(b"/nothing/")
        assert missing.status == 404
        assert missing.body == pages_of(made(tmp_path, 1))["404.html"]
        for hidden in (b"/long/index.html.gz", b"/.git/config", b"/..%2f..%2fprivate/current.json"):
            assert nginx.raw(hidden).status in {400, 404}, hidden
        before = tag
        publish(made(tmp_path, 2, pages={"long/index.html": LONG}), stores)
        assert (
            nginx.raw(b"/long/").header("etag") or ""
        ).encode() == before  # unchanged pages keep their etags


def test_switches_show_a_reader_no_gap_and_no_reload_is_needed_z02(stores: Stores, tmp_path: Path) -> None:
    for number in (1, 2):
        publish(made(tmp_path, number), stores)
    faults: list[str] = []
    seen: set[bytes] = set()
    stop = threading.Event()
    with served(tmp_path) as nginx:

        def read() -> None:
            while not stop.is_set():
                answer = nginx.raw(b"/demo/paid/")
                seen.add(answer.body)
                if answer.status != 200:
                    faults.append(f"{answer.status}")

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for _ in range(100):
            rollback(stores)
        stop.set()
        for reader in readers:
            reader.join()
    assert faults == []
    assert seen == {pages_of(made(tmp_path, number))["demo/paid/index.html"] for number in (1, 2)}
