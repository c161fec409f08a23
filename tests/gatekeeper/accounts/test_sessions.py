"""Sessions by the clock, on the account page, and in the list."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from gatekeeper.accounts import sessions
from gatekeeper.accounts.sessions import browser_label
from gatekeeper.contract import routes
from tests.support.shop import Shop, visible

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"
HANDLE = re.compile(r'action="/account/sessions/([0-9a-f]{32})/end"')


def test_s10_a_session_ends_after_thirty_days_without_a_visit(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    shop.clock.advance(days=29, hours=23)
    assert reader.get("/account").status_code == 200
    shop.clock.advance(days=30)
    assert reader.get("/account").status_code == 303


def test_s10_a_session_ends_after_180_days_however_often_it_is_used(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    for _ in range(8):
        shop.clock.advance(days=22)
        assert reader.get("/account").status_code == 200
    shop.clock.advance(days=4)
    assert reader.get("/account").status_code == 303


def test_a_visit_is_written_down_at_most_every_ten_minutes(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")

    def seen() -> object:
        from sqlalchemy import select

        from gatekeeper.accounts.tables import SessionRow

        with shop.database.read() as connection:
            return connection.execute(select(SessionRow.seen_at)).scalar_one()

    first = seen()
    shop.clock.advance(minutes=9)
    reader.get(routes.READER)
    assert seen() == first
    shop.clock.advance(minutes=1)
    reader.get(routes.READER)
    assert seen() == shop.clock()


def test_the_account_lists_the_readers_browsers_and_ends_one(shop: Shop) -> None:
    desk, phone = shop.browser(agent=FIREFOX), shop.browser(agent="Mozilla/5.0 (iPhone) Safari/605")
    desk.sign_in("ada@example.org")
    phone.sign_in("ada@example.org")
    page = desk.get("/account")
    assert "Firefox, Linux" in visible(page)
    assert "Safari, iPhone" in visible(page)
    handles = HANDLE.findall(page.text)
    assert len(handles) == 2
    row = page.text[page.text.index("Safari, iPhone") :]
    handle = HANDLE.search(row)
    assert handle is not None
    desk.post(f"/account/sessions/{handle.group(1)}/end", {})
    assert phone.get("/account").status_code == 303
    assert desk.get("/account").status_code == 200


def test_signing_out_everywhere_ends_every_browser(shop: Shop) -> None:
    browsers = [shop.browser() for _ in range(3)]
    for reader in browsers:
        reader.sign_in("ada@example.org")
    other = shop.browser()
    other.sign_in("eve@example.org")
    browsers[0].post("/account/sessions/end-all", {}, form="/account")
    assert [reader.get("/account").status_code for reader in browsers] == [303] * 3
    assert other.get("/account").status_code == 200


def test_p18_nobody_ends_another_readers_session(shop: Shop) -> None:
    ada, eve = shop.browser(), shop.browser()
    ada.sign_in("ada@example.org")
    eve.sign_in("eve@example.org")
    handle = HANDLE.search(ada.get("/account").text)
    assert handle is not None
    answer = eve.post(f"/account/sessions/{handle.group(1)}/end", {}, form="/account")
    assert answer.status_code == 404
    assert ada.get("/account").status_code == 200


def test_the_page_shows_no_cookie_and_the_cookie_is_not_the_handle(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    page = reader.get("/account").text
    assert str(reader.cookie("session")) not in page


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        (FIREFOX, "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130 Safari/537 Edg/130", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) MicroMessenger/8.0", "WeChat, iPhone"),
        ("curl/8", ""),
        ("", ""),
        ("\0<script>", ""),
    ],
)
def test_a_browser_is_known_by_name_and_system_and_nothing_else(agent: str, label: str) -> None:
    assert browser_label(agent) == label


def test_ended_sessions_are_swept_only_when_they_cannot_matter(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    with shop.database.write() as connection:
        sessions.forget_ended(connection, now=shop.clock() + timedelta(days=20))
    assert reader.get("/account").status_code == 200
