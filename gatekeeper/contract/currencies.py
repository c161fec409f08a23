"""How many decimals a currency has: the one answer for pages that print a price and for the service that takes it.

Source: ISO 4217, list one. A currency that is not listed here has two. Libraries differ from it where daily use does (nobody pays with
hundredths of a dinar in Belgrade); a price is kept in ISO's minor unit all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

_DECIMALS: Mapping[str, int] = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}


def decimals(currency: str) -> int:
    """Digits behind the point of an amount in its main unit: 2 for USD, 0 for JPY, 3 for KWD."""
    return _DECIMALS.get(currency, 2)
