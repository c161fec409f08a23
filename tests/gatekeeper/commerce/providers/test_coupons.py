"""W11: a provider is asked for the price with the coupon, and the full price would be a mismatch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gatekeeper.contract.manifest import CouponEntry
from tests.gatekeeper.commerce.providers.till import Till, stripe_deliver
from tests.support.alipay_server import AlipayServer
from tests.support.shop import Browser
from tests.support.stripe_server import StripeServer
from tests.support.wechat_server import WechatServer

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def order_with_coupon(till: Till[Any]) -> tuple[Browser, str]:
    """A Chinese price of 99.00, a fifth off. Returns the reader and the order's number."""
    library = till.shop.library
    library.manifest = replace(library.manifest, coupons={"SPRING": CouponEntry(percent=20)})
    reader = till.reader()
    fields = {"currency": "CNY", "coupon": "SPRING", "provider": till.provider}
    answer = reader.post("/buy/rust", fields, form="/buy/rust?currency=CNY&coupon=SPRING")
    assert answer.status_code == 303, answer.text
    number = answer.headers["Location"].rpartition("/")[2]
    order = till.found(number)
    assert (order.price.amount_minor, order.full_price.amount_minor) == (7920, 9900)
    return reader, number


@pytest.mark.parametrize("is_exact", [True, False])
def test_w11_stripe_takes_the_price_with_the_coupon(stripe_till: Till[StripeServer], is_exact: bool) -> None:
    reader, number = order_with_coupon(stripe_till)
    session = stripe_till.address(reader, number).rpartition("/")[2]
    assert stripe_till.server.sessions[session]["amount_total"] == 7920
    if not is_exact:
        stripe_till.server.sessions[session]["amount_total"] = 9900
    stripe_deliver(stripe_till, *stripe_till.server.pay(session))
    assert stripe_till.state(reader, number) == ("paid" if is_exact else "created")
    assert ("mismatched" in stripe_till.kinds()) is not is_exact


@pytest.mark.parametrize("is_exact", [True, False])
def test_w11_wechat_takes_the_price_with_the_coupon(wechat_till: Till[WechatServer], is_exact: bool) -> None:
    reader, number = order_with_coupon(wechat_till)
    reader.get(f"/pay/{number}")
    amount = wechat_till.server.trades[number]["amount"]
    assert amount["total"] == 7920
    if not is_exact:
        amount["total"] = 9900
    wechat_till.deliver(*wechat_till.server.pay(number))
    assert wechat_till.state(reader, number) == ("paid" if is_exact else "created")


@pytest.mark.parametrize("is_exact", [True, False])
def test_w11_alipay_takes_the_price_with_the_coupon(alipay_till: Till[AlipayServer], is_exact: bool) -> None:
    reader, number = order_with_coupon(alipay_till)
    alipay_till.server.visit(alipay_till.address(reader, number))
    trade = alipay_till.server.trades[number]
    assert trade["total_amount"] == "79.20"
    if not is_exact:
        trade["total_amount"] = "99.00"
    alipay_till.deliver(alipay_till.server.pay(number), FORM)
    assert alipay_till.state(reader, number) == ("paid" if is_exact else "created")
