"""Who sells, as it stands on receipts, and the tax that prices contain. Read from the settings; a school that names nobody shows its own name.

Prices are what a reader pays, so tax is a part of them: at 19 % a price of 119 holds 19. It is rounded half up to the minor unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gatekeeper.commerce.money import Money
from gatekeeper.environment_values import EnvironmentValues

_TAX = re.compile(r"([^0-9%]{1,30}) ([0-9]{1,2})(?:\.([0-9]{1,2}))? ?%")
_LONGEST = 200
_MOST_LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """label: as it is shown, like `VAT 19%`. rate_basis_points: 1900 for 19 %."""

    label: str
    rate_basis_points: int

    def within(self, price: Money) -> Money:
        """The part of the price that is tax."""
        whole = 10_000 + self.rate_basis_points
        part = (2 * price.amount_minor * self.rate_basis_points + whole) // (2 * whole)
        return Money(amount_minor=part, currency=price.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seller:
    """name: empty for the school's own. tax_id: as it is shown, with its kind in front."""

    name: str = ""
    address: tuple[str, ...] = ()
    tax_id: str = ""
    tax: Tax | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """All that is known, one below the other."""
        return tuple(line for line in (self.name, *self.address, self.tax_id) if line)


def read_seller(values: EnvironmentValues) -> Seller:
    """The seller that is set up; what is wrong is added to the values' problems."""
    name, tax_id = (values.text(f"LYCEUM_SELLER_{word}", "") for word in ("NAME", "TAX_ID"))
    address = tuple(
        line.strip() for line in values.text("LYCEUM_SELLER_ADDRESS", "").split("|") if line.strip()
    )
    shown = {"LYCEUM_SELLER_NAME": [name], "LYCEUM_SELLER_ADDRESS": address, "LYCEUM_SELLER_TAX_ID": [tax_id]}
    for variable, lines in shown.items():
        if len(lines) > _MOST_LINES or any(len(line) > _LONGEST or not line.isprintable() for line in lines):
            values.wrong(variable, "does not fit on a receipt", "write up to six short lines, separated by |")
    return Seller(name=name, address=address, tax_id=tax_id, tax=_tax(values))


def _tax(values: EnvironmentValues) -> Tax | None:
    text = values.text("LYCEUM_SELLER_TAX", "").strip()
    if not text:
        return None
    found = _TAX.fullmatch(text)
    if found is None:
        values.wrong("LYCEUM_SELLER_TAX", f"is {text!r}", "write its name and rate, like VAT 19%")
        return None
    return Tax(label=text, rate_basis_points=int(found[2]) * 100 + int((found[3] or "").ljust(2, "0")))
