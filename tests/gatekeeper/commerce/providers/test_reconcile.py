"""Lost messages are healed by asking, stored ones can be processed again, and money goes back at an operator's word."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select, update

from gatekeeper.accounts.tables import MailRow
from gatekeeper.commerce import refunds, webhooks
from gatekeeper.commerce.entitlements import State
from gatekeeper.commerce.reconcile import Finding, Found
from gatekeeper.commerce.replay import Replayed, replay
from gatekeeper.commerce.sandbox import courier
from gatekeeper.commerce.tables import EntryRow, ProviderEventRow
from gatekeeper.errors import GatekeeperError
from tests.gatekeeper.commerce.providers.till import READER, Till, stripe_deliver, stripe_session
from tests.support.shop import Shop
from tests.support.stripe_server import StripeServer

StripeTill = Till[StripeServer]


def paid(till: StripeTill, product: str = "rust") -> tuple[str, list[dict[str, Any]]]:
    reader = till.reader()
    number = till.order(reader, product, currency="USD")
    return number, till.server.pay(stripe_session(till, reader, number))


def founds(findings: list[Finding]) -> list[Found]:
    return [finding.found for finding in findings]


def test_w27_what_stripes_webhooks_did_not_bring_is_recorded_once(stripe_till: StripeTill) -> None:
    till = stripe_till
    number, events = paid(till)
    dry = till.reconcile(is_applied=False)
    assert [(finding.found, finding.order) for finding in dry] == [(Found.MISSING, number)]
    assert (till.kinds(), till.owned.holdings) == ([], {})
    assert founds(till.reconcile()) == [Found.RECORDED]
    assert till.owned.ends == {"rust": None}
    assert till.reconcile() == []
    assert stripe_deliver(till, *events) == [200, 200]  # late after all
    assert (till.kinds().count("paid"), till.mails()) == (1, ["receipt"])


def test_w27_a_whole_subscription_is_healed_with_its_refund(stripe_till: StripeTill) -> None:
    till = stripe_till
    _, events = paid(till, "all")
    till.server.refund(events[-1]["data"]["object"]["payment"]["payment_intent"], 500)
    assert sorted(founds(till.reconcile())) == [Found.RECORDED, Found.RECORDED]
    assert till.kinds() == ["paid", "refunded"]
    assert till.held("all") is State.REFUNDED


def test_w27_more_events_than_a_page_are_asked_for(stripe_till: StripeTill) -> None:
    till = stripe_till
    number, events = paid(till)
    for _ in range(230):  # others' payments
        till.server._note("payment_intent.created", {**events[0]["data"]["object"], "metadata": {}})
    assert [finding.order for finding in till.reconcile()] == [number]
    assert till.server.calls.count("GET /v1/events") == 3


def test_w27_only_the_time_that_was_asked_for_is_looked_at(stripe_till: StripeTill) -> None:
    till = stripe_till
    paid(till)
    till.shop.clock.advance(hours=25)
    assert till.reconcile(hours=24) == []
    assert founds(till.reconcile(hours=26)) == [Found.RECORDED]


def test_w27_a_refund_that_waits_for_a_lost_payment_is_healed_with_it(stripe_till: StripeTill) -> None:
    till = stripe_till
    _, events = paid(till)
    refund = till.server.refund(events[-1]["data"]["object"]["payment_intent"], 1500)
    assert stripe_deliver(till, refund) == [200]
    assert till.outcomes() == ["waiting"]
    till.reconcile()
    assert sorted(till.kinds()) == ["paid", "refunded"]
    assert till.outcomes() == ["recorded"]
    assert till.held() is State.REFUNDED


def test_w27_a_mismatch_found_by_asking_is_said(stripe_till: StripeTill) -> None:
    till = stripe_till
    _, events = paid(till)
    events[-1]["data"]["object"]["amount_total"] = 1
    assert founds(till.reconcile()) == [Found.MISMATCHED]
    assert till.owned.holdings == {}


@pytest.mark.parametrize("is_applied", [False, True])
def test_w27_stripe_away_is_said(stripe_till: StripeTill, is_applied: bool) -> None:
    paid(stripe_till)
    stripe_till.server.is_away = True
    assert founds(stripe_till.reconcile(is_applied=is_applied)) == [Found.AWAY]
    assert stripe_till.kinds() == []


def test_w27_the_sandboxs_undelivered_messages_are_found(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    till = Till(shop=shop, server=None, provider="sandbox")
    reader = till.reader()
    with monkeypatch.context() as patch:
        patch.setattr(courier, "MOST_AT_ONCE", 0)  # the courier takes nothing along
        reader.buy("rust")
    assert till.owned.ends == {}
    assert founds(till.reconcile()) == [Found.RECORDED]
    shop.run_jobs()
    assert (till.kinds(), till.mails()) == (["paid", "created"], ["receipt"])


def replayed(till: StripeTill, *, is_all: bool, is_applied: bool) -> list[Replayed]:
    from datetime import timedelta

    return list(
        replay(
            till.shop.database,
            till.shop.service.providers,
            since=till.shop.clock() - timedelta(hours=1),
            only_unprocessed=not is_all,
            post=till.shop.service.post,
            clock=till.shop.clock,
            is_applied=is_applied,
        )
    )


def test_replaying_everything_adds_no_line_and_no_mail(stripe_till: StripeTill) -> None:
    till = stripe_till
    _, events = paid(till)
    stripe_deliver(till, *events)
    with till.shop.database.write() as connection:
        connection.execute(delete(MailRow))
        before = connection.execute(select(EntryRow)).all()
    assert [message.outcome for message in replayed(till, is_all=True, is_applied=True)] == ["repeated"] * 2
    with till.shop.database.read() as connection:
        assert connection.execute(select(EntryRow)).all() == before
    assert till.mails() == []


def test_a_message_that_failed_is_processed_from_its_stored_body(
    stripe_till: StripeTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = stripe_till
    _, events = paid(till)
    with monkeypatch.context() as patch:
        patch.setattr(
            webhooks, "settle", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("a mistake of ours"))
        )
        assert stripe_deliver(till, *events) == [500, 500]
    assert [message.outcome for message in replayed(till, is_all=False, is_applied=False)] == ["", ""]
    assert till.kinds() == []
    assert [message.outcome for message in replayed(till, is_all=False, is_applied=True)] == ["recorded"] * 2
    assert replayed(till, is_all=False, is_applied=True) == []
    assert (till.kinds(), till.mails()) == (["created", "paid"], ["receipt"])


def test_a_stored_body_that_cannot_be_read_stops_no_other(stripe_till: StripeTill) -> None:
    till = stripe_till
    _, events = paid(till)
    stripe_deliver(till, *events)
    with till.shop.database.write() as connection:
        first = select(ProviderEventRow.id).order_by(ProviderEventRow.id).limit(1).scalar_subquery()
        connection.execute(update(ProviderEventRow).where(ProviderEventRow.id == first).values(body=b"{"))
    outcomes = [message.outcome for message in replayed(till, is_all=True, is_applied=True)]
    assert outcomes == ["not readable: not JSON", "repeated"]


@pytest.mark.parametrize(("amount", "ends"), [(None, True), (1500, True), (1499, False), (1, False)])
def test_a_refund_goes_through_stripe_and_the_ledger_once(
    stripe_till: StripeTill, amount: int | None, ends: bool
) -> None:
    till = stripe_till
    number, events = paid(till)
    stripe_deliver(till, *events)
    planned = refunds.plan(till.shop.database, number, amount_minor=amount)
    assert planned.ends_access is ends
    for _ in range(2):
        assert refunds.apply(
            till.shop.database,
            till.shop.service.providers,
            planned,
            post=till.shop.service.post,
            now=till.shop.clock(),
        )
    assert len(till.server.refunds) == 1
    stripe_deliver(till, *till.server.events)
    assert till.kinds() == ["created", "paid", "refunded"]
    assert till.mails() == ["receipt", "refund"]
    assert (till.owned.ends == {}) is ends


def test_a_subscriptions_newest_period_is_what_is_refunded(stripe_till: StripeTill) -> None:
    till = stripe_till
    number, events = paid(till, "all")
    stripe_deliver(till, *events)
    till.shop.clock.advance(days=30, hours=1)
    subscription = next(iter(till.server.subscriptions))
    first = len(till.server.events)
    till.server.bill(subscription, amount=500, currency="usd")
    stripe_deliver(till, *till.server.events[first:])
    planned = refunds.plan(till.shop.database, number, amount_minor=None)
    refunds.apply(
        till.shop.database,
        till.shop.service.providers,
        planned,
        post=till.shop.service.post,
        now=till.shop.clock(),
    )
    (made,) = till.server.refunds.values()
    assert made["payment_intent"] == till.server.invoice_payments[-1]["payment"]["payment_intent"]
    assert till.owned.holdings["all"].state is State.ACTIVE  # the first period's grace is still running


@pytest.mark.parametrize("amount", [0, -1, 1501, 10**12])
def test_more_than_was_paid_or_nothing_is_not_refunded(stripe_till: StripeTill, amount: int) -> None:
    till = stripe_till
    number, events = paid(till)
    stripe_deliver(till, *events)
    with pytest.raises(GatekeeperError) as caught:
        refunds.plan(till.shop.database, number, amount_minor=amount)
    assert "$15 is left" in caught.value.hint


def test_an_order_that_was_not_paid_or_was_refunded_is_not_refunded(stripe_till: StripeTill) -> None:
    till = stripe_till
    number, events = paid(till)
    with pytest.raises(GatekeeperError, match="nothing of"):
        refunds.plan(till.shop.database, number, amount_minor=None)
    stripe_deliver(till, *events, till.server.refund(events[-1]["data"]["object"]["payment_intent"], 1500))
    with pytest.raises(GatekeeperError, match="nothing of"):
        refunds.plan(till.shop.database, number, amount_minor=None)
    with pytest.raises(GatekeeperError, match="no order"):
        refunds.plan(till.shop.database, "L-20261122-ZZZZZZ", amount_minor=None)


def test_findings_and_words_hold_no_address_of_a_reader(stripe_till: StripeTill) -> None:
    paid(stripe_till)
    (finding,) = stripe_till.reconcile(is_applied=False)
    assert READER not in str(finding.as_json())
    assert "USD $15" in finding.what
