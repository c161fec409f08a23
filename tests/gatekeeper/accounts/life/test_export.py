"""Everything that is kept about a reader, in a zip: for programs and to read, and nobody else's."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from werkzeug.test import TestResponse

from gatekeeper.accounts.life import kept
from gatekeeper.web.texts import LANGUAGES
from tests.gatekeeper.accounts.life.steps import change_address, signed_in
from tests.support.shop import Browser, Shop

ADA = "ada@example.org"


def exported(ada: Browser, language: str = "en") -> tuple[dict[str, Any], str]:
    answer: TestResponse = ada.post("/account/export", {}, form=f"/account?lang={language}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="account-2026-11-22.zip"'
    assert "no-store" in answer.headers["Cache-Control"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert sorted(archive.namelist()) == ["account.json", "index.html"]
        return json.loads(archive.read("account.json")), archive.read("index.html").decode()


def test_it_holds_account_orders_ledger_and_sessions_and_the_page_the_same(shop: Shop) -> None:
    ada = signed_in(shop, "old@example.org")
    ada.buy("rust")
    change_address(ada, ADA)
    data, page = exported(ada)
    assert [row["email"] for row in data["account"]] == [ADA]
    assert [row["old_email"] for row in data["address_changes"]] == ["old@example.org"]
    (order,) = data["orders"]
    assert (order["product"], order["amount_minor"], order["currency"]) == ("rust", 1500, "USD")
    assert {line["kind"] for line in data["ledger"]} == {"created", "paid"}
    assert len(data["sessions"]) >= 1
    for word in (ADA, "old@example.org", order["number"], "Sessions"):
        assert word in page


def test_nothing_of_another_reader_and_no_secret_is_in_it(shop: Shop) -> None:
    bea = signed_in(shop, "bea@example.org")
    bea.buy("sql")
    ada = signed_in(shop, ADA)
    ada.post("/account/address", {"email": "new@example.org"}, form="/account/address")
    data, page = exported(ada)
    whole = json.dumps(data) + page
    assert "bea@example.org" not in whole
    cookie = ada.cookie("session") or ""
    mark = shop.service.marker.mark("session", cookie)
    assert mark not in whole
    assert cookie not in whole


def test_what_was_joined_is_in_it(shop: Shop) -> None:
    from gatekeeper.accounts.life import merge
    from tests.gatekeeper.accounts.life.steps import reader_of

    signed_in(shop, "bea@example.org").buy("sql")
    ada = signed_in(shop, ADA)
    with shop.database.write() as connection:
        merge.merge(
            connection,
            survivor=reader_of(shop, ADA),
            other=reader_of(shop, "bea@example.org"),
            now=shop.clock(),
        )
    data, _ = exported(ada)
    assert [order["product"] for order in data["orders"]] == ["sql"]
    assert {row["email"] for row in data["account"]} == {ADA, "bea@example.org"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_has_a_heading(shop: Shop, language: str) -> None:
    for line in kept.lines():
        if line.part is not None:
            assert shop.service.texts.say(language, f"export.part_{line.part}")
    ada = signed_in(shop, ADA)
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in exported(ada, language)[1]


def test_strangers_get_nothing_and_readers_not_too_often(shop: Shop) -> None:
    assert shop.browser().post("/account/export", {}, form="/sign-in").status_code == 403
    ada = signed_in(shop, ADA)
    answers = [ada.post("/account/export", {}, form="/account").status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
