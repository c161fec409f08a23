"""The rules of the mailed code, without pages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from gatekeeper.accounts import readers, sign_in
from gatekeeper.accounts.marks import Marker
from gatekeeper.accounts.sign_in import Asked, Request, Verdict
from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.storage.engine import Database, open_database
from gatekeeper.storage.migrate import upgrade
from tests.support.shop import Shop

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MARKER = Marker(b"k" * 32)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'x.db'}")
    upgrade(opened)
    yield opened
    opened.close()


def ask(database: Database, email: str = "ada@example.org", now: datetime = NOW) -> Asked:
    with database.write() as connection:
        return sign_in.ask(connection, MARKER, email=email, target="/account", language="en", now=now)


def request(database: Database, asked: Asked, now: datetime = NOW) -> Request:
    with database.read() as connection:
        found = sign_in.find(connection, MARKER, browser=asked.browser, now=now)
    assert found is not None
    return found


def attempt(database: Database, asked: Asked, code: str, now: datetime = NOW) -> Verdict:
    looked_at = request(database, asked)
    with database.write() as connection:
        return sign_in.try_code(connection, MARKER, looked_at, code, now=now)


def wrong(asked: Asked) -> str:
    return f"{(int(asked.code) + 1) % 10**6:06d}"


def test_the_right_code_works_once(database: Database) -> None:
    asked = ask(database)
    assert attempt(database, asked, asked.code) is Verdict.PROVEN
    assert attempt(database, asked, asked.code) is Verdict.ENDED


def test_after_five_wrong_tries_the_right_code_is_too_late(database: Database) -> None:
    asked = ask(database)
    assert [attempt(database, asked, wrong(asked)) for _ in range(5)] == [Verdict.WRONG] * 5
    assert not request(database, asked).is_open
    assert attempt(database, asked, asked.code) is Verdict.ENDED


def test_the_fifth_try_may_still_be_right(database: Database) -> None:
    asked = ask(database)
    for _ in range(4):
        attempt(database, asked, wrong(asked))
    assert request(database, asked).tries_left == 1
    assert attempt(database, asked, asked.code) is Verdict.PROVEN


def test_a_code_dies_after_ten_minutes_to_the_second(database: Database) -> None:
    asked = ask(database)
    late = NOW + timedelta(minutes=10)
    assert attempt(database, asked, asked.code, late) is Verdict.ENDED
    assert attempt(database, asked, asked.code, late - timedelta(seconds=1)) is Verdict.PROVEN


def test_a_newer_code_for_the_address_kills_the_older(database: Database) -> None:
    older, other = ask(database), ask(database, "eve@example.org")
    newer = ask(database)
    assert attempt(database, older, older.code) is Verdict.ENDED
    assert attempt(database, newer, newer.code) is Verdict.PROVEN
    assert attempt(database, other, other.code) is Verdict.PROVEN


def test_a_code_of_another_browser_is_worth_nothing(database: Database) -> None:
    mine, theirs = ask(database, "ada@example.org"), ask(database, "eve@example.org")
    if mine.code == theirs.code:
        pytest.skip("one chance in a million")
    assert attempt(database, mine, theirs.code) is Verdict.WRONG


def test_fifty_parallel_guesses_get_five_tries(any_shop: Shop) -> None:
    database = any_shop.database
    asked = ask(database)
    verdicts: list[Verdict] = []

    def one() -> None:
        verdicts.append(attempt(database, asked, wrong(asked)))

    threads = [threading.Thread(target=one) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(verdicts) == [Verdict.ENDED] * 45 + [Verdict.WRONG] * 5


def test_parallel_right_codes_prove_once(any_shop: Shop) -> None:
    database = any_shop.database
    asked = ask(database)
    verdicts: list[Verdict] = []

    def one() -> None:
        verdicts.append(attempt(database, asked, asked.code))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts.count(Verdict.PROVEN) == 1


def test_the_link_works_in_its_browser_once_even_when_the_codes_tries_are_spent(database: Database) -> None:
    """A03: nobody locks the owner out by guessing."""
    asked, other = ask(database), ask(database, "eve@example.org")
    for _ in range(5):
        attempt(database, asked, wrong(asked))
    theirs, mine = request(database, other), request(database, asked)
    with database.write() as connection:
        foreign = sign_in.use_link(connection, MARKER, theirs, asked.link, now=NOW)
        first = sign_in.use_link(connection, MARKER, mine, asked.link, now=NOW)
        again = sign_in.use_link(connection, MARKER, mine, asked.link, now=NOW)
    assert (foreign, first, again) == (Verdict.WRONG, Verdict.PROVEN, Verdict.ENDED)


def test_the_link_dies_with_the_code(database: Database) -> None:
    asked = ask(database)
    mine = request(database, asked)
    with database.write() as connection:
        late = sign_in.use_link(connection, MARKER, mine, asked.link, now=NOW + timedelta(minutes=10))
    assert late is Verdict.ENDED


def test_the_database_holds_neither_code_nor_cookie_nor_link(database: Database, tmp_path: Path) -> None:
    asked = ask(database)
    with database.read() as connection:
        dump = str(connection.execute(text("SELECT * FROM sign_ins")).all())
    for secret in (asked.code, asked.browser, asked.link):
        assert secret not in dump.replace(asked.id, "")


def test_a12_fifty_parallel_first_sign_ins_make_one_reader(any_shop: Shop) -> None:
    database = any_shop.database
    made: list[str] = []

    def one() -> None:
        with database.write() as connection:
            made.append(readers.find_or_create(connection, "ada@example.org", language="en", now=NOW).id)

    threads = [threading.Thread(target=one) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        kept = connection.execute(select(ReaderRow.id)).scalars().all()
    assert len(made) == 50
    assert set(made) == set(kept)
    assert len(kept) == 1
