"""Z15: senders and readers that take their time hold nobody else up, with either server and behind nginx."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gatekeeper.gate.sign import FolderSigner
from gatekeeper.operations import slow
from gatekeeper.secrets import derive
from gatekeeper.wsgi import STORE_URLS
from tests.support.gatekeeper import RunningGatekeeper, running_gatekeeper
from tests.support.nginx import fronted, why_not
from tests.support.raw_http import read_answer

OWNER = {"everything": None}
MANY = 40  # more than a server has threads
LARGE = 32 * 1024 * 1024


@contextmanager
def connections(port: int, request: bytes, count: int, *, buffer: int = 0) -> Iterator[list[socket.socket]]:
    """So many clients that have said this much and then stay where they are."""
    with ExitStack() as stack:
        opened = []
        for _ in range(count):
            connection = stack.enter_context(socket.socket())
            if buffer:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
            connection.settimeout(30)
            connection.connect(("127.0.0.1", port))
            connection.sendall(request)
            opened.append(connection)
        yield opened


def slow_body(port: int) -> bytes:
    return (
        f"POST /sign-in HTTP/1.1\r\nHost: h\r\nOrigin: http://127.0.0.1:{port}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nemail="
    ).encode()


def large_url(own: RunningGatekeeper, folder: Path) -> str:
    (folder / "private" / "private" / "large").write_bytes(bytes(LARGE))
    signer = FolderSigner(derive(own.settings.secret_key, STORE_URLS), origin="", lifetime_seconds=300)
    return signer.sign("private/large", media_type="", disposition="", now=int(time.time())).url


def assert_it_goes_on(own: RunningGatekeeper, *, seconds: float = 8) -> None:
    before = time.monotonic()
    for path, status in (
        ("/healthz", 200),
        ("/gate/parts/demo/paid", 200),
        ("/sign-in", 200),
        ("/api/reader", 200),
    ):
        assert own.get(path, lines=own.cookie(OWNER)).status == status
    assert time.monotonic() - before < seconds  # a hang, not a benchmark


def test_slow_bodies_hold_nobody_up_and_end(tmp_path: Path) -> None:
    """Z15"""
    with (
        running_gatekeeper(tmp_path, environ={"LYCEUM_SERVER": "turnstile"}) as own,
        connections(own.port, slow_body(own.port), MANY) as waiting,
    ):
        time.sleep(0.5)
        assert_it_goes_on(own)
        assert {read_answer(connection).status for connection in waiting} <= {0, 408}
        assert own.get("/healthz").status == 200


def test_under_granian_slow_bodies_do_not_stop_the_service(tmp_path: Path) -> None:
    """Z15: Granian's pool grows only when requests queue up, so that one of them may wait behind a slow sender for as long as that is
    given; without a proxy in front the other server is the better choice (docs/operators.md), and `gatekeeper doctor` says so"""
    with running_gatekeeper(tmp_path) as own, connections(own.port, slow_body(own.port), MANY):
        time.sleep(0.5)
        assert_it_goes_on(own, seconds=3 * slow.BODY_SECONDS)


@pytest.mark.parametrize("server", ["granian", "turnstile"])
def test_slow_readers_hold_nobody_up(tmp_path: Path, server: str) -> None:
    """Z15: none of them takes a byte of the 32 MiB that it asked for"""
    with running_gatekeeper(tmp_path, environ={"LYCEUM_SERVER": server}) as own:
        request = f"GET {large_url(own, tmp_path)} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
        with connections(own.port, request, MANY, buffer=4096):
            time.sleep(1)
            assert_it_goes_on(own)
        end = time.monotonic() + 20
        while (whole := own.raw(request.split(b" ")[1])).status == 503:  # those who left are noticed
            assert time.monotonic() < end
            time.sleep(0.2)
        assert (whole.status, len(whole.body)) == (200, LARGE)


def test_an_address_that_holds_too_many_streams_is_told_so_at_once(tmp_path: Path) -> None:
    with running_gatekeeper(tmp_path) as own:
        target = large_url(own, tmp_path)
        request = f"GET {target} HTTP/1.1\r\nHost: h\r\n\r\n".encode()
        with connections(own.port, request, slow.STREAMS_OF_ONE, buffer=4096):
            time.sleep(1)
            answer = own.raw(target.encode())
            assert (answer.status, answer.json(), answer.header("retry-after")) == (
                503,
                {"reason": "busy"},
                "5",
            )
            assert answer.header("cache-control") == "private, no-store"


def test_a_body_in_small_pieces_arrives_whole(tmp_path: Path) -> None:
    """A phone in a tunnel is no attacker; a form token that is wrong says that the form was read."""
    body = b"email=ada%40example.org&form_token=" + b"0" * 64
    with running_gatekeeper(tmp_path) as own:
        for head in (b"Content-Length: %d\r\n" % len(body), b"Transfer-Encoding: chunked\r\n"):
            with socket.create_connection(("127.0.0.1", own.port), timeout=30) as connection:
                connection.sendall(
                    b"POST /sign-in HTTP/1.1\r\nHost: h\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n"
                    b"Content-Type: application/x-www-form-urlencoded\r\n" + head + b"\r\n"
                )
                for start in range(0, len(body), 16):
                    piece = body[start : start + 16]
                    if b"chunked" in head:
                        piece = b"%x\r\n%s\r\n" % (len(piece), piece)
                    connection.sendall(piece)
                    time.sleep(0.05)
                if b"chunked" in head:
                    connection.sendall(b"0\r\n\r\n")
                assert read_answer(connection).status == 403


def test_a_chunked_body_without_an_end_is_too_large_at_some_point(tmp_path: Path) -> None:
    with (
        running_gatekeeper(tmp_path) as own,
        socket.create_connection(("127.0.0.1", own.port), timeout=30) as connection,
    ):
        connection.sendall(b"POST /sign-in HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(100):
                connection.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
        except OSError:
            pass  # it was closed in the middle
        assert read_answer(connection).status in {0, 413}
        assert own.get("/healthz").status == 200


@pytest.mark.skipif(bool(why_not()), reason=why_not())
@pytest.mark.parametrize(
    "request_",
    [
        b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-Slow: ",
        slow_body(1),
        b"POST /sign-in HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
)
def test_behind_nginx_slow_senders_never_reach_the_gatekeeper(tmp_path: Path, request_: bytes) -> None:
    """Z15: with the documented times, here a second long"""
    brief = {
        "client_header_timeout 10s": "client_header_timeout 1s",
        "client_body_timeout 10s": "client_body_timeout 1s",
    }
    with (
        fronted(tmp_path, "gatekeeper", replaced=brief) as opened,
        connections(opened.nginx.port, request_, MANY) as waiting,
    ):
        for path in (b"/healthz", b"/sign-in"):
            assert opened.raw(path).status == 200
        for connection in waiting:
            assert read_answer(connection).status in {0, 400, 408}


@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_behind_nginx_one_address_has_a_hundred_connections_and_no_more(tmp_path: Path) -> None:
    """Z15"""
    with (
        fronted(tmp_path, "gatekeeper") as opened,
        connections(opened.nginx.port, slow_body(1), 100),
    ):
        time.sleep(0.3)
        assert opened.raw(b"/healthz").status == 429
        assert opened.gatekeeper.get("/healthz").status == 200
