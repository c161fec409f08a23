"""What a reader owns, derived from the ledger alone. Pure: the same entries in any order give the same answer.

Rules
- A paid order opens its product from the moment of payment; refunds that reach what was paid close it. A smaller refund does not.
- A product with an interval (a subscription) is open for one interval from payment, or from the end of the running one, whichever
  is later. A month keeps its day, or takes the month's last: January 31 + 1 month = February 28.
- A redeemed code and an operator's grant open likewise; an operator's revocation closes what began before it, and nothing after.
- A payment whose amount or currency is not the order's opens nothing (`Kind.MISMATCHED`).
- A refund that arrives before its payment counts when the payment comes.
- An order is pending when the provider said so within the last day and nothing decided it since.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gatekeeper.commerce.ledger import Entry, Kind

PENDING_FOR = timedelta(days=1)


class State(StrEnum):
    """Why a product is open or not. EXPIRED and REFUNDED stand in JSON answers: never rename."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a reader has or had of one product. until: None for ever. origins: order numbers, `code` or `operator`."""

    product: str
    state: State
    since: datetime
    until: datetime | None
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Every product the ledger knows of for one reader; pending: products that wait for a payment."""

    holdings: Mapping[str, Holding]
    pending: tuple[str, ...]

    @property
    def active(self) -> Mapping[str, Holding]:
        return {id_: holding for id_, holding in self.holdings.items() if holding.state is State.ACTIVE}

    @property
    def ends(self) -> dict[str, int | None]:
        """Active product → end in Unix seconds, or None: the form that tokens carry."""
        return {
            id_: None if holding.until is None else int(holding.until.timestamp())
            for id_, holding in self.active.items()
        }


class OrderState(StrEnum):
    """Values stand in JSON answers and in pages: never rename."""

    CREATED = "created"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opening:
    """One thing that opens a product. closed_by: what took it back."""

    start: datetime
    order: tuple[datetime, int]
    interval: str | None
    until: datetime | None
    origin: str
    closed_by: State | None


def entitlements(entries: Iterable[Entry], now: datetime) -> Owned:
    """What the reader of these entries (all of one reader) owns at `now`; an end that equals `now` has passed."""
    orders: dict[str, list[Entry]] = defaultdict(list)
    others: list[Entry] = []
    for entry in entries:
        if entry.order is None:
            others.append(entry)
        else:
            orders[entry.order].append(entry)
    revoked: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for entry in others:
        if entry.kind is Kind.REVOKED:
            revoked[entry.product].append((entry.at, entry.id))

    openings: dict[str, list[_Opening]] = defaultdict(list)
    for lines in orders.values():
        payment = first_payment(lines)
        if payment is not None:
            is_refunded = order_state(lines) is OrderState.REFUNDED
            openings[payment.product].append(_opening(payment, revoked, refunded=is_refunded))
    for entry in others:
        if entry.kind in {Kind.GRANTED, Kind.REDEEMED}:
            openings[entry.product].append(_opening(entry, revoked, refunded=False))

    pending = {
        lines[0].product
        for lines in orders.values()
        if order_state(lines) is OrderState.PENDING
        and any(line.kind is Kind.PENDING and now - line.at < PENDING_FOR for line in lines)
    }
    return Owned(
        holdings={product: _holding(product, found, now) for product, found in sorted(openings.items())},
        pending=tuple(sorted(pending)),
    )


def order_state(entries: Sequence[Entry]) -> OrderState:
    """The state of the one order that these entries are of."""
    paid = sum(entry.amount_minor for entry in entries if entry.kind is Kind.PAID)
    refunded = sum(entry.amount_minor for entry in entries if entry.kind is Kind.REFUNDED)
    if paid:
        return OrderState.REFUNDED if refunded >= paid else OrderState.PAID
    created = next((entry for entry in entries if entry.kind is Kind.CREATED), None)
    if refunded and (created is None or refunded >= created.amount_minor):
        return OrderState.REFUNDED
    # Two messages of the same second are taken in the order of the dictionary below: the final one wins.
    rank = {Kind.PENDING: 0, Kind.FAILED: 1}
    told = [(entry.at, rank[entry.kind]) for entry in entries if entry.kind in rank]
    if not told:
        return OrderState.CREATED
    return OrderState.FAILED if max(told)[1] else OrderState.PENDING


def first_payment(entries: Iterable[Entry]) -> Entry | None:
    """The payment that an order's access begins with."""
    return min(
        (entry for entry in entries if entry.kind is Kind.PAID),
        key=lambda entry: (entry.at, entry.event),
        default=None,
    )


def later(moment: datetime, interval: str) -> datetime:
    """`moment` plus one interval, month or year. Raises ValueError for another word."""
    months = {"month": 1, "year": 12}.get(interval)
    if months is None:
        raise ValueError(f"not an interval: {interval!r}")
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _opening(entry: Entry, revoked: Mapping[str, list[tuple[datetime, int]]], *, refunded: bool) -> _Opening:
    is_revoked = any((entry.at, entry.id) < moment for moment in revoked.get(entry.product, ()))
    closed_by = State.REFUNDED if refunded else State.REVOKED if is_revoked else None
    return _Opening(
        start=entry.at,
        order=(entry.at, entry.id),
        interval=entry.interval,
        until=entry.until,
        origin=entry.order or entry.source,
        closed_by=closed_by,
    )


def _holding(product: str, openings: Iterable[_Opening], now: datetime) -> Holding:
    in_order = sorted(openings, key=lambda opening: opening.order)
    standing = [opening for opening in in_order if opening.closed_by is None]
    if not standing:
        last = in_order[-1]
        return Holding(
            product=product,
            state=last.closed_by or State.REVOKED,
            since=in_order[0].start,
            until=None,
            origins=tuple(opening.origin for opening in in_order),
        )
    end = standing[0].start
    is_for_ever = False
    for opening in standing:
        if opening.interval is not None:
            end = later(max(end, opening.start), opening.interval)
        elif opening.until is not None:
            end = max(end, opening.until)
        else:
            is_for_ever = True
    return Holding(
        product=product,
        state=State.ACTIVE if is_for_ever or now < end else State.EXPIRED,
        since=standing[0].start,
        until=None if is_for_ever else end,
        origins=tuple(opening.origin for opening in standing),
    )
