"""Products and coupons before and after. Pure.

A change names the fields that differ, prices by currency. What it means for readers is said by `release.access_diff`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gatekeeper.contract.products import CouponEntry, ProductEntry, coupon_to_json, product_to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """before, after: as JSON has them, prices as minor units; None where there is nothing. field: `prices.USD` for a price."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Of a product or a coupon. is_new, is_gone: it did not exist, or does not any more; `fields` then says what it is or was."""

    id: str
    is_new: bool
    is_gone: bool
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SoldDiff:
    products: tuple[Change, ...]
    coupons: tuple[Change, ...]

    @property
    def is_empty(self) -> bool:
        return not (self.products or self.coupons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """What is sold: products and coupons by id or code."""

    products: Mapping[str, ProductEntry]
    coupons: Mapping[str, CouponEntry]


NOTHING = Sold(products={}, coupons={})


def sold_diff(before: Sold, after: Sold) -> SoldDiff:
    return SoldDiff(
        products=_changes(
            {id_: product_to_json(entry) for id_, entry in before.products.items()},
            {id_: product_to_json(entry) for id_, entry in after.products.items()},
        ),
        coupons=_changes(
            {code: coupon_to_json(entry) for code, entry in before.coupons.items()},
            {code: coupon_to_json(entry) for code, entry in after.coupons.items()},
        ),
    )


def _changes(
    before: Mapping[str, Mapping[str, object]], after: Mapping[str, Mapping[str, object]]
) -> tuple[Change, ...]:
    """In the order of `after`, then what is gone."""
    found = []
    for id_ in [*after, *(id_ for id_ in before if id_ not in after)]:
        old, new = _flat(before.get(id_, {})), _flat(after.get(id_, {}))
        fields = tuple(
            FieldChange(field=name, before=old.get(name), after=new.get(name))
            for name in dict.fromkeys([*new, *old])
            if old.get(name) != new.get(name)
        )
        if fields or (id_ in before) != (id_ in after):
            found.append(Change(id=id_, is_new=id_ not in before, is_gone=id_ not in after, fields=fields))
    return tuple(found)


def _flat(entry: Mapping[str, object]) -> dict[str, object]:
    """Prices, amounts and titles each by themselves; a list of grants or products as a set of its own order."""
    flat: dict[str, object] = {}
    for name, value in entry.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            flat[name] = sorted(value) if isinstance(value, list) else value
    return flat
