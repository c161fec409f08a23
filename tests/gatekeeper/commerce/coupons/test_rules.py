"""What a coupon does to a price."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.commerce.coupons.rules import CouponRefusedError, Refusal, find, reduced, written
from gatekeeper.commerce.money import Money
from gatekeeper.contract.manifest import CouponEntry
from tests.support.shop import school

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def money(amount: int, currency: str = "USD") -> Money:
    return Money(amount_minor=amount, currency=currency)


@pytest.mark.parametrize(
    ("coupon", "price", "left"),
    [
        (CouponEntry(percent=20), money(1500), 1200),
        (CouponEntry(percent=33), money(1000), 670),
        (CouponEntry(percent=15), money(1990, "CNY"), 1691),  # 298.5 off: half a fen for the reader
        (CouponEntry(percent=10), money(980, "JPY"), 882),  # no decimals: whole yen
        (CouponEntry(percent=100), money(1500), 0),
        (CouponEntry(amounts={"USD": 500}), money(1500), 1000),
        (CouponEntry(amounts={"USD": 1500}), money(1500), 0),
        (CouponEntry(amounts={"USD": 9900}), money(1500), 0),
        (CouponEntry(percent=99), money(1500), 50),  # what Stripe charges at least
        (CouponEntry(amounts={"USD": 1490}), money(1500), 50),
        (CouponEntry(amounts={"CNY": 9899}), money(9900, "CNY"), 1),
        (CouponEntry(percent=99), money(40), 40),  # cheaper than the least: nothing is added
        (CouponEntry(percent=99), money(1, "CNY"), 1),
        (CouponEntry(percent=90), money(300, "JPY"), 50),
    ],
)
def test_w11_the_server_reckons_in_whole_minor_units(coupon: CouponEntry, price: Money, left: int) -> None:
    assert reduced(coupon, price) == money(left, price.currency)


def test_an_amount_counts_in_its_own_currency_alone() -> None:
    with pytest.raises(CouponRefusedError) as refused:
        reduced(CouponEntry(amounts={"USD": 500}), money(9900, "CNY"))
    assert refused.value.refusal is Refusal.OTHER_CURRENCY


coupons = st.one_of(
    st.builds(CouponEntry, percent=st.integers(1, 100)),
    st.builds(CouponEntry, amounts=st.fixed_dictionaries({"USD": st.integers(1, 20_000)})),
)


@given(coupons, st.integers(1, 20_000))
def test_a_coupon_never_adds_anything_and_leaves_nothing_or_what_can_be_charged(
    coupon: CouponEntry, price: int
) -> None:
    left = reduced(coupon, money(price)).amount_minor
    assert 0 <= left <= price
    assert left == 0 or left >= min(50, price)
    if coupon.percent is not None and coupon.percent < 100:
        assert left > 0


@pytest.mark.parametrize(
    ("typed", "product", "refusal"),
    [
        ("SPRING", "rust", None),
        (" spr ing ", "rust", None),
        ("AUTUMN", "rust", Refusal.UNKNOWN),
        ("", "rust", Refusal.UNKNOWN),
        ("SPRING", "sql", Refusal.OTHER_PRODUCT),
        ("OVER", "rust", Refusal.EXPIRED),
        ("SPRING" * 100, "rust", Refusal.UNKNOWN),
    ],
)
def test_a_coupon_is_found_as_readers_type_it(typed: str, product: str, refusal: Refusal | None) -> None:
    manifest = replace(
        school(),
        coupons={
            "SPRING": CouponEntry(percent=20, products=("rust",)),
            "OVER": CouponEntry(percent=20, expires=NOW),
        },
    )
    if refusal is None:
        assert find(manifest, typed, product=product, now=NOW).percent == 20
        return
    with pytest.raises(CouponRefusedError) as refused:
        find(manifest, typed, product=product, now=NOW)
    assert refused.value.refusal is refusal


def test_a_code_that_is_too_long_is_no_other_code() -> None:
    assert len(written("A" * 40)) == 40
    assert written("A" * 41) not in {"A" * 40}
