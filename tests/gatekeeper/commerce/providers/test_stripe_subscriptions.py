"""Subscriptions that Stripe renews: periods, grace, cancellation, refunds of one period. The table in docs/commerce.md."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest

from gatekeeper.commerce.entitlements import GRACE, State
from tests.gatekeeper.commerce.providers.till import Till, stripe_deliver, stripe_session
from tests.support.shop import START, Browser, visible
from tests.support.stripe_server import DAY, StripeServer

StripeTill = Till[StripeServer]
FIRST_END = START + timedelta(days=30)


def subscribed(till: StripeTill, reader: Browser) -> tuple[str, str, list[dict[str, Any]]]:
    """A subscription whose first period is paid at Stripe. Returns the order, the subscription, the events."""
    number = till.order(reader, "all", currency="USD")
    session = stripe_session(till, reader, number)
    events = till.server.pay(session)
    return number, till.server.sessions[session]["subscription"], events


def renewed(till: StripeTill, subscription: str, *, end: datetime, **more: Any) -> list[dict[str, Any]]:
    first = len(till.server.events)
    till.server.bill(subscription, amount=500, currency="usd", end=int(end.timestamp()), **more)
    return till.server.events[first:]


def intent_of(events: list[dict[str, Any]]) -> str:
    """The PaymentIntent that paid the invoice of these events."""
    return str(events[-1]["data"]["object"]["payment"]["payment_intent"])


def test_the_first_period_opens_to_its_end_and_a_week_longer(stripe_till: StripeTill) -> None:
    reader = stripe_till.reader()
    assert "Renews every month until you cancel" not in visible(reader.get("/buy/rust?currency=USD"))
    assert "paid by card it renews every month" in visible(reader.get("/buy/all?currency=USD"))
    number, _, events = subscribed(stripe_till, reader)
    stripe_deliver(stripe_till, *events)
    assert stripe_till.kinds() == ["paid"]
    (line,) = [line for line in stripe_till.lines(number) if line.source == "stripe"]
    assert line.until == FIRST_END
    assert stripe_till.owned.holdings["all"].until == FIRST_END + GRACE
    assert stripe_till.mails() == ["receipt"]
    assert stripe_till.state(reader, number) == "paid"


def test_a_renewal_adds_its_period_and_sends_its_receipt(stripe_till: StripeTill) -> None:
    till = stripe_till
    _, subscription, events = subscribed(till, till.reader())
    stripe_deliver(till, *events)
    till.shop.clock.advance(days=30, hours=1)
    second_end = FIRST_END + timedelta(days=30)
    stripe_deliver(till, *renewed(till, subscription, end=second_end))
    assert till.kinds() == ["paid", "renewed"]
    assert till.owned.holdings["all"].until == second_end + GRACE
    assert till.mails() == ["receipt", "receipt"]


def test_a_renewal_that_fails_keeps_access_through_the_grace_and_no_longer(stripe_till: StripeTill) -> None:
    till = stripe_till
    _, subscription, events = subscribed(till, till.reader())
    stripe_deliver(till, *events)
    till.shop.clock.advance(days=30, hours=1)
    stripe_deliver(till, *renewed(till, subscription, end=FIRST_END + timedelta(days=30), is_paid=False))
    assert till.kinds() == ["paid", "renewal-failed"]
    till.shop.clock.now = FIRST_END + GRACE - timedelta(seconds=1)
    assert "all" in till.owned.ends
    till.shop.clock.now = FIRST_END + GRACE
    assert till.held("all") is State.EXPIRED


def test_a_cancelled_subscription_ends_with_what_is_paid_and_can_be_resumed(stripe_till: StripeTill) -> None:
    till, reader = stripe_till, stripe_till.reader()
    number, subscription, events = subscribed(till, reader)
    stripe_deliver(till, *events)
    stripe_deliver(till, till.server.cancel(subscription, at_period_end=True))
    assert till.owned.holdings["all"].until == FIRST_END
    assert "Manage or cancel" not in visible(reader.get(f"/orders/{number}"))
    till.shop.clock.advance(hours=1)
    stripe_deliver(till, till.server.cancel(subscription, at_period_end=False))
    assert till.owned.holdings["all"].until == FIRST_END + GRACE
    till.shop.clock.now = FIRST_END
    stripe_deliver(till, till.server.end(subscription))
    assert till.held("all") is State.EXPIRED
    assert till.kinds() == ["paid", "cancelled", "resumed", "cancelled"]


def test_a_change_that_is_no_cancellation_is_let_be(stripe_till: StripeTill) -> None:
    till = stripe_till
    _, subscription, events = subscribed(till, till.reader())
    stripe_deliver(till, *events)
    event = till.server.cancel(subscription, at_period_end=True)
    event["data"]["previous_attributes"] = {"default_payment_method": None}
    stripe_deliver(till, event)
    assert till.kinds() == ["paid"]


def test_w23_a_refund_of_one_period_takes_back_that_period_alone(stripe_till: StripeTill) -> None:
    till = stripe_till
    _, subscription, events = subscribed(till, till.reader())
    stripe_deliver(till, *events)
    till.shop.clock.advance(days=30, hours=1)
    second = renewed(till, subscription, end=FIRST_END + timedelta(days=30))
    stripe_deliver(till, *second)
    stripe_deliver(till, till.server.refund(intent_of(second), 500))
    assert till.owned.holdings["all"].until == FIRST_END + GRACE
    stripe_deliver(till, till.server.refund(intent_of(events), 500))
    assert till.held("all") is State.REFUNDED
    assert till.mails() == ["receipt", "receipt", "refund", "refund"]


def test_w06_a_subscriptions_messages_converge_in_every_order(stripe_till: StripeTill) -> None:
    """Session, invoice, the link between invoice and payment, and a refund that names only the payment: 24 orders, each twice."""
    till = stripe_till
    for turn, order in enumerate(itertools.permutations(range(4))):
        email = f"reader{turn}@example.org"
        number, _, events = subscribed(till, till.reader(email, address=f"192.0.2.{turn + 1}"))
        events.append(till.server.refund(intent_of(events), 500))
        assert [event["type"] for event in events] == [
            "checkout.session.completed",
            "invoice.paid",
            "invoice_payment.paid",
            "refund.created",
        ]
        for place in order:
            assert stripe_deliver(till, events[place], events[place]) == [200, 200]
        lines = [line for line in till.lines(number) if line.source == "stripe"]
        assert sorted(line.kind.value for line in lines) == ["paid", "refunded"], order
        assert len({line.payment for line in lines}) == 1
        assert till.shop.owned(email).holdings["all"].state is State.REFUNDED


@pytest.mark.parametrize("altered", [{"amount_paid": 1}, {"amount_paid": 0}, {"currency": "cny"}])
def test_w11_a_renewal_at_another_price_opens_nothing(
    stripe_till: StripeTill, altered: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    till = stripe_till
    number, subscription, events = subscribed(till, till.reader())
    stripe_deliver(till, *events)
    second = renewed(till, subscription, end=FIRST_END + timedelta(days=30))
    second[0]["data"]["object"] |= altered
    stripe_deliver(till, *second)
    assert till.kinds() == ["paid", "mismatched"]
    assert till.owned.holdings["all"].until == FIRST_END + GRACE
    assert any(record.levelname == "ERROR" and number in record.getMessage() for record in caplog.records)


def test_an_invoice_without_a_period_is_refused(stripe_till: StripeTill) -> None:
    _, _, events = subscribed(stripe_till, stripe_till.reader())
    events[1]["data"]["object"]["lines"] = {"data": []}
    assert stripe_deliver(stripe_till, events[1]) == [400]


def test_a_second_subscription_does_not_lengthen_a_cancelled_one_by_grace(stripe_till: StripeTill) -> None:
    till = stripe_till
    reader = till.reader()
    _, first, events = subscribed(till, reader)
    stripe_deliver(till, *events, till.server.cancel(first, at_period_end=True))
    till.shop.clock.advance(days=10)
    _, _, more = subscribed(till, reader)
    stripe_deliver(till, *more)
    assert till.owned.holdings["all"].until == START + timedelta(seconds=40 * DAY) + GRACE
