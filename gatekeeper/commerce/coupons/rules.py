"""What a coupon does to a price. Pure: the manifest's coupon, a price and a moment → the reduced price, or why not.

- A part is taken off in whole minor units, half a unit and more rounded in the reader's favour. An amount counts only in its currency.
- What is left is nothing, or at least the smallest amount that can be charged (Stripe's minimum, where it is known; elsewhere one unit).
  A part below 100 per cent never leaves nothing.
- A coupon is for the whole of an order: for all seats of a team, and for every period of a subscription.

Source of the smallest amounts: Stripe, "Minimum and maximum charge amounts".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from gatekeeper.commerce.money import Money
from gatekeeper.contract.manifest import CouponEntry, Manifest

LONGEST_CODE = 40
_SMALLEST: Mapping[str, int] = {
    **dict.fromkeys(["USD", "AUD", "BRL", "CAD", "CHF", "EUR", "INR", "NZD", "SGD"], 50),
    "AED": 200,
    "BGN": 100,
    "CZK": 1500,
    "DKK": 250,
    "GBP": 30,
    "HKD": 400,
    "HUF": 17500,
    "JPY": 50,
    "MXN": 1000,
    "MYR": 200,
    "NOK": 300,
    "PLN": 200,
    "RON": 200,
    "SEK": 300,
    "THB": 1000,
}


class Refusal(StrEnum):
    """Why a coupon is not taken. The values name texts of the pages."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    OTHER_PRODUCT = "other_product"
    OTHER_CURRENCY = "other_currency"
    USED_UP = "used_up"
    HELD = "held"  # all uses that are left are kept for orders that are being paid
    USED_BY_READER = "used_by_reader"
    TOO_OFTEN = "too_often"  # too many tries


class CouponRefusedError(Exception):
    """The coupon cannot be used for this order. order: the reader's own order that keeps it, if there is one."""

    def __init__(self, refusal: Refusal, *, order: str | None = None) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal
        self.order = order


def written(text: str) -> str:
    """A code as it stands in the manifest; readers add spaces and write small letters."""
    return "".join(text.split()).upper()[: LONGEST_CODE + 1]


def find(manifest: Manifest, text: str, *, product: str, now: datetime) -> CouponEntry:
    """The coupon with this code, for this product, now. Raises CouponRefusedError."""
    entry = manifest.coupons.get(written(text))
    if entry is None:
        raise CouponRefusedError(Refusal.UNKNOWN)
    if entry.expires is not None and entry.expires <= now:
        raise CouponRefusedError(Refusal.EXPIRED)
    if entry.products and product not in entry.products:
        raise CouponRefusedError(Refusal.OTHER_PRODUCT)
    return entry


def reduced(entry: CouponEntry, price: Money) -> Money:
    """The price with the coupon. Raises CouponRefusedError for an amount in other currencies."""
    if entry.percent is not None:
        if entry.percent >= 100:
            return Money(amount_minor=0, currency=price.currency)
        off = (price.amount_minor * entry.percent + 50) // 100
        left = max(price.amount_minor - off, 1)
    else:
        amount = entry.amounts.get(price.currency)
        if amount is None:
            raise CouponRefusedError(Refusal.OTHER_CURRENCY)
        left = max(price.amount_minor - amount, 0)
    if left:
        left = min(max(left, _SMALLEST.get(price.currency, 1)), price.amount_minor)
    return Money(amount_minor=left, currency=price.currency)
