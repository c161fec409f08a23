"""The link-sharing alarm: it tells the reader and the operator, once a day, and locks nobody out."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from gatekeeper.accounts.tables import ReaderRow
from gatekeeper.app import ON_ALARM, SIGHTINGS
from gatekeeper.limits import sharing
from gatekeeper.limits.sightings import Sightings
from gatekeeper.limits.tables import SightingRow
from tests.support.shop import Browser, Shop, visible

MOST = 8  # of the settings, when nothing else is said


def reader_of(shop: Shop, email: str) -> str:
    with shop.database.read() as connection:
        found: str = connection.execute(select(ReaderRow.id).where(ReaderRow.email == email)).scalar_one()
    return found


def read_from(shop: Shop, reader: str, *networks: int) -> None:
    """Private objects are given to the reader in these networks, and the background works."""
    sightings: Sightings = shop.app.extensions[SIGHTINGS]
    for number in networks:
        sightings.saw(reader, f"198.51.{number}.7", shop.clock().timestamp())
    shop.run_jobs()


def told(shop: Shop) -> list[str]:
    return [mail.recipient for mail in shop.mails() if mail.key[:8] == "sharing:"]


@pytest.fixture
def ada(shop: Shop) -> Browser:
    browser = shop.browser()
    browser.sign_in("ada@example.org")
    return browser


def test_many_networks_in_an_hour_tell_reader_and_operator(
    shop: Shop, ada: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    counted: list[int] = []
    shop.app.extensions[ON_ALARM] = lambda: counted.append(1)
    reader = reader_of(shop, "ada@example.org")
    read_from(shop, reader, *range(MOST - 1))
    assert told(shop) == []
    assert "networks" not in visible(ada.get("/account"))
    with caplog.at_level(logging.WARNING, "gatekeeper.limits.sharing"):
        read_from(shop, reader, MOST)
    assert told(shop) == ["ada@example.org"]
    assert counted == [1]
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == f"link-sharing alarm reader={reader} networks={MOST}"
    page = visible(ada.get("/account"))
    assert f"{MOST} different networks" in page
    assert "Nothing has been locked" in page
    mail = next(mail for mail in shop.mails() if mail.key[:8] == "sharing:")
    assert "/account#sessions" in mail.letter.text
    assert "198.51" not in mail.letter.text + mail.letter.html


def test_nobody_is_locked_out(shop: Shop, ada: Browser) -> None:
    ada.buy("rust")
    shop.run_jobs()
    reader = reader_of(shop, "ada@example.org")
    before = ada.get("/api/reader").json
    read_from(shop, reader, *range(5 * MOST))
    assert told(shop) == ["ada@example.org"]
    after = ada.get("/api/reader").json
    assert before is not None
    assert after is not None
    assert (after["signed_in"], after["products"]) == (True, before["products"])


def test_it_rings_once_a_day(shop: Shop, ada: Browser) -> None:
    reader = reader_of(shop, "ada@example.org")
    read_from(shop, reader, *range(MOST))
    read_from(shop, reader, *range(100, 100 + MOST))
    assert len(told(shop)) == 1
    shop.clock.advance(days=1)
    read_from(shop, reader, *range(MOST))
    assert len(told(shop)) == 2


def test_networks_of_more_than_an_hour_ago_do_not_count(shop: Shop, ada: Browser) -> None:
    reader = reader_of(shop, "ada@example.org")
    for number in range(3 * MOST):
        read_from(shop, reader, number)
        shop.clock.advance(minutes=10)
    assert told(shop) == []


def test_many_readers_in_many_networks_are_no_alarm(shop: Shop) -> None:
    for number in range(MOST):
        email = f"reader{number}@example.org"
        shop.browser().sign_in(email)
        read_from(shop, reader_of(shop, email), number)
    assert told(shop) == []


def test_it_rings_however_many_others_were_read_meanwhile(shop: Shop, ada: Browser) -> None:
    sightings: Sightings = shop.app.extensions[SIGHTINGS]
    now = shop.clock().timestamp()
    reader = reader_of(shop, "ada@example.org")
    for network in range(MOST):
        sightings.saw(reader, f"198.51.{network}.7", now)
        for other in range(70):  # so that hers are told in several turns
            sightings.saw(f"reader {other} of {network}", "203.0.113.1", now)
    shop.run_jobs()
    assert told(shop) == ["ada@example.org"]


def test_however_many_are_told_the_database_hears_one_question(shop: Shop) -> None:
    asked: set[str] = set()
    event.listen(
        shop.database.engine, "before_cursor_execute", lambda *told: asked.add(told[2].partition("FROM")[2])
    )
    sightings: Sightings = shop.app.extensions[SIGHTINGS]
    for many in (1, 3, 40):
        for number in range(many):
            sightings.saw(f"reader {number} of {many}", "203.0.113.1", shop.clock().timestamp())
        shop.run_jobs()
    assert len([question for question in asked if "readers.id IN" in question]) == 1


def test_a_reader_who_is_gone_is_no_error(shop: Shop) -> None:
    read_from(shop, "nobody", *range(3 * MOST))
    assert told(shop) == []


def test_what_is_remembered_names_no_address_and_is_forgotten_after_an_hour(shop: Shop, ada: Browser) -> None:
    """D04"""
    reader = reader_of(shop, "ada@example.org")
    read_from(shop, reader, 1, 2)
    with shop.database.read() as connection:
        rows = connection.execute(select(SightingRow)).all()
    assert len(rows) == 2
    assert "198.51" not in str(rows)
    shop.clock.advance(hours=1, seconds=1)
    with shop.database.write() as connection:
        sharing.forget_old(connection, now=shop.clock())
    with shop.database.read() as connection:
        assert connection.execute(select(SightingRow)).all() == []


def test_the_operator_sees_the_alarms_of_a_week(shop: Shop, ada: Browser) -> None:
    reader = reader_of(shop, "ada@example.org")
    read_from(shop, reader, *range(MOST))
    with shop.database.read() as connection:
        now = shop.clock()
        assert [one.reader for one in sharing.recent(connection, now=now)] == [reader]
        assert sharing.recent(connection, now=now + timedelta(days=8)) == []
        assert sharing.latest_of(connection, "another", now=now) is None
