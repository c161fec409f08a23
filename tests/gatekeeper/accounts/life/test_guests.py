"""W19: who buys without an account has bought for the address, and only proving it opens what was bought."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from gatekeeper.accounts.life.tables import GuestRow
from gatekeeper.commerce.tables import EntryRow
from tests.gatekeeper.accounts.life.steps import newest, reader_of, signed_in
from tests.support.shop import Browser, Shop, visible

ADA = "ada@example.org"


def order_as_guest(browser: Browser, email: str, product: str = "rust") -> str:
    """Orders without an account. Returns the checkout's path."""
    path = f"/guest/{product}?lesson=rust/traits"
    answer = browser.post(path, {"email": email, "currency": "USD"}, form=path)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def buy_as_guest(browser: Browser, email: str, product: str = "rust") -> str:
    """Returns the order's path."""
    checkout = order_as_guest(browser, email, product)
    answer = browser.post(checkout, {"step": "pay"}, form=checkout)
    assert answer.status_code == 303
    return answer.headers["Location"]


def test_w19_paying_opens_nothing_until_the_address_is_proven(shop: Shop) -> None:
    guest = shop.browser()
    path = buy_as_guest(guest, ADA)
    page = guest.get(path)
    assert "One step to go" in visible(page)
    assert guest.get("/api/reader").get_json() == {"signed_in": False}
    assert guest.cookie("entitlement") is None
    answer = guest.post("/sign-in", {"email": ADA, "next": path}, form=path)
    assert answer.status_code == 303
    answer = guest.post("/sign-in/code", {"code": shop.code_for(ADA)}, form="/sign-in/code")
    assert answer.headers["Location"] == path
    assert "it is unlocked" in visible(guest.get(path))
    assert set(guest.get("/api/reader").get_json()["products"]) == {"rust"}


def test_w19_it_can_be_proven_on_another_device_and_later(shop: Shop) -> None:
    buy_as_guest(shop.browser(), ADA)
    shop.clock.advance(days=30)
    phone = signed_in(shop, ADA)
    assert "Rust course" in visible(phone.get("/account"))
    with shop.database.read() as connection:
        assert connection.execute(select(GuestRow.reader)).all() == []


def test_w19_another_persons_address_gives_the_buyer_nothing(shop: Shop) -> None:
    buyer = shop.browser()
    path = buy_as_guest(buyer, "victim@example.net")
    buyer.sign_in("buyer@example.org")
    assert buyer.get(path).status_code == 404
    assert shop.owned("buyer@example.org").holdings == {}
    assert newest(shop, "victim@example.net", "receipt:")


def test_w19_another_browser_sees_nothing_of_the_order(shop: Shop) -> None:
    guest, stranger = shop.browser(), shop.browser()
    path = buy_as_guest(guest, ADA)
    order_as_guest(stranger, "other@example.org")
    for browser in (stranger, shop.browser()):
        assert "/sign-in" in browser.get(path).headers["Location"]
        assert browser.get(f"{path}/state").status_code == 404
        assert "/sign-in" in browser.get(path.replace("/orders/", "/pay/")).headers["Location"]
    assert guest.get(f"{path}/state").get_json() == {"state": "paid"}


def test_a_refund_of_a_claimed_purchase_ends_the_access_and_is_told_to_the_owner(shop: Shop) -> None:
    guest = shop.browser()
    path = buy_as_guest(guest, ADA)
    ada = signed_in(shop, ADA)
    answer = ada.post(path.replace("/orders/", "/sandbox/refund/"), {}, form=path)
    assert answer.status_code == 303
    assert shop.owned(ADA).active == {}
    assert newest(shop, ADA, "refund:")


def test_claiming_changes_no_line_of_the_ledger(shop: Shop) -> None:
    buy_as_guest(shop.browser(), ADA)
    with shop.database.read() as connection:
        before = connection.execute(select(EntryRow.__table__)).all()
    signed_in(shop, ADA)
    with shop.database.read() as connection:
        assert connection.execute(select(EntryRow.__table__)).all() == before


def test_what_comes_for_somebody_who_is_signed_in_waits_for_a_click(shop: Shop) -> None:
    ada = signed_in(shop, ADA)
    buy_as_guest(shop.browser(), ADA)
    assert shop.owned(ADA).active == {}
    assert "Add it to my account" in visible(ada.get("/account"))
    ada.post("/account/claim", {}, form="/account")
    assert set(shop.owned(ADA).active) == {"rust"}
    assert "Add it to my account" not in visible(ada.get("/account"))


def test_a02_the_page_says_the_same_for_known_and_unknown_addresses(shop: Shop) -> None:
    signed_in(shop, ADA)
    shown = []
    for email in (ADA, "nob@example.org"):
        guest = shop.browser()
        page = guest.get(buy_as_guest(guest, email)).text
        page = re.sub(r"L-[0-9]{8}-[0-9A-Z]{6}|[0-9a-f]{64}", "", page)
        shown.append(page.replace(email, ""))
    assert shown[0] == shown[1]


def test_a13_one_address_does_not_get_any_number_of_orders(shop: Shop) -> None:
    codes = []
    for at in range(11):
        guest = shop.browser(address=f"192.0.2.{at + 20}")
        path = "/guest/rust"
        codes.append(guest.post(path, {"email": ADA}, form=path).status_code)
    assert codes == [303] * 10 + [429]


@pytest.mark.parametrize("typed", ["", "no address", "a\x00b@example.org", "a" * 300 + "@example.org"])
def test_x12_what_is_no_address_is_an_error_of_the_form(shop: Shop, typed: str) -> None:
    guest = shop.browser()
    answer = guest.post("/guest/rust", {"email": typed}, form="/guest/rust")
    assert answer.status_code == 422
    assert "does not look like" in visible(answer)


def test_w11_the_price_is_the_servers(shop: Shop) -> None:
    guest = shop.browser()
    checkout = order_as_guest(guest, ADA)
    assert "$15 " in visible(guest.get(checkout))


def test_the_way_leads_from_buying_to_the_guests_page_and_back(shop: Shop) -> None:
    guest = shop.browser()
    sign_in = guest.get("/buy/rust?lesson=rust/traits").headers["Location"]
    page = guest.get(sign_in)
    assert 'href="/guest/rust?lesson=rust/traits"' in page.text
    assert 'href="/buy/rust?lesson=rust%2Ftraits"' in guest.get("/guest/rust?lesson=rust/traits").text
    assert guest.get("/guest/nothing").status_code == 404


def test_who_is_signed_in_buys_with_their_account(shop: Shop) -> None:
    ada = signed_in(shop, ADA)
    assert ada.get("/guest/rust").headers["Location"] == "/buy/rust"


@pytest.fixture
def coming_back(shop: Shop) -> Browser:
    guest = shop.browser()
    checkout = order_as_guest(guest, ADA)
    guest.post(checkout, {"step": "late"}, form=checkout)
    return guest


def test_w19_coming_back_before_the_message_shows_that_it_is_waited_for(
    shop: Shop, coming_back: Browser
) -> None:
    with shop.database.read() as connection:
        (number,) = connection.execute(select(EntryRow.order_number).distinct()).scalars()
    page = visible(coming_back.get(f"/orders/{number}?returned=1"))
    assert "unlocking" in page
    shop.clock.advance(minutes=1)
    shop.run_jobs()
    assert "One step to go" in visible(coming_back.get(f"/orders/{number}"))
    signed_in(shop, ADA)
    assert reader_of(shop, ADA)
    assert set(shop.owned(ADA).active) == {"rust"}


def test_figures_count_people_not_ids(shop: Shop) -> None:
    from gatekeeper.accounts.life import merge
    from gatekeeper.commerce.figures import owners

    buy_as_guest(shop.browser(), "nobody@example.net", "sql")
    buy_as_guest(shop.browser(), ADA)
    signed_in(shop, ADA)
    signed_in(shop, "bea@example.org").buy("sql")
    with shop.database.write() as connection:
        merge.merge(
            connection,
            survivor=reader_of(shop, ADA),
            other=reader_of(shop, "bea@example.org"),
            now=shop.clock(),
        )
    with shop.database.read() as connection:
        counted = {products: count for products, count in owners(connection, shop.clock()).items() if count}
    assert counted == {frozenset({"rust", "sql"}): 1}
