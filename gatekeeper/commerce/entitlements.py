"""What a reader owns, derived from the ledger alone. Pure: the same entries in any order give the same answer.

Rules
- A paid order opens its product from the moment of payment. What happens to the money later is looked at payment by payment
  (`payments_of`): a payment that was refunded in full, or whose dispute is open or lost, opens nothing. A smaller refund changes
  nothing; a refund that came back is as none; a dispute that the school won is as none.
- A product with an interval is open for one interval from payment, or from the end of the running one, whichever is later. A month
  keeps its day, or takes the month's last: January 31 + 1 month = February 28.
- A subscription that the provider renews is open to the end of the paid period, which the provider names, and some days of grace
  longer as long as it is not cancelled: a renewal may be late, a card may have to be replaced. The days are those that the product had
  when it was ordered, else `GRACE`. Once cancelled it ends with the paid period.
- An order that cost nothing, because of its coupon, was paid when it was made.
- A redeemed code and an operator's grant open likewise; an operator's revocation closes what began before it, and nothing after.
- A payment whose amount or currency is not the order's opens nothing (`Kind.MISMATCHED`).
- An order that was bought as a gift opens nothing to its buyer. Whoever redeemed it owns the product from then on, for good or for one
  interval, as long as a payment of the order stands. What the buyer's money ended is `REVOKED` to them, not `REFUNDED`: it was not theirs.
- An order of seats opens nothing to its buyer either. Who holds a seat of it owns the product for as long as the order would open it;
  a seat that was taken away opens nothing.
- A refund or a dispute that arrives before its payment counts when the payment comes.
- An order is pending when the provider said so within the last day and nothing decided it since.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from gatekeeper.commerce.ledger import FOR_OTHERS, Entry, Kind
from gatekeeper.contract.products import GRACE_DAYS

PENDING_FOR = timedelta(days=1)
GRACE = timedelta(days=GRACE_DAYS)
_PAYS = frozenset({Kind.PAID, Kind.RENEWED})


class State(StrEnum):
    """Why a product is open or not. EXPIRED and REFUNDED stand in JSON answers: never rename."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    REVOKED = "revoked"
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a reader has or had of one product. until: None for ever. origins: order numbers, `code` or `operator`.

    is_lent: it hangs on a seat of a team's alone, which may be taken away.
    """

    product: str
    state: State
    since: datetime
    until: datetime | None
    origins: tuple[str, ...]
    is_lent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """Every product the ledger knows of for one reader; pending: products that wait for a payment."""

    holdings: Mapping[str, Holding]
    pending: tuple[str, ...]

    @property
    def active(self) -> Mapping[str, Holding]:
        return {id_: holding for id_, holding in self.holdings.items() if holding.state is State.ACTIVE}

    @property
    def for_good(self) -> frozenset[str]:
        """Products that are open without an end and are the reader's own, not a seat's."""
        return frozenset(
            id_ for id_, holding in self.active.items() if holding.until is None and not holding.is_lent
        )

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
    DISPUTED = "disputed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment of an order and what became of it. entry: the line that says it was paid. closed_by: None while it stands."""

    entry: Entry
    paid_minor: int
    refunded_minor: int
    closed_by: State | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opening:
    """One thing that opens a product. closed_by: what took it back. renews: until is to be followed by another period."""

    start: datetime
    order: tuple[datetime, int]
    interval: str | None
    until: datetime | None
    origin: str
    closed_by: State | None
    renews: bool = False
    grace: timedelta = GRACE
    is_lent: bool = False


def entitlements(entries: Iterable[Entry], now: datetime) -> Owned:
    """What the reader of these entries (`ledger.of_reader`) owns at `now`; an end that equals `now` has passed."""
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
        found = _bought_by_others(lines, revoked, now) if is_for_others(lines) else _bought(lines, revoked)
        if found:
            openings[lines[0].product] += found
    for entry in others:
        if entry.kind in {Kind.GRANTED, Kind.REDEEMED}:
            openings[entry.product].append(_opening(entry, revoked, closed_by=None, renews=False))

    pending = {
        lines[0].product
        for lines in orders.values()
        if not is_for_others(lines)
        and order_state(lines) is OrderState.PENDING
        and any(line.kind is Kind.PENDING and now - line.at < PENDING_FOR for line in lines)
    }
    return Owned(
        holdings={product: _holding(product, found, now) for product, found in sorted(openings.items())},
        pending=tuple(sorted(pending)),
    )


def opened_by(entries: Sequence[Entry], now: datetime) -> Holding | None:
    """What the payments of this one order open, to whomever; None before the first."""
    paid = _bought(entries, {})
    return _holding(entries[0].product, paid, now) if paid else None


def is_for_others(entries: Iterable[Entry]) -> bool:
    """Whether the order of these entries was bought as a gift, or for a team's seats."""
    return any(entry.kind in FOR_OTHERS for entry in entries)


def payments_of(entries: Iterable[Entry]) -> list[Payment]:
    """The payments of the one order that these entries are of, the first first."""
    named: dict[str | None, list[Entry]] = defaultdict(list)
    for entry in entries:
        named[entry.payment].append(entry)
    found = []
    for lines in named.values():
        paid = [line for line in lines if line.kind in _PAYS]
        if paid:
            # Several lines without a name, from a provider whose orders have one payment, are that one payment.
            first = min(paid, key=_moment)
            total, refunded = sum(line.amount_minor for line in paid), _refunded(lines)
            state = State.REFUNDED if refunded >= total > 0 else _disputed(lines)
            found.append(Payment(entry=first, paid_minor=total, refunded_minor=refunded, closed_by=state))
    return sorted(found, key=lambda payment: _moment(payment.entry))


def is_renewing(entries: Iterable[Entry]) -> bool:
    """Whether the provider will charge this order's next period: its subscription began, and was not cancelled, or resumed since."""
    kinds = {Kind.CANCELLED: 1, Kind.RESUMED: 0}
    lines = list(entries)
    began = any(line.kind in _PAYS and line.interval and line.until for line in lines)
    said = [(line.at, kinds[line.kind]) for line in lines if line.kind in kinds]
    return began and not (said and max(said)[1])


def order_state(entries: Sequence[Entry]) -> OrderState:
    """The state of the one order that these entries are of."""
    payments = payments_of(entries)
    if any(payment.closed_by is None for payment in payments):
        return OrderState.PAID
    if payments:
        is_disputed = any(payment.closed_by is State.DISPUTED for payment in payments)
        return OrderState.DISPUTED if is_disputed else OrderState.REFUNDED
    created = next((entry for entry in entries if entry.kind is Kind.CREATED), None)
    refunded = _refunded(entries)
    if refunded > 0 and (created is None or refunded >= created.amount_minor):
        return OrderState.REFUNDED
    # Two messages of the same second are taken in the order of the dictionary below: the final one wins.
    rank = {Kind.PENDING: 0, Kind.FAILED: 1}
    told = [(entry.at, rank[entry.kind]) for entry in entries if entry.kind in rank]
    if not told:
        return OrderState.CREATED
    return OrderState.FAILED if max(told)[1] else OrderState.PENDING


def first_payment(entries: Iterable[Entry]) -> Entry | None:
    """The payment that an order's access begins with."""
    return next((payment.entry for payment in payments_of(entries)), None)


def later(moment: datetime, interval: str) -> datetime:
    """`moment` plus one interval, month or year. Raises ValueError for another word."""
    months = {"month": 1, "year": 12}.get(interval)
    if months is None:
        raise ValueError(f"not an interval: {interval!r}")
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _moment(entry: Entry) -> tuple[datetime, str]:
    return (entry.at, entry.event)


def _refunded(entries: Iterable[Entry]) -> int:
    """What was refunded and did not come back. A refund and its failure share the name behind the colon, in whatever order they came."""
    lines = list(entries)
    failed = _names(lines, Kind.REFUND_FAILED)
    return sum(
        line.amount_minor for line in lines if line.kind is Kind.REFUNDED and _name(line) not in failed
    )


def _disputed(entries: Iterable[Entry]) -> State | None:
    """A dispute and its end share the name behind the colon."""
    lines = list(entries)
    if _names(lines, Kind.DISPUTE_LOST):
        return State.REFUNDED
    is_open = _names(lines, Kind.DISPUTED) - _names(lines, Kind.DISPUTE_WON)
    return State.DISPUTED if is_open else None


def _names(entries: Iterable[Entry], kind: Kind) -> set[str]:
    return {_name(entry) for entry in entries if entry.kind is kind}


def _name(entry: Entry) -> str:
    return entry.event.partition(":")[2]


def _bought(lines: Sequence[Entry], revoked: Mapping[str, list[tuple[datetime, int]]]) -> list[_Opening]:
    """What one order opens, payment by payment."""
    renews = is_renewing(lines)
    return [
        _opening(payment.entry, revoked, closed_by=payment.closed_by, renews=renews)
        for payment in payments_of(lines)
    ]


def _bought_by_others(
    lines: Sequence[Entry], revoked: Mapping[str, list[tuple[datetime, int]]], now: datetime
) -> list[_Opening]:
    """What a gift or a team's order opens to the one reader whose redemption or seats stand in these lines."""
    whole = opened_by(lines, now)
    if whole is None:
        return []
    closed = None if whole.state in {State.ACTIVE, State.EXPIRED} else whole.state
    closed = State.REVOKED if closed is State.REFUNDED else closed
    found = [
        _opening(line, revoked, closed_by=closed, renews=False)
        for line in lines
        if line.kind is Kind.REDEEMED
    ]
    taken = _names(lines, Kind.UNSEATED)
    for line in lines:
        if line.kind is Kind.SEATED:
            closed_by = State.REVOKED if _name(line) in taken else closed
            found.append(
                replace(
                    _opening(line, revoked, closed_by=closed_by, renews=False),
                    interval=None,
                    until=whole.until,
                    is_lent=True,
                )
            )
    return found


def _opening(
    entry: Entry,
    revoked: Mapping[str, list[tuple[datetime, int]]],
    *,
    closed_by: State | None,
    renews: bool,
) -> _Opening:
    is_revoked = any((entry.at, entry.id) < moment for moment in revoked.get(entry.product, ()))
    return _Opening(
        start=entry.at,
        order=(entry.at, entry.id),
        interval=entry.interval,
        until=entry.until,
        origin=entry.order or entry.source,
        closed_by=closed_by or (State.REVOKED if is_revoked else None),
        renews=renews,
        grace=GRACE if entry.grace_days is None else timedelta(days=entry.grace_days),
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
        if opening.until is not None:
            end = max(end, opening.until + opening.grace if opening.renews else opening.until)
        elif opening.interval is not None:
            end = later(max(end, opening.start), opening.interval)
        else:
            is_for_ever = True
    return Holding(
        product=product,
        state=State.ACTIVE if is_for_ever or now < end else State.EXPIRED,
        since=standing[0].start,
        until=None if is_for_ever else end,
        origins=tuple(opening.origin for opening in standing),
        is_lent=all(opening.is_lent for opening in standing),
    )
