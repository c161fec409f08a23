"""The account page: where one is signed in, ending it, all orders."""

from __future__ import annotations

from tests.gatekeeper.accounts.life.steps import signed_in
from tests.support.shop import Shop, visible

ADA = "ada@example.org"


def test_all_other_sessions_can_be_ended_and_this_one_stays(shop: Shop) -> None:
    phone, tablet, desk = (signed_in(shop, ADA) for _ in range(3))
    assert "Sign out all others" in visible(desk.get("/account"))
    desk.post("/account/sessions/end-others", {}, form="/account")
    assert [browser.get("/account").status_code for browser in (phone, tablet, desk)] == [303, 303, 200]
    assert "Sign out all others" not in visible(desk.get("/account"))


def test_ending_others_needs_somebody_who_is_signed_in(shop: Shop) -> None:
    assert shop.browser().post("/account/sessions/end-others", {}, form="/sign-in").status_code == 403


def test_the_account_page_shows_five_orders_and_leads_to_all(shop: Shop) -> None:
    ada = signed_in(shop, ADA)
    for _ in range(3):
        ada.buy("all")
        shop.clock.advance(hours=1)
    assert "All orders" not in visible(ada.get("/account"))
    for _ in range(3):
        ada.buy("all")
        shop.clock.advance(hours=1)
    page = visible(ada.get("/account"))
    assert "All orders" in page
    assert page.count("Receipt") == 5
    assert visible(ada.get("/orders")).count("Receipt") == 6
    assert shop.browser().get("/orders").status_code == 303
    assert "No orders yet" in visible(signed_in(shop, "bea@example.org").get("/orders"))
