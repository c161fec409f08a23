"""D01: an account that is deleted is gone: who it was, at once and everywhere; the books keep numbers."""

from __future__ import annotations

import pytest
from sqlalchemy import LargeBinary, String, func, select

from gatekeeper.accounts import revocations
from gatekeeper.accounts.life import deletion, kept
from gatekeeper.accounts.revocations import FOR_EVER
from gatekeeper.commerce.tables import EntryRow, ProviderEventRow
from gatekeeper.storage.columns import Base
from tests.gatekeeper.accounts.life.steps import (
    change_address,
    code_to,
    enter,
    newest,
    reader_of,
    signed_in,
)
from tests.support.shop import Browser, Shop, visible

ADA = "ada@example.org"
DELETE, CODE = "/account/delete", "/account/delete/code"


def deleted(ada: Browser) -> None:
    assert ada.post(DELETE, {}, form=DELETE).status_code == 303
    assert enter(ada, CODE, code_to(ada.shop, ADA)).status_code == 200


def everywhere(shop: Shop, sign: str) -> list[str]:
    """Tables in which the text stands."""
    kept.lines()
    found = []
    with shop.database.read() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                for name, value in row.items():
                    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    if sign in text:
                        found.append(f"{table.name}.{name}")
    return sorted(set(found))


def test_d01_the_address_is_in_no_table_afterwards_but_for_the_mail_that_says_so(shop: Shop) -> None:
    ada = signed_in(shop, "before@example.org")
    ada.buy("rust")
    change_address(ada, ADA)
    reader = reader_of(shop, ADA).id
    assert len(everywhere(shop, ADA)) > 1
    deleted(ada)
    assert set(everywhere(shop, ADA)) <= {"outbox.recipient"}
    assert everywhere(shop, "before@example.org") == []
    assert newest(shop, ADA).key == f"deleted:{reader}:0"


def test_d01_sessions_and_tokens_are_dead_at_once(shop: Shop) -> None:
    ada, phone = signed_in(shop, ADA), signed_in(shop, ADA)
    deleted(ada)
    for browser in (ada, phone):
        assert browser.get("/api/reader").get_json() == {"signed_in": False}
    with shop.database.read() as connection:
        until = revocations.current(connection, now=shop.clock())
    assert sorted(until.values())[-2:] == [FOR_EVER, FOR_EVER]
    assert ada.cookie("session") is None
    assert ada.cookie("entitlement") is None


def test_d01_the_ledger_stands_as_it_was_under_a_number_that_leads_to_nobody(shop: Shop) -> None:
    ada = signed_in(shop, ADA)
    ada.buy("rust")
    with shop.database.read() as connection:
        before = connection.execute(select(EntryRow.__table__)).all()
    deleted(ada)
    with shop.database.read() as connection:
        assert connection.execute(select(EntryRow.__table__)).all() == before
    signed_in(shop, ADA)
    assert reader_of(shop, ADA).id != before[0].reader
    assert shop.owned(ADA).holdings == {}


def test_d01_bodies_of_payment_messages_are_emptied_and_others_are_not(shop: Shop) -> None:
    ada, bea = signed_in(shop, ADA), signed_in(shop, "bea@example.org")
    ada.buy("rust")
    bea.buy("sql")
    deleted(ada)
    with shop.database.read() as connection:
        bodies = connection.execute(
            select(EntryRow.product, ProviderEventRow.body).join(
                EntryRow,
                (EntryRow.source == ProviderEventRow.provider) & (EntryRow.event == ProviderEventRow.event),
            )
        ).all()
    assert {product: bool(body) for product, body in bodies} == {"rust": False, "sql": True}


def test_the_page_says_what_is_lost_and_the_wrong_code_deletes_nothing(shop: Shop) -> None:
    ada = signed_in(shop, ADA)
    ada.buy("rust")
    assert "Rust course" in visible(ada.get(DELETE))
    ada.post(DELETE, {}, form=DELETE)
    code = code_to(shop, ADA)
    assert enter(ada, CODE, f"{(int(code) + 1) % 10**6:06d}").status_code == 422
    assert "rust" in shop.owned(ADA).active


def test_a_code_for_signing_in_deletes_nothing(shop: Shop) -> None:
    ada = signed_in(shop, ADA)
    ada.post(DELETE, {}, form=DELETE)
    code = shop.browser().ask_code(ADA)
    if code != code_to(shop, ADA):
        assert enter(ada, CODE, code).status_code == 422


def test_a_subscription_that_would_be_charged_further_keeps_the_account(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = signed_in(shop, ADA)
    ada.buy("all")
    monkeypatch.setattr(deletion, "is_renewing", lambda lines: any(line.product == "all" for line in lines))
    assert "Cancel it first" in visible(ada.get(DELETE))
    assert ada.post(DELETE, {}, form="/account").status_code == 422
    assert reader_of(shop, ADA)


def test_deleting_again_what_a_backup_brought_back_is_safe(shop: Shop) -> None:
    ada = signed_in(shop, ADA)
    reader = reader_of(shop, ADA).id
    deleted(ada)
    with shop.database.write() as connection:
        assert deletion.erase(connection, reader, now=shop.clock()) == []
        assert [id_ for id_, _ in deletion.deleted(connection)] == [reader]


def test_d01_the_last_mail_is_sent_and_then_its_address_is_forgotten(shop: Shop) -> None:
    ada = signed_in(shop, ADA)
    deleted(ada)
    from gatekeeper.accounts.post import outbox

    with shop.database.write() as connection:
        mail = outbox.lease(connection, now=shop.clock())
        while mail is not None:
            outbox.sent(connection, mail, now=shop.clock(), keep_text=False)
            mail = outbox.lease(connection, now=shop.clock())
    assert everywhere(shop, ADA) == []


def test_every_table_that_names_a_reader_or_an_address_says_what_becomes_of_it() -> None:
    """A new table with such a column fails here until it has a line in `kept`."""
    lines = kept.lines()
    told = {(line.table, line.column) for line in lines}
    missing = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            names_reader = any(key.column.table.name == "readers" for key in column.foreign_keys)
            sounds = {"reader", "email", "recipient", "buyer", "manager", "giver_email"}
            holds = isinstance(column.type, String | LargeBinary)
            if (names_reader or (holds and (column.name in sounds or "email" in column.name))) and (
                table.name,
                column.name,
            ) not in told:
                missing.append(f"{table.name}.{column.name}")
    assert missing == []


def test_every_table_of_the_service_is_known_to_the_registry() -> None:
    from pathlib import Path

    root = Path(kept.__file__).resolve().parents[3]
    modules = {
        ".".join(path.relative_to(root).with_suffix("").parts)
        for path in (root / "gatekeeper").rglob("tables.py")
        if "__tablename__" in path.read_text("utf-8")
    }
    assert modules == set(kept.MODULES)


def test_what_is_not_exported_or_not_deleted_has_a_reason() -> None:
    for line in kept.lines():
        assert line.part or line.why, line.table
        assert line.at_deletion is kept.AtDeletion.DROP or line.why, line.table
        columns = line.rows.columns
        for name in (line.column, *line.hidden, *line.blanked):
            assert name in columns, (line.table, name)


def test_secrets_are_hidden_in_the_export() -> None:
    """Marks are 64 hex digits, wherever they stand; hashes and keys have their names."""
    for line in kept.lines():
        for column in line.rows.columns if line.part is not None else ():
            is_mark = isinstance(column.type, String) and column.type.length == 64
            if is_mark or column.name in {"phc", "credential", "public_key", "token", "secret"}:
                assert column.name in line.hidden, (line.table, column.name)


def test_deleting_one_reader_leaves_the_others_alone(shop: Shop) -> None:
    bea = signed_in(shop, "bea@example.org")
    bea.buy("sql")
    deleted(signed_in(shop, ADA))
    assert bea.get("/account").status_code == 200
    assert set(shop.owned("bea@example.org").active) == {"sql"}
    with shop.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(EntryRow)).scalar_one() > 0
