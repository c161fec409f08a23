"""Gifts: bought by one, redeemed by another, ended by the money."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from gatekeeper.accounts import readers
from gatekeeper.accounts.life.deletion import erase
from gatekeeper.accounts.post import optional
from gatekeeper.commerce import redemption
from gatekeeper.commerce.codes import Redemption
from gatekeeper.commerce.entitlements import State
from gatekeeper.commerce.gifts.tables import GiftRow
from gatekeeper.contract.products import CouponEntry
from tests.gatekeeper.commerce.others import (
    CODE,
    code_on,
    give,
    kinds,
    ordered_gift,
    reader,
    sell_to_others,
    tell,
)
from tests.support.shop import ORIGIN, Shop, visible

ADA, BEN, EVE = "ada@example.org", "ben@example.org", "eve@example.org"


@pytest.fixture
def school(shop: Shop) -> Shop:
    return sell_to_others(shop)


def letters(shop: Shop, kind: str) -> list[str]:
    """Recipients of these letters, the first written first."""
    return [mail.recipient for mail in reversed(shop.mails()) if mail.key.partition(":")[0] == kind]


def test_a_gift_goes_to_its_recipient_and_opens_nothing_to_its_buyer(school: Shop) -> None:
    giver = reader(school, "ada")
    number = give(giver, recipient=" Ben@Example.org ", giver="Ada", message="For you\r\n\r\n<b>& yours</b>")
    assert letters(school, "receipt") == [ADA]
    assert letters(school, "gift") == [BEN]
    assert letters(school, "gift-giver") == [ADA]
    letter = next(mail.letter for mail in school.mails() if mail.recipient == BEN)
    assert letter.subject == "Ada has given you Rust course"
    assert "For you" in letter.text
    assert "&lt;b&gt;&amp; yours&lt;/b&gt;" in letter.html
    link = re.search(rf"{ORIGIN}(/redeem\?code=\S+)", letter.text)
    assert link is not None
    assert school.owned(ADA).holdings == {}
    assert school.owned(ADA).pending == ()
    assert "Sent" in visible(giver.get(f"/gifts/{number}"))
    assert "your gift is ready" in visible(giver.get(f"/orders/{number}"))
    assert "Gifts you gave" in visible(giver.get("/account"))

    ben = school.browser(address="192.0.2.8")
    ben.sign_in(BEN, target=link.group(1))
    page = ben.post("/redeem", {"code": code_on(ben.get(link.group(1)))}, form=link.group(1))
    assert "A gift from Ada" in visible(page)
    assert school.owned(BEN).ends == {"rust": None}
    assert "Redeemed on 22 Nov 2026" in visible(giver.get(f"/gifts/{number}"))
    school.run_jobs()
    assert letters(school, "gift") == [BEN]


def test_w20_fifty_readers_redeem_one_gift_at_once_and_one_gets_it(school: Shop) -> None:
    number = give(reader(school, "ada"))
    code = code_on(reader(school, "ada").get(f"/gifts/{number}"))
    with school.database.write() as connection:
        people = [
            readers.find_or_create(connection, f"r{n}@example.org", language="en", now=school.clock()).id
            for n in range(50)
        ]
    outcomes: list[Redemption] = []

    def one(person: str) -> None:
        with school.database.write() as connection:
            redeemed = redemption.redeem(
                connection, school.service.marker, code, reader=person, now=school.clock()
            )
        outcomes.append(redeemed.outcome)

    threads = [threading.Thread(target=one, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [Redemption.DONE] + [Redemption.USED] * 49
    assert kinds(school, number).count("redeemed") == 1


def test_an_unpaid_gift_has_no_code_and_writes_no_letter(school: Shop) -> None:
    giver = reader(school, "ada")
    number = ordered_gift(giver, recipient=BEN)
    school.run_jobs()
    assert letters(school, "gift") == letters(school, "gift-giver") == []
    assert CODE.search(visible(giver.get(f"/gifts/{number}"))) is None
    assert "Gifts you gave" not in visible(giver.get("/account"))
    for path in ("send", "recipient"):
        answer = giver.post(f"/gifts/{number}/{path}", {"recipient": EVE}, form="/redeem")
        assert "can no longer be changed" in visible(answer)
    tell(school, number, "paid", amount_minor=1)
    school.run_jobs()
    assert letters(school, "gift") == []
    assert school.owned(ADA).holdings == {}


def test_a_refund_before_the_redemption_ends_the_code_and_one_after_it_ends_the_access(school: Shop) -> None:
    giver, ben = reader(school, "ada"), reader(school, "ben", 8)
    early, late = give(giver), give(giver)
    code = code_on(giver.get(f"/gifts/{early}"))
    tell(school, early, "refunded")
    page = ben.post("/redeem", {"code": code}, form="/redeem")
    assert page.status_code == 422
    assert "no longer works" in visible(page)
    assert "no longer works" in visible(giver.get(f"/gifts/{early}"))

    ben.post("/redeem", {"code": code_on(giver.get(f"/gifts/{late}"))}, form="/redeem")
    assert school.owned(BEN).ends == {"rust": None}
    with school.database.read() as connection:
        before = connection.execute(text("SELECT count(*) FROM revocations")).scalar_one()
    tell(school, late, "refunded")
    with school.database.read() as connection:
        after = connection.execute(text("SELECT count(*) FROM revocations")).scalar_one()
    assert after > before  # Ben's tokens, too
    assert school.owned(BEN).holdings["rust"].state is State.REVOKED
    assert school.owned(ADA).holdings == {}


def test_a_dispute_pauses_a_gift_and_winning_it_brings_the_gift_back(school: Shop) -> None:
    giver, ben = reader(school, "ada"), reader(school, "ben", 8)
    number = give(giver)
    code = code_on(giver.get(f"/gifts/{number}"))
    tell(school, number, "disputed")
    assert ben.post("/redeem", {"code": code}, form="/redeem").status_code == 422
    tell(school, number, "dispute-won")
    assert ben.post("/redeem", {"code": code}, form="/redeem").status_code == 200
    eve, lost = reader(school, "eve", 9), give(giver)
    eve.post("/redeem", {"code": code_on(giver.get(f"/gifts/{lost}"))}, form="/redeem")
    tell(school, lost, "disputed")
    assert school.owned(EVE).holdings["rust"].state is State.DISPUTED
    tell(school, lost, "dispute-lost")
    assert school.owned(EVE).holdings["rust"].state is State.REVOKED
    assert school.owned(BEN).ends == {"rust": None}


def test_another_recipient_gets_another_code_and_the_first_one_is_dead(school: Shop) -> None:
    giver, eve = reader(school, "ada"), reader(school, "eve", 8)
    number = give(giver, recipient=EVE)
    old = code_on(giver.get(f"/gifts/{number}"))
    answer = giver.post(f"/gifts/{number}/recipient", {"recipient": BEN}, form=f"/gifts/{number}")
    assert answer.headers["Location"] == f"/gifts/{number}?said=readdressed"
    school.run_jobs()
    assert letters(school, "gift") == [EVE, BEN]
    assert code_on(giver.get(f"/gifts/{number}")) != old
    assert "do not know this code" in visible(eve.post("/redeem", {"code": old}, form="/redeem"))
    giver.post(f"/gifts/{number}/recipient", {"recipient": ""}, form=f"/gifts/{number}")
    school.run_jobs()
    assert letters(school, "gift") == [EVE, BEN]
    assert "Hand the code over yourself" in visible(giver.get(f"/gifts/{number}"))
    ben = reader(school, "ben", 9)
    ben.post("/redeem", {"code": code_on(giver.get(f"/gifts/{number}"))}, form="/redeem")
    late = giver.post(f"/gifts/{number}/recipient", {"recipient": EVE}, form="/redeem")
    assert "can no longer be changed" in visible(late)


def test_the_letter_waits_for_its_day_and_a_refund_meanwhile_keeps_it_from_going(school: Shop) -> None:
    giver = reader(school, "ada")
    day = (school.clock() + timedelta(days=3)).date().isoformat()
    number, refunded = (give(giver, recipient=BEN, send_on=day) for _ in range(2))
    assert "Scheduled" in visible(giver.get(f"/gifts/{number}"))
    tell(school, refunded, "refunded")
    school.clock.advance(days=2)
    school.run_jobs()
    assert letters(school, "gift") == []
    school.clock.advance(days=1)
    school.run_jobs()
    assert letters(school, "gift") == [BEN]
    giver = reader(school, "ada")
    giver.post(f"/gifts/{number}/send", {}, form=f"/gifts/{number}")
    school.run_jobs()
    assert letters(school, "gift") == [BEN, BEN]


def test_what_the_form_cannot_take_is_said_beside_the_field(school: Shop) -> None:
    giver = reader(school, "ada")
    cases: list[tuple[dict[str, str], str]] = [
        ({"recipient": "nobody"}, "does not look like an e-mail address"),
        ({"recipient": "a\0@example.org"}, "does not look like an e-mail address"),
        ({"recipient": BEN, "send_on": "2026-11-21"}, "up to a year from now"),
        ({"recipient": BEN, "send_on": "2027-12-01"}, "up to a year from now"),
        ({"recipient": BEN, "send_on": "soon"}, "up to a year from now"),
        ({"message": "x" * 501}, "The text has signs that cannot be used here, or is too long"),
        ({"message": "a\0b"}, "The text has signs that cannot be used here, or is too long"),
        ({"giver": "x" * 61}, "The name has signs that cannot be used here, or is too long"),
        ({"giver": "a\nb"}, "The name has signs that cannot be used here, or is too long"),
    ]
    for fields, said in cases:
        answer = giver.post("/gifts/new/rust", {"currency": "USD", **fields}, form="/gifts/new/rust")
        assert (answer.status_code, said in visible(answer)) == (422, True), fields
    with school.database.read() as connection:
        assert connection.execute(select(GiftRow.id)).all() == []


def test_only_what_can_be_given_away_has_a_gift_page(school: Shop) -> None:
    giver = reader(school, "ada")
    products = ("sql", "all", "team", "old", "none", "free", "rust")
    statuses = [giver.get(f"/gifts/new/{product}").status_code for product in products]
    assert statuses == [404] * 6 + [200]


def test_a02_the_form_answers_the_same_whether_the_recipient_has_an_account_or_not(school: Shop) -> None:
    reader(school, "ben", 8)
    giver = reader(school, "ada")
    shown = []
    for recipient in (BEN, "stranger@example.org"):
        number = give(giver, recipient=recipient)
        page = giver.get(f"/gifts/{number}").text
        for word in (number, recipient, code_on(giver.get(f"/gifts/{number}"))):
            page = page.replace(word, "…")
        shown.append(re.sub(r'value="[0-9a-f]{64}"', "", page))
    assert shown[0] == shown[1]


def test_a13_gifts_and_their_letters_to_one_mailbox_are_limited(school: Shop) -> None:
    giver = reader(school, "ada")
    number = give(giver, recipient=BEN)
    statuses = [
        giver.post(f"/gifts/{number}/send", {}, form=f"/gifts/{number}").status_code for _ in range(6)
    ]
    assert statuses == [303] * 4 + [429] * 2
    other = reader(school, "eve", 8)
    answer = other.post("/gifts/new/rust", {"currency": "USD", "recipient": BEN}, form="/gifts/new/rust")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_a13_who_has_refused_mail_gets_no_letter_and_the_giver_is_not_told(school: Shop) -> None:
    with school.database.write() as connection:
        optional.refuse(connection, optional.mark_of(school.service.marker, BEN), now=school.clock())
    giver = reader(school, "ada")
    number = give(giver, recipient=BEN)
    assert letters(school, "gift") == []
    assert "Sent" in visible(giver.get(f"/gifts/{number}"))


def test_another_readers_gift_does_not_exist(school: Shop) -> None:
    number = give(reader(school, "ada"))
    eve = reader(school, "eve", 8)
    assert eve.get(f"/gifts/{number}").status_code == 404
    for path in ("send", "recipient"):
        assert eve.post(f"/gifts/{number}/{path}", {}, form="/redeem").status_code == 404
    stranger = school.browser().get(f"/gifts/{number}")
    assert stranger.status_code == 303


def test_no_table_holds_a_gifts_code(school: Shop) -> None:
    giver = reader(school, "ada")
    number = give(giver)
    code = code_on(giver.get(f"/gifts/{number}"))
    with school.database.read() as connection:
        for table in ("gifts", "ledger", "orders"):
            dump = str(connection.execute(text(f"SELECT * FROM {table}")).all())
            assert code not in dump
            assert code.replace("-", "") not in dump


def test_d01_a_giver_who_leaves_takes_their_words_along_and_the_code_stays_good(school: Shop) -> None:
    giver = reader(school, "ada")
    number = give(giver, recipient=BEN, giver="Ada L.", message="Dear Ben")
    code = code_on(giver.get(f"/gifts/{number}"))
    with school.database.write() as connection:
        found = readers.find_by_address(connection, ADA)
        assert found is not None
        erase(connection, found.id, now=school.clock())
        row = connection.execute(select(GiftRow.giver, GiftRow.recipient, GiftRow.message)).one()
    assert tuple(row) == ("", "", "")
    ben = reader(school, "ben", 8)
    assert ben.post("/redeem", {"code": code}, form="/redeem").status_code == 200
    assert school.owned(BEN).ends == {"rust": None}


def test_a_coupon_counts_for_a_gift_and_one_that_takes_everything_off_needs_no_payment(school: Shop) -> None:
    manifest = school.library.manifest
    coupons = {"HALF": CouponEntry(percent=50), "ALL": CouponEntry(percent=100, uses=1)}
    school.library.manifest = replace(manifest, coupons=coupons)
    giver = reader(school, "ada")
    assert "$7.50" in visible(giver.get("/gifts/new/rust?coupon=half&currency=USD"))
    number = give(giver, coupon="half", recipient=BEN)
    assert "$7.50" in visible(giver.get(f"/orders/{number}"))
    path = "/gifts/new/rust?coupon=all"
    free = giver.post("/gifts/new/rust", {"coupon": "all"}, form=path).headers["Location"]
    school.run_jobs()
    assert "your gift is ready" in visible(giver.get(free))
    ben = reader(school, "ben", 8)
    gift = free.replace("/orders/", "/gifts/")
    assert ben.post("/redeem", {"code": code_on(giver.get(gift))}, form="/redeem").status_code == 200
    again = giver.post("/gifts/new/rust", {"coupon": "all"}, form=path)
    assert again.status_code in {409, 422}
    assert school.owned(BEN).ends == {"rust": None}


def test_a_gift_that_was_not_paid_leads_back_to_its_own_page(school: Shop) -> None:
    giver = reader(school, "ada")
    number = ordered_gift(giver)
    tell(school, number, "failed")
    assert 'href="/gifts/new/rust"' in giver.get(f"/orders/{number}").text
