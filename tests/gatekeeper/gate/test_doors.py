"""The doors: who gets what, in which words, and where those are sent who do not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest

from gatekeeper.environment import read_settings
from gatekeeper.gate.library import Library
from gatekeeper.stores.reader import FolderReader
from gatekeeper.wsgi import gate
from tests.support.gatekeeper import SITE_URL, RunningGatekeeper
from tests.support.tiny_release import CANARY, FILES, PARTS, tiny_manifest, write_release

OWNER = {"demo": None}
PAGE = b"Accept: text/html,application/xhtml+xml\r\n"


def test_an_owner_gets_a_url_under_which_the_part_lies(gatekeeper: RunningGatekeeper) -> None:
    before = int(time.time())
    answer = gatekeeper.get("/gate/parts/demo/paid", lines=gatekeeper.cookie(OWNER))
    assert answer.status == 200
    assert answer.header("content-type") == "application/json"
    given = answer.json()
    assert set(given) == {"url", "expires_at", "media_type"}
    assert given["media_type"] == "text/html; charset=utf-8"
    assert before < given["expires_at"] <= before + 300 + 5
    part = gatekeeper.follow(given["url"])
    assert (part.status, part.body) == (200, PARTS["demo/paid"][1])
    assert part.header("content-type") == "text/html; charset=utf-8"


def test_each_kind_of_rule_opens_to_those_it_names(gatekeeper: RunningGatekeeper) -> None:
    past, future = int(time.time()) - 5, int(time.time()) + 500
    cases = [
        ("demo/paid", None, 401, "anonymous", ["demo", "everything"]),
        ("demo/paid", {}, 403, "no-access", ["demo", "everything"]),
        ("demo/paid", {"other": None}, 403, "no-access", ["demo", "everything"]),
        ("demo/paid", {"demo": past}, 403, "expired", ["demo", "everything"]),
        ("demo/paid", {"demo": future}, 200, None, None),
        ("demo/paid", {"everything": None}, 200, None, None),
        ("demo/paid", {"demo": past, "everything": None}, 200, None, None),
        ("demo/member", None, 401, "anonymous", []),
        ("demo/member", {}, 200, None, None),
        ("demo/nobody", None, 403, "no-access", []),
        ("demo/nobody", {"everything": None, "demo": None}, 403, "no-access", []),
        ("other/paid", {"demo": None}, 403, "no-access", ["other"]),
    ]
    for lesson, owned, status, reason, products in cases:
        lines = b"" if owned is None else gatekeeper.cookie(owned)
        answer = gatekeeper.get(f"/gate/parts/{lesson}", lines=lines)
        assert answer.status == status, (lesson, owned)
        if reason is not None:
            assert answer.json() == {"reason": reason, "products": products}, (lesson, owned)


@pytest.mark.parametrize("lesson", ["demo/free", "no/such", "demo", "", "DEMO/PAID", "demo/paid/rest"])
def test_a_lesson_without_a_private_part_is_unknown(gatekeeper: RunningGatekeeper, lesson: str) -> None:
    answer = gatekeeper.get(f"/gate/parts/{lesson}", lines=gatekeeper.cookie(OWNER))
    assert (answer.status, answer.json()) == (404, {"reason": "unknown"})


@pytest.mark.parametrize("path", [path for path in FILES if path.partition("/")[0] == "demo"])
def test_every_private_file_reaches_its_owner_through_a_redirect(
    gatekeeper: RunningGatekeeper, path: str
) -> None:
    _, data, media_type = FILES[path]
    assert gatekeeper.get(f"/files/{path}").status == 401
    answer = gatekeeper.get(f"/files/{path}", lines=gatekeeper.cookie(OWNER))
    assert (answer.status, answer.body) == (302, b"")
    file = gatekeeper.follow(answer.header("location") or "")
    assert (file.status, file.body) == (200, data)
    assert file.header("content-type") == media_type


@pytest.mark.parametrize(
    "path", ["demo/files/picture.png", "demo/files/drawing.svg", "demo/files/notes.html"]
)
def test_nothing_from_the_store_can_run_as_a_page(gatekeeper: RunningGatekeeper, path: str) -> None:
    """U16"""
    answer = gatekeeper.get(f"/files/{path}", lines=gatekeeper.cookie(OWNER))
    file = gatekeeper.follow(answer.header("location") or "")
    disposition = file.header("content-disposition") or ""
    assert disposition.partition(";")[0] == ("inline" if path.endswith("png") else "attachment")
    assert file.header("x-content-type-options") == "nosniff"
    assert (file.header("content-security-policy") or "").split(";")[0] == "sandbox"


def test_the_part_itself_opens_as_a_download(gatekeeper: RunningGatekeeper) -> None:
    """U16"""
    url = gatekeeper.get("/gate/parts/demo/paid", lines=gatekeeper.cookie(OWNER)).json()["url"]
    part = gatekeeper.follow(url)
    assert part.header("content-disposition") == 'attachment; filename="paid.html"'
    assert (part.header("content-security-policy") or "").split(";")[0] == "sandbox"


def test_a_browser_without_access_to_a_file_gets_a_page_with_the_way_to_it(
    gatekeeper: RunningGatekeeper,
) -> None:
    anonymous = gatekeeper.get("/files/demo/files/code.zip", lines=PAGE)
    assert anonymous.status == 401
    assert anonymous.header("content-type") == "text/html; charset=utf-8"
    assert b"/sign-in?next=%2Ffiles%2Fdemo%2Ffiles%2Fcode.zip" in anonymous.body
    assert b"/buy/demo" in anonymous.body
    stranger = gatekeeper.get("/files/demo/files/code.zip", lines=PAGE + gatekeeper.cookie({"other": None}))
    assert stranger.status == 403
    assert b"/sign-in" not in stranger.body
    assert b"does not include this" in stranger.body
    for image in (b"Accept: image/avif,image/*,*/*;q=0.8\r\n", b""):
        answer = gatekeeper.get("/files/demo/files/picture.png", lines=image)
        assert answer.json() == {"reason": "anonymous", "products": ["demo", "everything"]}


def session(gatekeeper: RunningGatekeeper, *more: str) -> bytes:
    pairs = "; ".join([f"{gatekeeper.settings.session_cookie}=some-session", *more])
    return f"Cookie: {pairs}\r\n".encode()


@pytest.mark.parametrize("door", ["/files/demo/files/picture.png", "/gate/read/demo/paid"])
def test_a_reader_whose_token_has_run_out_is_sent_to_renew_it_once(
    gatekeeper: RunningGatekeeper, door: str
) -> None:
    old = gatekeeper.token(OWNER, now=int(time.time()) - 700)
    name = gatekeeper.settings.entitlement_cookie
    for lines in (session(gatekeeper), session(gatekeeper, f"{name}={old}")):
        answer = gatekeeper.get(door, lines=lines)
        assert answer.status == 302
        location = urlsplit(answer.header("location") or "")
        assert (location.scheme, location.netloc, location.path) == ("", "", "/api/renew")
        back = parse_qs(location.query)["next"]
        assert back == [f"{door}?renewed=1"]
        again = gatekeeper.raw(back[0].encode(), lines=lines)
        assert again.status == 401  # the round ends, whatever came of it
    assert (
        gatekeeper.get(door, lines=f"Cookie: {name}={old}\r\n".encode()).status == 401
    )  # no session, no round


def test_the_script_is_told_instead_of_being_sent_round(gatekeeper: RunningGatekeeper) -> None:
    assert gatekeeper.get("/gate/parts/demo/paid", lines=session(gatekeeper)).status == 401


def test_a_navigation_without_the_product_renews_too_because_it_may_be_bought_just_now(
    gatekeeper: RunningGatekeeper,
) -> None:
    name = gatekeeper.settings.entitlement_cookie
    lines = session(gatekeeper, f"{name}={gatekeeper.token({'other': None})}")
    assert gatekeeper.get("/gate/read/demo/paid", lines=lines + PAGE).status == 302
    assert gatekeeper.raw(b"/gate/read/demo/paid?renewed=1", lines=lines + PAGE).status == 403
    assert gatekeeper.get("/files/demo/files/picture.png", lines=lines).status == 403


def test_the_round_through_the_service_comes_back_here(gatekeeper: RunningGatekeeper) -> None:
    """With the real service behind: a session that it does not know ends in the refusal, not in a loop."""
    visited: list[str] = []
    answer = gatekeeper.get("/files/demo/files/picture.png", lines=session(gatekeeper))
    while answer.status in {302, 303} and len(visited) < 5:
        visited.append(answer.header("location") or "")
        answer = gatekeeper.follow(visited[-1], lines=session(gatekeeper))
    assert answer.status == 401
    assert len(visited) == 2


def test_the_composed_page_holds_the_part_for_its_owner_alone(gatekeeper: RunningGatekeeper) -> None:
    answer = gatekeeper.get("/gate/read/demo/paid", lines=gatekeeper.cookie(OWNER) + PAGE)
    assert answer.status == 200
    assert CANARY in answer.body
    assert b"Lead-in &amp; more of demo/paid." in answer.body
    assert b"Offer card" not in answer.body
    for owned in (None, {}, {"other": None}, {"demo": int(time.time()) - 9}):
        refused = gatekeeper.get(
            "/gate/read/demo/paid", lines=b"" if owned is None else gatekeeper.cookie(owned)
        )
        assert refused.status == (401 if owned is None else 403)
        assert CANARY not in refused.body
        assert b"Offer card of demo/paid" in refused.body
        assert b"/buy/demo?lesson=demo%2Fpaid" in refused.body
        assert (b"/sign-in?next=%2Fgate%2Fread%2Fdemo%2Fpaid" in refused.body) == (owned is None)


def test_the_page_of_a_free_lesson_is_the_sites_own(gatekeeper: RunningGatekeeper) -> None:
    answer = gatekeeper.get("/gate/read/demo/free")
    assert (answer.status, answer.header("location")) == (302, f"{SITE_URL}demo/free/")


def test_health_and_readiness_are_told_to_anybody(gatekeeper: RunningGatekeeper) -> None:
    assert gatekeeper.get("/healthz").json() == {"alive": True}
    assert gatekeeper.get("/readyz").json()["ready"] is True
    assert gatekeeper.get("/healthz/").status == 404


def test_the_gate_keeps_to_the_rules_of_wsgi_whatever_the_server(tmp_path: Path) -> None:
    """P13: a HEAD has no body even where the server would let one pass. In process, under wsgiref's validator."""
    settings = read_settings({"LYCEUM_MODE": "demo", "LYCEUM_STATE": str(tmp_path)})
    write_release(tmp_path / "private", tmp_path / "public", tiny_manifest(SITE_URL))
    assert settings.store.folder is not None
    library = Library(FolderReader(settings.store.folder), settings.release_keys)
    library.refresh()

    def next_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("418 I'm a teapot", [("Content-Type", "text/plain")])
        return [b"next"]

    app = validator(gate(settings, library, next_app))
    seen = []
    for method in ("GET", "HEAD", "OPTIONS", "POST"):
        for path in (
            "/gate/parts/demo/paid",
            "/gate/parts/demo/free",
            "/files/x",
            "/.well-known/jwks.json",
            "/other",
        ):
            environ: dict[str, Any] = {
                "REQUEST_METHOD": method,
                "PATH_INFO": path,
                "QUERY_STRING": "",
                "SCRIPT_NAME": "",
            }
            setup_testing_defaults(environ)
            status: list[str] = []

            def start(
                line: str, headers: list[tuple[str, str]], exc_info: Any = None, kept: list[str] = status
            ) -> Any:
                kept.append(line)
                return lambda data: None

            answer = app(environ, start)
            body = b"".join(answer)
            answer.close()  # type: ignore[attr-defined]
            seen.append((method, path, status[0].split(" ")[0]))
            if method == "HEAD" and path != "/other":
                assert body == b""
    assert ("GET", "/gate/parts/demo/paid", "401") in seen
    assert ("POST", "/other", "418") in seen
    assert ("POST", "/.well-known/jwks.json", "405") in seen
