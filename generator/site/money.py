"""Amounts → texts. An amount is kept in its currency's minor unit, which for the yen is the yen itself (ISO 4217)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from babel import numbers

from gatekeeper.contract.currencies import decimals
from generator.catalogue.model import Language

_HOME = {"zh": "CNY", "en": "USD"}  # the currency that a page in this language shows first
# One short sign for each currency in every language; the bare ¥ is the yuan, so the yen is JP¥ as it is in Chinese.
_LOCALE = {"CNY": "zh_CN", "JPY": "zh_CN", "USD": "en_US"}


def decimal_amount(amount_minor: int, currency: str) -> Decimal:
    """The amount in the currency's main unit, with exactly the decimals that the currency has: 9900 fen → 99.00."""
    return Decimal(amount_minor).scaleb(-decimals(currency))


@lru_cache(maxsize=1024)  # the same few prices stand on every page
def price_text(amount_minor: int, currency: str, language: Language) -> str:
    """`¥99`, `$15`, `$4.50`, `JP¥1,200`: whole amounts without decimals."""
    amount = decimal_amount(amount_minor, currency)
    locale = _LOCALE.get(currency, language)
    if amount == amount.to_integral_value():
        text = numbers.format_currency(
            amount, currency, format="¤#,##0", locale=locale, currency_digits=False
        )
    else:
        pattern = f"¤#,##0.{'0' * decimals(currency)}"
        text = numbers.format_currency(amount, currency, format=pattern, locale=locale, currency_digits=False)
    return text.replace("\xa0", " ")


def ordered(prices: Mapping[str, int], language: Language) -> list[tuple[str, int]]:
    """The prices as (currency, amount), the language's home currency first, the others as the author wrote them."""
    return sorted(prices.items(), key=lambda price: not is_home(price[0], language))


def is_home(currency: str, language: Language) -> bool:
    return _HOME.get(language) == currency
