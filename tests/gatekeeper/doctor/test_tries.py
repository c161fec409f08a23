"""The doctor's tries: each fault is found, named and given its exit code, at a real store and at stand-ins with one fault each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gatekeeper.accounts.readers import find_or_create
from gatekeeper.doctor import Finding, Found, examine, exit_code
from gatekeeper.limits.tables import SharingAlarmRow
from gatekeeper.storage.engine import open_database
from tests.gatekeeper.doctor.test_doctor import at_once, folder, live
from tests.support.ceph import Ceph
from tests.support.ceph import ceph as ceph
from tests.support.gatekeeper import free_port, running_gatekeeper
from tests.support.tiny_release import tiny_manifest, write_release

__all__ = ["folder"]

SITE = "http://127.0.0.1:9"


def findings(environ: dict[str, str]) -> dict[str, Finding]:
    return {one.name: one for one in examine(environ, now=datetime.now(UTC), wait=at_once)}


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str], bytes]]) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815  (the server's own way of naming)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def bucket(
    root: Path, *, fault: str, origin: str = SITE
) -> Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str], bytes]]:
    """A store that does everything right but for `fault`. It believes every signature that is not known to be spoiled."""
    good: dict[str, str] = {}

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        path, _, query = request.path.partition("?")
        cors = {"Access-Control-Allow-Origin": origin} if origin else {}
        if "list-type=2" in query:
            return (200 if fault == "listing" else 403), cors, b""
        signature = query.rpartition("X-Amz-Signature=")[2]
        is_spoiled = any(signature != kept and signature[:-1] == kept[:-1] for kept in good.values())
        is_late = "X-Amz-Expires=2&" in query
        if not query or (is_spoiled and fault != "tampered urls") or (is_late and fault != "expired urls"):
            return 403, cors, b""
        good.setdefault(path, signature)
        file = root / path.removeprefix("/school/")
        return (200, cors, file.read_bytes()) if file.is_file() else (404, cors, b"")

    return answer


def on(port: int) -> dict[str, str]:
    return {
        "LYCEUM_STORE": "s3://school",
        "LYCEUM_S3_ENDPOINT": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "key",
    }


@pytest.mark.parametrize("fault", ["", "listing", "tampered urls", "expired urls"])
def test_u02_u03_u15_a_store_with_one_fault_is_found_out(folder: Path, fault: str) -> None:
    """U02, U03, U15"""
    with answering(bucket(folder / "private", fault=fault)) as port:
        found = findings(live(folder, **on(port)))
    for name in ("signed urls", "unsigned urls", "tampered urls", "expired urls", "listing", "cors"):
        wanted = Found.FAILED if name == fault else Found.OK
        assert found[name].state is wanted, found[name]
    if fault:
        assert found[fault].exit_code == 4
        assert "only signed requests" in found[fault].fix


@pytest.mark.parametrize("origin", ["", "https://other.example"])
def test_a_store_that_no_page_may_read_is_found(folder: Path, origin: str) -> None:
    with answering(bucket(folder / "private", fault="", origin=origin)) as port:
        found = findings(live(folder, **on(port)))
    assert (found["cors"].state, found["cors"].exit_code) == (Found.FAILED, 1)
    assert SITE in found["cors"].fix


def test_u02_u15_a_real_bucket_is_tried_to_the_end(tmp_path: Path, ceph: Ceph) -> None:
    """U02, U15: the doctor really waits until the URL is dead"""
    write_release(tmp_path / "private", tmp_path / "public", tiny_manifest(f"{SITE}/school/"))
    name = ceph.new_bucket()
    client = ceph.client()
    for path in (tmp_path / "private").rglob("*"):
        if path.is_file():
            client.put_object(
                Bucket=name, Key=path.relative_to(tmp_path / "private").as_posix(), Body=path.read_bytes()
            )
    rule = {"AllowedOrigins": [SITE], "AllowedMethods": ["GET"]}
    client.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [rule]})  # type: ignore[list-item]
    environ = {"LYCEUM_MODE": "demo", "LYCEUM_STATE": str(tmp_path / "state"), "LYCEUM_SITE_URL": f"{SITE}/school/",
               **ceph.environment(name, name)}  # fmt: skip
    del environ["LYCEUM_PUBLIC_STORE"]
    found = {one.name: one for one in examine(environ, now=datetime.now(UTC))}
    for check in (
        "store",
        "signed urls",
        "unsigned urls",
        "tampered urls",
        "expired urls",
        "listing",
        "cors",
    ):
        assert found[check].state is Found.OK, found[check]


HEADERS = {
    "Content-Security-Policy": "default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-store",
    "Set-Cookie": "lyceum_form=x; HttpOnly; SameSite=Lax; Path=/",
}


def front(
    page: dict[str, str], reader: dict[str, str]
) -> Callable[[BaseHTTPRequestHandler], tuple[int, dict[str, str], bytes]]:
    """What a proxy makes of the service's answers. `*own*` stands for the origin that asked."""

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, dict[str, str], bytes]:
        origin = request.headers.get("Origin", "")
        if request.path[:4] == "/api":
            given = {name: origin if value == "*any*" else value for name, value in reader.items()}
            return 200, given, b"{}"
        return 200, page, b"page"

    return answer


@pytest.mark.parametrize(
    ("check", "page", "reader", "code"),
    [
        ("", {}, {}, 0),
        ("cookies", {"Set-Cookie": "lyceum_form=x; SameSite=Lax; Path=/"}, {}, 1),
        ("cookies", {"Set-Cookie": "lyceum_form=x; HttpOnly; Path=/"}, {}, 1),
        (
            "cookies",
            {"Set-Cookie": "lyceum_form=x; HttpOnly; SameSite=Lax; Path=/; Domain=example.test"},
            {},
            1,
        ),
        ("headers", {"Content-Security-Policy": ""}, {}, 1),
        ("headers", {"Cache-Control": "public, max-age=60"}, {}, 4),
        ("origins", {}, {"Access-Control-Allow-Origin": "*any*"}, 4),
        ("origins", {}, {"Access-Control-Allow-Origin": "*"}, 4),
        ("origins", {}, {"Access-Control-Allow-Origin": ""}, 1),
    ],
)
def test_s01_h10_h11_what_a_proxy_spoils_is_found(
    tmp_path: Path, check: str, page: dict[str, str], reader: dict[str, str], code: int
) -> None:
    """S01, H10, H11, C01"""
    named = {"Access-Control-Allow-Origin": SITE, **reader}
    with answering(front({**HEADERS, **page}, named)) as port:
        environ = {
            "LYCEUM_MODE": "demo",
            "LYCEUM_STATE": str(tmp_path),
            "LYCEUM_GATEKEEPER_URL": f"http://127.0.0.1:{port}",
            "LYCEUM_SITE_URL": f"{SITE}/school/",
        }
        found = findings(environ)
    for name in ("cookies", "headers", "origins"):
        if name == check:
            assert (found[name].state, found[name].exit_code) == (Found.FAILED, code)
            assert found[name].fix
        else:
            assert found[name].state in {Found.OK, Found.WARNING}, found[name]  # plain http is a warning


def test_nobody_who_takes_x_accel_redirect_is_found(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path, environ={"LYCEUM_ACCEL_REDIRECT": "/_lyceum/"}) as own:
        environ = {
            "LYCEUM_MODE": "demo",
            "LYCEUM_STATE": str(tmp_path / "state"),
            "LYCEUM_STORE": (tmp_path / "private").as_uri(),
            "LYCEUM_PUBLIC_STORE": (tmp_path / "public").as_uri(),
            "LYCEUM_GATEKEEPER_URL": f"http://127.0.0.1:{own.port}",
            "LYCEUM_SITE_URL": f"{SITE}/school/",
            "LYCEUM_ACCEL_REDIRECT": "/_lyceum/",
        }
        found = findings(environ)
    assert (found["signed urls"].state, found["signed urls"].exit_code) == (Found.FAILED, 2)
    assert "X-Accel-Redirect" in found["signed urls"].what
    assert found["delivery check"].state is Found.WARNING


def test_alarms_of_the_week_are_told(folder: Path) -> None:
    database = open_database(f"sqlite:///{folder / 'x.db'}")
    now = datetime.now(UTC)
    with database.write() as connection:
        reader = find_or_create(connection, "ada@example.org", language="en", now=now).id
        values = {"reader": reader, "day": f"{now:%Y-%m-%d}", "networks": 11, "rang_at": now}
        connection.execute(SharingAlarmRow.__table__.insert().values(values))  # type: ignore[attr-defined]
    database.close()
    one = findings(live(folder))["sharing"]
    assert one.state is Found.WARNING
    assert f"{reader} (11 networks)" in one.what
    assert "ada@" not in one.what


@pytest.mark.parametrize(
    ("more", "check", "state"),
    [
        ({"LYCEUM_METRICS": "0.0.0.0:9102"}, "metrics", Found.WARNING),
        ({"LYCEUM_METRICS": "127.0.0.1:9102"}, "metrics", Found.OK),
        ({"LYCEUM_WORKERS": "2"}, "limits", Found.OK),
        ({}, "server", Found.WARNING),
        ({"LYCEUM_SERVER": "turnstile"}, "server", Found.OK),
        ({"LYCEUM_TRUSTED_PROXIES": "10.0.0.0/8"}, "server", Found.OK),
        ({}, "keys", Found.OK),
        (
            {"LYCEUM_TOKEN_KEYS": ",".join(bytes(range(n, n + 32)).hex() for n in (1, 2, 3, 4))},
            "keys",
            Found.WARNING,
        ),
    ],
)
def test_operations_are_looked_at(folder: Path, more: dict[str, str], check: str, state: Found) -> None:
    assert findings(live(folder, **more))[check].state is state


def test_a_redis_that_is_away_is_a_warning(folder: Path) -> None:
    environ = live(folder, LYCEUM_REDIS_URL=f"redis://:geheim@127.0.0.1:{free_port()}/0")
    found = list(findings(environ).values())
    (one,) = [one for one in found if one.name == "limits"]
    assert one.state is Found.WARNING
    assert "geheim" not in str(found)
    assert exit_code([one]) == 0
