"""docs/deploy/nginx/site.conf: the public site, and nothing that only lies beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.gatekeeper import free_port
from tests.support.nginx import Nginx, running_nginx, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    folder: Path = tmp_path_factory.mktemp("site")
    root = folder / "public" / "site"
    for path, text in {
        "index.html": "home",
        "demo/paid/index.html": "lesson",
        "404.html": "not here",
        "assets/main.0123abcd.css": "x{}",
        "assets/plain.css": "y{}",
        ".well-known/lyceum.json": "{}",
        ".git/config": "SECRET",
        ".env": "SECRET",
        "demo/.hidden/x.html": "SECRET",
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    (folder / "public" / "lyceum.db").write_text("SECRET")
    replaced = {"/srv/school/public/site": str(root)}
    with running_nginx(
        folder / "nginx", "site", port=free_port(), gatekeeper=free_port(), replaced=replaced
    ) as nginx:
        yield nginx


@pytest.mark.parametrize(
    ("target", "body"),
    [
        (b"/", b"home"),
        (b"/demo/paid/", b"lesson"),
        (b"/assets/plain.css", b"y{}"),
        (b"/.well-known/lyceum.json", b"{}"),
    ],
)
def test_pages_and_assets_are_there(site: Nginx, target: bytes, body: bytes) -> None:
    answer = site.raw(target)
    assert (answer.status, answer.body) == (200, body)
    assert answer.header("x-content-type-options") == "nosniff"


def test_c06_hashed_assets_are_kept_for_ever_and_pages_for_a_short_time(site: Nginx) -> None:
    """C06"""
    hashed = site.raw(b"/assets/main.0123abcd.css").header("cache-control")
    assert hashed == "public, max-age=31536000, immutable"
    for target in (b"/", b"/demo/paid/", b"/assets/plain.css"):
        kept = site.raw(target).header("cache-control") or ""
        assert "immutable" not in kept
        assert int(kept.partition("max-age=")[2].partition(",")[0]) <= 300


@pytest.mark.parametrize(
    "target",
    [b"/.git/config", b"/.env", b"/demo/.hidden/x.html", b"/demo/", b"/assets/", b"/../lyceum.db", b"/%2e%2e/lyceum.db", b"/.%2egit/config",
     b"/%2egit/config", b"//.git/config", b"/demo/..%2f.git/config", b"/lyceum.db", b"/demo/paid/index.html~", b"/.well-known/../.env"],
)  # fmt: skip
def test_p22_nothing_hidden_and_no_listing(site: Nginx, target: bytes) -> None:
    """P22"""
    answer = site.raw(target)
    assert answer.status in {400, 403, 404}, target
    assert b"SECRET" not in answer.body
    assert b"Index of" not in answer.body
    assert b"config" not in answer.body
