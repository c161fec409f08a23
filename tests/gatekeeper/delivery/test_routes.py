"""All URLs of a lesson at once, a redirect to a part, and nginx's question: the gate's decision in other forms."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from gatekeeper.delivery import wsgi
from tests.support.gatekeeper import SITE_URL, RunningGatekeeper, running_gatekeeper
from tests.support.tiny_release import CANARY, DEMO, FILES, PARTS, object_entry, tiny_manifest, write_release

OWNER = {"everything": None}


@pytest.fixture(scope="module")
def gatekeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGatekeeper]:
    with running_gatekeeper(tmp_path_factory.mktemp("delivery")) as running:
        yield running


def await_release(own: RunningGatekeeper) -> None:
    end = time.monotonic() + 20
    while own.get("/gate/parts/demo/paid").status == 503:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_lesson_gives_part_and_files_at_once(gatekeeper: RunningGatekeeper) -> None:
    answer = gatekeeper.get("/delivery/lessons/demo/paid", lines=gatekeeper.cookie(OWNER))
    given = answer.json()
    assert (answer.status, given["lesson"], given["more"]) == (200, "demo/paid", 0)
    assert gatekeeper.follow(given["part"]["url"]).body == PARTS["demo/paid"][1]
    assert given["part"]["media_type"] == "text/html; charset=utf-8"
    wanted = [path for path in FILES if path.partition("/")[0] == "demo"]
    assert list(given["files"]) == wanted
    for path in wanted:
        assert gatekeeper.follow(given["files"][path]["url"]).body == FILES[path][1]


def test_every_object_of_a_lesson_is_decided_on_its_own(tmp_path: Path) -> None:
    """P18: a lesson that names a file of another course gives it to nobody who may not have it"""
    whole = tiny_manifest(SITE_URL)
    mixed = replace(whole.lessons["demo/paid"], files=("demo/files/picture.png", "other/files/code.zip"))
    manifest = replace(whole, lessons={**whole.lessons, "demo/paid": mixed})
    with running_gatekeeper(tmp_path, publish=False) as own:
        write_release(tmp_path / "private", tmp_path / "public", manifest)
        await_release(own)
        given = own.get("/delivery/lessons/demo/paid", lines=own.cookie({"demo": None})).json()
    assert "url" in given["part"]
    assert "url" in given["files"]["demo/files/picture.png"]
    assert given["files"]["other/files/code.zip"] == {"reason": "no-access", "products": ["other"]}


@pytest.mark.parametrize(
    ("products", "status", "reason"),
    [(None, 401, "anonymous"), ({"other": None}, 403, "no-access"), ({"demo": 1}, 403, "expired")],
)
@pytest.mark.parametrize("route", ["lessons", "parts"])
def test_who_may_have_nothing_is_told_why(
    gatekeeper: RunningGatekeeper,
    route: str,
    products: dict[str, int | None] | None,
    status: int,
    reason: str,
) -> None:
    lines = gatekeeper.cookie(products) if products is not None else b""
    answer = gatekeeper.get(f"/delivery/{route}/demo/paid", lines=lines)
    assert (answer.status, answer.json()["reason"]) == (status, reason)
    assert answer.json()["products"] == ["demo", "everything"]
    assert b"/store/" not in answer.body


def test_a_lesson_without_a_private_half_has_nothing_to_sign(gatekeeper: RunningGatekeeper) -> None:
    given = gatekeeper.get("/delivery/lessons/demo/free").json()
    assert given == {"lesson": "demo/free", "part": None, "files": {}, "more": 0}


def test_a_lesson_with_very_many_files_gives_a_bounded_number(tmp_path: Path) -> None:
    whole = tiny_manifest(SITE_URL)
    files = {
        f"demo/files/{number}.bin": object_entry(DEMO, b"%d" % number, "x/y")
        for number in range(wsgi.MOST_FILES + 30)
    }
    lesson = replace(whole.lessons["demo/paid"], files=tuple(files))
    manifest = replace(whole, files={**whole.files, **files}, lessons={**whole.lessons, "demo/paid": lesson})
    with running_gatekeeper(tmp_path, publish=False) as own:
        write_release(tmp_path / "private", tmp_path / "public", manifest)
        await_release(own)
        given = own.get("/delivery/lessons/demo/paid", lines=own.cookie(OWNER)).json()
        assert (len(given["files"]), given["more"]) == (wsgi.MOST_FILES, 30)


def test_a_redirect_leads_to_the_part(gatekeeper: RunningGatekeeper) -> None:
    answer = gatekeeper.get("/delivery/parts/demo/paid", lines=gatekeeper.cookie(OWNER))
    assert (answer.status, answer.body) == (302, b"")
    assert gatekeeper.follow(str(answer.header("location"))).body == PARTS["demo/paid"][1]


@pytest.mark.parametrize("path", ["/gate/parts/demo/paid", *(f"/files/{path}" for path in FILES)])
def test_nginxs_question_is_answered_as_the_gate_decides(gatekeeper: RunningGatekeeper, path: str) -> None:
    """The same three readers at both doors."""
    for products in (None, {"other": None}, {"demo": None}, {"demo": 1}):
        lines = gatekeeper.cookie(products) if products is not None else b""
        at_gate = gatekeeper.get(path, lines=lines).status
        answer = gatekeeper.get(f"/delivery/check{path}", lines=lines)
        assert answer.status == {200: 204, 302: 204}.get(at_gate, at_gate)
        assert (answer.header("x-lyceum-object") is not None) == (answer.status == 204)


def test_nginxs_question_knows_no_spelling_but_one(gatekeeper: RunningGatekeeper) -> None:
    """P01, P04, P10: unknown is refused with 403, which is all that auth_request understands"""
    lines = gatekeeper.cookie(OWNER)
    for target in (
        "/files//demo/files/picture.png",
        "/files/demo/files/picture.png/",
        "/files/x/../demo/files/picture.png",
        "//files/demo/files/picture.png",
        "/FILES/demo/files/picture.png",
        "/files/demo/files/picture.pn",
        "/gate/read/demo/paid",
        "/files/",
        "/",
        "",
        "/store/private/x?signature=0",
        "/store/",
    ):
        answer = gatekeeper.raw(b"/delivery/check" + target.encode(), lines=lines)
        assert answer.status == 403, target
        assert answer.header("x-lyceum-object") is None


def test_nginxs_question_about_a_signed_url_is_answered_by_its_signature(
    gatekeeper: RunningGatekeeper,
) -> None:
    """U03"""
    url = gatekeeper.get("/gate/parts/demo/paid", lines=gatekeeper.cookie(OWNER)).json()["url"]
    parts = urlsplit(url)
    good = gatekeeper.raw(f"/delivery/check{parts.path}?{parts.query}".encode())
    assert (good.status, good.header("x-lyceum-object")) == (204, parts.path.removeprefix("/store/"))
    for spoiled in (f"{parts.query}0", f"{parts.query}&x=1", ""):
        assert gatekeeper.raw(f"/delivery/check{parts.path}?{spoiled}".encode()).status == 403


@pytest.mark.parametrize("kind", ["lessons", "parts", "check/gate/parts", "check/files", "cookies"])
def test_the_routes_are_gated_for_every_verb_and_dressed(gatekeeper: RunningGatekeeper, kind: str) -> None:
    """P13, H01, H06, H10, H11, C01"""
    target = f"/delivery/{kind}/demo/paid".encode()
    for method in (b"POST", b"PUT", b"DELETE", b"TRACE"):
        assert gatekeeper.raw(target, method=method, lines=b"Content-Length: 0\r\n").status == 405
    plain = gatekeeper.raw(target)
    head = gatekeeper.raw(target, method=b"HEAD")
    assert (head.status, head.body) == (plain.status, b"")
    lied = (
        b"X-Original-URL: /delivery/parts/demo/free\r\nX-Forwarded-Uri: /public\r\nX-Auth-Request-Email: a@b.c\r\n"
        b"X-Lyceum-Object: x\r\nAuthorization: Bearer x\r\nOrigin: https://evil.example\r\n"
    )
    dressed = gatekeeper.raw(target, lines=lied)
    assert (dressed.status, dressed.body) == (plain.status, plain.body)
    assert dressed.header("access-control-allow-origin") is None
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
        assert dressed.header(name)
    assert dressed.header("cache-control") == "private, no-store"
    assert CANARY not in dressed.body


@pytest.mark.parametrize(
    "path",
    [
        "",
        "lessons",
        "lessons/",
        "lessons/demo",
        "parts/demo/paid/",
        "none/demo/paid",
        "cookies/demo/files/picture.png",
    ],
)
def test_what_there_is_not_is_unknown(gatekeeper: RunningGatekeeper, path: str) -> None:
    answer = gatekeeper.raw(f"/delivery/{quote(path)}".encode(), lines=gatekeeper.cookie(OWNER))
    assert (answer.status, answer.json()) == (404, {"reason": "unknown"})


def test_before_the_first_release_nothing_is_known(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path, publish=False) as own:
        for kind in ("lessons", "parts"):
            assert own.get(f"/delivery/{kind}/demo/paid", lines=own.cookie(OWNER)).status == 503
        assert own.get("/delivery/check/gate/parts/demo/paid", lines=own.cookie(OWNER)).status == 403
