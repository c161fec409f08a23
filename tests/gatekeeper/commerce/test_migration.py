"""Z20: a ledger from before the payment providers says the same after the migration, and goes on."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from sqlalchemy import text

from gatekeeper.commerce import ledger
from gatekeeper.commerce.entitlements import State, entitlements
from gatekeeper.storage.engine import Database, open_database
from gatekeeper.storage.migrate import _config, upgrade
from tests.support.shop import START

MOMENT = START.strftime("%Y-%m-%d %H:%M:%S.%f")


def at_first_revision(url: str) -> Database:
    database = open_database(url)
    with database.write() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    return database


def line(event: str, kind: str, order: str, amount: int) -> str:
    return (
        "INSERT INTO ledger (kind, reader, product, order_number, amount_minor, currency, source, event, at, recorded_at)"
        f" VALUES ('{kind}', 'r', 'rust', '{order}', {amount}, 'USD', 'sandbox', '{event}', '{MOMENT}', '{MOMENT}')"
    )


def test_z20_a_ledger_of_the_first_schema_keeps_its_meaning(tmp_path: Path) -> None:
    database = at_first_revision(f"sqlite:///{tmp_path / 'old.db'}")
    try:
        with database.write() as connection:
            connection.execute(text(f"INSERT INTO readers VALUES ('r', 'ada@example.org', 'en', '{MOMENT}')"))
            for order in ("L-20261122-AAAAAA", "L-20261122-BBBBBB"):
                connection.execute(
                    text(
                        "INSERT INTO orders (number, reader, product, title, amount_minor, currency, refund_days,"
                        f" language, provider, created_at) VALUES ('{order}', 'r', 'rust', 'Rust', 1500, 'USD', 14,"
                        f" 'en', 'sandbox', '{MOMENT}')"
                    )
                )
            connection.execute(text(line("evt_1", "paid", "L-20261122-AAAAAA", 1500)))
            connection.execute(text(line("evt_2", "refunded", "L-20261122-AAAAAA", 1500)))
        upgrade(database)
        with database.read() as connection:
            assert (
                entitlements(ledger.of_reader(connection, "r"), START).holdings["rust"].state
                is State.REFUNDED
            )
        with database.write() as connection:
            connection.execute(text(line("evt_3", "paid", "L-20261122-BBBBBB", 1500)))
        with database.read() as connection:
            lines = ledger.of_reader(connection, "r")
        assert entitlements(lines, START).holdings["rust"].state is State.ACTIVE
        assert {one.payment for one in lines} == {None}
    finally:
        database.close()
