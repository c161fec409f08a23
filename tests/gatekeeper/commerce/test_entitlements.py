"""What a reader owns, as a pure function of the ledger."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.commerce.entitlements import (
    GRACE,
    OrderState,
    State,
    entitlements,
    is_renewing,
    later,
    order_state,
    payments_of,
)
from gatekeeper.commerce.ledger import Entry, Kind

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def entry(kind: Kind, **more: object) -> Entry:
    values: dict[str, object] = {
        "id": 1,
        "kind": kind,
        "reader": "r",
        "product": "rust",
        "order": "L-1",
        "amount_minor": 1500,
        "currency": "USD",
        "interval": None,
        "until": None,
        "source": "sandbox",
        "event": f"{kind}-{more.get('at', NOW)}",
        "at": NOW,
        **more,
    }
    return Entry(**values)  # type: ignore[arg-type]


def own(kind: Kind, **more: object) -> Entry:
    """A line without an order."""
    return entry(kind, order=None, amount_minor=0, currency="", **more)


@pytest.mark.parametrize(("grace_days", "days"), [(None, 7), (0, 0), (14, 14)])
def test_each_subscription_has_the_days_of_grace_that_it_was_ordered_with(
    grace_days: int | None, days: int
) -> None:
    until = NOW + timedelta(days=365)
    line = entry(Kind.PAID, interval="year", until=until, grace_days=grace_days)
    assert entitlements([line], NOW).holdings["rust"].until == until + timedelta(days=days)
    cancelled = entry(Kind.CANCELLED, event="x:cancelled", grace_days=grace_days)
    assert entitlements([line, cancelled], NOW).holdings["rust"].until == until


def test_an_order_that_costs_nothing_is_paid_and_not_refunded() -> None:
    paid = entry(Kind.PAID, amount_minor=0)
    assert order_state([paid]) is OrderState.PAID
    assert entitlements([paid], NOW).ends == {"rust": None}


def test_nothing_is_owned_without_a_payment() -> None:
    for kinds in (
        [],
        [Kind.CREATED],
        [Kind.CREATED, Kind.PENDING],
        [Kind.CREATED, Kind.FAILED],
        [Kind.MISMATCHED],
    ):
        assert entitlements([entry(kind) for kind in kinds], NOW).holdings == {}


def test_a_payment_opens_for_good() -> None:
    owned = entitlements([entry(Kind.CREATED), entry(Kind.PAID)], NOW)
    assert owned.ends == {"rust": None}
    assert owned.holdings["rust"].origins == ("L-1",)


def test_w06_created_paid_and_refunded_end_the_same_in_every_order() -> None:
    lines = [
        entry(Kind.CREATED, at=NOW),
        entry(Kind.PAID, at=NOW + timedelta(seconds=5)),
        entry(Kind.REFUNDED, at=NOW + timedelta(seconds=9)),
    ]
    results = [
        entitlements([replace(line, id=number) for number, line in enumerate(order)], NOW + timedelta(days=1))
        for order in itertools.permutations(lines)
    ]
    assert all(result == results[0] for result in results)
    assert results[0].holdings["rust"].state is State.REFUNDED
    assert results[0].ends == {}


def test_a_refund_before_its_payment_opens_nothing_when_the_payment_comes() -> None:
    assert order_state([entry(Kind.CREATED), entry(Kind.REFUNDED)]) is OrderState.REFUNDED
    lines = [entry(Kind.CREATED), entry(Kind.REFUNDED), entry(Kind.PAID)]
    assert entitlements(lines, NOW).ends == {}


def test_w23_a_partial_refund_leaves_access_and_refunds_that_add_up_end_it() -> None:
    part = entry(Kind.REFUNDED, amount_minor=700, event="1")
    rest = entry(Kind.REFUNDED, amount_minor=800, event="2")
    paid = [entry(Kind.CREATED), entry(Kind.PAID)]
    assert entitlements([*paid, part], NOW).ends == {"rust": None}
    assert order_state([*paid, part]) is OrderState.PAID
    assert entitlements([*paid, part, rest], NOW).ends == {}


def test_a_refund_of_one_order_does_not_touch_another_of_the_same_product() -> None:
    lines = [entry(Kind.PAID), entry(Kind.REFUNDED), entry(Kind.PAID, order="L-2")]
    assert entitlements(lines, NOW).ends == {"rust": None}


def test_two_payments_of_one_order_open_one_interval() -> None:
    lines = [entry(Kind.PAID, interval="month", event="1"), entry(Kind.PAID, interval="month", event="2")]
    assert entitlements(lines, NOW).holdings["rust"].until == NOW.replace(month=12)


def test_a_subscription_ends_to_the_second_and_says_that_it_expired() -> None:
    lines = [entry(Kind.PAID, interval="month")]
    end = NOW.replace(month=12)
    assert entitlements(lines, end - timedelta(seconds=1)).ends == {"rust": int(end.timestamp())}
    assert entitlements(lines, end).ends == {}
    assert entitlements(lines, end).holdings["rust"].state is State.EXPIRED


def test_renewing_early_adds_to_the_end_and_renewing_late_starts_anew() -> None:
    first = entry(Kind.PAID, interval="month")
    early = entry(Kind.PAID, interval="month", order="L-2", at=NOW + timedelta(days=10))
    late = entry(Kind.PAID, interval="month", order="L-2", at=NOW + timedelta(days=60))
    for lines, end in (
        ([first, early], NOW.replace(year=2027, month=1)),
        ([early, first], NOW.replace(year=2027, month=1)),
        ([first, late], later(NOW + timedelta(days=60), "month")),
    ):
        assert entitlements(lines, NOW).holdings["rust"].until == end


def test_an_operators_grant_ends_when_it_says() -> None:
    grant = own(Kind.GRANTED, until=NOW + timedelta(days=3))
    assert entitlements([grant], NOW).ends == {"rust": int((NOW + timedelta(days=3)).timestamp())}
    assert entitlements([grant], NOW + timedelta(days=3)).holdings["rust"].state is State.EXPIRED


def test_a_revocation_closes_what_began_before_it_and_nothing_after() -> None:
    revoked = own(Kind.REVOKED, id=5, at=NOW + timedelta(days=1))
    before = entry(Kind.PAID, id=2)
    after = own(Kind.GRANTED, id=9, at=NOW + timedelta(days=2))
    other = own(Kind.GRANTED, id=3, product="sql")
    owned = entitlements([before, other, revoked], NOW + timedelta(days=3))
    assert owned.ends == {"sql": None}
    assert owned.holdings["rust"].state is State.REVOKED
    assert entitlements([before, revoked, after], NOW + timedelta(days=3)).ends == {"rust": None}


def test_a_revocation_in_the_same_moment_follows_the_order_of_recording() -> None:
    assert entitlements([own(Kind.GRANTED, id=1), own(Kind.REVOKED, id=2)], NOW).ends == {}
    assert entitlements([own(Kind.REVOKED, id=1), own(Kind.GRANTED, id=2)], NOW).ends == {"rust": None}


def test_pending_is_told_for_a_day_and_until_it_is_decided() -> None:
    pending = [entry(Kind.CREATED), entry(Kind.PENDING)]
    assert entitlements(pending, NOW).pending == ("rust",)
    assert entitlements(pending, NOW + timedelta(days=1)).pending == ()
    for kind in (Kind.PAID, Kind.FAILED, Kind.REFUNDED):
        decided = [*pending, entry(kind, at=NOW + timedelta(seconds=1))]
        assert entitlements(decided, NOW).pending == ()


def test_a_payment_that_is_tried_again_after_a_failure_is_pending_again() -> None:
    lines = [entry(Kind.PENDING), entry(Kind.FAILED, at=NOW + timedelta(seconds=1))]
    assert order_state(lines) is OrderState.FAILED
    assert order_state([*lines, entry(Kind.PENDING, at=NOW + timedelta(seconds=2))]) is OrderState.PENDING


@pytest.mark.parametrize(
    ("start", "interval", "end"),
    [
        ("2026-01-31", "month", "2026-02-28"),
        ("2028-01-31", "month", "2028-02-29"),
        ("2026-12-15", "month", "2027-01-15"),
        ("2028-02-29", "year", "2029-02-28"),
        ("2026-11-30", "month", "2026-12-30"),
    ],
)
def test_intervals_keep_the_day_or_take_the_months_last(start: str, interval: str, end: str) -> None:
    assert later(datetime.fromisoformat(start), interval) == datetime.fromisoformat(end)


def test_another_interval_is_an_error() -> None:
    with pytest.raises(ValueError, match="interval"):
        later(NOW, "fortnight")


EVENTS = st.lists(
    st.tuples(
        st.sampled_from([Kind.CREATED, Kind.PENDING, Kind.PAID, Kind.FAILED, Kind.REFUNDED, Kind.MISMATCHED]),
        st.sampled_from(["L-1", "L-2"]),
        st.integers(0, 50),
        st.sampled_from([None, "month"]),
    ),
    max_size=10,
)


@given(EVENTS, st.randoms(use_true_random=False))
def test_w06_any_messages_in_any_order_give_the_same(
    events: list[tuple[Kind, str, int, str | None]], random: object
) -> None:
    lines = [
        entry(
            kind,
            id=number,
            order=order,
            at=NOW + timedelta(seconds=second),
            interval=interval,
            event=str(number),
        )
        for number, (kind, order, second, interval) in enumerate(events)
    ]
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    # Of one order all payments have one interval, as orders are made.
    fixed = {"L-1": None, "L-2": "month"}
    one = [replace(line, interval=fixed[str(line.order)]) for line in lines]
    two = [replace(line, interval=fixed[str(line.order)], id=n) for n, line in enumerate(shuffled)]
    assert entitlements(one, NOW).ends == entitlements(two, NOW).ends
    assert entitlements(one, NOW).pending == entitlements(two, NOW).pending


@given(EVENTS)
def test_nothing_is_ever_owned_without_a_payment_that_is_not_refunded(
    events: list[tuple[Kind, str, int, str | None]],
) -> None:
    lines = [entry(kind, id=n, order=order, event=str(n)) for n, (kind, order, _, _) in enumerate(events)]
    paid = {line.order for line in lines if line.kind is Kind.PAID}
    net = {
        order: sum(
            line.amount_minor * ((line.kind is Kind.PAID) - (line.kind is Kind.REFUNDED))
            for line in lines
            if line.order == order
        )
        for order in paid
    }
    assert bool(entitlements(lines, NOW).ends) == any(amount > 0 for amount in net.values())


def period(kind: Kind, payment: str, end: datetime, **more: object) -> Entry:
    """A paid period of a subscription that the provider renews."""
    values = {"interval": "month", "until": end, "payment": payment, "event": f"paid:{payment}", **more}
    return entry(kind, **values)


END = NOW + timedelta(days=30)
NEXT = END + timedelta(days=30)


def test_a_renewing_subscription_is_open_to_its_end_and_the_grace() -> None:
    lines = [period(Kind.PAID, "a", END)]
    assert is_renewing(lines)
    last = END + GRACE - timedelta(seconds=1)
    assert entitlements(lines, last).ends == {"rust": int((END + GRACE).timestamp())}
    assert entitlements(lines, END + GRACE).holdings["rust"].state is State.EXPIRED


def test_a_cancelled_one_has_no_grace_and_a_resumed_one_has_it_again() -> None:
    paid = period(Kind.PAID, "a", END)
    cancelled = entry(Kind.CANCELLED, at=NOW + timedelta(days=1))
    resumed = entry(Kind.RESUMED, at=NOW + timedelta(days=2))
    again = entry(Kind.CANCELLED, at=NOW + timedelta(days=3))
    for lines, end in (
        ([paid, cancelled], END),
        ([cancelled, paid], END),
        ([paid, cancelled, resumed], END + GRACE),
        ([resumed, cancelled, paid], END + GRACE),
        ([again, resumed, cancelled, paid], END),
    ):
        assert entitlements(lines, NOW).holdings["rust"].until == end


def test_a_month_that_nobody_renews_is_no_subscription() -> None:
    assert not is_renewing([entry(Kind.PAID, interval="month")])
    assert not is_renewing([entry(Kind.CREATED)])


def test_a_refunded_period_takes_nothing_from_the_others() -> None:
    lines = [
        period(Kind.PAID, "a", END),
        period(Kind.RENEWED, "b", NEXT, at=END),
        entry(Kind.REFUNDED, payment="b", event="refunded:1"),
    ]
    assert entitlements(lines, NOW).holdings["rust"].until == END + GRACE
    assert order_state(lines) is OrderState.PAID


def test_a_refund_that_failed_counts_for_nothing_in_any_order() -> None:
    paid = entry(Kind.PAID, payment="a", event="paid:a")
    made = entry(Kind.REFUNDED, payment="a", event="refunded:1")
    failed = entry(Kind.REFUND_FAILED, payment="a", event="refund-failed:1")
    again = entry(Kind.REFUNDED, payment="a", event="refunded:2")
    for lines in itertools.permutations([paid, made, failed]):
        assert entitlements(lines, NOW).ends == {"rust": None}
    for lines in itertools.permutations([paid, made, failed, again]):
        assert entitlements(lines, NOW).ends == {}


def test_disputes_close_while_they_are_open_and_for_good_when_lost() -> None:
    paid = entry(Kind.PAID, payment="a", event="paid:a")
    opened = entry(Kind.DISPUTED, payment="a", event="disputed:1")
    won = entry(Kind.DISPUTE_WON, payment="a", event="dispute-won:1")
    lost = entry(Kind.DISPUTE_LOST, payment="a", event="dispute-lost:2")
    second = entry(Kind.DISPUTED, payment="a", event="disputed:2")
    for chosen, state, order in (
        ([paid, opened], State.DISPUTED, OrderState.DISPUTED),
        ([paid, opened, won], State.ACTIVE, OrderState.PAID),
        ([paid, opened, won, second], State.DISPUTED, OrderState.DISPUTED),
        ([paid, second, lost], State.REFUNDED, OrderState.REFUNDED),
        ([paid, lost], State.REFUNDED, OrderState.REFUNDED),
    ):
        for lines in itertools.permutations(chosen):
            assert entitlements(lines, NOW).holdings["rust"].state is state
            assert order_state(lines) is order


def test_a_dispute_of_one_payment_leaves_another_of_the_same_order() -> None:
    lines = [
        period(Kind.PAID, "a", END),
        period(Kind.RENEWED, "b", NEXT, at=END),
        entry(Kind.DISPUTED, payment="a", event="disputed:1"),
    ]
    assert entitlements(lines, NOW).holdings["rust"].until == NEXT + GRACE
    assert [payment.closed_by for payment in payments_of(lines)] == [State.DISPUTED, None]
