"""Caches: a real nginx that keeps what it may, and one that keeps by extension whatever it is told (group C)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.gatekeeper.gate.test_paths import DOORS
from tests.support.gatekeeper import RunningGatekeeper, free_port, running_gatekeeper
from tests.support.nginx import Nginx, running_nginx, why_not
from tests.support.raw_http import RawAnswer
from tests.support.tiny_release import CANARY

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

OWNER = {"everything": None, "other": None}
# As a CDN is by default: an object is its path and query, cookies and Vary count for nothing; `no-store` and `private` are kept.
CARELESS = """
proxy_cache_path {folder}/cache keys_zone=careless:1m;
server {{
    listen 127.0.0.1:{port};
    location / {{
        proxy_pass http://127.0.0.1:{gatekeeper};
        proxy_cache careless;
        proxy_cache_key $uri$is_args$args;
        proxy_cache_valid any 10m;
        proxy_ignore_headers Vary Set-Cookie;
        add_header X-Cache $upstream_cache_status always;
    }}
    # What looks like a file is kept, whatever is said about it.
    location ~* \\.(css|js|svg|ico|woff2|pdf)$ {{
        proxy_pass http://127.0.0.1:{gatekeeper};
        proxy_cache careless;
        proxy_cache_key $uri;
        proxy_cache_valid any 10m;
        proxy_ignore_headers Vary Set-Cookie Cache-Control Expires X-Accel-Expires;
        add_header X-Cache $upstream_cache_status always;
    }}
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    gatekeeper: RunningGatekeeper
    nginx: Nginx

    def get(self, target: str, *, owner: bool) -> RawAnswer:
        lines = self.gatekeeper.cookie(OWNER) if owner else b""
        return self.nginx.raw(target.encode(), lines=lines)


@pytest.fixture(scope="module")
def cdn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cached]:
    folder: Path = tmp_path_factory.mktemp("cached")
    port = free_port()
    with running_gatekeeper(folder, environ={"LYCEUM_GATEKEEPER_URL": f"http://127.0.0.1:{port}"}) as own:
        more = CARELESS.format(folder=folder, port=port, gatekeeper=own.port)
        with running_nginx(folder / "nginx", port=port, gatekeeper=own.port, more=more) as nginx:
            yield Cached(gatekeeper=own, nginx=nginx)


def test_the_cache_does_keep_what_it_may(cdn: Cached) -> None:
    """So that the misses below mean something."""
    page = cdn.get("/sign-in", owner=False)
    asset = page.body.decode().partition("/account-assets/")[2].partition('"')[0]
    kept = [cdn.get(f"/account-assets/{asset}", owner=False).header("x-cache") for _ in range(2)]
    assert kept == ["MISS", "HIT"]


@pytest.mark.parametrize(
    "target",
    [
        *(door + name for door, name in DOORS.items()),
        "/delivery/lessons/demo/paid",
        "/delivery/parts/demo/paid",
        "/gate/parts/demo/none",
        "/api/reader",
        "/account",
        "/sign-in",
        "/orders/none",
    ],
)
def test_c01_c03_nothing_for_one_reader_is_kept_for_the_next(cdn: Cached, target: str) -> None:
    """C01, C03: the buyer comes first, the stranger second, and the other way round"""
    first, second = cdn.get(target, owner=True), cdn.get(target, owner=False)
    third = cdn.get(target, owner=True)
    assert {answer.header("x-cache") for answer in (first, second, third)} == {"MISS"}
    assert CANARY not in second.body
    assert b"/store/" not in second.body
    assert "/store/" not in (second.header("location") or "")
    assert first.status == third.status
    if target[:6] in {"/gate/", "/files", "/deliv"} and first.status != 404:
        assert (second.status, first.status in {200, 302}) == (401, True)


def test_c03_a_signed_url_is_kept_by_no_cache(cdn: Cached) -> None:
    """C03"""
    url = cdn.get("/gate/parts/demo/paid", owner=True).json()["url"]
    target = url.partition(f":{cdn.nginx.port}")[2]
    answers = [cdn.get(target, owner=False) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert {answer.header("x-cache") for answer in answers} == {"MISS"}
    assert cdn.get(target.partition("?")[0], owner=False).status == 403


@pytest.mark.parametrize(
    "written",
    ["{0}/x.css", "{0};x.js", "{0}%0a.css", "{0}%3bx.css", "{0}/..%2fx.js", "{0}.css", "{0}%2f.js", "{0}%23.css", "{0}%3f.css",
     "/assets/..%2f{1}", "/assets/..%2f{1}/x.css", "/static/..%2f{1}.js", "{0}/.css", "{0}%20.css", "{0}.ico?x.css"],
)  # fmt: skip
@pytest.mark.parametrize(
    "path",
    [
        *(door + name for door, name in DOORS.items()),
        "/api/reader",
        "/account",
        "/delivery/lessons/demo/paid",
    ],
)
def test_c02_a_page_dressed_as_a_file_gives_the_cache_nothing_to_keep(
    cdn: Cached, path: str, written: str
) -> None:
    """C02: the cache keeps by extension, whatever Cache-Control says; what it keeps is that there is no such thing"""
    target = written.format(path, path[1:])
    first = cdn.get(target, owner=True)
    second = cdn.get(target, owner=False)
    for answer in (first, second):
        assert answer.status == 404, target
        assert CANARY not in answer.body
        assert b"/store/" not in answer.body
        assert b"reader-1" not in answer.body
