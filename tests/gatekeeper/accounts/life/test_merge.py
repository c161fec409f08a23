"""Two accounts become one, by proving both addresses."""

from __future__ import annotations

from sqlalchemy import select

from gatekeeper.accounts import revocations
from gatekeeper.accounts.life import merge
from gatekeeper.accounts.passkeys.tables import PasskeyRow
from gatekeeper.accounts.revocations import FOR_EVER
from gatekeeper.commerce import ledger
from gatekeeper.commerce.ledger import Kind
from gatekeeper.commerce.tables import EntryRow
from tests.gatekeeper.accounts.life.steps import (
    ask_address,
    change_address,
    code_to,
    enter,
    newest,
    reader_of,
    signed_in,
)
from tests.gatekeeper.accounts.passkeys.test_passkeys import options_of, with_passkey
from tests.support.shop import Browser, Shop, visible

ADA, BEA = "ada@example.org", "bea@example.org"


def joined(shop: Shop) -> tuple[Browser, Browser]:
    """Bea's account, with a course, became part of Ada's."""
    bea = signed_in(shop, BEA)
    bea.buy("sql")
    ada = signed_in(shop, ADA)
    ada.buy("rust")
    ask_address(ada, BEA)
    answer = enter(ada, "/account/address/code", code_to(shop, BEA))
    assert answer.headers["Location"] == "/account/merge"
    answer = enter(ada, "/account/merge", code_to(shop, ADA))
    assert answer.headers["Location"] == "/account?done=merge"
    return ada, bea


def test_what_either_account_bought_is_there_and_no_line_of_the_ledger_changed(shop: Shop) -> None:
    bea, cat = signed_in(shop, BEA), signed_in(shop, "cat@example.org")
    bea.buy("sql")
    ask_address(cat, BEA)
    enter(cat, "/account/address/code", code_to(shop, BEA))
    with shop.database.read() as connection:
        before = connection.execute(select(EntryRow.__table__).order_by(EntryRow.id)).all()
    enter(cat, "/account/merge", code_to(shop, "cat@example.org"))
    with shop.database.read() as connection:
        assert connection.execute(select(EntryRow.__table__).order_by(EntryRow.id)).all() == before
    assert set(shop.owned("cat@example.org").active) == {"sql"}
    cat.buy("rust")
    page = visible(cat.get("/account"))
    assert page.count("Receipt") == 2
    assert "SQL course" in page


def test_both_addresses_lead_to_the_one_account_afterwards(shop: Shop) -> None:
    joined(shop)
    assert reader_of(shop, BEA) == reader_of(shop, ADA)
    again = signed_in(shop, BEA)
    assert ADA in visible(again.get("/account"))
    assert "Rust course" in visible(again.get("/account"))


def test_s02_the_other_accounts_sessions_end_with_their_tokens(shop: Shop) -> None:
    _, bea = joined(shop)
    assert bea.get("/account").status_code == 303
    with shop.database.read() as connection:
        assert FOR_EVER in revocations.current(connection, now=shop.clock()).values()


def test_one_proof_is_not_enough(shop: Shop) -> None:
    signed_in(shop, BEA).buy("sql")
    ada = signed_in(shop, ADA)
    ask_address(ada, BEA)
    assert ada.get("/account/merge").headers["Location"] == "/account/address"
    enter(ada, "/account/address/code", code_to(shop, BEA))
    assert (
        enter(ada, "/account/merge", "000000" if code_to(shop, ADA) != "000000" else "1" * 6).status_code
        == 422
    )
    assert shop.owned(ADA).active == {}
    assert reader_of(shop, BEA).id != reader_of(shop, ADA).id


def test_a_proof_that_has_aged_joins_nothing(shop: Shop) -> None:
    signed_in(shop, BEA)
    ada = signed_in(shop, ADA)
    ask_address(ada, BEA)
    enter(ada, "/account/address/code", code_to(shop, BEA))
    shop.clock.advance(minutes=10)
    answer = ada.post("/account/merge", {"code": code_to(shop, ADA)}, form="/account/address")
    assert answer.headers["Location"] == "/account/address"
    assert reader_of(shop, BEA).id != reader_of(shop, ADA).id


def test_both_addresses_are_told(shop: Shop) -> None:
    joined(shop)
    for email in (ADA, BEA):
        text = newest(shop, email, "merged:").letter.text
        assert ADA in text
        assert BEA in text


def test_passkeys_move_and_the_other_password_goes(shop: Shop) -> None:
    signed_in(shop, BEA)
    with shop.database.write() as connection:
        connection.execute(
            PasskeyRow.__table__.insert().values(  # type: ignore[attr-defined]
                id="k" * 32,
                reader=reader_of(shop, BEA).id,
                credential="c",
                public_key="p",
                sign_count=0,
                name="phone",
                created_at=shop.clock(),
                used_at=None,
            )
        )
    joined(shop)
    with shop.database.read() as connection:
        assert connection.execute(select(PasskeyRow.reader)).scalars().all() == [reader_of(shop, ADA).id]


def test_a_refund_of_the_other_accounts_order_renews_the_survivors_tokens(shop: Shop) -> None:
    ada, _ = joined(shop)
    shop.clock.advance(hours=1)
    with shop.database.write() as connection:
        (order,) = connection.execute(
            select(EntryRow.order_number).where(EntryRow.product == "sql", EntryRow.kind == Kind.PAID.value)
        ).scalars()
        line = ledger.of_order(connection, order or "")[0]
        ledger.append(
            connection,
            kind=Kind.REFUNDED,
            reader=line.reader,
            product="sql",
            order=order,
            amount_minor=1500,
            currency="USD",
            source="sandbox",
            event="refund:x",
            at=shop.clock(),
            now=shop.clock(),
        )
        renewed = [at for at in revocations.current(connection, now=shop.clock()).values() if at != FOR_EVER]
    assert renewed
    assert set(shop.owned(ADA).active) == {"rust"}
    assert "Rust course" in visible(ada.get("/account"))


def test_the_other_address_can_be_given_up_and_is_a_stranger_then(shop: Shop) -> None:
    ada, _ = joined(shop)
    assert BEA in visible(ada.get("/account"))
    assert ada.post("/account/address/give-up", {"email": BEA}).status_code == 303
    assert set(shop.owned(ADA).active) == {"rust", "sql"}
    signed_in(shop, BEA)
    assert reader_of(shop, BEA).id != reader_of(shop, ADA).id
    assert shop.owned(BEA).active == {}
    assert ada.post("/account/address/give-up", {"email": BEA}, form="/account").status_code == 404


def test_the_joined_address_can_become_the_first_one(shop: Shop) -> None:
    ada, _ = joined(shop)
    shop.clock.advance(minutes=20)
    change_address(ada, BEA)
    assert reader_of(shop, BEA).email == BEA
    assert set(shop.owned(BEA).active) == {"rust", "sql"}


def test_joining_three_leads_all_to_one(shop: Shop) -> None:
    ada, _ = joined(shop)
    cat = signed_in(shop, "cat@example.org")
    shop.clock.advance(minutes=20)
    ask_address(cat, BEA)  # an address that leads to Ada's account
    enter(cat, "/account/address/code", code_to(shop, BEA))
    enter(cat, "/account/merge", code_to(shop, "cat@example.org"))
    ids = {reader_of(shop, email).id for email in (ADA, BEA, "cat@example.org")}
    assert len(ids) == 1
    assert set(shop.owned("cat@example.org").active) == {"rust", "sql"}
    assert ada.get("/account").status_code == 303


def test_a_passkey_of_the_joined_account_signs_in_to_the_survivor(shop: Shop) -> None:
    """The device still names the id of the account that it was made for."""
    _, device = with_passkey(shop, BEA)
    signed_in(shop, ADA)
    with shop.database.write() as connection:
        merge.merge(connection, survivor=reader_of(shop, ADA), other=reader_of(shop, BEA), now=shop.clock())
    elsewhere = shop.browser()
    answer = elsewhere.post(
        "/sign-in/passkey", {"credential": device.sign(options_of(elsewhere, "/sign-in")), "next": "/account"}
    )
    assert answer.status_code == 303
    assert ADA in visible(elsewhere.get("/account"))
