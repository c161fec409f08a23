from __future__ import annotations

import pytest

from gatekeeper.commerce.money import Money, is_currency, price_text
from gatekeeper.commerce.offers import find_offer, is_covered, lesson_address
from tests.support.shop import SITE, school


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (9900, "CNY", "\u00a599"),
        (1550, "USD", "$15.50"),
        (1505, "EUR", "\u20ac15.05"),
        (123_456_700, "USD", "$1,234,567"),
        (1200, "JPY", "JP\u00a51,200"),
        (1500, "KWD", "KWD 1.500"),
        (2000, "CHF", "CHF 20"),
        (-1500, "USD", "-$15"),
        (0, "USD", "$0"),
    ],
)
def test_w11_an_amount_is_shown_in_its_currencys_own_decimals(amount: int, currency: str, text: str) -> None:
    assert price_text(amount, currency) == text
    assert str(Money(amount_minor=amount, currency=currency)) == text


@pytest.mark.parametrize("code", ["usd", "US", "USDT", "", "U1D", "US\u00d0", "USD\n"])
def test_what_is_no_currency_code_is_none(code: str) -> None:
    assert not is_currency(code)
    assert is_currency("USD")


def test_the_price_follows_the_language_and_the_readers_choice_but_only_where_there_is_one() -> None:
    manifest = school()
    for language, currency, expected in (
        ("zh", None, "CNY"),
        ("en", None, "USD"),
        ("en", "CNY", "CNY"),
        ("en", "EUR", "USD"),
        ("en", "cny", "USD"),
    ):
        offer = find_offer(manifest, "rust", language=language, currency=currency)
        assert offer is not None
        assert offer.price.currency == expected


@pytest.mark.parametrize("product", ["old", "free", "none", ""])
def test_what_is_not_sold_has_no_offer(product: str) -> None:
    assert find_offer(school(), product, language="en") is None


def test_an_offer_says_what_it_opens() -> None:
    offer = find_offer(school(), "both", language="zh")
    assert offer is not None
    assert [(course.title, course.url, course.lessons) for course in offer.courses] == [
        ("Rust", f"{SITE}rust/", 2),
        ("SQL", f"{SITE}sql/", 1),
    ]
    assert offer.title == "\u5408\u96c6"


@pytest.mark.parametrize(
    ("held", "product", "covered"),
    [
        (["rust"], "rust", True),
        (["both"], "rust", True),
        (["rust", "sql"], "both", True),
        (["rust"], "both", False),
        (["rust"], "sql", False),
        ([], "rust", False),
        (["gone"], "rust", False),
        (["both"], "all", False),  # it opens what is yet to come, too
        (["all"], "all", True),
    ],
)
def test_what_is_open_for_good_is_not_sold_again(held: list[str], product: str, covered: bool) -> None:
    assert is_covered(school(), product, held) is covered


def test_only_a_listed_lesson_has_an_address() -> None:
    assert lesson_address(school(), "rust/traits") == f"{SITE}rust/traits/"
    assert lesson_address(school(), "rust/../x") is None
    assert lesson_address(school(), None) is None
    assert lesson_address(None, "rust/traits") is None
