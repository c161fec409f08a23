from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from gatekeeper.accounts.limits import Limit, LimitedError, count
from gatekeeper.accounts.marks import Marker
from gatekeeper.accounts.tables import LimitRow, ReaderRow, SessionRow
from gatekeeper.errors import SettingsError
from gatekeeper.storage.engine import Database, open_database
from gatekeeper.storage.writes import insert_once

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


def reader(email: str, id_: str = "1", at: datetime = NOW) -> dict[str, object]:
    return {"id": id_, "email": email, "language": "en", "created_at": at}


@ONLY_SQLITE
def test_z08_sqlite_keeps_what_it_acknowledged_and_waits_for_other_writers(database: Database) -> None:
    with database.read() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


@ONLY_SQLITE
def test_z08_a_writing_transaction_takes_the_lock_at_its_beginning(
    database: Database, database_url: str
) -> None:
    impatient = open_database(database_url)
    with impatient.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=1")
    with database.write():
        with impatient.engine.connect() as connection:
            raw = connection.connection.cursor()
            raw.execute("PRAGMA busy_timeout=1")
            raw.close()
        with pytest.raises(OperationalError, match="locked"), impatient.write():
            pass
        with database.read() as connection:
            assert connection.execute(select(ReaderRow.id)).all() == []
    impatient.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_z09_postgresql_waits_for_other_writers_as_long_as_sqlite(database: Database) -> None:
    for opened in (database.read, database.write, database.read):
        with opened() as connection:
            assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "5s"


def test_a_snapshot_sees_one_moment(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(ReaderRow).values(**reader("a@example.org")))
    with database.snapshot() as snapshot:
        assert len(snapshot.execute(select(ReaderRow.id)).all()) == 1
        with database.write() as connection:  # it blocks nobody
            connection.execute(insert(ReaderRow).values(**reader("b@example.org", "2")))
        assert len(snapshot.execute(select(ReaderRow.id)).all()) == 1
    with database.snapshot() as snapshot:
        assert len(snapshot.execute(select(ReaderRow.id)).all()) == 2


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    def fails() -> None:
        with database.write() as connection:
            connection.execute(insert(ReaderRow).values(**reader("a@example.org")))
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fails()
    with database.read() as connection:
        assert connection.execute(select(ReaderRow.id)).all() == []


def test_a_moment_comes_back_as_the_same_moment_in_utc(database: Database) -> None:
    east = datetime(2026, 11, 22, 17, 30, 15, 123456, tzinfo=timezone(timedelta(hours=8)))
    with database.write() as connection:
        connection.execute(insert(ReaderRow).values(**reader("a@example.org", at=east)))
    with database.read() as connection:
        kept = connection.execute(select(ReaderRow.created_at)).scalar_one()
    assert kept == east
    assert kept.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="time zone"), database.write() as connection:
        connection.execute(insert(ReaderRow).values(**reader("a@example.org", at=NOW.replace(tzinfo=None))))


def test_a_session_of_nobody_is_refused(database: Database) -> None:
    values = {"mark": "m", "handle": "h", "reader": "nobody", "label": "", "created_at": NOW, "seen_at": NOW}
    with pytest.raises(IntegrityError), database.write() as connection:
        connection.execute(insert(SessionRow).values(**values))


def test_an_error_of_the_database_shows_no_values(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(ReaderRow).values(**reader("secret@example.org")))
    with pytest.raises(IntegrityError) as caught, database.write() as connection:
        connection.execute(insert(ReaderRow).values(**reader("secret@example.org", "2")))
    assert "secret@example.org" not in str(caught.value)


def test_insert_once_inserts_once(database: Database) -> None:
    with database.write() as connection:
        first = insert_once(connection, ReaderRow, reader("a@example.org", "1"), unique=(ReaderRow.email,))
        again = insert_once(connection, ReaderRow, reader("a@example.org", "2"), unique=(ReaderRow.email,))
        ids = connection.execute(select(ReaderRow.id)).scalars().all()
    assert (first, again, ids) == (True, False, ["1"])


def test_parallel_counting_loses_nothing(database: Database) -> None:
    marker, limit = Marker(b"k" * 32), Limit(name="x", most=20, window=timedelta(hours=1))
    over = []

    def one() -> None:
        try:
            with database.write() as connection:
                count(connection, marker, [(limit, "subject")], now=NOW)
        except LimitedError as error:
            over.append(error.retry_after_seconds)

    threads = [threading.Thread(target=one) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert over == [1800] * 10  # until the hour is full


def test_a_limit_opens_again_with_the_next_window_and_keeps_no_subject(database: Database) -> None:
    marker, limit = Marker(b"k" * 32), Limit(name="x", most=1, window=timedelta(hours=1))
    with database.write() as connection:
        count(connection, marker, [(limit, "ada@example.org")], now=NOW)
        count(connection, marker, [(limit, "ada@example.org")], now=NOW + timedelta(minutes=30))
        subjects = connection.execute(select(LimitRow.subject)).scalars().all()
    assert not any("ada" in subject for subject in subjects)


@pytest.mark.parametrize("url", ["", "no url", "mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_a_url_that_cannot_keep_a_ledger_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        open_database(url)
