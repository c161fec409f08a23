"""What pages of the school ask, and who may read the answer."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest

from gatekeeper.contract import routes
from gatekeeper.gate.token import TokenVerifier
from tests.support.shop import SITE, Browser, Shop

SITE_ORIGIN = "https://school.example.test"


def asked(reader: Browser, **headers: str) -> Any:
    answer = reader.get(routes.READER, headers=headers)
    assert answer.status_code == 200
    return answer


def test_a_stranger_is_nobody_and_gets_no_cookie_and_touches_no_database(shop: Shop) -> None:
    shop.database.close()
    shop.database.engine.connect = None  # type: ignore[method-assign,assignment]
    answer = asked(shop.browser(), Origin=SITE_ORIGIN)
    assert answer.json == {"signed_in": False}
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_a_reader_hears_what_they_own_what_ended_and_what_is_pending(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    reader.buy("rust")
    reader.buy("all")
    refunded = reader.buy("sql")
    reader.post(f"/sandbox/refund/{refunded.rpartition('/')[2]}", {}, form=refunded)
    for _ in range(2):
        shop.clock.advance(days=16)
        asked(reader)
    reader.buy("both", step="late")
    said = asked(reader, Origin=SITE_ORIGIN).json
    assert said == {
        "signed_in": True,
        "email": "ada@example.org",
        "products": {"rust": None},
        "ended": {"all": "expired", "sql": "refunded"},
        "pending": ["both"],
    }


def test_a_subscription_is_told_with_its_end(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    reader.buy("all")
    end = shop.clock().replace(month=12)
    assert asked(reader).json["products"] == {"all": int(end.timestamp())}


def test_the_answer_renews_the_token_that_the_gate_believes(shop: Shop) -> None:
    shop.clock.now = shop.clock.now.fromtimestamp(int(time.time()), shop.clock.now.tzinfo)
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    reader.buy("rust")
    asked(reader)
    settings = shop.service.settings
    verifier = TokenVerifier(
        settings.token_keys, issuer=settings.token_issuer, audience=settings.token_audience
    )
    first = reader.cookie("entitlement")
    claims = verifier.verify(str(first), int(shop.clock().timestamp()))
    assert claims.entitlements.products == {"rust": None}
    assert claims.expires_at == int(shop.clock().timestamp()) + 600
    shop.clock.advance(minutes=5)
    asked(reader)
    assert reader.cookie("entitlement") != first
    assert jwt.decode(str(first), options={"verify_signature": False})["sid"] == claims.session


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "https://school.example.test.evil",
        "https://evilschool.example.test",
        "http://school.example.test",
        "https://school.example.test:444",
        "https://SCHOOL.example.test",
        "",
    ],
)
def test_h10_no_other_origin_may_read_it(shop: Shop, origin: str) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    for method in ("GET", "OPTIONS"):
        answer = reader._open(method, routes.READER, {"headers": {"Origin": origin} if origin else {}})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" in answer.headers.getlist("Vary")


def test_h10_the_schools_site_may_read_it_with_credentials(shop: Shop) -> None:
    answer = asked(shop.browser(), Origin=SITE_ORIGIN)
    assert answer.headers["Access-Control-Allow-Origin"] == SITE_ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    preflight = shop.browser()._open("OPTIONS", routes.READER, {"headers": {"Origin": SITE_ORIGIN}})
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == SITE_ORIGIN


def test_renewing_sends_back_with_a_fresh_token(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    reader.client.delete_cookie("__Host-lyceum_entitlement", domain="gate.example.test")
    answer = reader.get("/api/renew?next=%2Fgate%2Fread%2Frust%2Ftraits%3Frenewed%3D1")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/gate/read/rust/traits?renewed=1"
    assert reader.cookie("entitlement") is not None


def test_renewing_without_a_session_drops_the_cookies_so_that_nobody_goes_in_circles(shop: Shop) -> None:
    reader = shop.browser()
    reader.client.set_cookie("__Host-lyceum_session", "x" * 43, domain="gate.example.test")
    answer = reader.get("/api/renew?next=%2Fgate%2Fread%2Frust%2Ftraits%3Frenewed%3D1")
    assert answer.headers["Location"] == "/gate/read/rust/traits?renewed=1"
    assert reader.cookie("session") is None


@pytest.mark.parametrize(
    "target",
    [
        "",
        "//evil.example",
        "https://evil.example/",
        SITE + "rust/traits/",
        "/api/renew",
        "/api/renew?next=/api/renew",
        "/%5cevil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\r\nX: y",
    ],
)
def test_renewing_leads_nowhere_else_and_never_to_itself(shop: Shop, target: str) -> None:
    reader = shop.browser()
    answer = reader.client.get(
        "/api/renew", query_string={"next": target}, base_url="https://gate.example.test"
    )
    assert answer.headers["Location"] == "/account"


def test_j22_after_a_refund_the_next_token_holds_the_product_no_more(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    order = reader.buy("rust")
    assert asked(reader).json["products"] == {"rust": None}
    reader.post(f"/sandbox/refund/{order.rpartition('/')[2]}", {}, form=order)
    assert asked(reader).json["products"] == {}
    claims = jwt.decode(str(reader.cookie("entitlement")), options={"verify_signature": False})
    assert claims["products"] == {}
