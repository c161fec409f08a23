"""Coupons at the checkout, as a browser meets them, over both engines."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gatekeeper.accounts import readers
from gatekeeper.commerce import free, ledger, orders
from gatekeeper.commerce.coupons import uses
from gatekeeper.commerce.coupons.rules import CouponRefusedError
from gatekeeper.commerce.offers import Offer, find_offer, with_coupon
from gatekeeper.commerce.tables import CouponUseRow, EntryRow, OrderRow
from gatekeeper.contract.manifest import CouponEntry, ProductEntry
from gatekeeper.contract.products import Seats
from tests.support.shop import Browser, Shop, visible


@pytest.fixture(autouse=True)
def for_sale(shop: Shop) -> None:
    manifest = shop.library.manifest
    shop.library.manifest = replace(
        manifest,
        coupons={
            "SPRING": CouponEntry(percent=20),
            "ONE": CouponEntry(amounts={"USD": 500}, uses=1),
            "MINE": CouponEntry(percent=50, per_reader=1),
            "GIFT": CouponEntry(percent=100, per_reader=1, products=("rust", "all")),
            "OVER": CouponEntry(percent=20, expires=shop.clock()),
        },
        products={
            **manifest.products,
            "team": ProductEntry(
                kind="team",
                title={"en": "Rust for teams"},
                grants=("rust",),
                prices={"USD": 1000, "JPY": 980},
                seats=Seats(least=3, most=20),
            ),
        },
    )


@pytest.fixture
def reader(shop: Shop) -> Browser:
    signed_in = shop.browser()
    signed_in.sign_in("ada@example.org")
    return signed_in


def order_with(browser: Browser, coupon: str, product: str = "rust", **more: str) -> str:
    """Orders with the coupon. Returns where that leads to."""
    path = f"/buy/{product}?coupon={coupon}"
    answer = browser.post(f"/buy/{product}", {"currency": "USD", "coupon": coupon, **more}, form=path)
    assert answer.status_code == 303, visible(answer)
    return answer.headers["Location"]


def amounts(shop: Shop) -> list[tuple[int, int, str | None]]:
    with shop.database.read() as connection:
        rows = connection.execute(
            select(OrderRow.amount_minor, OrderRow.discount_minor, OrderRow.coupon).order_by(
                OrderRow.created_at, OrderRow.number
            )
        )
        return [(row.amount_minor, row.discount_minor, row.coupon) for row in rows]


def test_w11_a_coupon_from_a_link_lowers_the_price_that_is_paid_and_the_receipt_says_so(
    shop: Shop, reader: Browser
) -> None:
    page = reader.get("/buy/rust?coupon=spring&currency=USD")
    assert all(fact in visible(page) for fact in ("Full price: $15", "Your price: $12", "takes $3 off"))
    checkout = order_with(reader, "spring", price="1", amount_minor="1")
    assert amounts(shop) == [(1500, 300, "SPRING")]
    assert "$12" in visible(reader.get(checkout))
    order = reader.post(checkout, {"step": "pay"}, form=checkout).headers["Location"]
    shown = reader.get(order)
    assert 'data-state="paid"' in shown.text
    assert "SPRING" in visible(shown)
    assert all(fact in visible(reader.get(f"{order}/receipt")) for fact in ("$15", "SPRING", "$12"))
    assert shop.owned("ada@example.org").ends == {"rust": None}
    with shop.database.read() as connection:
        paid = connection.execute(select(EntryRow.amount_minor).where(EntryRow.kind == "paid")).scalar_one()
    assert paid == 1200


@pytest.mark.parametrize(
    ("coupon", "currency", "said"),
    [
        ("AUTUMN", "USD", "no such coupon"),
        ("OVER", "USD", "expired"),
        ("ONE", "CNY", "does not count in this currency"),
        ("%00", "USD", "no such coupon"),
    ],
)
def test_a_coupon_that_is_refused_says_why_and_orders_nothing(
    shop: Shop, reader: Browser, coupon: str, currency: str, said: str
) -> None:
    page = reader.get(f"/buy/rust?coupon={coupon}&currency={currency}")
    assert said in visible(page)
    answer = reader.post(
        f"/buy/rust?coupon={coupon}", {"currency": currency}, form=f"/buy/rust?currency={currency}"
    )
    assert (answer.status_code, amounts(shop)) == (422, [])


def test_a_coupon_for_another_product_is_refused(reader: Browser) -> None:
    assert "not for this product" in visible(reader.get("/buy/sql?coupon=GIFT"))


def test_a_coupon_that_takes_everything_off_unlocks_without_a_provider(shop: Shop, reader: Browser) -> None:
    assert "Unlock for free" in visible(reader.get("/buy/rust?coupon=GIFT"))
    order = order_with(reader, "GIFT")
    assert order.startswith("/orders/")
    assert 'data-state="paid"' in reader.get(order).text
    assert "Nothing to pay" in visible(reader.get(f"{order}/receipt"))
    assert shop.owned("ada@example.org").ends == {"rust": None}
    with shop.database.read() as connection:
        lines = connection.execute(
            select(EntryRow.kind, EntryRow.source, EntryRow.amount_minor).order_by(EntryRow.id)
        ).all()
    assert [tuple(line) for line in lines] == [("created", "lyceum", 0), ("paid", free.NAME, 0)]
    assert [mail.key.partition(":")[0] for mail in shop.mails()].count("receipt") == 1
    answer = reader.post("/buy/all", {"coupon": "GIFT"}, form="/buy/all")
    assert (answer.status_code, "used this coupon already" in visible(answer)) == (422, True)


def test_a_free_order_of_a_subscription_is_one_period_and_renews_nothing(shop: Shop, reader: Browser) -> None:
    order_with(reader, "GIFT", product="all")
    (end,) = shop.owned("ada@example.org").ends.values()
    assert end == int((shop.clock().replace(month=12)).timestamp())


def test_a_use_is_kept_while_it_can_be_paid_and_free_again_when_that_has_ended(
    shop: Shop, reader: Browser
) -> None:
    checkout = order_with(reader, "ONE")
    other = shop.browser()
    other.sign_in("bob@example.org")
    assert "being paid just now" in visible(other.get("/buy/rust?coupon=ONE"))
    assert order_with(reader, "ONE") == checkout, "the same reader is led back to the same order"
    shop.clock.advance(hours=4)
    theirs = order_with(other, "ONE")
    reader.post(checkout, {"step": "pay"}, form=checkout)
    assert shop.owned("ada@example.org").ends == {}, "a checkout that has ended takes no money"
    other.post(theirs, {"step": "pay"}, form=theirs)
    assert shop.owned("bob@example.org").ends == {"rust": None}
    assert "used up" in visible(reader.get("/buy/sql?coupon=ONE"))


def test_an_order_whose_coupon_has_gone_leads_back_to_the_offer(shop: Shop, reader: Browser) -> None:
    number = order_with(reader, "ONE").rpartition("/")[2]
    with shop.database.read() as connection:
        order = connection.execute(select(OrderRow.number)).scalar_one()
    assert number
    shop.clock.advance(hours=4)
    answer = reader.get(f"/pay/{order}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/buy/rust?coupon=ONE")


def test_a_refund_does_not_give_the_use_back(shop: Shop, reader: Browser) -> None:
    checkout = order_with(reader, "ONE")
    order = reader.post(checkout, {"step": "pay"}, form=checkout).headers["Location"]
    reader.post(f"/sandbox/refund/{order.rpartition('/')[2]}", {}, form=order)
    shop.clock.advance(days=2)
    assert "used up" in visible(reader.get("/buy/rust?coupon=ONE"))


def test_a_payment_under_way_keeps_the_use_and_a_failed_one_does_not(shop: Shop, reader: Browser) -> None:
    checkout = order_with(reader, "MINE")
    reader.post(checkout, {"step": "decline"}, form=checkout)
    shop.clock.advance(hours=4)
    checkout = order_with(reader, "MINE")
    with shop.database.write() as connection:
        number = connection.execute(
            select(OrderRow.number).order_by(OrderRow.created_at.desc()).limit(1)
        ).scalar_one()
        order = orders.find(connection, number)
        assert order is not None
        ledger.append(
            connection,
            kind=ledger.Kind.PENDING,
            reader=order.reader,
            product=order.product,
            order=number,
            source="sandbox",
            event="slow",
            at=shop.clock(),
            now=shop.clock(),
        )
    shop.clock.advance(days=3)
    assert "used this coupon already" in visible(reader.get("/buy/sql?coupon=MINE"))


def test_a_team_pays_for_its_seats_and_the_coupon_counts_for_all_of_them(shop: Shop, reader: Browser) -> None:
    for asked, seats in [("5", 5), ("1", 3), ("900", 20), ("x", 3), ("9" * 5000, 3)]:
        page = visible(reader.get(f"/buy/team?seats={asked}&currency=USD"))
        assert f"{seats} seats at $10 each" in page
    assert "JP¥4,900" in visible(reader.get("/buy/team?seats=5&currency=JPY"))
    order_with(reader, "SPRING", product="team", seats="5")
    assert amounts(shop) == [(5000, 1000, "SPRING")]
    with shop.database.read() as connection:
        kinds = connection.execute(select(EntryRow.kind).order_by(EntryRow.id)).scalars().all()
        assert connection.execute(select(OrderRow.seats)).scalar_one() == 5
    assert kinds[:2] == ["created", "teamed"]


def test_tries_are_limited(reader: Browser) -> None:
    for number in range(60):
        reader.get(f"/buy/rust?coupon=TRY-{number}")
    page = visible(reader.get("/buy/rust?coupon=SPRING"))
    assert "Too many tries" in page
    assert "$12" not in page


def test_w20_fifty_orders_at_once_with_a_coupon_for_one_use_make_one_paid_order(shop: Shop) -> None:
    manifest, now = shop.library.manifest, shop.clock()
    plain = find_offer(manifest, "rust", language="en", currency="USD")
    assert plain is not None
    offer: Offer = with_coupon(plain, manifest, "ONE", now=now)
    with shop.database.write() as connection:
        buyers = [
            readers.find_or_create(connection, f"r{number}@example.org", language="en", now=now).id
            for number in range(50)
        ]
    made: list[str] = []
    refused: list[str] = []
    ready = threading.Barrier(10)

    def buy(some: list[str]) -> None:
        ready.wait()
        for buyer in some:
            try:
                with shop.database.write() as connection:
                    order = orders.create(
                        connection,
                        offer,
                        reader=buyer,
                        lesson=None,
                        language="en",
                        provider="sandbox",
                        now=now,
                    )
                made.append(order.number)
            except CouponRefusedError as error:
                refused.append(error.refusal.value)

    threads = [threading.Thread(target=buy, args=(buyers[start::10],)) for start in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), refused) == (1, ["held"] * 49)
    with shop.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(CouponUseRow)).scalar_one() == 1
        assert connection.execute(select(func.count()).select_from(OrderRow)).scalar_one() == 1
        assert uses.is_held(connection, made[0], now=now)
        assert not uses.is_held(connection, made[0], now=now + timedelta(hours=4))
