"""Z19: what is taken comes back, from either engine into either engine."""

from __future__ import annotations

import gzip
import io
import itertools
import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select

from gatekeeper.accounts.tables import MailRow, ReaderRow
from gatekeeper.backup.form import BackupError, Reading
from gatekeeper.backup.restore import restore, verify
from gatekeeper.commerce import ledger
from gatekeeper.commerce.entitlements import Owned, entitlements
from gatekeeper.commerce.tables import EntryRow
from gatekeeper.storage.engine import Database, open_database
from gatekeeper.storage.migrate import (
    SchemaError,
    current_revision,
    require_migrated,
    upgrade,
    wanted_revision,
)
from tests.gatekeeper.backup.conftest import EMAILS, taken
from tests.support.shop import START, Shop


def owned(database: Database) -> dict[str, Owned]:
    """What each reader owns."""
    with database.read() as connection:
        readers = connection.execute(select(ReaderRow.email, ReaderRow.id).order_by(ReaderRow.email)).all()
        return {
            row.email: entitlements(ledger.of_reader(connection, row.id), START)
            for row in readers
            if row.email
        }


def digest(database: Database) -> str:
    """Of every row of every table; the same on both engines."""
    return verify(Reading(taken(database))).sha256


def test_z19_a_restored_database_is_the_same_to_the_last_row(used: Shop, other: Database) -> None:
    """Z19: row counts, digest and entitlements, across engines; the file holds together."""
    manifest = restore(other, Reading(taken(used.database)), is_forced=False)
    require_migrated(other)
    assert manifest.rows["readers"] == len(EMAILS)
    assert manifest.rows["orders"] == 3
    assert manifest.sha256 == digest(other) == digest(used.database)
    assert owned(other) == owned(used.database)
    assert {email: sorted(held.active) for email, held in owned(other).items()} == {
        "ada@example.org": ["rust"],
        "bob@example.org": [],
        "chloé@example.org": ["all"],
    }
    with other.read() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]


def test_z19_a_restored_shop_goes_on_selling(
    used: Shop, target: str, open_other: Callable[[str], Shop]
) -> None:
    """Rows that are counted up go on after the highest."""
    database = open_database(target)
    restore(database, Reading(taken(used.database)), is_forced=False)
    database.close()
    again = open_other(target)
    reader = again.browser()
    reader.sign_in("ada@example.org")
    reader.buy("sql")
    assert sorted(again.owned("ada@example.org").active) == ["rust", "sql"]


def test_z19_a_backup_under_load_is_one_moment_and_holds_all_that_was_committed_before(
    shop: Shop, other: Database
) -> None:
    """Z19: a line and its mail are one transaction, and are never parted."""
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    is_enough, has_begun, written = threading.Event(), threading.Event(), itertools.count(1)
    done: list[int] = []

    def write() -> None:
        while not is_enough.is_set():
            number = next(written)
            with shop.database.write() as connection:
                one = connection.execute(select(ReaderRow.id)).scalars().first()
                assert one is not None
                ledger.append(
                    connection,
                    kind=ledger.Kind.GRANTED,
                    reader=one,
                    product="rust",
                    source=ledger.OPERATOR,
                    event=f"load:{number}",
                    at=START,
                    now=START,
                )
                connection.execute(
                    MailRow.__table__.insert().values(  # type: ignore[attr-defined]
                        key=f"load:{number}",
                        recipient="ada@example.org",
                        subject="",
                        text="",
                        html="",
                        created_at=START,
                        send_at=START,
                        tries=0,
                        problem="",
                    )
                )
            done.append(number)
            if len(done) == 20:
                has_begun.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert has_begun.wait(60)
        before = len(done)
        file = taken(shop.database)
        after = len(done)
    finally:
        is_enough.set()
        thread.join()
    restore(other, Reading(file), is_forced=False)
    with other.read() as connection:
        lines = (
            connection.execute(select(EntryRow.event).where(EntryRow.event.like("load:%"))).scalars().all()
        )
        mails = connection.execute(select(MailRow.key).where(MailRow.key.like("load:%"))).scalars().all()
    assert sorted(lines) == sorted(mails)
    assert sorted(lines) == sorted(f"load:{number}" for number in range(1, len(lines) + 1))
    assert before <= len(lines) <= after + 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("target", ["into sqlite"], indirect=True)
def test_a_database_with_rows_is_replaced_only_by_force(used: Shop, other: Database) -> None:
    restore(other, Reading(taken(used.database)), is_forced=False)
    whole = digest(other)
    with used.database.write() as connection:
        connection.execute(ReaderRow.__table__.update().values(language="zh"))  # type: ignore[attr-defined]
    newer = taken(used.database)
    with pytest.raises(BackupError, match="not empty") as caught:
        restore(other, Reading(newer), is_forced=False)
    assert "--force" in caught.value.hint
    assert digest(other) == whole
    newer.seek(0)
    restore(other, Reading(newer), is_forced=True)
    assert digest(other) == digest(used.database) != whole


def lines_of(file: io.BytesIO) -> list[bytes]:
    return gzip.decompress(file.getvalue()).splitlines(keepends=True)


DAMAGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a row is missing": lambda lines: [line for line in lines if b"bob@example.org" not in line],
    "a row is another": lambda lines: [line.replace(b"bob@", b"eve@") for line in lines],
    "the end is missing": lambda lines: lines[:-1],
    "half": lambda lines: lines[: len(lines) // 2],
    "more after the end": lambda lines: [*lines, lines[-1]],
    "a line is no JSON": lambda lines: [*lines[:3], b"{\n", *lines[3:]],
}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_damaged_backup_is_refused_and_changes_nothing(used: Shop, other: Database) -> None:
    lines = lines_of(taken(used.database))
    restore(other, Reading(taken(used.database)), is_forced=False)
    whole = digest(other)
    for name, damage in DAMAGES.items():
        packed = gzip.compress(b"".join(damage(lines)))
        with pytest.raises(BackupError):
            verify(Reading(io.BytesIO(packed)))
        with pytest.raises(BackupError):
            restore(other, Reading(io.BytesIO(packed)), is_forced=True)
        assert digest(other) == whole, name


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_flipped_byte_is_noticed(used: Shop) -> None:
    whole = taken(used.database).getvalue()
    for place in range(0, len(whole), max(1, len(whole) // 40)):
        if 3 < place < 10:  # gzip's own flags and time say nothing about the content
            continue
        broken = bytearray(whole)
        broken[place] ^= 0x10
        with pytest.raises(BackupError):
            verify(Reading(io.BytesIO(bytes(broken))))


@pytest.mark.parametrize(
    "content", [b"", b"no backup", gzip.compress(b"[]\n"), gzip.compress(b'{"backup": 99}\n')]
)
def test_what_is_no_backup_is_refused(content: bytes) -> None:
    with pytest.raises(BackupError):
        Reading(io.BytesIO(content))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("target", ["into sqlite"], indirect=True)
def test_a_backup_of_a_newer_version_is_refused(used: Shop, other: Database) -> None:
    lines = lines_of(taken(used.database))
    lines[0] = lines[0].replace(f'"{wanted_revision()}"'.encode(), b'"9999"')
    with pytest.raises(SchemaError, match="9999"):
        restore(other, Reading(io.BytesIO(gzip.compress(b"".join(lines)))), is_forced=False)
    assert current_revision(other) is None


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("target", ["into sqlite"], indirect=True)
def test_an_empty_migrated_database_takes_a_backup_without_force(used: Shop, other: Database) -> None:
    upgrade(other)
    restore(other, Reading(taken(used.database)), is_forced=False)
    assert digest(other) == digest(used.database)
