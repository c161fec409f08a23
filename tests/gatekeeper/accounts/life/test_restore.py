"""A purchase is found again by order number and address, by its owner alone, and nobody else learns anything."""

from __future__ import annotations

import re

from sqlalchemy import event

from tests.gatekeeper.accounts.life.steps import change_address, code_to, enter, newest, reader_of, signed_in
from tests.gatekeeper.accounts.life.test_guests import buy_as_guest
from tests.support.shop import Browser, Shop, visible

ADA, NEW = "ada@example.org", "ada@new.example"
CODE = "/restore/code"


def bought(shop: Shop, email: str = ADA) -> tuple[Browser, str]:
    """A reader, and the number of their order."""
    browser = signed_in(shop, email)
    return browser, browser.buy("rust").rpartition("/")[2]


def ask(browser: Browser, number: str, email: str) -> int:
    return browser.post("/restore", {"number": number, "email": email}, form="/restore").status_code


def test_number_and_address_lead_to_the_purchase(shop: Shop) -> None:
    _, number = bought(shop)
    device = shop.browser()
    assert ask(device, number.lower(), ADA) == 303
    answer = enter(device, CODE, code_to(shop, ADA))
    assert answer.headers["Location"] == f"/orders/{number}"
    assert set(device.get("/api/reader").get_json()["products"]) == {"rust"}


def test_after_a_change_the_new_address_leads_there_and_the_old_one_only_gets_word(shop: Shop) -> None:
    ada, number = bought(shop)
    change_address(ada, NEW)
    device = shop.browser()
    ask(device, number, NEW)
    assert enter(device, CODE, code_to(shop, NEW)).headers["Location"] == f"/orders/{number}"
    stranger = shop.browser()
    ask(stranger, number, ADA)
    answer = enter(stranger, CODE, code_to(shop, ADA))
    assert answer.status_code == 422
    assert "another address now" in visible(answer)
    assert NEW not in answer.text
    assert stranger.cookie("session") is None
    assert number in newest(shop, NEW, "restore-moved:").letter.text


def test_a_guests_purchase_is_claimed_by_it(shop: Shop) -> None:
    number = buy_as_guest(shop.browser(), ADA).rpartition("/")[2]
    device = shop.browser()
    ask(device, number, ADA)
    enter(device, CODE, code_to(shop, ADA))
    assert set(shop.owned(ADA).active) == {"rust"}


def test_the_address_of_a_joined_account_leads_there(shop: Shop) -> None:
    from gatekeeper.accounts.life import merge

    _, number = bought(shop, "bea@example.org")
    signed_in(shop, ADA)
    with shop.database.write() as connection:
        merge.merge(
            connection,
            survivor=reader_of(shop, ADA),
            other=reader_of(shop, "bea@example.org"),
            now=shop.clock(),
        )
    device = shop.browser()
    ask(device, number, "bea@example.org")
    assert enter(device, CODE, code_to(shop, "bea@example.org")).headers["Location"] == f"/orders/{number}"


def test_a02_whose_order_it_is_and_whether_it_exists_is_told_by_nothing(shop: Shop) -> None:
    _, number = bought(shop)
    signed_in(shop, "other@example.org")
    answers, work = [], []
    for at, (typed, email) in enumerate(
        ((number, "known@example.org"), ("L-20200101-AAAAAA", "known@example.org"), (number, ADA))
    ):
        device = shop.browser(address=f"192.0.2.{at + 30}")
        statements: list[str] = []
        listen = lambda *arguments, seen=statements: seen.append(arguments[2])  # noqa: E731
        device.get("/restore")
        event.listen(shop.database.engine, "before_cursor_execute", listen)
        answer = device.post("/restore", {"number": typed, "email": email})
        event.remove(shop.database.engine, "before_cursor_execute", listen)
        answers.append((answer.status_code, answer.text))
        work.append(statements)
    assert answers[0] == answers[1] == answers[2]
    assert work[0] == work[1] == work[2]


def test_a02_proving_an_address_tells_nothing_of_other_peoples_orders(shop: Shop) -> None:
    _, number = bought(shop)
    pages = []
    for at, typed in enumerate((number, "L-20200101-AAAAAA")):
        device = shop.browser(address=f"192.0.2.{at + 40}")
        ask(device, typed, "eve@example.net")
        answer = enter(device, CODE, code_to(shop, "eve@example.net"))
        assert answer.status_code == 422
        assert device.cookie("session") is None
        pages.append(re.sub(r"[0-9a-f]{64}", "", answer.text.replace(typed, "")))
    assert pages[0] == pages[1]


def test_w19_the_number_alone_is_no_key(shop: Shop) -> None:
    _, number = bought(shop)
    device = shop.browser()
    ask(device, number, ADA)
    code = code_to(shop, ADA)
    assert enter(device, CODE, f"{(int(code) + 1) % 10**6:06d}").status_code == 422
    assert shop.browser().get(CODE).headers["Location"] == "/restore"


def test_a13_asking_is_limited(shop: Shop) -> None:
    device = shop.browser()
    answers = [ask(device, "L-20200101-AAAAAA", "victim@example.net") for _ in range(6)]
    assert answers == [303] * 5 + [429]


def test_x12_odd_text_is_an_error_of_the_form(shop: Shop) -> None:
    device = shop.browser()
    for number, email in (("", ADA), ("L-\x00", ADA), ("L-20200101-AAAAAA", "no address")):
        assert ask(device, number, email) == 422
