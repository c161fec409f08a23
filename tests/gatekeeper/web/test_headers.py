"""What every answer carries (H11, S11, C01), and what an error shows (D06)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from gatekeeper.commerce import ledger
from gatekeeper.contract import routes
from gatekeeper.web.assets import PREFIX
from tests.support.shop import ORIGIN, Shop, open_shop, visible

PATHS = {
    "/": 303,
    "/account": 303,
    "/sign-in": 200,
    "/sign-in/code": 303,
    "/sign-in/link/x": 200,
    "/sign-out": 200,
    "/outbox": 200,
    "/buy/rust": 303,
    "/buy/none": 404,
    "/nothing": 404,
    "/api/nothing": 404,
    routes.READER: 200,
    "/webhooks/sandbox": 405,
}


def assert_dressed(answer: TestResponse) -> None:
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert "X-Request-Id" in answer.headers


@pytest.mark.parametrize(("path", "status"), PATHS.items())
def test_h11_s11_c01_every_answer_is_dressed_and_private(shop: Shop, path: str, status: int) -> None:
    answer = shop.browser().get(path)
    assert answer.status_code == status
    assert_dressed(answer)
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_h11_refusals_and_failures_are_dressed_too(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = shop.browser()
    foreign = reader.client.post("/sign-in", base_url=ORIGIN)
    assert foreign.status_code == 403
    large = reader.client.post("/sign-in", data=b"x" * 70_000, base_url=ORIGIN)
    assert large.status_code in {403, 413}
    reader.sign_in("ada@example.org")
    monkeypatch.setattr(ledger, "of_reader", _raise(RuntimeError("secret words")))
    failed = reader.get("/account")
    assert failed.status_code == 500
    for answer in (foreign, large, failed):
        assert_dressed(answer)


def test_d06_a_failure_shows_a_number_and_nothing_else_and_the_log_has_the_trace(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    monkeypatch.setattr(ledger, "of_reader", _raise(RuntimeError("secret words")))
    for path in ("/account", routes.READER):
        answer = reader.get(path)
        number = answer.headers["X-Request-Id"]
        assert answer.status_code == 500
        assert re.fullmatch(r"[0-9a-f]{16}", number)
        assert number in answer.text
        for word in ("secret words", "Traceback", "RuntimeError", "gatekeeper/", "ada@example.org"):
            assert word not in answer.text
        assert any(number in record.getMessage() and record.exc_info for record in caplog.records)


def test_d06_a_machine_gets_its_error_as_json(shop: Shop) -> None:
    answer = shop.browser().get("/api/nothing")
    assert answer.json == {"error": 404, "request": answer.headers["X-Request-Id"]}


def test_z09_a_database_that_is_away_is_503_with_a_time_to_come_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    monkeypatch.setattr(ledger, "of_reader", _raise(OperationalError("SELECT", {}, Exception("gone"))))
    answer = reader.get("/account")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "gone" not in answer.text


def test_the_error_page_needs_no_database(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")

    def away(*_: object, **__: object) -> None:
        raise OperationalError("BEGIN", {}, Exception("gone"))

    monkeypatch.setattr(shop.database.engine, "connect", away)
    assert reader.get("/account").status_code == 503
    assert reader.get("/nothing").status_code == 404


def test_a_body_that_is_too_large_is_refused(shop: Shop) -> None:
    reader = shop.browser()
    reader.get("/sign-in")
    assert reader.post("/sign-in", {"email": "x" * 70_000}).status_code == 413


def test_a_form_of_a_thousand_parts_is_refused(shop: Shop) -> None:
    reader = shop.browser()
    reader.get("/sign-in")
    parts = (
        b"".join(b'--x\r\nContent-Disposition: form-data; name="f%d"\r\n\r\nv\r\n' % n for n in range(1000))
        + b"--x--"
    )
    answer = reader.client.post(
        "/sign-in",
        data=parts,
        base_url=ORIGIN,
        headers={"Content-Type": "multipart/form-data; boundary=x", "Origin": ORIGIN},
    )
    assert answer.status_code == 413


def test_p08_p20_odd_addresses_are_not_errors_of_ours(shop: Shop) -> None:
    reader = shop.browser()
    odd = [
        "/%00",
        "/buy/%00",
        "/buy/%ff%fe",
        "/orders/%0d%0a",
        "/sign-in/link/%00",
        "/account;x.css",
        "/account/x.css",
    ]
    odd += ["/" + "a" * 60_000, "/" + "a/" * 10_000, "/sign-in?" + "&".join(f"a{n}=1" for n in range(5000))]
    odd += [
        "/sign-in?next=%00&lang=%ff",
        "/account-assets/..%2f..%2fapp.py",
        "/account-assets/%00",
        "/account.html",
    ]
    for path in odd:
        assert reader.get(path).status_code in {200, 303, 400, 404, 414}, path


def test_c02_an_address_dressed_as_a_picture_gives_no_account(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    for path in (
        "/account/x.css",
        "/account%0a.css",
        "/account;x.js",
        "/account-assets/..%2faccount",
        "/account.css",
    ):
        answer = reader.get(path)
        assert answer.status_code == 404, path
        assert "ada@" not in answer.text


def test_assets_are_named_by_their_content_and_kept_for_ever(shop: Shop) -> None:
    page = shop.browser().get("/sign-in").text
    addresses = re.findall(rf'(?:href|src)="({PREFIX}[^"]+)"', page)
    assert len(addresses) >= 2
    for address in addresses:
        answer = shop.browser().get(address)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Set-Cookie" not in answer.headers
        assert_dressed(answer)


def test_pages_hold_nothing_inline_and_ask_nobody_else(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    order = reader.buy("rust", step="late")
    for path in ("/account", "/sign-out", "/outbox", "/buy/sql", "/redeem", order, "/nothing"):
        text = reader.get(path).text
        assert "<style" not in text
        assert " style=" not in text
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)
        assert not re.search(r"\son[a-z]+=", text)
        for address in re.findall(r'(?:src|href|action)="(https?:[^"]+)"', text):
            assert address.startswith(("https://school.example.test/", "https://gate.example.test/")), address


def test_plain_http_on_loopback_has_cookies_without_the_prefix(tmp_path: Path) -> None:
    with open_shop(tmp_path, LYCEUM_GATEKEEPER_URL="http://127.0.0.1:8001") as shop:
        answer = shop.app.test_client().get("/sign-in", base_url="http://127.0.0.1:8001")
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("lyceum_form=")
        assert "Secure" not in cookie
        assert "Strict-Transport-Security" not in answer.headers


def test_h05_a_client_that_claims_plain_http_gets_secure_cookies_all_the_same(shop: Shop) -> None:
    answer = shop.app.test_client().get(
        "/sign-in", base_url="http://gate.example.test", headers={"X-Forwarded-Proto": "http"}
    )
    assert answer.status_code == 200
    assert "Secure" in answer.headers["Set-Cookie"]


def test_the_error_pages_speak_both_languages(shop: Shop) -> None:
    assert "There is nothing here" in visible(
        shop.browser().get("/nothing", headers={"Accept-Language": "en"})
    )
    assert "\u8fd9\u91cc\u4ec0\u4e48\u90fd\u6ca1\u6709" in visible(shop.browser().get("/nothing?lang=zh"))


def test_debugging_is_off(shop: Shop) -> None:
    app: Flask = shop.app
    assert not app.debug
    assert not app.testing


def _raise(error: Exception) -> object:
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail
