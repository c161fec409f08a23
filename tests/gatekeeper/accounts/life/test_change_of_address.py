"""Another address: proven, told to the old one, to be taken back; and it tells nobody who has an account."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from gatekeeper.accounts.life import change
from gatekeeper.accounts.life.tables import AddressChangeRow
from gatekeeper.accounts.passwords.tables import PasswordRow
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.storage.columns import Base
from tests.gatekeeper.accounts.life.steps import (
    ask_address,
    change_address,
    code_to,
    enter,
    link_in,
    newest,
    reader_of,
    signed_in,
)
from tests.support.shop import Browser, Shop, visible

OLD, NEW = "ada@example.org", "ada@new.example"


def test_what_was_owned_is_owned_after_the_change(shop: Shop) -> None:
    ada = signed_in(shop, OLD)
    ada.buy("rust")
    before = reader_of(shop, OLD)
    answer = change_address(ada, NEW)
    assert answer.headers["Location"] == "/account?done=address"
    assert NEW in visible(ada.get("/account?done=address"))
    assert reader_of(shop, NEW).id == before.id
    assert "rust" in shop.owned(NEW).active
    assert "Rust course" in visible(signed_in(shop, NEW).get("/account"))


def test_s02_the_session_is_another_after_the_change(shop: Shop) -> None:
    ada = signed_in(shop, OLD)
    before = ada.cookie("session")
    change_address(ada, NEW)
    assert ada.cookie("session") not in {None, before}
    stolen = shop.browser()
    stolen.client.set_cookie("__Host-lyceum_session", before or "", domain="gate.example.test", secure=True)
    assert stolen.get("/account").status_code == 303


def test_a_wrong_code_changes_nothing_and_five_are_the_most(shop: Shop) -> None:
    ada = signed_in(shop, OLD)
    ask_address(ada, NEW)
    code = code_to(shop, NEW)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(5):
        assert enter(ada, "/account/address/code", wrong).status_code == 422
    assert enter(ada, "/account/address/code", code).status_code == 422
    assert reader_of(shop, OLD).email == OLD


def test_j08_the_code_is_worth_nothing_in_another_browser_or_for_another_purpose(shop: Shop) -> None:
    ada, thief = signed_in(shop, OLD), signed_in(shop, OLD)
    ask_address(ada, NEW)
    code = code_to(shop, NEW)
    ask_address(thief, "thief@example.net")
    assert enter(thief, "/account/address/code", code).status_code == 422
    thief.post("/account/delete", {}, form="/account/delete")
    assert enter(thief, "/account/delete/code", code).status_code == 422
    assert reader_of(shop, OLD).email == OLD


def test_a_code_is_good_for_ten_minutes(shop: Shop) -> None:
    ada = signed_in(shop, OLD)
    ask_address(ada, NEW)
    shop.clock.advance(minutes=10)
    assert enter(ada, "/account/address/code", code_to(shop, NEW)).status_code == 422


def test_a02_the_answer_is_the_same_whether_the_new_address_has_an_account(shop: Shop) -> None:
    signed_in(shop, "bea@example.org")
    ada = signed_in(shop, OLD)
    pages, work = [], []
    for email in ("bea@example.org", "nob@example.org"):
        statements: list[str] = []
        listen = lambda *arguments, seen=statements: seen.append(arguments[2])  # noqa: E731
        event.listen(shop.database.engine, "before_cursor_execute", listen)
        answer = ask_address(ada, email)
        event.remove(shop.database.engine, "before_cursor_execute", listen)
        assert answer.status_code == 303
        page = ada.get(answer.headers["Location"])
        headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
        pages.append((headers, page.text.replace(email, "")))
        work.append(statements)
    assert pages[0][0] == pages[1][0]
    assert pages[0][1] == pages[1][1]
    assert work[0] == work[1]


def test_a10_codes_that_were_sent_before_the_change_are_dead_after_it(shop: Shop) -> None:
    other = shop.browser()
    code = other.ask_code(OLD)
    change_address(signed_in_keeping(shop, OLD), NEW)
    assert other.post("/sign-in/code", {"code": code}, form="/sign-in/code").status_code == 422


def signed_in_keeping(shop: Shop, email: str) -> Browser:
    """Signed in, and then a code is asked for elsewhere, which signing in would have ended."""
    browser = signed_in(shop, email)
    shop.clock.advance(minutes=1)
    return browser


def test_the_old_address_may_object_for_seven_days_and_looking_does_nothing(shop: Shop) -> None:
    """S05"""
    thief = signed_in(shop, OLD)
    change_address(thief, NEW)
    letter = newest(shop, OLD, "address-changed:")
    assert NEW in letter.letter.text
    path = link_in(letter)
    owner = shop.browser(address="198.51.100.9")
    for _ in range(2):
        assert NEW in visible(owner.get(path))
        assert owner.client.open(path, method="HEAD", base_url="https://gate.example.test").status_code == 200
    assert reader_of(shop, NEW).email == NEW
    assert owner.post(path, {}, form=path).status_code == 200
    assert reader_of(shop, OLD).email == OLD
    assert thief.get("/account").status_code == 303
    assert owner.post(path, {}, form="/sign-in").status_code == 422
    signed_in(shop, OLD)


def test_after_seven_days_nobody_can_object_any_more(shop: Shop) -> None:
    change_address(signed_in(shop, OLD), NEW)
    path = link_in(newest(shop, OLD, "address-changed:"))
    shop.clock.advance(days=7)
    owner = shop.browser()
    assert owner.post(path, {}, form="/sign-in").status_code == 422
    assert reader_of(shop, NEW).email == NEW


def test_a_second_change_does_not_shake_off_the_first_owner(shop: Shop) -> None:
    thief = signed_in(shop, OLD)
    change_address(thief, NEW)
    path = link_in(newest(shop, OLD, "address-changed:"))
    shop.clock.advance(minutes=20)
    change_address(thief, "third@example.net")
    assert shop.browser().post(path, {}, form=path).status_code == 200
    assert reader_of(shop, OLD).email == OLD


def test_an_objection_takes_ways_in_away_that_were_added_since(shop: Shop) -> None:
    thief = signed_in(shop, OLD)
    change_address(thief, NEW)
    reader = reader_of(shop, NEW).id
    shop.clock.advance(minutes=5)
    with shop.database.write() as connection:
        values = {"reader": reader, "phc": "x", "changed_at": shop.clock()}
        columns = PasswordRow.__table__.columns.keys()
        connection.execute(
            Base.metadata.tables["passwords"].insert().values({name: values.get(name, 0) for name in columns})
        )
    path = link_in(newest(shop, OLD, "address-changed:"))
    shop.browser().post(path, {}, form=path)
    with shop.database.read() as connection:
        assert connection.execute(select(PasswordRow.reader)).all() == []


def test_an_objection_joins_what_the_owner_did_with_the_old_address_meanwhile(shop: Shop) -> None:
    change_address(signed_in(shop, OLD), NEW)
    owner = signed_in(shop, OLD)
    owner.buy("sql")
    path = link_in(newest(shop, OLD, "address-changed:"))
    assert shop.browser().post(path, {}, form=path).status_code == 200
    assert "sql" in shop.owned(OLD).active
    with shop.database.read() as connection:
        assert connection.execute(select(ReaderRow.id).where(ReaderRow.email == NEW)).all() == []


@pytest.mark.parametrize("typed", ["no address", "a\x00@example.org", OLD, ""])
def test_x12_what_is_no_other_address_is_an_error_of_the_form(shop: Shop, typed: str) -> None:
    ada = signed_in(shop, OLD)
    assert ask_address(ada, typed).status_code == 422


def test_a13_nobody_is_flooded_with_codes(shop: Shop) -> None:
    ada = signed_in(shop, OLD)
    answers = [ask_address(ada, "victim@example.net").status_code for _ in range(6)]
    assert answers == [303] * 5 + [429]
    assert ada.last is not None
    assert int(ada.last.headers["Retry-After"]) > 0


def test_an_old_address_is_remembered_for_two_years(shop: Shop) -> None:
    change_address(signed_in(shop, OLD), NEW)
    shop.clock.advance(days=729)
    shop.run_jobs()
    with shop.database.write() as connection:
        assert len(connection.execute(select(AddressChangeRow)).all()) == 1
        shop.clock.advance(days=2)
        change.forget_ended(connection, now=shop.clock())
        assert connection.execute(select(AddressChangeRow)).all() == []
