"""Databases as released versions left them: SQL dumps with rows in every table, one for each schema and engine.

    python -m tests.support.schemas 0004        writes tests/gatekeeper/storage/schemas/0004.sqlite.sql and .postgresql.sql

Written once, at a release, with that release's code, and never again: an upgrade starts from them (attack case Z20).
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert
from sqlalchemy.engine import make_url

from gatekeeper.backup.take import tables_of
from gatekeeper.storage.engine import open_database
from gatekeeper.storage.migrate import upgrade_within
from tests.support.databases import postgres_programs, postgres_server

FOLDER = Path(__file__).resolve().parents[1] / "gatekeeper" / "storage" / "schemas"
RELEASED = sorted({path.name.partition(".")[0] for path in FOLDER.glob("*.sql")})
T = datetime(2026, 10, 1, 8, 30, 15, 123456, tzinfo=UTC)
ORDER, MONTHLY, UNPAID = "L-20261001-AAAAAA", "L-20261001-BBBBBB", "L-20261001-CCCCCC"


def _line(kind: str, order: str | None, amount: int, event: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "reader": "ada",
        "product": "all" if order == MONTHLY else "rust",
        "order_number": order,
        "amount_minor": amount,
        "currency": "USD" if amount else "",
        "interval": "month" if order == MONTHLY else None,
        "source": "stripe" if order else "operator",
        "event": event,
        "at": T,
        "recorded_at": T,
        **more,
    }


def _order(number: str, product: str, **more: Any) -> dict[str, Any]:
    order = {
        "number": number,
        "reader": "ada",
        "product": product,
        "title": "课 “Rust”",
        "amount_minor": 1500,
    }
    rest = {"currency": "USD", "refund_days": 14, "language": "zh", "provider": "stripe", "created_at": T}
    return {**order, **rest, **more}


ROWS: dict[str, list[dict[str, Any]]] = {
    "readers": [
        {"id": "ada", "email": "ada@example.org", "language": "zh", "created_at": T},
        {"id": "bob", "email": "bob@exämple.org", "language": "en", "created_at": T},
    ],
    "sessions": [
        {
            "mark": "m1",
            "handle": "h1",
            "reader": "ada",
            "label": "Firefox · macOS",
            "created_at": T,
            "seen_at": T,
        },
        {
            "mark": "m2",
            "handle": "h2",
            "reader": "bob",
            "label": "",
            "created_at": T,
            "seen_at": T,
            "ended_at": T,
        },
    ],
    "sign_ins": [
        {
            "id": "s1",
            "browser": "b1",
            "email": "ada@example.org",
            "code": "c",
            "link": "l",
            "target": "/account",
            "language": "zh",
            "created_at": T,
            "expires_at": T,
            "tries": 2,
        }
    ],
    "limits": [{"name": "code", "subject": "x", "window": 4711, "ends_at": T, "count": 3}],
    "outbox": [
        {
            "key": f"receipt:{ORDER}",
            "recipient": "ada@example.org",
            "subject": "收据",
            "text": "…\n",
            "html": "<p>…</p>",
            "created_at": T,
            "send_at": T,
            "tries": 0,
            "problem": "",
        }
    ],
    "orders": [
        _order(ORDER, "rust", lesson="rust/生命"),
        _order(MONTHLY, "all", interval="month"),
        _order(UNPAID, "sql"),
    ],
    "ledger": [
        _line("created", ORDER, 1500, ORDER, source="lyceum"),
        _line("paid", ORDER, 1500, "paid:pi_1", payment="pi_1"),
        _line("refunded", ORDER, 500, "refunded:re_1", payment="pi_1"),
        _line("paid", MONTHLY, 1500, "paid:in_1", payment="in_1", until=T.replace(month=11)),
        _line("granted", None, 0, "g1", product="sql"),
    ],
    "codes": [{"id": "k1", "mark": "mark", "product": "rust", "created_at": T}],
    "provider_events": [
        {
            "provider": "stripe",
            "event": "paid:pi_1",
            "body": b'{"id": "evt_1"}\x00\xff',
            "received_at": T,
            "processed_at": T,
            "outcome": "recorded",
        }
    ],
    "payment_references": [
        {"provider": "stripe", "reference": "pi_1", "order_number": ORDER, "payment": "pi_1"}
    ],
    "checkouts": [
        {
            "order_number": UNPAID,
            "kind": "session",
            "address": "https://x",
            "created_at": T,
            "expires_at": T,
        }
    ],
    "sandbox_payments": [
        {"id": "p1", "order_number": UNPAID, "amount_minor": 1500, "currency": "USD", "created_at": T}
    ],
    "sandbox_events": [{"id": "e1", "payment": "p1", "told": "created", "at": T, "due_at": T, "tries": 0}],
    "sightings": [{"reader": "ada", "network": "192.0.2.0/24", "seen_at": T}],
    "sharing_alarms": [{"reader": "ada", "day": "2026-10-01", "networks": 9, "rang_at": T}],
    "revocations": [{"session": "h2", "is_ended": 1, "at": T}],
}


def fill(connection: Connection) -> None:
    """Puts rows into every table that is there, with the columns that it has; a table without rows here is a mistake."""
    for table in tables_of(connection):
        rows = [
            {name: value for name, value in row.items() if name in table.columns} for row in ROWS[table.name]
        ]
        for row in rows:
            connection.execute(insert(table), row)


def load(url: str, revision: str) -> None:
    """Makes of an empty database one of that release."""
    engine = make_url(url).get_backend_name()
    text = (FOLDER / f"{revision}.{engine}.sql").read_text("utf-8")
    if engine == "sqlite":
        connection = sqlite3.connect(make_url(url).database or "")
        connection.executescript(text)
        connection.close()
        return
    import psycopg

    with psycopg.connect(url, autocommit=True) as server:
        server.execute(text.encode())


def main(revision: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    programs = postgres_programs()
    assert programs is not None
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres_server() as cluster,
        cluster.empty() as postgres_url,
    ):
        for url in (f"sqlite:///{folder}/x.db", postgres_url):
            database = open_database(url)
            with database.write() as connection:
                upgrade_within(connection, revision)
                fill(connection)
            database.close()
        file = sqlite3.connect(f"{folder}/x.db")
        (FOLDER / f"{revision}.sqlite.sql").write_text("\n".join(file.iterdump()) + "\n", "utf-8")
        file.close()
        dump = subprocess.run(
            [str(programs / "pg_dump"), "--inserts", "--no-owner", "--no-privileges", postgres_url],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        kept = [line for line in dump.splitlines() if line and line[:2] != "--" and line[0] != "\\"]
        (FOLDER / f"{revision}.postgresql.sql").write_text("\n".join(kept) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
