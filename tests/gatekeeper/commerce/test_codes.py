"""Redemption codes."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from gatekeeper.accounts import readers
from gatekeeper.commerce import codes, ledger
from gatekeeper.commerce.codes import Redemption
from gatekeeper.commerce.tables import EntryRow
from tests.support.shop import Shop, visible


def make(shop: Shop, product: str = "rust", count: int = 1, **more: object) -> list[str]:
    with shop.database.write() as connection:
        batch = codes.create(
            connection,
            shop.service.marker,
            product=product,
            interval="month" if product == "all" else None,
            count=count,
            now=shop.clock(),
            **more,  # type: ignore[arg-type]
        )
    return [one.code for one in batch.codes]


def test_w20_fifty_parallel_redemptions_of_one_code_succeed_once(any_shop: Shop) -> None:
    (code,) = make(any_shop)
    with any_shop.database.write() as connection:
        people = [
            readers.find_or_create(connection, f"r{n}@example.org", language="en", now=any_shop.clock()).id
            for n in range(50)
        ]
    outcomes: list[Redemption] = []

    def one(reader: str) -> None:
        with any_shop.database.write() as connection:
            outcomes.append(
                codes.redeem(connection, any_shop.service.marker, code, reader=reader, now=any_shop.clock())
            )

    threads = [threading.Thread(target=one, args=(reader,)) for reader in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [Redemption.DONE] + [Redemption.USED] * 49
    with any_shop.database.read() as connection:
        assert len(connection.execute(select(EntryRow.id)).all()) == 1


def test_w20_who_loses_the_race_at_the_ledger_is_told_that_the_code_is_used(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = make(shop)
    monkeypatch.setattr(ledger, "append", lambda *_, **__: False)  # somebody else was first, a moment ago
    with shop.database.write() as connection:
        reader = readers.find_or_create(connection, "ada@example.org", language="en", now=shop.clock())
        outcome = codes.redeem(connection, shop.service.marker, code, reader=reader.id, now=shop.clock())
    assert outcome is Redemption.USED


def test_a_code_opens_its_product_at_once(shop: Shop) -> None:
    (code,) = make(shop)
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    answer = reader.post("/redeem", {"code": code}, form="/redeem?lesson=rust/traits")
    assert answer.status_code == 200
    assert "Rust course is yours now" in visible(answer)
    assert shop.owned("ada@example.org").ends == {"rust": None}


@pytest.mark.parametrize("form", ["{0}", " {0} ", "{0:lower}", "{0:plain}", "{0:letters}"])
def test_a_code_may_be_typed_carelessly(shop: Shop, form: str) -> None:
    (code,) = make(shop)
    typed = {
        "{0:lower}": code.lower(),
        "{0:plain}": code.replace("-", ""),
        "{0:letters}": code.replace("0", "O").replace("1", "l"),
    }.get(form, form.format(code) if ":" not in form else "")
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    assert reader.post("/redeem", {"code": typed}, form="/redeem").status_code == 200


def test_codes_have_sixty_random_bits_and_no_mistakable_signs(shop: Shop) -> None:
    made = make(shop, count=500)
    assert len(set(made)) == 500
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}", code) for code in made)


def test_the_database_holds_no_code(shop: Shop) -> None:
    (code,) = make(shop)
    with shop.database.read() as connection:
        dump = str(connection.execute(text("SELECT * FROM codes")).all())
    assert code not in dump
    assert code.replace("-", "") not in dump


@pytest.mark.parametrize("typed", ["", "ABCD-EFGH-JKMN", "x" * 41, "\0", "\u202e", "' OR 1=1 --"])
def test_what_is_no_code_is_said_beside_the_field(shop: Shop, typed: str) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    answer = reader.post("/redeem", {"code": typed}, form="/redeem")
    assert answer.status_code == 422
    assert "We do not know this code" in visible(answer)


def test_a_used_code_an_expired_one_and_ones_own_are_told_apart(shop: Shop) -> None:
    (used,) = make(shop)
    (old,) = make(shop, "sql", expires_at=shop.clock() + timedelta(days=1))
    ada, eve = shop.browser(), shop.browser(address="192.0.2.9")
    ada.sign_in("ada@example.org")
    eve.sign_in("eve@example.org")
    ada.post("/redeem", {"code": used}, form="/redeem")
    assert "redeemed already" in visible(eve.post("/redeem", {"code": used}, form="/redeem"))
    assert "Yours already" in visible(ada.post("/redeem", {"code": used}, form="/redeem"))
    shop.clock.advance(days=1)
    assert "has expired" in visible(ada.post("/redeem", {"code": old}, form="/redeem"))
    assert shop.owned("ada@example.org").ends == {"rust": None}


def test_a_code_for_what_is_owned_for_good_is_not_used_up(shop: Shop) -> None:
    first, second = make(shop, count=2)
    ada, eve = shop.browser(), shop.browser(address="192.0.2.9")
    ada.sign_in("ada@example.org")
    eve.sign_in("eve@example.org")
    ada.post("/redeem", {"code": first}, form="/redeem")
    ada.post("/redeem", {"code": second}, form="/redeem")
    assert eve.post("/redeem", {"code": second}, form="/redeem").status_code == 200


def test_a_code_for_a_subscription_adds_a_month(shop: Shop) -> None:
    (code,) = make(shop, "all")
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    reader.buy("all")
    reader.post("/redeem", {"code": code}, form="/redeem")
    assert shop.owned("ada@example.org").holdings["all"].until == shop.clock().replace(year=2027, month=1)


def test_guessing_codes_is_limited(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    statuses = [reader.post("/redeem", {"code": f"{n:012d}"}, form="/redeem").status_code for n in range(22)]
    assert statuses == [422] * 20 + [429] * 2
    assert reader.last is not None
    assert int(reader.last.headers["Retry-After"]) > 0


def test_redeeming_needs_a_reader_and_leads_back_with_the_code(shop: Shop) -> None:
    answer = shop.browser().get("/redeem?code=ABCD-EFGH-JKMN")
    assert answer.status_code == 303
    assert "ABCD-EFGH-JKMN" in answer.headers["Location"]
    reader = shop.browser()
    reader.sign_in("ada@example.org", target="/redeem?code=ABCD-EFGH-JKMN")
    assert 'value="ABCD-EFGH-JKMN"' in reader.get("/redeem?code=ABCD-EFGH-JKMN").text
