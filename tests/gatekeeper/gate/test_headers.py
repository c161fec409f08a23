"""Headers: none of a request's but Cookie and Origin is believed, and every answer carries its own (groups H and C)."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.support.caching_proxy import caching_proxy
from tests.support.gatekeeper import RunningGatekeeper, running_gatekeeper
from tests.support.raw_http import RawAnswer
from tests.support.tiny_release import CANARY

OWNER = {"everything": None, "other": None}
NAMED = ["/gate/parts/demo/paid", "/gate/read/demo/paid", "/files/demo/files/picture.png"]
SITE_ORIGIN = "http://127.0.0.1:9"


def signed_path(gatekeeper: RunningGatekeeper) -> str:
    answer = gatekeeper.get("/gate/parts/demo/paid", lines=gatekeeper.cookie(OWNER))
    return str(answer.json()["url"]).partition(f":{gatekeeper.port}")[2]


def every_kind_of_answer(gatekeeper: RunningGatekeeper) -> Iterator[tuple[str, RawAnswer]]:
    owner, stranger = gatekeeper.cookie(OWNER), gatekeeper.cookie({"unrelated": None})
    for name in NAMED:
        for who, lines in (("owner", owner), ("stranger", stranger), ("anonymous", b"")):
            yield f"{name} {who}", gatekeeper.get(name, lines=lines)
            yield f"{name} {who} page", gatekeeper.get(name, lines=lines + b"Accept: text/html\r\n")
        yield f"{name} POST", gatekeeper.raw(name.encode(), method=b"POST")
        yield f"{name} OPTIONS", gatekeeper.raw(name.encode(), method=b"OPTIONS")
        yield f"{name} HEAD", gatekeeper.raw(name.encode(), method=b"HEAD", lines=owner)
        session = f"Cookie: {gatekeeper.settings.session_cookie}=x\r\n".encode()
        yield f"{name} session", gatekeeper.get(name, lines=session)
    for path in (
        "/gate",
        "/gate/",
        "/gate/other/x",
        "/gate/parts/no",
        "/gate/read/no",
        "/files/no",
        "/files",
        "/healthz",
        "/readyz",
        "/.well-known/jwks.json",
    ):
        yield path, gatekeeper.get(path, lines=owner)
    yield "/gate/read/demo/free", gatekeeper.get("/gate/read/demo/free")
    yield "store", gatekeeper.follow(signed_path(gatekeeper))
    yield "store range", gatekeeper.follow(signed_path(gatekeeper), lines=b"Range: bytes=0-3\r\n")
    yield "store beyond", gatekeeper.follow(signed_path(gatekeeper), lines=b"Range: bytes=99999999-\r\n")
    yield "store unsigned", gatekeeper.get("/store/private/x")


def test_every_answer_of_the_gate_has_its_security_headers(gatekeeper: RunningGatekeeper) -> None:
    """H11, C01"""
    seen = set()
    for what, answer in every_kind_of_answer(gatekeeper):
        seen.add(answer.status)
        policy = answer.header("content-security-policy") or ""
        assert answer.header("cache-control") == "private, no-store", what
        assert answer.header("x-content-type-options") == "nosniff", what
        assert answer.header("referrer-policy") == "no-referrer", what
        assert "frame-ancestors 'none'" in policy, what
        assert "default-src 'none'" in policy, what
        assert "script-src" not in policy, what  # so default-src stands: no script at all
        assert answer.header("vary") == "Origin, Cookie", what
        assert answer.header("set-cookie") is None, what
        assert answer.header("strict-transport-security") is None, what  # plain http on loopback
    assert seen == {200, 204, 206, 302, 401, 403, 404, 405, 416}


def test_a_gatekeeper_behind_https_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    """H11, H05: the cookie keeps its Secure name whatever a proxy says"""
    folder = tmp_path_factory.mktemp("https")
    environ = {
        "LYCEUM_GATEKEEPER_URL": "https://gate.school.example",
        "LYCEUM_SITE_URL": "https://school.example/",
    }
    with running_gatekeeper(folder, environ=environ) as secure:
        assert secure.settings.entitlement_cookie == "__Host-lyceum_entitlement"
        lines = secure.cookie(OWNER) + b"X-Forwarded-Proto: http\r\n"
        answer = secure.get("/gate/parts/demo/paid", lines=lines)
        assert answer.status == 200
        assert answer.header("strict-transport-security") == "max-age=31536000"
        assert answer.json()["url"].startswith("https://gate.school.example/store/private/")
        plain = lines.replace(b"__Host-", b"")
        assert secure.get("/gate/parts/demo/paid", lines=plain).status == 401


POINTING = [
    ("X-Original-URL", "/gate/parts/demo/free"),
    ("X-Rewrite-URL", "/healthz"),
    ("X-Forwarded-Uri", "/public"),
    ("X-Original-URI", "/public"),
    ("X-Forwarded-Prefix", "/public"),
    ("X-Script-Name", "/gate"),
    ("Script-Name", "/gate"),
    ("X-Accel-Redirect", "/healthz"),
    ("Forwarded", "for=127.0.0.1;proto=https;host=evil"),
    ("Path-Info", "/healthz"),
]
NAMING = [
    ("X-User", "reader-1"),
    ("X-Forwarded-User", "admin"),
    ("X-Auth-Request-Email", "a@b"),
    ("X-Auth-Request-User", "admin"),
    ("Remote-User", "admin"),
    ("X-Remote-User", "admin"),
    ("X-Entitled", "true"),
    ("X-Entitlements", "demo"),
    ("X-Forwarded-For", "127.0.0.1"),
    ("X-Real-IP", "127.0.0.1"),
    ("Authorization", "Basic YWRtaW46YWRtaW4="),
]


@pytest.mark.parametrize(("name", "value"), POINTING + NAMING)
def test_a_header_that_claims_another_path_or_person_changes_nothing(
    gatekeeper: RunningGatekeeper, name: str, value: str
) -> None:
    """H01, H06"""
    for path in NAMED:
        for written in (name, name.replace("-", "_"), name.lower()):
            plain = gatekeeper.get(path)
            dressed = gatekeeper.get(path, lines=f"{written}: {value}\r\n".encode())
            assert (dressed.status, dressed.body) == (plain.status, plain.body) == (401, plain.body)


@pytest.mark.parametrize("lines", [b"X-Forwarded-Host: evil.example\r\n", b"X-Host: evil.example\r\n", b"Forwarded: host=evil.example\r\n", b"X-Forwarded-Server: evil.example\r\n"])  # fmt: skip
def test_no_address_in_an_answer_comes_from_the_request(gatekeeper: RunningGatekeeper, lines: bytes) -> None:
    """H04"""
    for path in NAMED:
        for cookie in (b"", gatekeeper.cookie(OWNER)):
            answer = gatekeeper.get(path, lines=lines + cookie + b"Accept: text/html\r\n")
            assert b"evil" not in answer.body
            assert "evil" not in str(answer.headers)


def test_the_host_header_is_not_believed_either(gatekeeper: RunningGatekeeper) -> None:
    """H04"""
    from tests.support.raw_http import exchange

    for path in NAMED:
        request = f"GET {path} HTTP/1.1\r\nHost: evil.example\r\n".encode() + gatekeeper.cookie(OWNER)
        answer = exchange("127.0.0.1", gatekeeper.port, request + b"Connection: close\r\n\r\n")
        assert answer.status in {200, 302}
        assert b"evil" not in answer.body
        assert "evil" not in str(answer.headers)


def test_the_site_may_call_with_cookies(gatekeeper: RunningGatekeeper) -> None:
    """H10"""
    lines = f"Origin: {SITE_ORIGIN}\r\n".encode() + gatekeeper.cookie(OWNER)
    for target in (*NAMED, signed_path(gatekeeper), "/files/no"):
        answer = gatekeeper.follow(target, lines=lines)
        assert answer.header("access-control-allow-origin") == SITE_ORIGIN
        assert answer.header("access-control-allow-credentials") == "true"
    asked = lines + b"Access-Control-Request-Method: GET\r\n"
    preflight = gatekeeper.raw(b"/gate/parts/demo/paid", method=b"OPTIONS", lines=asked)
    assert preflight.status == 204
    assert preflight.header("access-control-allow-origin") == SITE_ORIGIN
    assert preflight.header("access-control-allow-methods") == "GET, HEAD"


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", f"{SITE_ORIGIN}.evil.example", "http://evil127.0.0.1:9", "http://127.0.0.1", "https://127.0.0.1:9", "http://127.0.0.1:90", f"{SITE_ORIGIN}/", f"{SITE_ORIGIN}, https://evil.example", SITE_ORIGIN.upper(), "*", ""],
)  # fmt: skip
def test_no_other_origin_may_read_with_cookies(gatekeeper: RunningGatekeeper, origin: str) -> None:
    """H10"""
    lines = f"Origin: {origin}\r\n".encode() + gatekeeper.cookie(OWNER)
    for method in (b"GET", b"OPTIONS"):
        for path in NAMED:
            answer = gatekeeper.raw(path.encode(), method=method, lines=lines)
            assert answer.header("access-control-allow-origin") is None
            assert answer.header("access-control-allow-credentials") is None


def test_a_cache_that_ignores_cookies_keeps_nothing_paid(gatekeeper: RunningGatekeeper) -> None:
    """C03"""
    owner = gatekeeper.cookie(OWNER)
    with caching_proxy(gatekeeper.port) as cdn:
        store = signed_path(gatekeeper)
        for target in (*NAMED, store):
            assert cdn.get(target, lines=owner).status in {200, 302}
        for target in NAMED:
            answer = cdn.get(target)
            assert answer.status == 401
            assert CANARY not in answer.body
        assert cdn.kept == {}
        assert cdn.hits == []


def test_the_cache_of_these_tests_would_have_kept_it() -> None:
    """So that the tests around this one mean something."""

    class Careless(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"secret" if self.headers["Cookie"] else b"public")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Careless)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    with caching_proxy(server.server_port) as cdn:
        assert cdn.get("/x", lines=b"Cookie: a=b\r\n").body == b"secret"
        assert cdn.get("/x").body == b"secret"
        assert cdn.hits == ["/x"]
    server.shutdown()
    thread.join()
    server.server_close()


DECEPTIONS = ["{0}/x.css", "{0};x.js", "{0}%0a.css", "{0}%3bx.png", "{0}/..%2fx.js", "{0}%00.css", "{0}.css", "{0}%2f.js", "{0}%23.css", "{0}%3f.css"]  # fmt: skip


@pytest.mark.parametrize("written", DECEPTIONS)
def test_a_page_dressed_as_a_static_file_is_not_found_and_not_kept(
    gatekeeper: RunningGatekeeper, written: str
) -> None:
    """C02"""
    owner = gatekeeper.cookie(OWNER)
    with caching_proxy(gatekeeper.port) as cdn:
        for path in (*NAMED, "/api/reader", "/account"):
            target = written.format(path)
            first, second = cdn.get(target, lines=owner), cdn.get(target)
            assert first.status == second.status == 404, target
            assert CANARY not in first.body
            for deception in (f"/assets/..%2f{path[1:]}", f"/static/../{path[1:]}"):
                assert cdn.get(deception, lines=owner).status == 404
        assert cdn.hits == []


def test_two_requests_on_one_connection_do_not_share_a_reader(gatekeeper: RunningGatekeeper) -> None:
    target, host = b"GET /gate/parts/demo/paid HTTP/1.1\r\n", b"Host: h\r\n"
    with socket.create_connection(("127.0.0.1", gatekeeper.port), timeout=20) as connection:
        connection.sendall(target + host + gatekeeper.cookie(OWNER) + b"\r\n")
        connection.sendall(target + host + b"Connection: close\r\n\r\n")
        data = b""
        while piece := connection.recv(65536):
            data += piece
    assert data.count(b"HTTP/1.1 200") == 1
    assert data.count(b"HTTP/1.1 401") == 1
    assert data.index(b"HTTP/1.1 200") < data.index(b"HTTP/1.1 401")
