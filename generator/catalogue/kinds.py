"""What each kind of product needs and what it cannot have.

course, bundle   paid once, for good
subscription     `interval`: month or year; `grace_days` after a paid period that is to be renewed
membership       paid once, everything for good: it grants `*`
team             `seats`: how many may be bought; the price is that of one seat. With an `interval` it is paid by it
trial            no price: lessons of paid courses, read by a signed-in reader for nothing, once; `days` ends it
"""

from __future__ import annotations

from dataclasses import dataclass

from gatekeeper.contract.products import ProductKind
from generator.catalogue.document import Document
from generator.catalogue.fields import ProductFields
from generator.catalogue.findings import Findings

EVERYTHING = "*"
MOST_SEATS = 1000


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a product stands, to complain about."""

    document: Document
    index: int
    findings: Findings

    def wrong(self, field: str, what: str, hint: str) -> None:
        line = self.document.line("products", self.index, field)
        self.findings.error(self.document.path, line, what, hint)


def check(entry: ProductFields, document: Document, index: int, findings: Findings) -> None:
    """Reports what this product lacks for its kind, and what it has too much."""
    place = _Place(document, index, findings)
    if not entry.grants and entry.kind != ProductKind.MEMBERSHIP:
        place.wrong("id", "no 'grants'", "add a line 'grants: [<course>]'")
    _check_price(entry, place)
    _check_interval(entry, place)
    if entry.kind == ProductKind.MEMBERSHIP and entry.grants not in ([], [EVERYTHING]):
        place.wrong(
            "grants",
            f"the membership '{entry.id}' does not grant everything",
            "take 'grants' out, or write 'kind: bundle'",
        )
    if entry.days is not None and entry.kind != ProductKind.TRIAL:
        place.wrong("days", f"'{entry.id}' has days and is no trial", "add 'kind: trial', or take it out")
    if entry.giftable and (entry.interval is not None or entry.kind in {ProductKind.TRIAL, ProductKind.TEAM}):
        place.wrong(
            "giftable", f"'{entry.id}' cannot be given away", "only what is paid once, for one reader, can be"
        )
    _check_seats(entry, place)


def grants_unless_said(entry: ProductFields) -> tuple[str, ...]:
    return (EVERYTHING,) if entry.kind == ProductKind.MEMBERSHIP else ()


def _check_price(entry: ProductFields, place: _Place) -> None:
    if entry.kind != ProductKind.TRIAL:
        if not entry.prices:
            place.wrong("id", "no 'prices'", "add a line 'prices: {USD: 1900}'")
        return
    if entry.prices:
        place.wrong("prices", f"the trial '{entry.id}' has a price", "take it out, or write 'kind: course'")
    if entry.refund_days:
        place.wrong("refund_days", f"the trial '{entry.id}' cannot be refunded", "take 'refund_days' out")


def _check_interval(entry: ProductFields, place: _Place) -> None:
    if entry.kind == ProductKind.SUBSCRIPTION and entry.interval is None:
        place.wrong("kind", f"the subscription '{entry.id}' has no interval", "add 'interval: month' or year")
    if entry.interval is not None and entry.kind not in {ProductKind.SUBSCRIPTION, ProductKind.TEAM}:
        place.wrong(
            "interval", f"'{entry.id}' has an interval and is no subscription", "add 'kind: subscription'"
        )
    if entry.grace_days is not None and entry.interval is None:
        place.wrong(
            "grace_days", f"'{entry.id}' has days of grace and is no subscription", "take 'grace_days' out"
        )


def _check_seats(entry: ProductFields, place: _Place) -> None:
    if entry.kind != ProductKind.TEAM:
        if entry.seats is not None:
            place.wrong("seats", f"'{entry.id}' has seats and is no team", "add 'kind: team'")
    elif entry.seats is None:
        place.wrong("kind", f"the team '{entry.id}' has no seats", "add 'seats: {min: 3, max: 50}'")
    elif not entry.seats.min <= entry.seats.max <= MOST_SEATS:
        place.wrong(
            "seats",
            f"'{entry.id}' sells {entry.seats.min} to {entry.seats.max} seats",
            f"write the smaller number as min; at most {MOST_SEATS} are sold at once",
        )
