from __future__ import annotations

from decimal import Decimal

import pytest

from gatekeeper.commerce.money import price_text as checkout_text
from generator.site import money


@pytest.mark.parametrize(
    ("amount_minor", "currency", "language", "text"),
    [
        (9900, "CNY", "zh", "¥99"),
        (9900, "CNY", "en", "¥99"),
        (1500, "USD", "en", "$15"),
        (1500, "USD", "zh", "$15"),
        (1550, "USD", "en", "$15.50"),
        (5, "USD", "en", "$0.05"),
        (1200, "JPY", "en", "JP¥1,200"),
        (1200, "JPY", "zh", "JP¥1,200"),
        (1234567, "CNY", "zh", "¥12,345.67"),
        (12000, "KRW", "en", "₩12,000"),
        (12500, "KWD", "en", "KWD12.500"),
        (2000, "EUR", "en", "€20"),
    ],
)
def test_a_price_has_its_currencys_decimals_and_none_when_whole(
    amount_minor: int, currency: str, language: str, text: str
) -> None:
    assert money.price_text(amount_minor, currency, language) == text


def test_the_minor_unit_of_a_zero_decimal_currency_is_the_currency() -> None:
    assert money.decimal_amount(1200, "JPY") == Decimal(1200)
    assert str(money.decimal_amount(9900, "CNY")) == "99.00"
    assert str(money.decimal_amount(12500, "KWD")) == "12.500"


def test_the_home_currency_of_the_language_comes_first() -> None:
    prices = {"EUR": 1, "USD": 2, "CNY": 3}
    assert [currency for currency, _ in money.ordered(prices, "zh")] == ["CNY", "EUR", "USD"]
    assert [currency for currency, _ in money.ordered(prices, "en")] == ["USD", "EUR", "CNY"]


@pytest.mark.parametrize(
    "currency", ["USD", "JPY", "KRW", "KWD", "IQD", "RSD", "LAK", "TWD", "UGX", "CLF", "HUF", "XAF"]
)
@pytest.mark.parametrize("amount_minor", [150000, 123456789, 5])
def test_w11_the_page_and_the_checkout_print_the_same_digits(currency: str, amount_minor: int) -> None:
    printed = [
        "".join(sign for sign in text if sign.isdigit() or sign == ".")
        for text in (
            money.price_text(amount_minor, currency, "en"),
            money.price_text(amount_minor, currency, "zh"),
            checkout_text(amount_minor, currency),
        )
    ]
    assert len(set(printed)) == 1, printed
