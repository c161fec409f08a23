"""The ledger's lines for some products, sorted into chains: one order, gift, seat, code, trial or grant each, with what it came to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from gatekeeper.accounts.readers import Reader
from gatekeeper.commerce import ledger, orders
from gatekeeper.commerce.entitlements import (
    Holding,
    OrderState,
    State,
    entitlements,
    is_for_others,
    is_renewing,
    order_state,
)
from gatekeeper.commerce.ledger import Entry, Kind
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.seats import team as seats
from gatekeeper.commerce.seats.team import SeatState
from gatekeeper.commerce.tables import CodeRow

_ENDS = {
    Kind.REFUNDED: "refunded",
    Kind.DISPUTED: "disputed",
    Kind.DISPUTE_LOST: "lost by a dispute",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """by: where it comes from, in words. verdict: one sentence. is_open: whether it, taken alone, opens the product now."""

    product: str
    by: str
    lines: tuple[Entry, ...]
    verdict: str
    is_open: bool


def chains_of(
    connection: Connection, entries: Sequence[Entry], products: Collection[str], *, now: datetime
) -> list[Chain]:
    """The chains for these products among the lines of one reader (`ledger.of_reader`), the first begun first."""
    ordered: dict[str, list[Entry]] = defaultdict(list)
    single: list[Entry] = []
    revoked: list[Entry] = []
    for entry in entries:
        if entry.product not in products:
            continue
        if entry.order is not None:
            ordered[entry.order].append(entry)
        elif entry.kind is Kind.REVOKED:
            revoked.append(entry)
        else:
            single.append(entry)
    found = [
        _chain(lines, _by_order(lines, orders.find(connection, number)), revoked, now=now)
        for number, lines in ordered.items()
    ]
    found += [_chain([entry], _by_itself(connection, entry), revoked, now=now) for entry in single]
    return sorted(found, key=lambda chain: chain.lines[0].id)


def invitations_of(
    connection: Connection, person: Reader, products: Collection[str], *, now: datetime
) -> list[str]:
    """Seats that wait for this reader to take them, in words."""
    found = []
    for seat in seats.open_of(connection, emails=[person.email], readers=[]):
        order = orders.find(connection, seat.order)
        is_open = seats.is_standing(connection, seat, now=now)
        if order is not None and order.product in products and seat.state is SeatState.INVITED and is_open:
            found.append(
                f"{order.product}: invited to a seat of {order.number} on {_day(seat.invited_at)}, not taken yet"
            )
    return found


def _chain(lines: Sequence[Entry], by: str, revoked: Sequence[Entry], *, now: datetime) -> Chain:
    product = lines[0].product
    also = [entry for entry in revoked if entry.product == product]
    holding = entitlements([*lines, *also], now).holdings.get(product)
    closing = [entry for entry in also if any(entry.id > line.id for line in lines)]
    is_revoked = holding is not None and holding.state is State.REVOKED
    return Chain(
        product=product,
        by=by,
        lines=(*lines, *(closing if is_revoked else ())),
        verdict=f"{by}: {_verdict(lines, holding, closing, now)}",
        is_open=holding is not None and holding.state is State.ACTIVE,
    )


def _verdict(lines: Sequence[Entry], holding: Holding | None, revoked: Sequence[Entry], now: datetime) -> str:
    if holding is None:
        return _opens_nothing(lines)
    if holding.state is State.ACTIVE:
        return f"open since {_day(holding.since)}{_end(lines, holding, now)}"
    if holding.state is State.EXPIRED and holding.until is not None:
        return f"expired on {_day(holding.until)}"
    taken = _last(lines, Kind.UNSEATED)
    if taken is not None:
        return f"the seat was taken away on {_day(taken.at)}"
    money = [entry for entry in lines if entry.kind in _ENDS]
    if money:
        last = max(money, key=lambda entry: (entry.at, entry.id))
        return f"the payment was {_ENDS[last.kind]} on {_day(last.at)}"
    if revoked:
        return f"withdrawn by an operator on {_day(revoked[-1].at)}"
    return holding.state.value


def _opens_nothing(lines: Sequence[Entry]) -> str:
    """Why these lines open nothing to this reader, and never did."""
    state = order_state(lines)
    if is_for_others(lines) and state is not OrderState.CREATED:
        is_gift = any(entry.kind is Kind.GIFTED for entry in lines)
        return (
            "bought as a gift, which opens nothing to its buyer"
            if is_gift
            else "bought for a team, whose manager owns only the seat they take"
        )
    mismatch = _last(lines, Kind.MISMATCHED)
    if mismatch is not None:
        return f"a payment of another amount or currency came on {_day(mismatch.at)}"
    match state:
        case OrderState.PENDING:
            return "a payment is under way"
        case OrderState.FAILED:
            return f"the payment failed on {_day(lines[-1].at)}"
        case OrderState.REFUNDED:
            return "refunded before it was paid"
    return "never paid"


def _end(lines: Sequence[Entry], holding: Holding, now: datetime) -> str:
    if holding.until is None:
        return ", for good"
    ends = [entry.until for entry in lines if entry.until is not None]
    if is_renewing(lines) and ends:
        paid = max(ends)
        if paid <= now:
            return f", paid until {_day(paid)}, now in the days of grace, until {_day(holding.until)}"
        return f", paid until {_day(paid)} and renewing, with grace until {_day(holding.until)}"
    return f", until {_day(holding.until)}"


def _by_order(lines: Sequence[Entry], order: Order | None) -> str:
    number = lines[0].order
    coupon = f" with the coupon {order.coupon}" if order is not None and order.coupon else ""
    if any(entry.kind is Kind.REDEEMED for entry in lines):
        return f"gift of order {number}"
    if any(entry.kind is Kind.SEATED for entry in lines):
        return f"seat of order {number}"
    return f"order {number}{coupon}"


def _by_itself(connection: Connection, entry: Entry) -> str:
    if entry.source == ledger.CODE:
        batch = connection.execute(
            select(CodeRow.batch).where(CodeRow.id == entry.event)
        ).scalar_one_or_none()
        return f"code of {batch}" if batch else "code"
    return {
        ledger.OPERATOR: "an operator's grant",
        ledger.TRIAL: "free trial",
    }.get(entry.source, entry.source)


def _last(lines: Sequence[Entry], kind: Kind) -> Entry | None:
    return next((entry for entry in reversed(lines) if entry.kind is kind), None)


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
