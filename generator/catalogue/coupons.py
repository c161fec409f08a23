"""Coupons: what takes something off a price, and for whom. Codes are compared without regard to case.

A coupon takes off either a part (`percent`) or an amount in each currency that it is for (`amount`). Whether its date has passed is not
a mistake of the content, since a build of tomorrow must not fail because of it: `over` finds them, for those who want to say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from generator.catalogue.document import Document
from generator.catalogue.fields import CouponFields, SchoolFields
from generator.catalogue.findings import Findings, did_you_mean
from generator.catalogue.model import Coupon, Product
from generator.errors import Problem, Severity


def coupons(
    fields: SchoolFields, products: Mapping[str, Product], document: Document, findings: Findings
) -> dict[str, Coupon]:
    """The coupons by code. products: what they can be for."""
    found: dict[str, Coupon] = {}
    for index, entry in enumerate(fields.coupons):
        line = document.line("coupons", index, "code")
        if entry.code in found:
            findings.error(
                document.path,
                line,
                f"the coupon '{entry.code}' is given twice",
                "capital and small letters are the same here",
            )
            continue
        if (entry.percent is None) != bool(entry.amount):
            findings.error(
                document.path,
                line,
                f"the coupon '{entry.code}' takes off "
                + ("nothing" if entry.percent is None else "a part and an amount"),
                "write either 'percent: 20' or 'amount: {USD: 500}'",
            )
        _check_products(entry, index, products, document, findings)
        _check_currencies(entry, index, products, document, findings)
        found[entry.code] = Coupon(
            code=entry.code,
            percent=entry.percent,
            amounts=MappingProxyType(dict(entry.amount)),
            uses=entry.uses,
            per_reader=entry.per_reader,
            expires=entry.expires,
            products=tuple(dict.fromkeys(entry.products)),
            line=line,
        )
    return found


def over(coupons: Mapping[str, Coupon], now: datetime) -> dict[str, Problem]:
    """Code → what to say of it, for those whose time is over."""
    return {
        coupon.code: Problem(
            f"school.yml:{coupon.line}",
            f"the coupon '{coupon.code}' expired at {coupon.expires:%Y-%m-%d %H:%M %Z}",
            "give it a later date, or take it out",
            Severity.WARNING,
        )
        for coupon in coupons.values()
        if coupon.expires is not None and coupon.expires <= now
    }


def _check_products(
    entry: CouponFields,
    index: int,
    products: Mapping[str, Product],
    document: Document,
    findings: Findings,
) -> None:
    for place, id_ in enumerate(entry.products):
        line = document.line("coupons", index, "products", place)
        if id_ not in products:
            findings.error(
                document.path,
                line,
                f"the coupon '{entry.code}' is for '{id_}', which is no product",
                did_you_mean(id_, products, otherwise="products are listed above it in school.yml"),
            )
        elif products[id_].is_trial:
            findings.error(
                document.path, line, f"the coupon '{entry.code}' is for a trial, which costs nothing", ""
            )


def _check_currencies(
    entry: CouponFields,
    index: int,
    products: Mapping[str, Product],
    document: Document,
    findings: Findings,
) -> None:
    sold = [products[id_] for id_ in entry.products if id_ in products] or list(products.values())
    known = {currency for product in sold for currency in product.prices}
    for currency in entry.amount:
        if currency not in known:
            findings.error(
                document.path,
                document.line("coupons", index, "amount", currency),
                f"the coupon '{entry.code}' takes off {currency}, in which nothing that it is for has a price",
                "known are: " + ", ".join(sorted(known)) if known else "",
            )
