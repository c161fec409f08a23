"""Amounts in a currency's minor unit, and how a reader sees them.

An amount is a whole number of minor units together with its currency; two currencies are never compared or added.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gatekeeper.contract.currencies import decimals as decimals_of

_SIGNS = {
    "CNY": "¥",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "JP¥",
    "KRW": "₩",
    "HKD": "HK$",
    "TWD": "NT$",
    "INR": "₹",
}
_CODE = re.compile(r"[A-Z]{3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    amount_minor: int
    currency: str

    def __str__(self) -> str:
        return price_text(self.amount_minor, self.currency)


def is_currency(code: str) -> bool:
    return _CODE.fullmatch(code) is not None


def price_text(amount_minor: int, currency: str) -> str:
    """`¥99`, `$15.50`, `JP¥1,200`, `CHF 20`: decimals only where there are some."""
    decimals = decimals_of(currency)
    whole, rest = divmod(abs(amount_minor), 10**decimals)
    digits = f"{whole:,}" + (f".{rest:0{decimals}d}" if rest else "")
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{_SIGNS[currency]}{digits}" if currency in _SIGNS else f"{sign}{currency} {digits}"
