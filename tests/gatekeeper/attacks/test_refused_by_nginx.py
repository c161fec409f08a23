"""What ends sooner behind nginx than at the gate: a NUL, a verb that is not HTTP's, a body that never comes, a huge header."""

from __future__ import annotations

import socket

import pytest

from tests.gatekeeper.gate.test_paths import DOORS, OWNER, VERBS
from tests.gatekeeper.gate.test_store_door import signed
from tests.support.gatekeeper import RunningGatekeeper
from tests.support.tiny_release import CANARY, PARTS

REFUSED_BY_NGINX = {400, 405, 414}


@pytest.mark.parametrize(
    "written",
    ["{0}/x.css", "{0};x.js", "{0}%0a.css", "{0}%3b.css", "{0}%00.css", "{0}.png", "{0}/..%2fx.css"],
)
def test_a_page_dressed_as_a_static_file_is_not_found_and_not_kept(
    gatekeeper: RunningGatekeeper, written: str
) -> None:
    """C02"""
    for path in (*(door + name for door, name in DOORS.items()), "/api/reader", "/account"):
        answer = gatekeeper.raw(written.format(path).encode(), lines=gatekeeper.cookie(OWNER))
        assert answer.status in ({400} if "%00" in written else {404})
        assert CANARY not in answer.body
        if answer.status == 404:
            assert answer.header("cache-control") == "private, no-store"


@pytest.mark.parametrize("raw", [b"\0", b"\r", b"\n", b"\t", b"\x7f", b"\xff", b" "])
def test_raw_control_bytes_in_a_path_are_refused(gatekeeper: RunningGatekeeper, raw: bytes) -> None:
    """P08: a line that ends before its version is HTTP/0.9 to nginx, and answered as the shorter path deserves"""
    request = (
        b"GET /files/demo/files/"
        + raw
        + b"picture.png HTTP/1.1\r\nHost: h\r\n"
        + gatekeeper.cookie(OWNER)
        + b"\r\n"
    )
    with socket.create_connection(("127.0.0.1", gatekeeper.port), timeout=20) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        data = b""
        while piece := connection.recv(65536):
            data += piece
    assert b" 200 " not in data.partition(b"\r\n")[0]
    assert CANARY not in data
    assert b"/store/" not in data


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("door", [*DOORS, "/store/"])
def test_other_verbs_are_refused_for_owners_too(gatekeeper: RunningGatekeeper, door: str, verb: str) -> None:
    """P13, U11"""
    target = (door + DOORS.get(door, "private/x")).encode()
    answer = gatekeeper.raw(target, method=verb.encode(), lines=gatekeeper.cookie(OWNER))
    assert answer.status in REFUSED_BY_NGINX
    assert CANARY not in answer.body


def test_a_name_with_spaces_percent_and_chinese_works(gatekeeper: RunningGatekeeper) -> None:
    answer = gatekeeper.get("/files/demo/files/课程 100%.pdf", lines=gatekeeper.cookie(OWNER))
    assert answer.status == 302


def test_a_signature_opens_nothing_but_its_object_as_it_was_signed(gatekeeper: RunningGatekeeper) -> None:
    """U03, U04"""
    target = signed(gatekeeper)
    path, _, query = target.partition("?")
    other = signed(gatekeeper, "/files/demo/files/code.zip").partition("?")[0]
    for attempt in (f"{other}?{query}", f"{path}/?{query}", f"{path}%00?{query}", f"{path}?{query}&x=1", f"//{path}?{query}",
                    f"/store/../{path}?{query}", f"/store/x/..{path.removeprefix('/store')}?{query}",
                    f"{path}?{query.replace('attachment', 'inline')}"):  # fmt: skip
        answer = gatekeeper.raw(attempt.encode())
        assert answer.status in {400, 403, 404}, attempt
        assert CANARY not in answer.body
    assert gatekeeper.raw(target.encode()).status == 200


@pytest.mark.parametrize("method", [b"PUT", b"POST", b"DELETE", b"PATCH"])
def test_a_url_for_reading_changes_nothing(gatekeeper: RunningGatekeeper, method: bytes) -> None:
    """U11"""
    target = signed(gatekeeper).encode()
    answer = gatekeeper.raw(target, method=method, lines=b"Content-Length: 0\r\n")
    assert answer.status == 405
    assert gatekeeper.raw(target).body == PARTS["demo/paid"][1]


@pytest.mark.parametrize("size", [60_000, 1_000_000, 10_000_000])
def test_a_token_above_four_kilobytes_is_refused(gatekeeper: RunningGatekeeper, size: int) -> None:
    """J14"""
    line = f"Cookie: {gatekeeper.settings.entitlement_cookie}=".encode() + b"x" * size + b"\r\n"
    answer = gatekeeper.get("/gate/parts/demo/paid", lines=line)
    assert answer.status in {0, 400}
    assert CANARY not in answer.body
