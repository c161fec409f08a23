"""A team: one manager's orders of seats for one product, and who sits on them.

Rules
- An order of seats (`Kind.TEAMED`) opens nothing to its buyer, who is the manager of the team; they may take a seat themselves.
- A seat belongs to one order. It can be given away while a payment of the order stands and its time has not run out. Refund, dispute,
  end: the seats of that order open nothing any more, those of the team's other orders go on (`entitlements.py`).
- An invitation holds a seat. It is accepted by whoever has proven the invited address, and by nobody else; whether that address has an account
  is never looked at for the manager (attack case A02).
- Taking a seat away ends the access at once, and the tokens in use with it. A seat that somebody has used rests for `RESTS` before another
  person may have it, so that one seat does not serve a crowd by turns; the same person may come back at once.
- Who sat when stays: seats are ended and never removed, and the ledger has `seated` and `unseated`.
- Whoever changes something holds the rows of the team's orders; so of fifty invitations at once as many succeed as there are free seats.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from gatekeeper.commerce import ledger, orders
from gatekeeper.commerce.entitlements import OrderState, State, opened_by, order_state
from gatekeeper.commerce.ledger import Entry
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.seats.tables import SeatRow

RESTS = timedelta(hours=24)
_PAID = frozenset({OrderState.PAID, OrderState.REFUNDED, OrderState.DISPUTED})


class SeatState(StrEnum):
    """Values stand in pages: never rename."""

    INVITED = "invited"
    TAKEN = "taken"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One person on one seat. order: of which the seat is. holder: the reader's id, once accepted."""

    id: str
    order: str
    email: str
    letters: int
    invited_at: datetime
    holder: str | None
    accepted_at: datetime | None
    ended_at: datetime | None

    @property
    def state(self) -> SeatState:
        if self.ended_at is not None:
            return SeatState.ENDED
        return SeatState.INVITED if self.accepted_at is None else SeatState.TAKEN

    @property
    def rests_until(self) -> datetime | None:
        """When another person may have it; None for a seat that nobody has used up to its end."""
        return None if self.ended_at is None or self.accepted_at is None else self.ended_at + RESTS


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamOrder:
    """An order of the team's. until: None for ever. open_seats: who has or is invited to one of its seats; resting: who used one lately."""

    order: Order
    state: OrderState
    is_open: bool
    until: datetime | None
    open_seats: tuple[Seat, ...]
    resting: tuple[Seat, ...]

    @property
    def seats(self) -> int:
        return self.order.seats or 0

    def has_room(self, email: str) -> bool:
        """Whether somebody with this address can have one of its seats now."""
        kept = sum(seat.email != email for seat in self.resting)
        return self.is_open and len(self.open_seats) + kept < self.seats


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """product: what the seats open. orders: the oldest first, without those that were never paid."""

    product: str
    orders: tuple[TeamOrder, ...]

    @property
    def standing(self) -> tuple[TeamOrder, ...]:
        return tuple(one for one in self.orders if one.is_open)

    @property
    def seats(self) -> int:
        """How many seats are open to be sat on."""
        return sum(one.seats for one in self.standing)

    @property
    def sitting(self) -> tuple[Seat, ...]:
        return tuple(seat for one in self.standing for seat in one.open_seats)

    @property
    def stranded(self) -> tuple[Seat, ...]:
        """People on seats of orders that have run out; those of refunded orders are not moved anywhere."""
        return tuple(seat for one in self.orders if is_run_out(one) for seat in one.open_seats)

    @property
    def resting(self) -> tuple[Seat, ...]:
        return tuple(seat for one in self.standing for seat in one.resting)

    @property
    def free(self) -> int:
        """How many seats anybody can have now."""
        return sum(max(0, one.seats - len(one.open_seats) - len(one.resting)) for one in self.standing)


def is_run_out(one: TeamOrder) -> bool:
    """Whether the order was paid and stands, but its time is over."""
    return one.state is OrderState.PAID and not one.is_open


def products_of(connection: Connection, manager: str) -> list[str]:
    """The products of which this reader manages a team."""
    placed = [order for order in orders.listed(connection, reader=manager) if order.seats is not None]
    lines = ledger.of_orders(connection, [order.number for order in placed])
    paid = [order.product for order in reversed(placed) if order_state(lines[order.number]) in _PAID]
    return list(dict.fromkeys(paid))


def team_of(
    connection: Connection, manager: str, product: str, *, now: datetime, is_locked: bool = False
) -> Team | None:
    """The manager's team for this product; None when they have paid for no seat of it. is_locked: nobody changes it meanwhile."""
    placed = [
        order
        for order in orders.listed(connection, reader=manager)
        if order.seats is not None and order.product == product
    ]
    numbers = [order.number for order in placed]
    if is_locked:
        orders.lock(connection, *numbers)
    lines = ledger.of_orders(connection, numbers)
    sitting: dict[str, list[Seat]] = defaultdict(list)
    for seat in seats_where(connection, SeatRow.order_number.in_(numbers)):
        sitting[seat.order].append(seat)
    placed.sort(key=lambda order: (order.created_at, order.number))
    found = [
        _team_order(order, lines[order.number], sitting[order.number], now=now)
        for order in placed
        if order_state(lines[order.number]) in _PAID
    ]
    return Team(product=product, orders=tuple(found)) if found else None


def find_seat(connection: Connection, id_: str) -> Seat | None:
    return next(iter(seats_where(connection, SeatRow.id == id_)), None)


def seats_where(connection: Connection, *which: ColumnElement[bool]) -> list[Seat]:
    """Seats in the order of their invitations."""
    rows = connection.execute(select(SeatRow).where(*which).order_by(SeatRow.invited_at, SeatRow.id))
    return [_seat(row) for row in rows]


def open_of(connection: Connection, *, emails: Sequence[str], readers: Iterable[str]) -> list[Seat]:
    """The seats that these addresses are invited to, or that these readers hold."""
    invited = SeatRow.email.in_(list(emails)) & SeatRow.holder.is_(None)
    held = SeatRow.holder.in_(list(readers))
    return seats_where(connection, SeatRow.ended_at.is_(None), invited | held)


def is_standing(connection: Connection, seat: Seat, *, now: datetime) -> bool:
    """Whether the seat's order opens its product now."""
    whole = opened_by(ledger.of_order(connection, seat.order), now)
    return whole is not None and whole.state is State.ACTIVE


def _team_order(order: Order, lines: Sequence[Entry], seats: Sequence[Seat], *, now: datetime) -> TeamOrder:
    whole = opened_by(lines, now)
    return TeamOrder(
        order=order,
        state=order_state(lines),
        is_open=whole is not None and whole.state is State.ACTIVE,
        until=None if whole is None else whole.until,
        open_seats=tuple(seat for seat in seats if seat.ended_at is None),
        resting=tuple(seat for seat in seats if seat.rests_until is not None and seat.rests_until > now),
    )


def _seat(row: Any) -> Seat:
    return Seat(
        id=row.id,
        order=row.order_number,
        email=row.email,
        letters=row.letters,
        invited_at=row.invited_at,
        holder=row.holder,
        accepted_at=row.accepted_at,
        ended_at=row.ended_at,
    )
