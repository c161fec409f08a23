"""The folder store behind signed URLs (group U), over raw sockets."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

import pytest

from tests.support.gatekeeper import RunningGatekeeper, running_gatekeeper
from tests.support.tiny_release import BIG, CANARY, PARTS

OWNER = {"everything": None}


def signed(gatekeeper: RunningGatekeeper, path: str = "/gate/parts/demo/paid") -> str:
    answer = gatekeeper.get(path, lines=gatekeeper.cookie(OWNER))
    url = answer.json()["url"] if answer.status == 200 else answer.header("location")
    parts = urlsplit(str(url))
    return f"{parts.path}?{parts.query}"


def test_a_signed_url_is_needed(gatekeeper: RunningGatekeeper) -> None:
    """U15"""
    path = signed(gatekeeper).partition("?")[0]
    for target in (
        path,
        f"{path}?",
        "/store/",
        "/store/private/",
        "/store/current.json",
        "/store",
        "/store/?list-type=2",
    ):
        for lines in (b"", gatekeeper.cookie(OWNER)):
            answer = gatekeeper.raw(target.encode(), lines=lines)
            assert answer.status == 403
            assert answer.json() == {"reason": "signature"}


def test_a_signature_opens_nothing_but_its_object_as_it_was_signed(gatekeeper: RunningGatekeeper) -> None:
    """U03, U04"""
    target = signed(gatekeeper)
    path, _, query = target.partition("?")
    other = signed(gatekeeper, "/files/demo/files/code.zip").partition("?")[0]
    seal = query.rpartition("=")[2]
    changed = [
        f"{other}?{query}",
        f"/store/private/../private/{path.rpartition('/')[2]}?{query}",
        f"/store//private/{path.rpartition('/')[2]}?{query}",
        f"{path}/?{query}",
        f"{path}%00?{query}",
        f"{path}?{query}&response-content-type=text%2Fhtml",
        f"{path}?{query}&versionId=null",
        f"{path}?{query.replace('attachment', 'inline')}",
        f"{path}?{query.replace('text%2Fhtml', 'text%2Fplain')}",
        f"{path}?{query.replace('expires=1', 'expires=2', 1)}",
        f"{path}?{query.replace(seal, seal.upper())}",
        f"{path}?{query.replace(seal, '')}",
        f"{path}?{query.replace(seal, '%C3%BC')}",
        f"{path}?{'&'.join(reversed(query.split('&')))}",
        f"{path}?{query}&{query}",
    ]
    for attempt in changed:
        answer = gatekeeper.raw(attempt.encode())
        assert answer.status == 403, attempt
        assert CANARY not in answer.body
    raw = f"{path}?{query.replace(seal, chr(0xFC) * 64)}".encode("latin-1")
    assert gatekeeper.raw(raw).status in {400, 403}
    assert gatekeeper.raw(target.encode()).status == 200


@pytest.mark.parametrize("method", [b"PUT", b"POST", b"DELETE", b"PATCH"])
def test_a_url_for_reading_changes_nothing(gatekeeper: RunningGatekeeper, method: bytes) -> None:
    """U11"""
    target = signed(gatekeeper).encode()
    body = b"Content-Length: 4\r\n"
    answer = gatekeeper.raw(target, method=method, lines=body)
    assert answer.status == 405
    assert gatekeeper.raw(target).body == PARTS["demo/paid"][1]


def test_a_url_dies_when_its_time_is_over(tmp_path_factory: pytest.TempPathFactory) -> None:
    """U02, U12: what was handed out before a refund ends by itself, five minutes at the latest"""
    folder = tmp_path_factory.mktemp("short")
    with running_gatekeeper(folder, environ={"LYCEUM_URL_SECONDS": "5"}) as brief:
        given = brief.get("/gate/parts/demo/paid", lines=brief.cookie(OWNER)).json()
        assert given["expires_at"] - time.time() <= 5
        while time.time() < given["expires_at"] - 1.2:
            assert brief.follow(given["url"]).status == 200
            time.sleep(0.5)
        while time.time() < given["expires_at"]:
            time.sleep(0.05)
        late = brief.follow(given["url"])
        assert late.status == 403
        assert CANARY not in late.body


@pytest.mark.parametrize(
    ("wanted", "status", "start", "end"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=10-", 206, 10, len(BIG)),
        ("bytes=-10", 206, len(BIG) - 10, len(BIG)),
        ("bytes=100-99999999999", 206, 100, len(BIG)),
        ("bytes=1000-300000", 206, 1000, 300_001),
        ("bytes=0-", 200, 0, len(BIG)),
        ("bytes=-99999999999", 200, 0, len(BIG)),
        ("bytes=5-1", 200, 0, len(BIG)),
        ("bytes=-", 200, 0, len(BIG)),
        ("bytes=a-b", 200, 0, len(BIG)),
        ("bytes=0-1,5-6", 200, 0, len(BIG)),
        ("items=0-1", 200, 0, len(BIG)),
        ("bytes=" + "9" * 5000 + "-", 200, 0, len(BIG)),
    ],
)
def test_one_range_is_served_and_anything_else_is_the_whole(
    gatekeeper: RunningGatekeeper, wanted: str, status: int, start: int, end: int
) -> None:
    target = signed(gatekeeper, "/files/demo/files/big.bin").encode()
    answer = gatekeeper.raw(target, lines=f"Range: {wanted}\r\n".encode())
    assert (answer.status, answer.body) == (status, BIG[start:end])
    stated = f"bytes {start}-{end - 1}/{len(BIG)}" if status == 206 else None
    assert answer.header("content-range") == stated
    assert answer.header("accept-ranges") == "bytes"


@pytest.mark.parametrize("wanted", [f"bytes={len(BIG)}-", "bytes=99999999999-", "bytes=-0"])
def test_a_range_beyond_the_end_is_refused(gatekeeper: RunningGatekeeper, wanted: str) -> None:
    target = signed(gatekeeper, "/files/demo/files/big.bin").encode()
    answer = gatekeeper.raw(target, lines=f"Range: {wanted}\r\n".encode())
    assert answer.status == 416
    assert answer.header("content-range") == f"bytes */{len(BIG)}"


def test_a_range_of_another_version_gives_the_whole(gatekeeper: RunningGatekeeper) -> None:
    target = signed(gatekeeper, "/files/demo/files/big.bin").encode()
    etag = gatekeeper.raw(target).header("etag") or ""
    same = gatekeeper.raw(target, lines=f"Range: bytes=0-3\r\nIf-Range: {etag}\r\n".encode())
    other = gatekeeper.raw(target, lines=b'Range: bytes=0-3\r\nIf-Range: "other"\r\n')
    assert (same.status, other.status) == (206, 200)


def test_an_object_that_has_gone_is_not_found(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_gatekeeper(tmp_path_factory.mktemp("gone")) as own:
        target = signed(own)
        store = own.settings.store.folder
        assert store is not None
        (store / target.partition("?")[0].removeprefix("/store/")).unlink()
        assert own.raw(target.encode()).status == 404
        page = own.get("/gate/read/demo/paid", lines=own.cookie(OWNER))
        assert (page.status, page.json()) == (503, {"reason": "unavailable"})


def test_no_signature_and_no_token_reaches_the_log(gatekeeper: RunningGatekeeper) -> None:
    """U07, J24"""
    secrets = []
    for _ in range(50):
        target = signed(gatekeeper)
        secrets.append(target.rpartition("=")[2])
        assert gatekeeper.raw(target.encode()).status == 200
        assert gatekeeper.raw(target.replace("attachment", "inline").encode()).status == 403
    token = gatekeeper.token(OWNER)
    gatekeeper.get(
        "/gate/parts/demo/paid",
        lines=f"Cookie: {gatekeeper.settings.entitlement_cookie}={token}x\r\n".encode(),
    )
    log = gatekeeper.log.read_text("utf-8")
    for secret in (*secrets, token, "signature=", gatekeeper.settings.secret_key.reveal().hex()):
        assert secret not in log


def test_the_redirect_and_the_page_send_no_referer(gatekeeper: RunningGatekeeper) -> None:
    """U06"""
    answer = gatekeeper.get("/files/demo/files/picture.png", lines=gatekeeper.cookie(OWNER))
    assert answer.header("referrer-policy") == "no-referrer"
    page = gatekeeper.get("/gate/read/demo/paid", lines=gatekeeper.cookie(OWNER))
    assert page.header("referrer-policy") == "no-referrer"
    assert b"signature=" not in page.body
