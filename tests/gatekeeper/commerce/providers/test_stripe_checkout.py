"""Buying through Stripe's own library, from the button to the unlocked page."""

from __future__ import annotations

from typing import Any

import pytest

from gatekeeper.commerce.payments import ProviderRefusedError
from tests.gatekeeper.commerce.providers.till import READER, Till, stripe_deliver, stripe_session
from tests.support.shop import ORIGIN, visible
from tests.support.stripe_server import StripeServer

StripeTill = Till[StripeServer]


def test_a_purchase_unlocks_when_stripe_says_so(stripe_till: StripeTill) -> None:
    till, reader = stripe_till, stripe_till.reader()
    number = till.order(reader, currency="USD")
    session = stripe_session(till, reader, number)
    opened = till.server.sessions[session]
    assert opened["amount_total"] == 1500
    assert opened["currency"] == "usd"
    assert opened["customer_email"] == READER
    assert opened["success_url"] == f"{ORIGIN}/orders/{number}?returned=1"
    assert till.state(reader, number) == "created"
    assert stripe_deliver(till, *till.server.pay(session)) == [200, 200]
    assert till.state(reader, number) == "paid"
    assert till.owned.ends == {"rust": None}
    assert till.kinds() == ["created", "paid"]
    assert till.mails() == ["receipt"]
    assert reader.get(f"/pay/{number}").headers["Location"] == f"/orders/{number}"


def test_w19_coming_back_without_a_webhook_grants_nothing_and_says_so(stripe_till: StripeTill) -> None:
    reader, other = stripe_till.reader(), stripe_till.reader("bob@example.org")
    number = stripe_till.order(reader, currency="USD")
    session = stripe_session(stripe_till, reader, number)
    page = reader.get(f"/orders/{number}?returned=1&session_id={session}&payment_status=paid")
    assert "Paid, unlocking" in visible(page)
    assert 'data-state="created"' in page.text
    assert stripe_till.owned.ends == {}
    for path in ("/orders/{}?returned=1", "/orders/{}/state", "/pay/{}", "/orders/{}/receipt"):
        assert other.get(path.format(number)).status_code == 404


def test_reloading_the_payment_page_opens_one_checkout(stripe_till: StripeTill) -> None:
    reader = stripe_till.reader()
    number = stripe_till.order(reader, currency="USD")
    first = stripe_till.address(reader, number)
    assert stripe_till.address(reader, number) == first
    assert stripe_till.server.calls.count("POST /v1/checkout/sessions") == 1
    stripe_till.shop.clock.advance(hours=3)  # it has run out
    assert stripe_till.address(reader, number) != first


def test_a_crash_between_stripe_and_us_opens_no_second_checkout(
    stripe_till: StripeTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gatekeeper.commerce import checkouts

    reader = stripe_till.reader()
    number = stripe_till.order(reader, currency="USD")
    with monkeypatch.context() as patch:
        patch.setattr(checkouts, "keep", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("killed")))
        assert reader.get(f"/pay/{number}").status_code == 500
    stripe_till.address(reader, number)
    assert len(stripe_till.server.sessions) == 1


@pytest.mark.parametrize(
    "altered",
    [
        {"livemode": True},
        {"amount_total": 1},
        {"currency": "cny"},
        {"client_reference_id": "L-20261122-AAAAAA"},
        {"url": None},
    ],
)
def test_w11_a_checkout_that_is_not_the_orders_is_not_handed_out(
    stripe_till: StripeTill, altered: dict[str, Any]
) -> None:
    """W10, too: a session in the other mode."""
    reader = stripe_till.reader()
    number = stripe_till.order(reader, currency="USD")
    stripe_till.server.alter_session = lambda session: session.update(altered)
    assert reader.get(f"/pay/{number}").status_code == 503


def test_stripe_away_is_a_page_that_can_be_tried_again(stripe_till: StripeTill) -> None:
    reader = stripe_till.reader()
    number = stripe_till.order(reader, currency="USD")
    stripe_till.server.is_away = True
    page = reader.get(f"/pay/{number}")
    assert page.status_code == 503
    assert "Nothing was charged" in visible(page)
    stripe_till.server.is_away = False
    assert reader.get(f"/pay/{number}").status_code == 200


def test_the_payment_page_leads_on_without_a_form(stripe_till: StripeTill) -> None:
    """`form-action` would stop a form on its way to Stripe."""
    reader = stripe_till.reader()
    page = reader.get(f"/pay/{stripe_till.order(reader, currency='USD')}")
    assert "<form" not in page.text
    assert "Go on to Stripe" in visible(page)


def test_a_slow_way_to_pay_is_pending_until_the_money_is_there(stripe_till: StripeTill) -> None:
    reader = stripe_till.reader()
    number = stripe_till.order(reader, currency="USD")
    session = stripe_session(stripe_till, reader, number)
    stripe_deliver(stripe_till, *stripe_till.server.pay(session, status="unpaid"))
    assert stripe_till.state(reader, number) == "pending"
    assert stripe_till.owned.ends == {}
    assert stripe_till.owned.pending == ("rust",)
    stripe_deliver(stripe_till, stripe_till.server.pay_late(session))
    assert stripe_till.state(reader, number) == "paid"


@pytest.mark.parametrize("how", ["late", "expired"])
def test_a_payment_that_does_not_come_fails_the_order(stripe_till: StripeTill, how: str) -> None:
    reader = stripe_till.reader()
    number = stripe_till.order(reader, currency="USD")
    session = stripe_session(stripe_till, reader, number)
    if how == "late":
        stripe_deliver(stripe_till, *stripe_till.server.pay(session, status="unpaid"))
        stripe_deliver(stripe_till, stripe_till.server.pay_late(session, succeeds=False))
    else:
        stripe_deliver(stripe_till, stripe_till.server.expire(session))
    assert stripe_till.state(reader, number) == "failed"
    assert stripe_till.owned.holdings == {}


def test_the_portal_is_for_running_subscriptions_of_ones_own(stripe_till: StripeTill) -> None:
    reader, other = stripe_till.reader(), stripe_till.reader("bob@example.org")
    number = stripe_till.order(reader, "all", currency="USD")
    session = stripe_session(stripe_till, reader, number)
    stripe_deliver(stripe_till, *stripe_till.server.pay(session))
    order = f"/orders/{number}"
    assert "Manage or cancel" in visible(reader.get(order))
    page = reader.post(f"{order}/manage", {}, form=order)
    customer = stripe_till.server.sessions[session]["customer"]
    assert f"{stripe_till.server.url}/p/session/{customer}" in page.text
    other.get("/redeem")
    assert other.post(f"{order}/manage", {}).status_code == 404


def test_a_currency_that_stripe_counts_otherwise_is_not_taken(stripe_till: StripeTill) -> None:
    """W11: zero-decimal currencies."""
    stripe = stripe_till.shop.service.providers["stripe"]
    assert stripe.takes("JPY")
    assert not any(stripe.takes(code) for code in ("ISK", "UGX", "KWD", "MGA"))


def test_an_error_of_stripe_says_its_code_and_nothing_that_was_sent(stripe_till: StripeTill) -> None:
    reader = stripe_till.reader()
    number = stripe_till.order(reader, currency="USD")
    till = stripe_till
    stripe_deliver(till, *till.server.pay(stripe_session(till, reader, number)))
    order, payment = till.found(number), till.lines(number)[-1].payment or ""
    stripe = till.shop.service.providers["stripe"]
    till.server.charged[payment] = 0
    with pytest.raises(ProviderRefusedError) as caught:
        stripe.refund(order, payment, order.price, paid=order.price, number=1, now=till.shop.clock())
    assert "charge_already_refunded" in str(caught.value)
    assert payment not in str(caught.value)
