"""Why a reader may read a lesson, or why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gatekeeper import operator
from gatekeeper.accounts import readers
from gatekeeper.accounts.life import identities
from gatekeeper.accounts.life.identities import How
from gatekeeper.commerce import codes, ledger
from gatekeeper.commerce.ledger import Kind
from gatekeeper.commerce.why import Why, why
from gatekeeper.contract.access import Reason
from gatekeeper.errors import GatekeeperError
from tests.gatekeeper.commerce.others import (
    buy_seats,
    code_on,
    give,
    ordered_gift,
    orders,
    reader,
    sell_to_others,
    tell,
)
from tests.gatekeeper.commerce.seats.test_teams import invite, seat_of, take_seat
from tests.support.shop import Shop

ADA, BEN = "ada@example.org", "ben@example.org"


@pytest.fixture
def school(shop: Shop) -> Shop:
    return sell_to_others(shop)


def ask(shop: Shop, who: str, lesson: str = "rust/traits") -> Why:
    return why(shop.database, shop.library.manifest, who, lesson, now=shop.clock())


def verdicts(answer: Why) -> list[str]:
    return [chain.verdict for chain in answer.chains]


def test_an_order_is_followed_from_its_creation_to_the_lesson(school: Shop) -> None:
    ada = reader(school, "ada")
    number = ada.buy("rust").rpartition("/")[2]
    answer = ask(school, ADA)
    assert answer.is_allowed
    assert verdicts(answer) == [f"order {number}: open since 2026-11-22, for good"]
    assert {entry.kind for entry in answer.entries} == {Kind.CREATED, Kind.PAID}
    lines = answer.lines()
    assert lines[0] == "lesson   rust/traits: products (all or both or monthly or rust or team)"
    assert f"ledger   2026-11-22 09:30 paid rust {number} sandbox 1500 USD" in lines
    assert lines[-2:] == [
        f"because  rust opens this lesson: order {number}: open since 2026-11-22, for good",
        "decision allowed",
    ]
    tell(school, number, "refunded")
    answer = ask(school, ADA)
    assert answer.reason is Reason.NO_ACCESS
    assert verdicts(answer) == [f"order {number}: the payment was refunded on 2026-11-22"]
    assert "never had: all, both, monthly, team" in answer.because
    assert answer.as_json()["because"] == list(answer.because)


def test_what_was_never_paid_says_so(school: Shop) -> None:
    ada = reader(school, "ada")
    ada.order("rust")
    (first,) = orders(school)
    assert verdicts(ask(school, ADA)) == [f"order {first}: never paid"]
    tell(school, first, "pending")
    answer = ask(school, ADA)
    assert verdicts(answer) == [f"order {first}: a payment is under way"]
    assert "rust: a payment is under way" in answer.because
    tell(school, first, "failed")
    assert "the payment failed on" in verdicts(ask(school, ADA))[0]
    tell(school, first, "paid", amount_minor=1)
    assert "a payment of another amount" in verdicts(ask(school, ADA))[0]


def test_a_gift_a_seat_a_code_and_a_grant_each_say_what_became_of_them(school: Shop) -> None:
    ada, ben = reader(school, "ada"), reader(school, "ben", 8)
    gift = give(ada)
    seats = buy_seats(ada, 2)
    assert sorted(verdicts(ask(school, ADA))) == sorted(
        [
            f"order {gift}: bought as a gift, which opens nothing to its buyer",
            f"order {seats}: bought for a team, whose manager owns only the seat they take",
        ]
    )
    invite(ada, BEN)
    assert f"team: invited to a seat of {seats} on 2026-11-22, not taken yet" in ask(school, BEN).because
    take_seat(school, "ben", 8)
    assert verdicts(ask(school, BEN)) == [f"seat of order {seats}: open since 2026-11-22, for good"]
    ada.post(f"/seats/{seat_of(school, BEN)}/remove", {}, form="/teams/team")
    assert verdicts(ask(school, BEN)) == [f"seat of order {seats}: the seat was taken away on 2026-11-22"]
    ben.post("/redeem", {"code": code_on(ada.get(f"/gifts/{gift}"))}, form="/redeem")
    assert f"gift of order {gift}: open since 2026-11-22, for good" in verdicts(ask(school, BEN))
    tell(school, gift, "disputed")
    assert f"gift of order {gift}: the payment was disputed on 2026-11-22" in verdicts(ask(school, BEN))

    with school.database.write() as connection:
        batch = codes.create(
            connection, school.service.marker, product="both", interval="month", count=1, now=school.clock()
        )
    ben.post("/redeem", {"code": batch.codes[0].code}, form="/redeem")
    assert verdicts(ask(school, BEN))[-1] == f"code of {batch.id}: open since 2026-11-22, until 2026-12-22"
    school.clock.advance(days=40)
    assert verdicts(ask(school, BEN))[-1] == f"code of {batch.id}: expired on 2026-12-22"
    operator.grant(school.database, BEN, "all", last_day=None, now=school.clock())
    answer = ask(school, BEN)
    assert verdicts(answer)[-1] == "an operator's grant: open since 2027-01-01, for good"
    assert answer.is_allowed
    operator.revoke(school.database, BEN, "all", now=school.clock() + timedelta(seconds=1))
    assert verdicts(ask(school, BEN))[-1] == "an operator's grant: withdrawn by an operator on 2027-01-01"


def test_a_subscription_says_until_when_it_is_paid_and_when_it_lives_on_grace(school: Shop) -> None:
    ada = reader(school, "ada")
    with school.database.write() as connection:
        found = readers.find_by_address(connection, ADA)
        assert found is not None
    number = ada.order("all") and orders(school)[0]
    with school.database.write() as connection:
        ledger.append(
            connection,
            kind=Kind.PAID,
            reader=found.id,
            product="all",
            order=number,
            amount_minor=500,
            currency="USD",
            interval="month",
            until=school.clock() + timedelta(days=30),
            source="stripe",
            event="paid:in_1",
            payment="pi_1",
            at=school.clock(),
            now=school.clock(),
        )
    assert verdicts(ask(school, ADA)) == [
        f"order {number}: open since 2026-11-22, paid until 2026-12-22 and renewing, with grace until 2026-12-29"
    ]
    school.clock.advance(days=32)
    assert "now in the days of grace, until 2026-12-29" in verdicts(ask(school, ADA))[0]
    school.clock.advance(days=32)
    answer = ask(school, ADA)
    assert answer.reason is Reason.NO_ACCESS
    assert verdicts(answer) == [f"order {number}: expired on 2026-12-29"]


def test_what_a_product_no_longer_opens_is_named(school: Shop) -> None:
    reader(school, "ada").buy("rust")
    manifest = school.library.manifest
    traits = manifest.lessons["rust/traits"]
    school.library.manifest = replace(
        manifest,
        lessons={
            **manifest.lessons,
            "rust/traits": replace(traits, access=replace(traits.access, products=frozenset({"both"}))),
        },
    )
    answer = ask(school, ADA)
    assert not answer.is_allowed
    assert answer.because == (
        "never had: both",
        f"owns rust, which does not open this lesson in release {manifest.release}",
    )
    granted = replace(manifest.products["rust"], grants=("rust",))
    now = school.library.manifest
    school.library.manifest = replace(now, products={**now.products, "rust": granted})
    assert "whose grants name this lesson" in ask(school, ADA).because[-1]
    school.library.manifest = replace(now, products={})
    assert "in no product list of release" in ask(school, ADA).because[-1]


def test_joined_accounts_answer_for_each_other_by_address_and_id(school: Shop) -> None:
    reader(school, "ada").buy("rust")
    reader(school, "ben", 8)
    with school.database.write() as connection:
        ada, ben = (readers.find_by_address(connection, email) for email in (ADA, BEN))
        assert ada is not None
        assert ben is not None
        identities.join(connection, ada.id, reader=ben.id, how=How.MERGE, now=school.clock())
    for name in (ADA, BEN, ada.id, ben.id):
        answer = ask(school, name)
        assert answer.is_allowed
        assert answer.reader is not None
        assert (answer.reader.id, answer.joined) == (ben.id, (ada.id,))


def test_unknown_readers_and_lessons_are_told_what_is_near(school: Shop) -> None:
    reader(school, "ada")
    answer = ask(school, "adda@example.org")
    assert (answer.reader, answer.near, answer.reason) == (None, (ADA,), Reason.ANONYMOUS)
    assert f"reader   has never signed in; near: {ADA}" in answer.lines()
    assert ask(school, "x_%@nowhere.example").near == ()
    for lesson, near in (("rust/trait", "rust/traits"), ("joins", "sql/joins")):
        with pytest.raises(GatekeeperError) as caught:
            ask(school, ADA, lesson)
        assert near in caught.value.hint
    with pytest.raises(GatekeeperError, match="neither an address nor the id"):
        ask(school, "ada")


def test_rules_that_need_no_product_are_said_plainly(school: Shop) -> None:
    assert ask(school, ADA, "rust/free").because == ("the lesson is open to everybody",)
    assert ask(school, ADA, "sql/hello").reason is Reason.ANONYMOUS
    reader(school, "ada")
    assert ask(school, ADA, "sql/hello").because == ("the lesson is open to everybody who is signed in",)


def test_a_gift_that_was_only_begun_is_no_gift(school: Shop) -> None:
    number = ordered_gift(reader(school, "ada"))
    assert verdicts(ask(school, ADA)) == [f"order {number}: never paid"]
