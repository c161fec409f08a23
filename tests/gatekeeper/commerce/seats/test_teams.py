"""Seats: bought by a manager, given to people, taken back, ended by the money."""

from __future__ import annotations

import re
import threading

import pytest
from sqlalchemy import select

from gatekeeper.accounts import readers
from gatekeeper.commerce.entitlements import State
from gatekeeper.commerce.seats import seating
from gatekeeper.commerce.seats.seating import Invited
from gatekeeper.commerce.seats.tables import SeatRow
from gatekeeper.commerce.tables import OrderRow
from tests.gatekeeper.commerce.others import buy_seats, kinds, orders, reader, sell_to_others, tell
from tests.support.shop import ORIGIN, Browser, Shop, visible

ADA, BEN, EVE = "ada@example.org", "ben@example.org", "eve@example.org"


@pytest.fixture
def school(shop: Shop) -> Shop:
    return sell_to_others(shop)


@pytest.fixture
def manager(school: Shop) -> Browser:
    """Ada, with two seats."""
    ada = reader(school, "ada")
    buy_seats(ada, 2)
    return ada


def invite(manager: Browser, *people: str, product: str = "team") -> str:
    """Invites them. Returns what the page says."""
    path = f"/teams/{product}"
    return visible(manager.post(f"{path}/invite", {"people": "\n".join(people)}, form=path))


def seat_of(shop: Shop, email: str) -> str:
    """The id of the newest open seat of this address."""
    with shop.database.read() as connection:
        rows = connection.execute(
            select(SeatRow.id, SeatRow.invited_at).where(SeatRow.email == email, SeatRow.ended_at.is_(None))
        ).all()
    return str(max(rows, key=lambda row: row.invited_at).id)


def take_seat(shop: Shop, name: str, number: int) -> Browser:
    """Signs in and accepts the newest invitation."""
    browser = reader(shop, name, number)
    path = f"/seats/{seat_of(shop, f'{name}@example.org')}"
    answer = browser.post(f"{path}/accept", {}, form=path)
    assert "Your seat is taken" in visible(answer), visible(answer)
    return browser


def test_the_manager_invites_and_who_accepts_may_read(school: Shop, manager: Browser) -> None:
    number = orders(school)[0]
    with school.database.read() as connection:
        row = connection.execute(select(OrderRow.amount_minor, OrderRow.seats)).one()
    assert tuple(row) == (2000, 2)
    assert school.owned(ADA).holdings == {}
    assert "your seats are ready" in visible(manager.get(f"/orders/{number}"))
    assert "0 of 2 seats given" in visible(manager.get("/account"))

    said = invite(manager, f"Ben <{BEN}>", "nonsense")
    assert "ben@example.org Invited" in said
    assert "nonsense Not an address" in said
    letter = next(mail for mail in school.mails() if mail.recipient == BEN).letter
    assert letter.subject == "ada@example.org has a seat for you: Rust team"
    link = re.search(rf"{ORIGIN}(/seats/\S+)", letter.text)
    assert link is not None

    ben = school.browser(address="192.0.2.8")
    assert ben.get(link.group(1)).status_code == 303
    ben.sign_in(BEN, target=link.group(1))
    assert "Your invitation" in visible(ben.get("/account")) or "See the invitation" in visible(
        ben.get("/account")
    )
    page = ben.post(f"{link.group(1)}/accept", {}, form=link.group(1))
    assert "Your seat is taken" in visible(page)
    assert school.owned(BEN).ends == {"team": None}
    assert school.owned(BEN).for_good == frozenset()
    assert "your seat in a team" in visible(ben.get("/account"))
    assert "ben@example.org since 22 Nov 2026" in visible(manager.get("/teams/team"))
    assert kinds(school, number)[-1] == "seated"


def test_only_who_has_proven_the_invited_address_may_accept(school: Shop, manager: Browser) -> None:
    invite(manager, BEN)
    seat = seat_of(school, BEN)
    eve = reader(school, "eve", 9)
    page = eve.get(f"/seats/{seat}")
    assert "sent to another address" in visible(page)
    assert "Rust team" not in visible(page)
    assert BEN not in page.text
    assert eve.post(f"/seats/{seat}/accept", {}, form="/redeem").status_code == 422
    assert eve.post(f"/seats/{seat}/leave", {}, form="/redeem").status_code == 404
    assert eve.get("/seats/0123456789abcdef0123456789abcdef").status_code == 404
    for path in (f"/seats/{seat}/remove", f"/seats/{seat}/resend"):
        assert eve.post(path, {}, form="/redeem").status_code == 404
    for path in ("/teams/team", "/teams/none"):
        assert eve.get(path).status_code == 404
    assert eve.post("/teams/team/invite", {"people": EVE}, form="/redeem").status_code == 404
    assert school.owned(EVE).holdings == {}
    take_seat(school, "ben", 8)


def test_a_seat_taken_away_ends_at_once_rests_for_a_day_and_its_holder_may_come_back(
    school: Shop, manager: Browser
) -> None:
    invite(manager, BEN, EVE)
    ben = take_seat(school, "ben", 8)
    with school.database.read() as connection:
        handle = len(connection.exec_driver_sql("SELECT session FROM revocations").all())
    answer = manager.post(f"/seats/{seat_of(school, BEN)}/remove", {}, form="/teams/team")
    assert answer.headers["Location"] == "/teams/team?said=removed"
    with school.database.read() as connection:
        assert len(connection.exec_driver_sql("SELECT session FROM revocations").all()) > handle
    assert school.owned(BEN).holdings["team"].state is State.REVOKED
    assert "Withdrawn" in visible(ben.get("/account"))
    assert "No seat free yet" in invite(manager, "carl@example.org")
    assert "ben@example.org Invited" in invite(manager, BEN)
    take_seat(school, "ben", 8)
    assert school.owned(BEN).ends == {"team": None}

    manager.post(f"/seats/{seat_of(school, BEN)}/remove", {}, form="/teams/team")
    school.clock.advance(hours=24)
    assert "carl@example.org Invited" in invite(manager, "carl@example.org")
    # An invitation that nobody has used does not rest.
    manager.post(f"/seats/{seat_of(school, EVE)}/remove", {}, form="/teams/team")
    assert "dora@example.org Invited" in invite(manager, "dora@example.org")
    assert "No seat left" in invite(manager, "emil@example.org")
    with school.database.read() as connection:
        assert len(connection.execute(select(SeatRow.id)).all()) == 5  # nothing is forgotten


def test_w20_of_fifty_invitations_at_once_as_many_succeed_as_there_are_seats(
    school: Shop, manager: Browser
) -> None:
    with school.database.read() as connection:
        ada = readers.find_by_address(connection, ADA)
    assert ada is not None
    outcomes: list[Invited] = []

    def one(number: int) -> None:
        with school.database.write() as connection:
            invitation = seating.invite(
                connection, ada.id, "team", f"r{number % 25}@example.org", now=school.clock()
            )
        outcomes.append(invitation.outcome)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count(Invited.DONE) == 2
    assert len(outcomes) == 50
    with school.database.read() as connection:
        assert len(connection.execute(select(SeatRow.id)).all()) == 2


def test_more_seats_join_the_team_and_a_refund_ends_those_of_its_order_alone(
    school: Shop, manager: Browser
) -> None:
    first = orders(school)[0]
    invite(manager, BEN, EVE)
    take_seat(school, "ben", 8)
    school.clock.advance(minutes=1)
    second = buy_seats(manager, 2)
    assert "2 of 4 seats given" in visible(manager.get("/teams/team"))
    invite(manager, "carl@example.org")
    take_seat(school, "carl", 10)
    tell(school, first, "refunded")
    assert school.owned(BEN).holdings["team"].state is State.REVOKED
    assert school.owned("carl@example.org").ends == {"team": None}
    page = visible(manager.get("/teams/team"))
    assert "1 of 2 seats given" in page
    eve = reader(school, "eve", 9)
    with school.database.read() as connection:
        old = connection.execute(select(SeatRow.id).where(SeatRow.email == EVE)).scalar_one()
    assert "no longer holds" in visible(eve.post(f"/seats/{old}/accept", {}, form="/redeem"))
    assert "See the invitation" not in visible(eve.get("/account"))
    tell(school, second, "refunded")
    assert school.owned("carl@example.org").holdings["team"].state is State.REVOKED
    answer = manager.post("/teams/team/invite", {"people": "dora@example.org"}, form="/redeem")
    assert "No seat left" in visible(answer)


def test_the_manager_may_take_a_seat_and_give_it_back(school: Shop, manager: Browser) -> None:
    assert manager.post("/teams/team/sit", {}, form="/teams/team").status_code == 303
    assert school.owned(ADA).ends == {"team": None}
    assert "Take a seat myself" not in visible(manager.get("/teams/team"))
    # Seats are bought for others: holding one covers nothing.
    assert "seats at $10 each" in visible(manager.get("/buy/team"))
    answer = manager.post(f"/seats/{seat_of(school, ADA)}/leave", {}, form="/account")
    assert answer.headers["Location"] == "/account#seats"
    assert school.owned(ADA).holdings["team"].state is State.REVOKED


def test_seats_by_the_month_run_out_and_their_people_are_taken_along(school: Shop) -> None:
    manager = reader(school, "ada")
    buy_seats(manager, 2, "monthly")
    invite(manager, BEN, EVE, product="monthly")
    take_seat(school, "ben", 8)
    until = school.owned(BEN).holdings["monthly"].until
    assert until is not None
    assert until.date() == school.clock().replace(month=12).date()
    school.clock.advance(days=40)
    assert school.owned(BEN).holdings["monthly"].state is State.EXPIRED
    manager.sign_in(ADA)
    assert "2 people sit on seats whose time is over" in visible(manager.get("/teams/monthly"))
    buy_seats(manager, 2, "monthly")
    assert manager.post("/teams/monthly/move", {}, form="/teams/monthly").status_code == 303
    assert school.owned(BEN).holdings["monthly"].state is State.ACTIVE
    assert "2 of 2 seats given" in visible(manager.get("/teams/monthly"))
    take_seat(school, "eve", 9)
    assert manager.post("/teams/monthly/move", {}, form="/teams/monthly").status_code == 422


def test_a13_an_invitation_is_written_five_times_at_most_and_few_reach_one_mailbox(
    school: Shop, manager: Browser
) -> None:
    invite(manager, BEN)
    path = f"/seats/{seat_of(school, BEN)}/resend"
    statuses = [manager.post(path, {}, form="/teams/team").status_code for _ in range(6)]
    assert statuses == [303] * 4 + [429] * 2
    letters = [mail for mail in school.mails() if mail.key.partition(":")[0] == "seat"]
    assert len(letters) == 5
    manager.post(path.replace("resend", "remove"), {}, form="/teams/team")
    assert "Asked too often today" in invite(manager, BEN)


def test_a02_the_manager_sees_the_same_for_known_and_unknown_addresses(
    school: Shop, manager: Browser
) -> None:
    reader(school, "ben", 8)
    said = invite(manager, BEN, "stranger@example.org")
    page = visible(manager.get("/teams/team"))
    for text in (said, page):
        assert re.sub(r"\S+@\S+", "…", text).count("… Invited") + text.count("invited on") >= 2
    rows = re.findall(r'<li class="row">.*?</li>', manager.get("/teams/team").text, re.S)
    plain = [re.sub(r"[0-9a-f]{32,64}|\S+@example\.org(?:</\w+>)?", "…", row) for row in rows[:2]]
    assert plain[0] == plain[1]


def test_nobody_is_invited_twice_and_an_empty_list_is_said(school: Shop, manager: Browser) -> None:
    invite(manager, BEN)
    assert "ben@example.org Has one already" in invite(manager, BEN)
    assert "Enter at least one address" in invite(manager, " ")
    assert "signs that cannot be used" in invite(manager, "a\0b@example.org")
    ben = take_seat(school, "ben", 8)
    again = ben.post(f"/seats/{seat_of(school, BEN)}/accept", {}, form="/account")
    assert "You have a seat of this team already" in visible(again)
