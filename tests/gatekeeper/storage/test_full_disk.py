"""Z06: a database that has no room left refuses, keeps what it had, and goes on by itself once there is room."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError

from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.commerce import ledger
from gatekeeper.storage.engine import Database
from tests.gatekeeper.backup.conftest import taken
from tests.support.databases import migrate, postgres_server, why_not
from tests.support.shop import START, Shop, open_shop

LONG = "x" * 190


def fill_until_full(shop: Shop) -> int:
    """Grants until one is refused. Returns how many were acknowledged."""
    with shop.database.read() as connection:
        reader = connection.execute(select(ReaderRow.id)).scalars().one()
    for done in range(5000):
        try:
            with shop.database.write() as connection:
                for part in range(20):
                    ledger.append(
                        connection,
                        kind=ledger.Kind.GRANTED,
                        reader=reader,
                        product=LONG,
                        source=ledger.OPERATOR,
                        event=f"{done}:{part}",
                        at=START,
                        now=START,
                    )
        except OperationalError as error:  # what the web side answers with 503
            fulls = ("database or disk is full", "No space left on device")
            if not any(words in str(error.orig) for words in fulls):
                raise
            return done
    raise AssertionError("it never filled up")


def granted(database: Database) -> int:
    with database.read() as connection:
        lines = connection.execute(text("SELECT count(*) FROM ledger WHERE source = 'operator'")).scalar_one()
        return int(lines) // 20


def what_a_full_database_does(shop: Shop, make_room: Iterator[None]) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    acknowledged = fill_until_full(shop)
    assert granted(shop.database) == acknowledged  # whole transactions, and all that were acknowledged
    assert reader.get("/account").status_code == 200
    statuses = set()
    for number in range(20):
        other = shop.browser(address=f"192.0.2.{100 + number}")
        asked = {"email": f"reader{number}@example.org", "next": "/account"}
        statuses.add(other.post("/sign-in", asked, form="/sign-in").status_code)
    assert 503 in statuses
    assert statuses <= {303, 503}
    next(make_room, None)
    fresh = shop.browser(address="192.0.2.99")
    fresh.sign_in("bob@example.org")
    fresh.buy("rust")
    assert list(shop.owned("bob@example.org").active) == ["rust"]
    assert granted(shop.database) == acknowledged
    assert taken(shop.database).getvalue()


def test_z06_sqlite_without_room_keeps_what_it_acknowledged_and_recovers(tmp_path: Path) -> None:
    """Z06: SQLite's own limit of pages gives the error of a full disk at the same place."""
    most = {"pages": 0}
    with open_shop(tmp_path) as shop:

        def limited(connection: object) -> None:
            if most["pages"]:
                connection.exec_driver_sql(f"PRAGMA max_page_count={most['pages']}")  # type: ignore[attr-defined]

        event.listen(shop.database.engine, "begin", limited, insert=True)
        with shop.database.read() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        most["pages"] = pages + 12

        def make_room() -> Iterator[None]:
            most["pages"] = 1_000_000
            yield

        what_a_full_database_does(shop, make_room())
        with shop.database.read() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]


def test_z06_postgresql_without_room_keeps_what_it_acknowledged_and_recovers(tmp_path: Path) -> None:
    """Z06: tables on a file system of 24 MiB, half of it taken"""
    if (reason := why_not()) is not None:
        pytest.skip(reason)
    if os.getuid() != 0:
        pytest.skip("mounting a small file system needs root")
    with ExitStack() as ends:
        cluster = ends.enter_context(postgres_server())
        small = cluster.folder / "small"
        small.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(small)], capture_output=True
        )
        if mounted.returncode:
            pytest.skip("no file system can be mounted here")
        ends.callback(subprocess.run, ["umount", "-l", str(small)], check=True)
        place = small / "tables"
        place.mkdir()
        shutil.chown(small, cluster.folder.owner())
        shutil.chown(place, cluster.folder.owner())
        cluster.run(f"CREATE TABLESPACE small LOCATION '{place}'")
        cluster.run("CREATE DATABASE tight TABLESPACE small")
        url = cluster.url.replace("/postgres", "/tight")
        migrate(url)
        ballast = small / "ballast"
        free = shutil.disk_usage(small).free
        ballast.write_bytes(b"x" * max(0, free - 1024 * 1024))

        def make_room() -> Iterator[None]:
            ballast.unlink()
            yield

        with open_shop(tmp_path, LYCEUM_DATABASE_URL=url) as shop:
            what_a_full_database_does(shop, make_room())
