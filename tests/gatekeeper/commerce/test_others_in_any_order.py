"""W06 for what opens to others than the buyer: gifts and seats end the same, in whatever order their messages come."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from gatekeeper.accounts import readers
from gatekeeper.commerce import ledger, redemption
from gatekeeper.commerce.entitlements import OrderState, State, entitlements, order_state
from gatekeeper.commerce.gifts import gift as gifts
from gatekeeper.commerce.ledger import Entry, Kind
from gatekeeper.commerce.seats import seating
from tests.gatekeeper.commerce.others import ordered_gift, orders, reader, sell_to_others, tell
from tests.gatekeeper.commerce.test_entitlements import NOW, entry
from tests.support.shop import Shop

TOLD = ("created", "paid", "refunded", "disputed")


def at(kind: Kind, second: int, **more: object) -> Entry:
    return entry(kind, at=NOW + timedelta(seconds=second), event=f"{kind}:{more.pop('name', 'x')}", **more)


GIFT = [
    at(Kind.CREATED, 0),
    at(Kind.GIFTED, 0),
    at(Kind.PAID, 5),
    at(Kind.REDEEMED, 6, reader="ben", source="gift"),
    at(Kind.DISPUTED, 7),
    at(Kind.DISPUTE_WON, 8),
]
SEAT = [
    at(Kind.CREATED, 0, interval="month"),
    at(Kind.TEAMED, 0),
    at(Kind.PAID, 5, interval="month"),
    at(Kind.SEATED, 6, reader="ben", source="seat", name="a"),
    at(Kind.UNSEATED, 7, reader="ben", source="seat", name="a"),
    at(Kind.SEATED, 8, reader="ben", source="seat", name="b"),
]


@pytest.mark.parametrize(
    ("lines", "state"),
    [
        (GIFT[:4], State.ACTIVE),
        (GIFT[:5], State.DISPUTED),
        (GIFT, State.ACTIVE),
        ([*GIFT, at(Kind.REFUNDED, 9)], State.REVOKED),
        (SEAT[:4], State.ACTIVE),
        (SEAT[:5], State.REVOKED),
        (SEAT, State.ACTIVE),
        ([*SEAT, at(Kind.REFUNDED, 9)], State.REVOKED),
        ([*SEAT[:5], at(Kind.REFUNDED, 9)], State.REVOKED),
    ],
)
def test_w06_every_order_of_recording_gives_the_holder_the_same(lines: list[Entry], state: State) -> None:
    later = NOW + timedelta(days=1)
    # The first two lines are written in one transaction, before anybody can tell anything.
    results = {
        repr(entitlements([replace(line, id=n) for n, line in enumerate([*lines[:2], *rest])], later))
        for rest in itertools.permutations(lines[2:])
    }
    assert len(results) == 1
    owned = entitlements(lines, later)
    assert owned.holdings["rust"].state is state
    assert owned.pending == ()


def test_the_buyer_of_a_gift_or_of_seats_owns_nothing_whatever_is_told() -> None:
    for whole in (GIFT, SEAT):
        own = [line for line in whole if line.reader == "r"]
        pending = at(Kind.PENDING, 1)
        assert entitlements([*own, pending], NOW).holdings == {}
        assert entitlements([*own[:2], pending], NOW).pending == ()


def test_a_seat_lasts_as_long_as_its_order_and_a_month_given_away_begins_with_its_redemption() -> None:
    seat = entitlements(SEAT, NOW).holdings["rust"]
    assert (seat.until, seat.is_lent) == (NOW.replace(month=12) + timedelta(seconds=5), True)
    month = [replace(line, interval="month") if line.kind is Kind.REDEEMED else line for line in GIFT[:4]]
    gift = entitlements(month, NOW).holdings["rust"]
    assert (gift.until, gift.is_lent) == (NOW.replace(month=12) + timedelta(seconds=6), False)


def test_an_operators_revocation_ends_a_gift_and_a_seat_too() -> None:
    for whole in (GIFT, SEAT):
        revoked = entry(Kind.REVOKED, order=None, at=NOW + timedelta(hours=1), id=99, reader="ben")
        assert entitlements([*whole, revoked], NOW).holdings["rust"].state is State.REVOKED


def test_w06_all_orders_of_created_paid_refunded_disputed_with_a_gift_converge(shop: Shop) -> None:
    sell_to_others(shop)
    giver = reader(shop, "ada")

    def order() -> str:
        shop.clock.advance(minutes=2)
        return ordered_gift(giver)

    def take(connection: Connection, number: str, person: str) -> None:
        gift = gifts.find_of_order(connection, number)
        assert gift is not None
        code = gifts.code_of(shop.service.marker, gift.id, gift.version)
        redemption.redeem(connection, shop.service.marker, code, reader=person, now=shop.clock())

    converge(shop, order, take, product="rust", held=Kind.REDEEMED)


def test_w06_all_orders_of_created_paid_refunded_disputed_with_seats_converge(shop: Shop) -> None:
    sell_to_others(shop)
    manager = reader(shop, "ada")

    def order() -> str:
        shop.clock.advance(minutes=2)
        before = set(orders(shop))
        manager.post("/buy/team", {"currency": "USD", "seats": "2"}, form="/buy/team?seats=2")
        (number,) = set(orders(shop)) - before
        return number

    def take(connection: Connection, number: str, person: str) -> None:
        ada = readers.find_by_address(connection, "ada@example.org")
        who = readers.find(connection, person)
        assert ada is not None
        assert who is not None
        invited = seating.invite(connection, ada.id, "team", who.email, now=shop.clock())
        if invited.seat is not None:
            seating.accept(connection, invited.seat.id, who, now=shop.clock())

    converge(shop, order, take, product="team", held=Kind.SEATED)


def converge(
    shop: Shop,
    order: Callable[[], str],
    take: Callable[[Connection, str, str], None],
    *,
    product: str,
    held: Kind,
) -> None:
    """Each message twice, in all orders; after each somebody tries to take what was bought, and has it only while the order stands."""
    for turn, told in enumerate(itertools.permutations(TOLD)):
        number = order()
        with shop.database.write() as connection:
            person = readers.find_or_create(
                connection, f"r{turn}@example.org", language="en", now=shop.clock()
            ).id
        for word in told:
            assert tell(shop, number, word) == 200
            with shop.database.write() as connection:
                take(connection, number, person)
                lines = ledger.of_order(connection, number)
                owned = entitlements(ledger.of_reader(connection, person), shop.clock())
            stands = order_state(lines) is OrderState.PAID
            assert (product in owned.active) == stands, (told, word)
        kinds = [line.kind for line in lines if line.source == "sandbox"]
        assert sorted(kinds) == sorted([Kind.CREATED, Kind.PAID, Kind.REFUNDED, Kind.DISPUTED])
        assert sum(line.kind is held for line in lines) <= 1
        assert owned.active == {}
        ada = shop.owned("ada@example.org")
        assert ada.holdings == {}
