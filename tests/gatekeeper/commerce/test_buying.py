"""Buying, as a browser does it."""

from __future__ import annotations

import itertools
import re

import pytest
from sqlalchemy import func, select

from gatekeeper.commerce import codes
from gatekeeper.commerce.sandbox.courier import deliver_due
from gatekeeper.commerce.sandbox.provider import Sandbox
from gatekeeper.commerce.tables import EntryRow, OrderRow
from gatekeeper.contract import routes
from gatekeeper.errors import SettingsError
from tests.support.shop import SITE, Browser, Shop, live_environ, open_shop, visible


@pytest.fixture
def reader(shop: Shop) -> Browser:
    signed_in = shop.browser()
    signed_in.sign_in("ada@example.org")
    return signed_in


def orders(shop: Shop) -> int:
    with shop.database.read() as connection:
        return connection.execute(select(func.count()).select_from(OrderRow)).scalar_one()


def test_a_purchase_unlocks_and_leads_back_to_the_lesson(shop: Shop, reader: Browser) -> None:
    order = reader.buy("rust", lesson="rust/traits")
    page = reader.get(order)
    assert 'data-state="paid"' in page.text
    assert f'href="{SITE}rust/traits/"' in page.text
    assert "unlocked" in visible(page)
    assert "refresh" not in page.text
    answer = reader.get(routes.READER).json
    assert answer is not None
    assert answer["products"] == {"rust": None}


def test_the_receipt_arrives_by_mail_and_can_be_printed(shop: Shop, reader: Browser) -> None:
    order = reader.buy("rust")
    (receipt,) = [mail for mail in shop.mails() if mail.key.partition(":")[0] == "receipt"]
    number = order.rpartition("/")[2]
    assert receipt.recipient == "ada@example.org"
    for part in (receipt.letter.text, receipt.letter.html):
        assert number in part
        assert "$15" in part
        assert f"https://gate.example.test/orders/{number}" in part
    page = visible(reader.get(f"{order}/receipt"))
    assert all(
        fact in page for fact in (number, "$15", "Rust course", "ada@example.org", "22 Nov 2026, 09:30 UTC")
    )
    assert re.fullmatch(r"L-20261122-[0-9A-HJKMNP-TV-Z]{6}", number)


def test_a_declined_payment_opens_nothing_and_can_be_tried_again(shop: Shop, reader: Browser) -> None:
    page = reader.get(reader.buy("rust", step="decline", lesson="rust/traits"))
    assert 'data-state="failed"' in page.text
    assert "/buy/rust?lesson=rust%2Ftraits" in page.text
    assert shop.owned("ada@example.org").ends == {}
    reader.buy("rust")
    assert shop.owned("ada@example.org").ends == {"rust": None}


def test_a_late_payment_is_pending_first_and_completes_by_itself(shop: Shop, reader: Browser) -> None:
    order = reader.buy("rust", step="late")
    page = reader.get(order)
    assert 'data-state="pending"' in page.text
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page.text
    assert reader.get(f"{order}/state").json == {"state": "pending"}
    shop.clock.advance(seconds=5)
    shop.run_jobs()
    assert reader.get(f"{order}/state").json == {"state": "pending"}
    shop.clock.advance(seconds=1)
    shop.run_jobs()
    assert reader.get(f"{order}/state").json == {"state": "paid"}
    assert shop.owned("ada@example.org").ends == {"rust": None}


def test_a_refund_ends_the_access_and_tells_the_reader(shop: Shop, reader: Browser) -> None:
    order = reader.buy("rust")
    reader.post(f"/sandbox/refund/{order.rpartition('/')[2]}", {}, form=order)
    assert 'data-state="refunded"' in reader.get(order).text
    assert shop.owned("ada@example.org").ends == {}
    assert [mail.key.partition(":")[0] for mail in shop.mails()][:1] == ["refund"]


def test_a_payment_that_is_told_twice_is_one(shop: Shop, reader: Browser) -> None:
    order = reader.buy("rust", step="twice")
    assert 'data-state="paid"' in reader.get(order).text
    with shop.database.read() as connection:
        kinds = connection.execute(select(EntryRow.kind).where(EntryRow.source == "sandbox")).scalars()
        assert sorted(kinds) == ["created", "paid"]
    assert [mail.key.partition(":")[0] for mail in shop.mails()].count("receipt") == 1


@pytest.mark.parametrize(("end", "is_open"), [("win", True), ("lose", False)])
def test_w23_a_dispute_pauses_the_access_until_it_is_decided(
    shop: Shop, reader: Browser, end: str, is_open: bool
) -> None:
    order = reader.buy("rust")
    path = f"/sandbox/dispute/{order.rpartition('/')[2]}"
    reader.post(path, {"step": "dispute"}, form=order)
    page = reader.get(order)
    assert 'data-state="disputed"' in page.text
    assert "disputed" in visible(page)
    assert "Paused" in visible(reader.get("/account"))
    assert shop.owned("ada@example.org").ends == {}
    reader.post(path, {"step": end}, form=order)
    assert bool(shop.owned("ada@example.org").ends) is is_open
    assert f'data-state="{"paid" if is_open else "refunded"}"' in reader.get(order).text
    reader.post(path, {"step": "dispute"}, form=order)  # once is enough
    assert bool(shop.owned("ada@example.org").ends) is is_open


@pytest.mark.parametrize("step", ["", "refund", "pay", "DISPUTE"])
def test_a_dispute_knows_three_steps(reader: Browser, step: str) -> None:
    order = reader.buy("rust")
    path = f"/sandbox/dispute/{order.rpartition('/')[2]}"
    assert reader.post(path, {"step": step}, form=order).status_code == 400


@pytest.mark.parametrize("provider", ["stripe", "wechat_pay", "", "nobody"])
def test_a_provider_that_is_not_set_up_cannot_be_chosen(shop: Shop, reader: Browser, provider: str) -> None:
    assert reader.post("/buy/rust", {"provider": provider}, form="/buy/rust").status_code == 503
    assert orders(shop) == 0


def test_two_clicks_on_pay_pay_once(shop: Shop, reader: Browser) -> None:
    checkout = reader.order("rust")
    page = reader.get(checkout)
    for _ in range(2):
        reader.last = page
        reader.post(checkout, {"step": "pay"})
    with shop.database.read() as connection:
        paid = connection.execute(select(func.count()).where(EntryRow.kind == "paid")).scalar_one()
    assert paid == 1


def test_two_clicks_on_buy_make_one_order(shop: Shop, reader: Browser) -> None:
    assert reader.order("rust") == reader.order("rust")
    assert orders(shop) == 1
    assert reader.order("rust", currency="CNY") != reader.order("rust")


def test_an_old_order_is_not_taken_up_again(shop: Shop, reader: Browser) -> None:
    reader.order("rust")
    shop.clock.advance(minutes=31)
    reader.order("rust")
    assert orders(shop) == 2


def test_w11_what_the_form_says_about_the_price_is_ignored(shop: Shop, reader: Browser) -> None:
    """A15: and about everything else, too."""
    fields = {
        "currency": "USD",
        "price": "1",
        "amount_minor": "1",
        "product": "sql",
        "reader": "x",
        "kind": "paid",
        "interval": "year",
    }
    reader.post("/buy/rust", fields, form="/buy/rust")
    with shop.database.read() as connection:
        row = connection.execute(
            select(OrderRow.product, OrderRow.amount_minor, OrderRow.currency, OrderRow.interval)
        ).one()
    assert tuple(row) == ("rust", 1500, "USD", None)


@pytest.mark.parametrize("currency", ["EUR", "usd", "", "\0", "XXX'"])
def test_w11_a_currency_without_a_price_falls_back_to_one_with(
    shop: Shop, reader: Browser, currency: str
) -> None:
    reader.post("/buy/rust", {"currency": currency}, form="/buy/rust")
    with shop.database.read() as connection:
        row = connection.execute(select(OrderRow.amount_minor, OrderRow.currency)).one()
    assert tuple(row) == (1500, "USD")


def test_a_price_that_changes_meanwhile_is_the_new_one_for_new_orders_only(
    shop: Shop, reader: Browser
) -> None:
    from dataclasses import replace

    checkout = reader.order("rust")
    manifest = shop.library.manifest
    dearer = replace(manifest.products["rust"], prices={"USD": 9900})
    shop.library.manifest = replace(manifest, products={**manifest.products, "rust": dearer})
    reader.post(checkout, {"step": "pay"}, form=checkout)
    assert shop.owned("ada@example.org").ends == {"rust": None}
    with shop.database.read() as connection:
        assert connection.execute(select(OrderRow.amount_minor)).scalar_one() == 1500


@pytest.mark.parametrize("product", ["old", "free", "none", "..", "%00", "rust%2F..", "RUST", "rust%20"])
def test_what_is_not_sold_has_no_page(reader: Browser, product: str) -> None:
    assert reader.get(f"/buy/{product}").status_code == 404


def test_buying_needs_a_reader_and_keeps_the_way_back(shop: Shop) -> None:
    stranger = shop.browser()
    answer = stranger.get("/buy/rust?lesson=rust/traits&currency=CNY")
    assert answer.status_code == 303
    back = "/buy/rust?lesson=rust/traits&currency=CNY"
    assert stranger.sign_in("ada@example.org", target=back).headers["Location"] == back
    assert orders(shop) == 0


def test_the_page_says_what_it_holds_and_what_it_costs(reader: Browser) -> None:
    page = visible(reader.get("/buy/both"))
    assert "$27" in page
    assert "Rust 2 paid lessons" in page
    assert "SQL 1 paid lesson" in page
    chinese = visible(reader.get("/buy/rust?lang=zh"))
    assert "\u00a599" in chinese
    assert "14 \u5929" in chinese


@pytest.mark.parametrize(("bought", "looked_at"), [("rust", "rust"), ("both", "rust"), ("both", "both")])
def test_what_is_owned_for_good_is_not_sold_again(
    shop: Shop, reader: Browser, bought: str, looked_at: str
) -> None:
    reader.buy(bought)
    page = reader.get(f"/buy/{looked_at}?lesson=rust/traits")
    assert "You own this already" in visible(page)
    assert f'href="{SITE}rust/traits/"' in page.text
    before = orders(shop)
    reader.last = reader.get("/redeem")
    reader.post(f"/buy/{looked_at}", {})
    assert orders(shop) == before


def test_a_running_subscription_can_be_extended_and_the_page_says_until_when(
    shop: Shop, reader: Browser
) -> None:
    reader.buy("all")
    assert "until 22 Dec 2026" in visible(reader.get("/buy/all"))
    reader.buy("all")
    assert shop.owned("ada@example.org").holdings["all"].until == shop.clock().replace(year=2027, month=1)


def test_a_subscriber_may_still_buy_a_course_for_good(shop: Shop, reader: Browser) -> None:
    reader.buy("all")
    reader.buy("rust")
    assert shop.owned("ada@example.org").ends["rust"] is None


def test_w19_the_return_page_without_a_webhook_opens_nothing(
    shop: Shop, reader: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gatekeeper.commerce.sandbox import routes as sandbox_routes

    monkeypatch.setattr(sandbox_routes, "deliver", lambda: None)
    page = reader.get(reader.buy("rust"))
    assert 'data-state="created"' in page.text
    assert shop.owned("ada@example.org").ends == {}


def test_w19_another_readers_order_does_not_exist(shop: Shop, reader: Browser) -> None:
    order = reader.buy("rust")
    eve = shop.browser()
    eve.sign_in("eve@example.org")
    for path in (order, f"{order}/state", f"{order}/receipt"):
        assert eve.get(path).status_code == 404
    assert eve.post(f"/sandbox/refund/{order.rpartition('/')[2]}", {}, form="/redeem").status_code == 404
    assert shop.owned("eve@example.org").holdings == {}
    assert shop.owned("ada@example.org").ends == {"rust": None}
    assert shop.browser().get(f"{order}/state").status_code == 404


def test_an_unpaid_order_has_no_receipt(reader: Browser) -> None:
    order = reader.buy("rust", step="decline")
    assert reader.get(f"{order}/receipt").status_code == 404


def test_the_account_shows_products_courses_and_orders(shop: Shop, reader: Browser) -> None:
    reader.order("sql")
    reader.buy("both")
    reader.buy("all", step="decline")
    page = reader.get("/account")
    text = visible(page)
    assert "Both courses Open Since 22 Nov 2026 \u00b7 yours for good" in text
    assert f'href="{SITE}rust/"' in page.text
    assert "All access" in text
    assert "Failed" in text
    assert "SQL course" not in text  # an order that was only begun is not listed


def test_a_product_that_left_the_school_stays_the_readers(shop: Shop, reader: Browser) -> None:
    from dataclasses import replace

    order = reader.buy("rust")
    shop.library.manifest = replace(shop.library.manifest, products={}, lessons={}, courses={})
    assert "rust" in visible(reader.get("/account"))
    assert reader.get(order).status_code == 200


def test_without_a_release_pages_say_so_instead_of_failing(shop: Shop, reader: Browser) -> None:
    shop.library.manifest = None
    assert reader.get("/buy/rust").status_code == 503
    assert reader.get("/account").status_code == 200
    assert reader.get("/sign-out").status_code == 200


def test_the_sandbox_refuses_to_exist_in_live_mode() -> None:
    with pytest.raises(SettingsError):
        Sandbox(b"k" * 32, is_live_mode=True)


def test_a_live_school_has_no_sandbox_page_no_webhook_and_no_order(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("live")
    with open_shop(folder, **live_environ(folder)) as shop:
        reader = shop.browser()
        reader.sign_in("ada@example.org")
        assert "not set up" in visible(reader.get("/buy/rust"))
        assert reader.post("/buy/rust", {}, form="/redeem").status_code == 503
        assert reader.get("/sandbox/pay/x").status_code == 404
        assert shop.app.test_client().post("/webhooks/sandbox", data=b"{}").status_code == 404
        assert orders(shop) == 0


def test_the_courier_repeats_until_the_message_is_taken(shop: Shop, reader: Browser) -> None:
    checkout = reader.order("rust")
    answers = [503, 500, 0, 200]
    tried: list[float] = []

    def deliver(raw: bytes, headers: object) -> int:
        tried.append(shop.clock().timestamp())
        return answers.pop(0)

    deliver_due(shop.database, shop.sandbox, lambda *_: 200, clock=shop.clock)  # `created` is out of the way
    with shop.database.write() as connection:
        from gatekeeper.commerce.sandbox.provider import Step, find_payment, take

        payment = find_payment(connection, checkout.rpartition("/")[2])
        assert payment is not None
        take(connection, payment, Step.PAY, now=shop.clock())
    for _ in range(40):
        deliver_due(shop.database, shop.sandbox, deliver, clock=shop.clock)
        shop.clock.advance(seconds=0.5)
    assert answers == []
    waits = [later - sooner for sooner, later in itertools.pairwise(tried)]
    assert waits == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("step", ["", "refund", "PAY", "steal"])
def test_the_checkout_knows_three_steps(reader: Browser, step: str) -> None:
    checkout = reader.order("rust")
    assert reader.post(checkout, {"step": step}, form=checkout).status_code == 400


def test_ordering_is_limited(shop: Shop, reader: Browser) -> None:
    page = reader.get("/buy/rust")
    statuses = []
    for _ in range(42):
        reader.last = page
        statuses.append(reader.post("/buy/rust", {}).status_code)
    assert statuses == [303] * 40 + [429] * 2


def test_r8_no_order_and_no_line_of_the_ledger_is_ever_changed_or_removed(
    shop: Shop, reader: Browser
) -> None:
    """Every statement of every way of buying, refunding, redeeming, sweeping is looked at."""
    from sqlalchemy import event

    said: list[str] = []
    event.listen(
        shop.database.engine, "before_cursor_execute", lambda _c, _u, statement, *_: said.append(statement)
    )
    order = reader.buy("rust", step="late")
    shop.clock.advance(seconds=10)
    shop.run_jobs()
    reader.post(f"/sandbox/refund/{order.rpartition('/')[2]}", {}, form=order)
    reader.buy("sql", step="decline")
    with shop.database.write() as connection:
        (code,) = codes.create(
            connection, shop.service.marker, product="sql", interval=None, count=1, now=shop.clock()
        ).codes
    reader.post("/redeem", {"code": code.code}, form="/redeem")
    shop.clock.advance(days=400)
    shop.run_jobs()
    assert any("INSERT INTO ledger" in statement for statement in said)
    changed = [
        one
        for one in said
        if re.match(r"\s*(UPDATE|DELETE FROM) (ledger|orders)\b", one) or "DO UPDATE" in one
    ]
    assert [one for one in changed if "limits" not in one] == []
