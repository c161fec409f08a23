"""Changes of seats: inviting, accepting, taking away, taking along to another order. The rules stand in `team.py`."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, update

from gatekeeper.accounts import readers
from gatekeeper.accounts.life.identities import all_of
from gatekeeper.accounts.marks import new_id
from gatekeeper.accounts.readers import Reader
from gatekeeper.commerce import ledger, orders
from gatekeeper.commerce.ledger import Kind
from gatekeeper.commerce.seats.tables import SeatRow
from gatekeeper.commerce.seats.team import Seat, Team, TeamOrder, find_seat, is_standing, open_of, team_of

log = logging.getLogger(__name__)

MOST_LETTERS = 5  # of one invitation


class Invited(StrEnum):
    """The page's words for it: texts `seats.said_…`."""

    DONE = "done"
    ALREADY = "already"  # has a seat of the team, or is invited to one
    FULL = "full"
    RESTING = "resting"  # only seats that were used lately are left


class Accepted(StrEnum):
    """The page's words for it: texts `seats.join_…`."""

    DONE = "done"
    YOURS = "yours"  # before, perhaps by another seat of the team
    OTHER_ADDRESS = "other_address"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """seat: None unless it was done."""

    outcome: Invited
    seat: Seat | None = None


def invite(connection: Connection, manager: str, product: str, email: str, *, now: datetime) -> Invitation:
    """Invites this normal address to a free seat of the manager's team."""
    team = team_of(connection, manager, product, now=now, is_locked=True)
    if team is None:
        return Invitation(outcome=Invited.FULL)
    if any(seat.email == email for seat in team.sitting):
        return Invitation(outcome=Invited.ALREADY)
    room = _room(team, email)
    if room is None:
        return Invitation(outcome=Invited.RESTING if team.resting else Invited.FULL)
    return Invitation(outcome=Invited.DONE, seat=_new_seat(connection, room, email, now=now))


def sit_down(connection: Connection, manager: Reader, product: str, *, now: datetime) -> Invitation:
    """The manager takes a seat themselves."""
    invited = invite(connection, manager.id, product, manager.email, now=now)
    seat = invited.seat
    if invited.outcome is Invited.ALREADY:
        waiting = open_of(connection, emails=[manager.email], readers=[])
        team = team_of(connection, manager.id, product, now=now)
        own = {one.id for one in team.sitting} if team is not None else set[str]()
        seat = next((one for one in waiting if one.id in own), None)
    if seat is not None:
        accept(connection, seat.id, manager, now=now)
        return Invitation(outcome=Invited.DONE, seat=seat)
    return invited


def accept(connection: Connection, id_: str, reader: Reader, *, now: datetime) -> Accepted:
    """The reader, who is signed in, takes the seat that their address was invited to."""
    known = find_seat(connection, id_)
    if known is None:
        return Accepted.ENDED
    orders.lock(connection, known.order)
    seat = find_seat(connection, id_)
    if seat is None or seat.ended_at is not None:
        return Accepted.ENDED
    if is_holder(connection, seat, reader):
        return Accepted.YOURS
    if not is_invited(connection, seat, reader):
        return Accepted.OTHER_ADDRESS
    if seat.holder is not None or not is_standing(connection, seat, now=now):
        return Accepted.ENDED
    order = orders.find(connection, seat.order)
    if order is None or _sits_already(connection, order.reader, order.product, reader, now=now):
        return Accepted.YOURS
    connection.execute(update(SeatRow).where(SeatRow.id == seat.id).values(holder=reader.id, accepted_at=now))
    _append(connection, Kind.SEATED, seat, reader.id, order.product, now=now)
    return Accepted.DONE


def is_invited(connection: Connection, seat: Seat, reader: Reader) -> bool:
    """Whether the seat waits for an address that this reader has proven: their own, or that of an account joined with it."""
    if not seat.email:
        return False
    found = readers.find_by_address(connection, seat.email)
    return found is not None and found.id == reader.id


def is_holder(connection: Connection, seat: Seat, reader: Reader) -> bool:
    return seat.holder is not None and seat.holder in all_of(connection, reader.id)


def take_away(connection: Connection, manager: str, id_: str, *, now: datetime) -> Seat | None:
    """Ends a seat or an invitation of the manager's team. None if it is none of theirs, or has ended before."""
    seat = _managed(connection, manager, id_)
    if seat is None or seat.ended_at is not None:
        return None
    _end(connection, seat, now=now)
    return seat


def leave(connection: Connection, id_: str, reader: Reader, *, now: datetime) -> Seat | None:
    """The reader gives their seat back, or declines an invitation to their address. None if it is not theirs."""
    known = find_seat(connection, id_)
    if known is None:
        return None
    orders.lock(connection, known.order)
    seat = find_seat(connection, id_)
    if seat is None or seat.ended_at is not None:
        return None
    is_theirs = (
        is_invited(connection, seat, reader) if seat.holder is None else is_holder(connection, seat, reader)
    )
    if not is_theirs:
        return None
    _end(connection, seat, now=now)
    return seat


def write_again(connection: Connection, manager: str, id_: str) -> Seat | None:
    """Counts one more letter of an invitation that was not accepted; the seat with the new count. None if there may be no more."""
    seat = _managed(connection, manager, id_)
    if seat is None or seat.ended_at is not None or seat.holder is not None or seat.letters >= MOST_LETTERS:
        return None
    connection.execute(update(SeatRow).where(SeatRow.id == seat.id).values(letters=seat.letters + 1))
    return find_seat(connection, id_)


def take_along(connection: Connection, manager: str, product: str, *, now: datetime) -> int:
    """Moves people from seats whose time has run out to free seats of newer orders, as far as there are; how many were moved."""
    team = team_of(connection, manager, product, now=now, is_locked=True)
    moved = 0
    for seat in team.stranded if team is not None else ():
        team = team_of(connection, manager, product, now=now)
        if team is not None and any(sitting.email == seat.email for sitting in team.sitting):
            _end(connection, seat, now=now)  # invited anew meanwhile
            continue
        room = None if team is None else _room(team, seat.email)
        if room is None:
            break
        if seat.holder is None:
            connection.execute(
                update(SeatRow).where(SeatRow.id == seat.id).values(order_number=room.order.number)
            )
        else:
            _end(connection, seat, now=now)
            fresh = _new_seat(connection, room, seat.email, now=now)
            connection.execute(
                update(SeatRow).where(SeatRow.id == fresh.id).values(holder=seat.holder, accepted_at=now)
            )
            _append(connection, Kind.SEATED, fresh, seat.holder, product, now=now)
        moved += 1
    return moved


def _room(team: Team, email: str) -> TeamOrder | None:
    """The order with a seat for this address; the one that lasts longest, so that nobody has to be moved soon."""
    having = [one for one in team.standing if one.has_room(email)]
    return max(having, key=lambda one: (one.until is None, one.until or one.order.created_at), default=None)


def _new_seat(connection: Connection, room: TeamOrder, email: str, *, now: datetime) -> Seat:
    seat = Seat(
        id=new_id(),
        order=room.order.number,
        email=email,
        letters=1,
        invited_at=now,
        holder=None,
        accepted_at=None,
        ended_at=None,
    )
    connection.execute(
        insert(SeatRow).values(
            id=seat.id,
            order_number=seat.order,
            email=email,
            letters=seat.letters,
            invited_at=now,
            holder=None,
            accepted_at=None,
            ended_at=None,
        )
    )
    return seat


def _managed(connection: Connection, manager: str, id_: str) -> Seat | None:
    """The seat, if it is of an order of this manager's; its order is locked."""
    known = find_seat(connection, id_)
    if known is None or orders.find_of_reader(connection, known.order, reader=manager) is None:
        return None
    orders.lock(connection, known.order)
    return find_seat(connection, id_)


def _sits_already(
    connection: Connection, manager: str, product: str, reader: Reader, *, now: datetime
) -> bool:
    team = team_of(connection, manager, product, now=now)
    own = set(all_of(connection, reader.id))
    return team is not None and any(seat.holder in own for seat in team.sitting)


def _end(connection: Connection, seat: Seat, *, now: datetime) -> None:
    connection.execute(update(SeatRow).where(SeatRow.id == seat.id).values(ended_at=now))
    if seat.holder is not None:
        order = orders.find(connection, seat.order)
        product = order.product if order is not None else ""
        _append(connection, Kind.UNSEATED, seat, seat.holder, product, now=now)


def _append(
    connection: Connection, kind: Kind, seat: Seat, reader: str, product: str, *, now: datetime
) -> None:
    log.info("%s seat=%s order=%s reader=%s", kind.value, seat.id, seat.order, reader)
    ledger.append(
        connection,
        kind=kind,
        reader=reader,
        product=product,
        order=seat.order,
        source=ledger.SEAT,
        event=f"{kind.value}:{seat.id}",
        at=now,
        now=now,
    )
