"""HTTP as bytes: what two readers of one connection could take for two different things is refused, and nothing waits for ever (Z15)."""

from __future__ import annotations

import socket
import time
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.turnstile.connection import BODY_BYTES, MOST_HEADERS, REQUEST_SECONDS, TARGET_BYTES
from tests.support.gatekeeper import RunningGatekeeper
from tests.support.raw_http import exchange, exchange_many
from tests.support.tiny_release import BIG, CANARY

HOST = b"Host: 127.0.0.1\r\n"
ALIVE = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"


def everything(turnstile: RunningGatekeeper, data: bytes) -> bytes:
    """All that comes back until the other side closes, or says nothing more for a second."""
    with closing(socket.create_connection(("127.0.0.1", turnstile.port), timeout=1.0)) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        gathered = b""
        try:
            while piece := connection.recv(65536):
                gathered += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return gathered


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: 5, 5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 0x5\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b" X: folded\r\n",
        b"X: a\rb\r\n",
        b"X: a\x00b\r\n",
        b"X\x0bY: a\r\n",
        b"Nameless\r\n",
    ],
)
def test_h01_a_request_with_two_meanings_ends_the_connection(
    turnstile: RunningGatekeeper, head: bytes
) -> None:
    """Smuggling: whatever follows such a head is not taken for a request."""
    hidden = b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-Hidden: 1\r\n\r\n"
    said = everything(turnstile, b"POST /sign-in HTTP/1.1\r\n" + HOST + head + b"\r\n0\r\n\r\n" + hidden)
    assert b'"alive"' not in said
    assert said.startswith((b"HTTP/1.1 400", b"HTTP/1.1 4")) or said == b"", said[:80]


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/9.9",
        b"GET /\x00 HTTP/1.1",
        b"G\xe9T / HTTP/1.1",
        b"GET / HTTP/1.1 x",
        b"\x16\x03\x01",
        b"PRI * HTTP/2.0",
    ],
)
def test_what_is_no_request_is_refused(turnstile: RunningGatekeeper, line: bytes) -> None:
    said = everything(turnstile, line + b"\r\n" + HOST + b"\r\n")
    assert said == b"" or said[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 404"}, said[:80]


def test_the_limits_of_a_request_are_said(turnstile: RunningGatekeeper) -> None:
    """P20, J14"""

    def status(request: bytes) -> int:
        return exchange("127.0.0.1", turnstile.port, request).status

    assert status(b"GET /" + b"a" * TARGET_BYTES + b" HTTP/1.1\r\n" + HOST + b"\r\n") == 414
    assert status(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * (MOST_HEADERS + 1) + b"\r\n") == 431
    assert status(b"GET / HTTP/1.1\r\nCookie: " + b"a" * 10_000_000 + b"\r\n\r\n") == 431
    body = b"a" * (BODY_BYTES + 1)
    head = b"POST /sign-in HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % len(body)
    assert status(head + body) == 413


def test_requests_down_one_connection_are_answered_in_order(turnstile: RunningGatekeeper) -> None:
    """The short way and the long one take turns, and none overtakes the other."""
    cookie = turnstile.cookie({"demo": None})
    paths = [
        b"/gate/parts/demo/paid",
        b"/sign-in",
        b"/gate/parts/demo/nobody",
        b"/gate/read/demo/paid",
        b"/healthz",
        b"/files/demo/files/picture.png",
    ]
    requests = [b"GET %b HTTP/1.1\r\n%b%b\r\n" % (path, HOST, cookie) for path in paths * 20]
    answers = exchange_many("127.0.0.1", turnstile.port, requests)
    assert [answer.status for answer in answers] == [200, 200, 403, 200, 200, 302] * 20
    assert all(CANARY in answer.body for answer in answers[3::6])


def test_a_form_arrives_whole_however_it_is_sent(turnstile: RunningGatekeeper) -> None:
    """In one piece, in chunks, byte by byte, after a question whether it may come."""
    whole = b"email=ada%40example.org&next=%2Faccount"
    head = b"POST /sign-in HTTP/1.1\r\n" + HOST + b"Content-Type: application/x-www-form-urlencoded\r\n"
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (whole[:7], whole[7:])) + b"0\r\n\r\n"
    requests = [
        head + b"Content-Length: %d\r\n\r\n" % len(whole) + whole,
        head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks,
    ]
    for request in requests:
        answer = exchange("127.0.0.1", turnstile.port, request)
        assert answer.status == 403  # no Origin: the service has read the form and refuses it
    with closing(socket.create_connection(("127.0.0.1", turnstile.port), timeout=10)) as connection:
        for byte in requests[0]:
            connection.sendall(bytes([byte]))
        assert connection.recv(65536).startswith(b"HTTP/1.1 403")


def test_an_answer_without_a_body_is_no_obstacle_for_the_next(turnstile: RunningGatekeeper) -> None:
    cookie = turnstile.cookie({"demo": None})
    for method in (b"HEAD", b"OPTIONS"):
        requests = [
            b"%b /gate/parts/demo/paid HTTP/1.1\r\n%b%b\r\n" % (method, HOST, cookie),
            b"%b /healthz HTTP/1.1\r\n%b\r\n" % (method, HOST),
        ]
        said = everything(turnstile, b"".join(requests) + ALIVE)
        assert said.count(b"HTTP/1.1 ") == 3
        assert said.endswith(b'{"alive":true}')


def test_a_large_object_arrives_whole_while_others_are_answered(turnstile: RunningGatekeeper) -> None:
    cookie = turnstile.cookie({"demo": None})
    where = turnstile.get("/files/demo/files/big.bin", lines=cookie).header("Location")
    assert where is not None
    target = where.partition(str(turnstile.port))[2].encode()
    with closing(socket.create_connection(("127.0.0.1", turnstile.port), timeout=20)) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(b"GET %b HTTP/1.1\r\n%bConnection: close\r\n\r\n" % (target, HOST))
        time.sleep(0.3)
        assert turnstile.get("/healthz").status == 200
        gathered = b""
        while piece := slow.recv(65536):
            gathered += piece
    assert gathered.partition(b"\r\n\r\n")[2] == BIG


def test_z15_whoever_does_not_finish_a_request_is_cut_off(turnstile: RunningGatekeeper) -> None:
    with closing(socket.create_connection(("127.0.0.1", turnstile.port), timeout=30)) as slow:
        slow.sendall(b"GET /healthz HTTP/1.1\r\n")
        started = time.monotonic()
        while time.monotonic() - started < REQUEST_SECONDS + 10:
            try:
                slow.sendall(b"X")
                time.sleep(0.5)
                slow.setblocking(False)
                try:
                    if slow.recv(1) == b"":
                        break
                except BlockingIOError:
                    pass
                finally:
                    slow.setblocking(True)
            except (BrokenPipeError, ConnectionResetError):
                break
        else:
            pytest.fail("it is still there")
    assert turnstile.get("/healthz").status == 200


@given(st.binary(min_size=1, max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_bytes_bring_the_server_down_or_a_5xx_out(turnstile: RunningGatekeeper, noise: bytes) -> None:
    said = everything(turnstile, b"GET /gate/parts/" + noise + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert b"HTTP/1.1 5" not in said


def test_the_log_has_no_trace_of_a_failure(turnstile: RunningGatekeeper) -> None:
    assert turnstile.get("/healthz").status == 200
    log = turnstile.log.read_text("utf-8")
    assert "Traceback" not in log
    assert " ERROR " not in log
