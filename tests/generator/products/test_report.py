"""What would change in what is sold, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from gatekeeper.contract.manifest import CouponEntry, ProductEntry
from gatekeeper.contract.products import Seats
from generator.products.diff import NOTHING, Sold, sold_diff
from generator.products.report import as_text

RUST = ProductEntry(
    kind="course",
    title={"en": "Rust"},
    grants=("rust", "go"),
    prices={"USD": 1900, "JPY": 2800},
    giftable=True,
)
SPRING = CouponEntry(percent=20, uses=50)
BEFORE = Sold(products={"rust": RUST}, coupons={"SPRING": SPRING})


def test_nothing_that_changes_is_said_so() -> None:
    other_order = Sold(products={"rust": replace(RUST, grants=("go", "rust"))}, coupons={"SPRING": SPRING})
    assert sold_diff(BEFORE, other_order).is_empty
    assert as_text(sold_diff(BEFORE, BEFORE), against="x") == "products  nothing changes, against x"


def test_every_change_is_a_line_with_amounts_as_readers_see_them() -> None:
    after = Sold(
        products={
            "rust": replace(
                RUST, prices={"USD": 2550, "CNY": 9900}, title={"en": "Rust 2"}, active=False, refund_days=14
            ),
            "team": ProductEntry(
                kind="team",
                title={"en": "T"},
                grants=("rust",),
                prices={"JPY": 980},
                seats=Seats(least=3, most=9),
            ),
        },
        coupons={
            "SPRING": replace(SPRING, uses=None, expires=datetime(2027, 1, 1, tzinfo=UTC)),
            "FIRST": CouponEntry(amounts={"USD": 550}, per_reader=1),
        },
    )
    assert as_text(sold_diff(BEFORE, after), against="release r").split("\n") == [
        "products  2 products, 2 coupons, against release r",
        "  ~ rust: title.en Rust → Rust 2; USD $19 → $25.50; CNY none → ¥99; refund days 0 → 14; active yes → no; JPY JP¥2,800 → none",
        "  + team: new; kind team; grants rust; JPY JP¥980; seats.min 3; seats.max 9",
        "  ~ coupon SPRING: expires none → 2027-01-01T00:00:00+00:00; uses 50 → none",
        "  + coupon FIRST: new; USD off $5.50; per reader 1",
    ]


def test_what_is_gone_comes_last() -> None:
    assert as_text(sold_diff(BEFORE, NOTHING), against="r").split("\n")[1:] == [
        "  - rust: gone",
        "  - coupon SPRING: gone",
    ]
