"""Nothing is changed by a request that does not come from a form of ours (S03)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gatekeeper.contract import routes
from tests.support.shop import ORIGIN, Shop

FOREIGN: list[dict[str, str]] = [
    {},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://gate.example.test.evil"},
    {"Origin": "http://gate.example.test"},
    {"Origin": "https://school.example.test"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Referer": f"{ORIGIN}/sign-in"},
    {"X-Requested-With": "XMLHttpRequest"},
]
GOOD = [
    {"Origin": ORIGIN},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "same-origin", "Origin": ORIGIN},
]


def attempt(shop: Shop, headers: dict[str, str], *, token: bool = True) -> int:
    reader = shop.browser(origin=None)
    page = reader.get("/sign-in")
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', page.text)
    assert found is not None
    data = {"email": "ada@example.org", **({"form_token": found.group(1)} if token else {})}
    return reader.client.post("/sign-in", data=data, headers=headers, base_url=ORIGIN).status_code


@pytest.mark.parametrize("headers", FOREIGN)
def test_s03_a_foreign_post_is_refused_even_with_the_token(shop: Shop, headers: dict[str, str]) -> None:
    assert attempt(shop, headers) == 403
    assert shop.mail_count() == 0


@pytest.mark.parametrize("headers", GOOD)
def test_our_own_form_is_taken_with_the_token_and_refused_without(
    shop: Shop, headers: dict[str, str]
) -> None:
    assert attempt(shop, headers) == 303
    assert attempt(shop, headers, token=False) == 403


@pytest.mark.parametrize("cookie", ["", "x" * 43])
def test_s03_a_browser_without_our_cookie_is_refused_from_our_own_origin_too(shop: Shop, cookie: str) -> None:
    headers = {"Origin": ORIGIN, **({"Cookie": f"__Host-lyceum_form={cookie}"} if cookie else {})}
    answer = shop.app.test_client(use_cookies=False).post(
        "/sign-in", data={"email": "ada@example.org", "form_token": ""}, headers=headers, base_url=ORIGIN
    )
    assert answer.status_code == 403


def test_s03_another_browsers_token_is_worth_nothing(shop: Shop) -> None:
    other = shop.browser().get("/sign-in").text
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', other)
    assert token is not None
    reader = shop.browser()
    reader.get("/sign-in")
    fields: dict[str, Any] = {"email": "ada@example.org", "form_token": token.group(1)}
    answer = reader.client.post("/sign-in", data=fields, headers={"Origin": ORIGIN}, base_url=ORIGIN)
    assert answer.status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
def test_s03_other_encodings_of_a_body_change_nothing(shop: Shop, kind: str) -> None:
    reader = shop.browser()
    reader.get("/sign-in")
    for body in (b'{"email": "ada@example.org"}', b"email=ada@example.org", b"--x\r\n\r\n"):
        answer = reader.client.post(
            "/sign-in", data=body, base_url=ORIGIN, headers={"Content-Type": kind, "Origin": ORIGIN}
        )
        assert answer.status_code == 403
    assert shop.mail_count() == 0


def test_s03_every_route_that_changes_something_is_protected(shop: Shop) -> None:
    """Also those that are added later: only webhooks and the refusal of optional mail prove themselves in another way."""
    reader = shop.browser(origin=None)
    reader.sign_in = None  # type: ignore[method-assign,assignment]
    unprotected = set()
    for rule in shop.app.url_map.iter_rules():
        methods = (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
        path = re.sub(r"<[^>]+>", "x", rule.rule)
        for method in methods:
            status = reader.client.open(path, method=method, base_url=ORIGIN).status_code
            if status != 403:
                unprotected.add(rule.rule)
    assert unprotected == {"/webhooks/<provider>", "/mail/stop/<mark>"}


def test_p13_verbs_are_not_overridden(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    reader.get("/sign-out?_method=POST", headers={"X-HTTP-Method-Override": "POST", "X-Method": "POST"})
    assert reader.get("/account").status_code == 200
    assert reader.client.open("/account", method="DELETE", base_url=ORIGIN).status_code == 405
    assert reader.client.open("/account", method="TRACE", base_url=ORIGIN).status_code == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"X-User": "ada@example.org"},
        {"X-Auth-Request-Email": "ada@example.org"},
        {"Remote-User": "ada@example.org"},
        {"X-Entitled": "rust"},
        {"Authorization": "Bearer x"},
        {"X-Original-URL": "/account", "X-Rewrite-URL": "/account", "X-Forwarded-Uri": "/account"},
    ],
)
def test_h06_headers_of_proxies_make_nobody_a_reader(shop: Shop, headers: dict[str, str]) -> None:
    assert shop.browser().get(routes.READER, headers=headers).json == {"signed_in": False}
