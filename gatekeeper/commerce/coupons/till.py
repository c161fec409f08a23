"""The coupon of a request: typed into the form, or brought by a link as `?coupon=`.

A GET shows the price with it, a POST orders at that price; both ask the manifest and the uses anew, and neither believes a price that the
browser sends (attack case W11). Tries are limited, since a code may be short.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote

from flask import request

from gatekeeper.accounts import limits
from gatekeeper.accounts.current import client
from gatekeeper.accounts.limits import LimitedError, client_subject
from gatekeeper.commerce.coupons import rules, uses
from gatekeeper.commerce.coupons.rules import CouponRefusedError, Refusal
from gatekeeper.commerce.offers import Offer, with_coupon
from gatekeeper.web.forms import FieldError, clean_line
from gatekeeper.web.service import service

FIELD = "coupon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """offer: with the coupon, if it was taken. typed: the code as the reader gave it, "" for none. order: the reader's own that keeps it."""

    offer: Offer
    typed: str = ""
    refusal: Refusal | None = None
    order: str | None = None

    def refused(self, error: CouponRefusedError) -> Priced:
        """The same at the full price, with why."""
        offer = replace(self.offer, price=self.offer.full_price, coupon=None)
        return replace(self, offer=offer, refusal=error.refusal, order=error.order)


def priced(offer: Offer, reader: str | None) -> Priced:
    """The offer with the coupon that this request brings. reader: who wants to use it, None when nobody is signed in yet."""
    try:
        typed = clean_line(request.values.get(FIELD, ""), longest=rules.LONGEST_CODE)
    except FieldError:
        return Priced(offer=offer, refusal=Refusal.UNKNOWN)
    without = Priced(offer=offer, typed=typed)
    served = service()
    if not typed or served.manifest is None:
        return without
    now = served.clock()
    tries = [(limits.COUPONS_FROM_CLIENT, client_subject(client()))]
    if reader is not None:
        tries.append((limits.COUPONS_BY_READER, reader))
    try:
        with served.database.write() as connection:
            limits.count(connection, served.marker, tries, now=now)
        reduced = with_coupon(offer, served.manifest, typed, now=now)
        if reduced.coupon is not None:
            with served.database.read() as connection:
                uses.check(connection, reduced.coupon, reader=reader, now=now)
    except LimitedError:
        return replace(without, refusal=Refusal.TOO_OFTEN)
    except CouponRefusedError as error:
        # What the reader's own unpaid order keeps is shown as taken: ordering the same again leads back to that order.
        if error.order is None:
            return without.refused(error)
    return replace(without, offer=reduced)


def with_code(path: str, code: str | None) -> str:
    """An address of a page that knows coupons, with this one."""
    if code is None:
        return path
    return f"{path}{'&' if '?' in path else '?'}{FIELD}={quote(code, safe='')}"
