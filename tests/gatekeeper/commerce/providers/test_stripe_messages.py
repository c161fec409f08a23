"""Stripe's webhooks: genuine, for us, whole, once, in any order. Over SQLite and PostgreSQL where it matters."""

from __future__ import annotations

import gzip
import itertools
import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError

from gatekeeper.commerce import ledger, settle
from gatekeeper.commerce.entitlements import State
from gatekeeper.commerce.payments import RejectedError
from gatekeeper.commerce.providers.accounts import StripeAccount
from gatekeeper.commerce.providers.stripe.provider import Stripe
from gatekeeper.commerce.tables import OrderRow, ProviderEventRow, ReferenceRow
from gatekeeper.secrets import Secret
from tests.gatekeeper.commerce.providers.till import READER, Till, changed, stripe_deliver, stripe_session
from tests.support.shop import Browser, open_shop
from tests.support.stripe_server import KEY, SECRET, StripeServer, raw_of

StripeTill = Till[StripeServer]
VECTORS = Path(__file__).resolve().parents[5] / "shared/security/vectors/stripe-webhook/cases.json"


def paid_order(till: StripeTill, reader: Browser, product: str = "rust") -> tuple[str, list[dict[str, Any]]]:
    """An order that is paid at Stripe, and nobody has told us. Returns its number and the events."""
    number = till.order(reader, product, currency="USD")
    return number, till.server.pay(stripe_session(till, reader, number))


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_w01_the_header_cases_get_the_verdicts_that_are_written_down() -> None:
    vectors = json.loads(VECTORS.read_text("utf-8"))
    account = StripeAccount(key=Secret(KEY), webhook_secrets=(Secret(vectors["secret"]),))
    stripe = Stripe(account, origin="https://gate.example.test")
    now = datetime.fromtimestamp(vectors["now"], UTC)
    verdicts = {}
    for case in vectors["cases"]:
        try:
            stripe.verified(vectors["payload"].encode(), {"stripe-signature": case["header"]}, now=now)
            reason = "accepted"
        except RejectedError as error:
            reason = error.reason
        # The payload of the vectors is not a whole event: what is genuine is refused for that, and only that.
        verdicts[case["name"]] = reason != "not signed by Stripe"
    assert len(verdicts) == 16
    assert verdicts == {case["name"]: case["accept"] for case in vectors["cases"]}


@pytest.mark.parametrize("away", [301, -301, 10 * 365 * 86_400, -10 * 365 * 86_400])
def test_w02_a_time_too_far_in_either_direction_is_refused(stripe_till: StripeTill, away: int) -> None:
    _, events = paid_order(stripe_till, stripe_till.reader())
    raw = raw_of(events[-1])
    now = int(stripe_till.shop.clock().timestamp())
    assert stripe_till.deliver(raw, stripe_till.server.sign(raw, now=now + away)) == 400
    assert stripe_till.kinds() == []
    assert stripe_till.deliver(raw, stripe_till.server.sign(raw, now=now + 300)) == 200


@pytest.mark.parametrize("how", ["re-serialised", "whitespace", "bom", "gzip", "one byte"])
def test_w04_the_signature_is_over_the_bytes_as_they_came(stripe_till: StripeTill, how: str) -> None:
    _, events = paid_order(stripe_till, stripe_till.reader())
    raw = raw_of(events[-1])
    headers = stripe_till.server.sign(raw)
    sent = {
        "re-serialised": json.dumps(json.loads(raw)).encode(),
        "whitespace": raw + b"\n",
        "bom": b"\xef\xbb\xbf" + raw,
        "gzip": gzip.compress(raw),
        "one byte": raw.replace(b"1500", b"1501"),
    }[how]
    if how == "gzip":
        headers["Content-Encoding"] = "gzip"
    assert stripe_till.deliver(sent, headers) == 400
    assert stripe_till.outcomes() == []


def test_w05_fifty_parallel_deliveries_make_one_line_one_grant_one_mail(stripe_till: StripeTill) -> None:
    number, events = paid_order(stripe_till, stripe_till.reader())
    raw = raw_of(events[-1])
    headers = stripe_till.server.sign(raw)
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(stripe_till.deliver(raw, headers))) for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 50
    assert stripe_till.kinds() == ["paid"]
    assert stripe_till.mails() == ["receipt"]
    assert stripe_till.owned.holdings["rust"].origins == (number,)


def test_w05_events_that_meet_at_once_wait_for_none_and_lose_none(stripe_till: StripeTill) -> None:
    """Payment, refund and dispute at the same moment, ten times each: whoever comes first, all are recorded."""
    till = stripe_till
    _, events = paid_order(till, till.reader())
    payment = events[-1]["data"]["object"]["payment_intent"]
    events += [till.server.refund(payment, 1500), till.server.dispute(payment, 1500)]
    statuses: list[int] = []
    raws = [raw_of(event) for event in events] * 10
    threads = [
        threading.Thread(target=lambda raw=raw: statuses.append(till.deliver(raw, till.server.sign(raw))))
        for raw in raws
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 503}  # Stripe repeats what was answered with 503
    stripe_deliver(till, *events)
    assert sorted(till.kinds()) == ["created", "disputed", "paid", "refunded"]
    assert till.mails() == ["receipt", "refund"]
    assert till.held() is State.REFUNDED


def test_w06_created_paid_refunded_and_disputed_converge_in_every_order(stripe_till: StripeTill) -> None:
    """All 24 orders, each message twice: one grant, one line each, one receipt; refunds and disputes name only Stripe's payment."""
    till = stripe_till
    for turn, order in enumerate(itertools.permutations(range(4))):
        email = f"reader{turn}@example.org"
        reader = till.reader(email, address=f"192.0.2.{turn + 1}")
        number, events = paid_order(till, reader)
        payment = events[-1]["data"]["object"]["payment_intent"]
        events += [till.server.refund(payment, 1500), till.server.dispute(payment, 1500)]
        for place in order:
            assert stripe_deliver(till, events[place], events[place]) == [200, 200]
        lines = [line.kind.value for line in till.lines(number) if line.source == "stripe"]
        assert sorted(lines) == ["created", "disputed", "paid", "refunded"], order
        owned = till.shop.owned(email)
        assert owned.ends == {}
        assert owned.holdings["rust"].state is State.REFUNDED
        assert owned.holdings["rust"].origins == (number,)
        assert till.state(reader, number) == "refunded"
    keys = [mail.key for mail in till.shop.mails() if mail.key.partition(":")[0] == "receipt"]
    assert len(keys) == len(set(keys)) == 24


def test_w06_a_dispute_that_is_won_opens_again_in_every_order(stripe_till: StripeTill) -> None:
    till = stripe_till
    for turn, order in enumerate(itertools.permutations(range(4))):
        email = f"reader{turn}@example.org"
        number, events = paid_order(till, till.reader(email, address=f"192.0.2.{turn + 1}"))
        payment = events[-1]["data"]["object"]["payment_intent"]
        opened = till.server.dispute(payment, 1500)
        id_ = opened["data"]["object"]["id"]
        events += [opened, till.server.dispute(payment, 1500, status="won", kind="closed", id_=id_)]
        for place in order:
            stripe_deliver(till, events[place], events[place])
        assert till.shop.owned(email).ends == {"rust": None}, order
        assert len([line for line in till.lines(number) if line.source == "stripe"]) == 4


def test_w06_a_message_about_a_payment_of_another_shop_waits_and_harms_nobody(
    stripe_till: StripeTill,
) -> None:
    _, events = paid_order(stripe_till, stripe_till.reader())
    stripe_deliver(stripe_till, *events)
    foreign = stripe_till.server.refund(events[-1]["data"]["object"]["payment_intent"], 1500)
    foreign["data"]["object"]["payment_intent"] = "pi_of_another_shop"
    assert stripe_deliver(stripe_till, foreign) == [200]
    assert stripe_till.outcomes()[-1] == "waiting"
    assert stripe_till.owned.ends == {"rust": None}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("livemode", True),
        ("livemode", None),
        ("livemode", "false"),
        ("account", "acct_1Other"),
        ("object", "v2.core.event"),
        ("id", None),
        ("id", ""),
        ("type", 7),
        ("created", "now"),
        ("created", 10**18),
    ],
)
def test_w10_an_event_of_another_account_mode_or_shape_is_refused(
    stripe_till: StripeTill, field: str, value: Any, caplog: pytest.LogCaptureFixture
) -> None:
    _, events = paid_order(stripe_till, stripe_till.reader())
    raw = changed(raw_of(events[-1]), **{field: value})
    assert stripe_till.deliver(raw, stripe_till.server.sign(raw)) == 400
    assert stripe_till.outcomes() == []
    is_alarming = (field, value) in {("livemode", True), ("account", "acct_1Other")}
    assert any(record.levelname == "ERROR" for record in caplog.records) is is_alarming


def test_w10_a_test_event_does_not_reach_a_live_school() -> None:
    account = StripeAccount(key=Secret("sk_live_0123456789abcdef"), webhook_secrets=(Secret(SECRET),))
    stripe = Stripe(account, origin="https://gate.example.test")
    assert stripe.is_live
    event = {"id": "evt_1", "object": "event", "livemode": False, "type": "x", "created": 1, "data": {}}
    with pytest.raises(RejectedError, match="test mode") as caught:
        stripe.kept(json.dumps(event).encode())
    assert caught.value.is_alarming


@pytest.mark.parametrize(
    "altered",
    [
        {"amount_total": 1},
        {"amount_total": 0},
        {"amount_total": 1501},
        {"amount_total": 150_000},
        {"currency": "cny"},
        {"currency": "jpy"},
    ],
)
def test_w11_another_amount_or_currency_opens_nothing_and_is_reported(
    stripe_till: StripeTill, altered: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    number, events = paid_order(stripe_till, stripe_till.reader())
    events[-1]["data"]["object"] |= altered
    assert stripe_deliver(stripe_till, events[-1]) == [200]
    assert stripe_till.kinds() == ["mismatched"]
    assert stripe_till.owned.holdings == {}
    assert stripe_till.mails() == []
    assert any(record.levelname == "ERROR" and number in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    "altered",
    [
        {"amount_total": -1500},
        {"amount_total": 1500.0},
        {"amount_total": True},
        {"amount_total": "1500"},
        {"amount_total": None},
        {"amount_total": 10**30},
        {"currency": "USD"},
        {"currency": None},
        {"id": None},
    ],
)
def test_w11_an_amount_that_is_none_is_refused(stripe_till: StripeTill, altered: dict[str, Any]) -> None:
    _, events = paid_order(stripe_till, stripe_till.reader())
    events[-1]["data"]["object"] |= altered
    assert stripe_deliver(stripe_till, events[-1]) == [400]
    assert stripe_till.kinds() == []


def test_w11_a_payment_for_another_providers_order_is_not_taken(
    stripe_till: StripeTill, caplog: pytest.LogCaptureFixture
) -> None:
    reader = stripe_till.reader()
    reader.order("sql")  # at the sandbox
    with stripe_till.shop.database.read() as connection:
        theirs = connection.execute(select(OrderRow.number)).scalar_one()
    _, events = paid_order(stripe_till, reader)
    event = json.loads(
        raw_of(events[-1]).replace(
            events[-1]["data"]["object"]["client_reference_id"].encode(), theirs.encode()
        )
    )
    assert stripe_deliver(stripe_till, event) == [200]
    assert stripe_till.outcomes() == ["unknown-order"]
    assert stripe_till.owned.holdings == {}
    assert any(record.levelname == "ERROR" for record in caplog.records)


def test_events_that_are_not_about_orders_are_kept_and_answered(stripe_till: StripeTill) -> None:
    _, events = paid_order(stripe_till, stripe_till.reader())
    foreign = json.loads(raw_of(events[-1]))
    foreign["data"]["object"]["metadata"] = {}
    unknown = {**foreign, "id": "evt_other", "type": "payout.paid"}
    assert stripe_deliver(stripe_till, foreign, unknown) == [200, 200]
    assert stripe_till.outcomes() == ["ignored", "ignored"]
    assert stripe_till.kinds() == []


def test_w18_a_handler_that_fails_answers_5xx_and_the_repetition_heals(
    stripe_till: StripeTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = stripe_till
    _, events = paid_order(till, till.reader())

    def broken(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "append", broken)
        assert stripe_deliver(till, events[-1]) == [503]
    with till.shop.database.read() as connection:
        row = connection.execute(select(ProviderEventRow.body, ProviderEventRow.processed_at)).one()
        links = connection.execute(select(func.count()).where(ReferenceRow.order_number.is_not(None)))
        assert links.scalar_one() == 0  # what was half done was taken back
    assert (row.body, row.processed_at) == (raw_of(events[-1]), None)
    assert stripe_deliver(till, events[-1]) == [200]
    assert (till.kinds(), till.mails()) == (["paid"], ["receipt"])


def test_w18_a_crash_while_a_waiting_message_is_woken_loses_neither(
    stripe_till: StripeTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = stripe_till
    _, events = paid_order(till, till.reader())
    refund = till.server.refund(events[-1]["data"]["object"]["payment_intent"], 1500)
    assert stripe_deliver(till, refund) == [200]
    whole = settle._append

    def broken(connection: Any, order: Any, event: Any, **rest: Any) -> Any:
        if event.told.value == "refunded":
            raise RuntimeError("killed")
        return whole(connection, order, event, **rest)

    with monkeypatch.context() as patch:
        patch.setattr(settle, "_append", broken)
        assert stripe_deliver(till, events[-1]) == [500]
    assert till.kinds() == []
    assert stripe_deliver(till, events[-1]) == [200]
    assert till.kinds() == ["paid", "refunded"]
    assert till.owned.ends == {}


def test_w23_refunds_and_disputes_follow_the_table(stripe_till: StripeTill) -> None:
    till, clock = stripe_till, stripe_till.shop.clock
    _, events = paid_order(till, till.reader())
    payment = events[-1]["data"]["object"]["payment_intent"]
    stripe_deliver(till, *events)
    clock.advance(minutes=1)
    stripe_deliver(till, till.server.refund(payment, 700))
    assert till.owned.ends == {"rust": None}  # in part: stays
    whole = till.server.refund(payment, 800)
    stripe_deliver(till, whole)
    assert till.held() is State.REFUNDED  # in full: ends
    stripe_deliver(till, till.server.fail_refund(whole["data"]["object"]["id"]))
    assert till.owned.ends == {"rust": None}  # it came back: as if it had not been
    stripe_deliver(till, till.server.dispute(payment, 800, status="warning_needs_response"))
    assert till.owned.ends == {"rust": None}  # an inquiry: stays
    opened = till.server.dispute(payment, 800)
    id_ = opened["data"]["object"]["id"]
    stripe_deliver(till, opened)
    assert till.held() is State.DISPUTED  # opened: paused
    stripe_deliver(till, till.server.dispute(payment, 800, status="won", kind="closed", id_=id_))
    assert till.owned.ends == {"rust": None}  # won: opens again
    again = till.server.dispute(payment, 800)
    id_ = again["data"]["object"]["id"]
    stripe_deliver(till, again, till.server.dispute(payment, 800, status="lost", kind="closed", id_=id_))
    assert till.held() is State.REFUNDED  # lost: ended


def test_w23_a_refund_that_fails_before_it_is_told_counts_for_nothing(stripe_till: StripeTill) -> None:
    till = stripe_till
    _, events = paid_order(till, till.reader())
    payment = events[-1]["data"]["object"]["payment_intent"]
    made = till.server.refund(payment, 1500)
    failed = till.server.fail_refund(made["data"]["object"]["id"])
    till.server.charged[payment] = 1500
    stripe_deliver(till, *events, failed, made)
    assert till.owned.ends == {"rust": None}
    stripe_deliver(till, till.server.refund(payment, 1500))
    assert till.owned.ends == {}


def test_w28_two_secrets_verify_and_a_removed_one_does_not(tmp_path: Path, stripe_till: StripeTill) -> None:
    _, events = paid_order(stripe_till, stripe_till.reader())
    raw, server = raw_of(events[-1]), stripe_till.server
    new = "whsec_theNewSecretOfTheEndpoint"
    now = stripe_till.shop.clock()

    def taken(secrets: str, secret: str) -> bool:
        account = {
            "LYCEUM_STRIPE_KEY": KEY,
            "LYCEUM_STRIPE_WEBHOOK_SECRETS": secrets,
            "LYCEUM_STRIPE_URL": server.url,
        }
        with open_shop(tmp_path / "other", **account) as shop:
            headers = {name.lower(): value for name, value in server.sign(raw, secret=secret).items()}
            try:
                shop.service.providers["stripe"].verified(raw, headers, now=now)
            except RejectedError:
                return False
            return True

    both, only = f"{SECRET},{new}", new
    assert [taken(both, SECRET), taken(both, new), taken(only, SECRET), taken(only, new)] == [
        True,
        True,
        False,
        True,
    ]


def test_the_body_is_kept_byte_for_byte_and_names_no_secret(stripe_till: StripeTill) -> None:
    _, events = paid_order(stripe_till, stripe_till.reader())
    stripe_deliver(stripe_till, events[-1])
    with stripe_till.shop.database.read() as connection:
        assert connection.execute(select(ProviderEventRow.body)).scalar_one() == raw_of(events[-1])


def test_d04_logs_hold_no_address_of_a_reader_and_no_body(
    stripe_till: StripeTill, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", logger="gatekeeper")
    till = stripe_till
    _, events = paid_order(till, till.reader())
    payment = events[-1]["data"]["object"]["payment_intent"]
    stripe_deliver(till, *events, till.server.dispute(payment, 1500))
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "disputed" in text
    assert READER not in text
    assert KEY not in text
    assert SECRET not in text


def test_an_order_that_was_paid_twice_is_reported(
    stripe_till: StripeTill, caplog: pytest.LogCaptureFixture
) -> None:
    till = stripe_till
    reader = till.reader()
    number, events = paid_order(till, reader)
    stripe_deliver(till, *events)
    second = json.loads(raw_of(events[-1]))
    second["id"], second["data"]["object"]["payment_intent"] = "evt_second", "pi_second"
    stripe_deliver(till, second)
    assert till.kinds().count("paid") == 2
    assert till.mails() == ["receipt"]
    assert any(
        "paid twice" in record.getMessage() and number in record.getMessage() for record in caplog.records
    )


def test_w06_a_waiting_message_is_woken_once_even_if_it_is_delivered_again(
    stripe_till: StripeTill,
) -> None:
    till = stripe_till
    _, events = paid_order(till, till.reader())
    refund = till.server.refund(events[-1]["data"]["object"]["payment_intent"], 1500)
    stripe_deliver(till, refund, refund, *events, refund)
    assert sorted(till.kinds()) == ["created", "paid", "refunded"]
    assert till.outcomes() == ["recorded"] * 3
    with till.shop.database.write() as connection:
        connection.execute(update(ProviderEventRow).values(processed_at=None))
    stripe_deliver(till, refund)
    assert len(till.kinds()) == 3


def test_a_message_as_long_as_invoices_get_is_taken_and_a_longer_one_refused(stripe_till: StripeTill) -> None:
    _, events = paid_order(stripe_till, stripe_till.reader())
    events[-1]["data"]["object"]["description"] = "x" * 100_000
    assert stripe_deliver(stripe_till, events[-1]) == [200]
    raw = b" " * (128 * 1024 + 1)
    assert stripe_till.deliver(raw, stripe_till.server.sign(raw)) in {400, 413}
