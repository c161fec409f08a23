"""E05: the store of signals may be away, and reading, buying and unlocking go on."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from gatekeeper.accounts.life.deletion import erase
from gatekeeper.accounts.readers import find_by_address
from gatekeeper.app import close
from gatekeeper.cli import cli
from gatekeeper.contract import routes
from gatekeeper.signals import book, pseudonyms
from gatekeeper.signals.intake import Intake
from gatekeeper.storage.engine import open_database
from gatekeeper.storage.migrate import wanted_revision
from tests.gatekeeper.signals.telling import ANN, collecting, event, kept, room_of, tell, turn
from tests.support.databases import migrate
from tests.support.shop import Shop, live_environ

NOWHERE = "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"


def everything_works(shop: Shop) -> None:
    page = shop.browser()
    page.sign_in("ann@example.org")
    page.buy("rust")
    answer = page.get(routes.READER)
    assert answer.get_json()["products"] == {"rust": None}
    assert page.get("/account").status_code == 200


def test_e05_with_the_store_of_signals_away_from_the_start_readers_read_and_buy(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with collecting(tmp_path, LYCEUM_SIGNALS_DATABASE_URL=NOWHERE) as shop:
        assert tell(shop.browser(), event("a")).status_code == 204
        turn(shop)
        turn(shop)
        everything_works(shop)
        assert room_of(shop).intake.waiting == 1
    told = [record.getMessage() for record in caplog.records if "signals wait" in record.getMessage()]
    assert len(told) == 1, "said once, not at every turn"


def test_e05_signals_wait_while_their_store_is_away_and_are_written_when_it_is_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "signals.db"
    with collecting(tmp_path, LYCEUM_SIGNALS_DATABASE_URL=f"sqlite:///{place}") as shop:
        assert tell(shop.browser(), event("first")).status_code == 204
        assert len(kept(shop)) == 1
        holder = create_engine(f"sqlite:///{place}", isolation_level="AUTOCOMMIT")
        with closing(holder.raw_connection()) as raw:
            raw.cursor().execute("ALTER TABLE signals RENAME TO hidden")
        assert tell(shop.browser(), event("second"), event("third")).status_code == 204
        turn(shop)
        turn(shop)
        everything_works(shop)
        assert room_of(shop).intake.waiting == 2
        with holder.connect() as connection:
            connection.execute(text("ALTER TABLE hidden RENAME TO signals"))
        holder.dispose()
        shop.clock.advance(minutes=2)
        found = kept(shop)
        assert [row.kind for row in found] == ["view", "view", "view", "bought"]
    assert [r.getMessage()[:12] for r in caplog.records if "signals wait" in r.getMessage()] == [
        "signals wait"
    ]


def test_signals_in_a_database_of_their_own_leave_with_their_reader(tmp_path: Path) -> None:
    with collecting(tmp_path, LYCEUM_SIGNALS_DATABASE_URL=f"sqlite:///{tmp_path / 'signals.db'}") as shop:
        page = shop.browser()
        page.sign_in("ann@example.org")
        tell(page, event("a"))
        assert len(kept(shop)) == 1
        with shop.database.read() as connection:
            ann = find_by_address(connection, "ann@example.org")
            assert not book.days(connection), "the common database holds none"
        assert ann is not None
        with shop.database.write() as connection:
            erase(connection, ann.id, now=shop.clock())
        shop.clock.advance(minutes=2)
        assert kept(shop) == []


def test_a_live_school_migrates_both_databases_and_rotates_where_the_signals_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'signals.db'}"
    environ = {
        **live_environ(tmp_path),
        "LYCEUM_GATEKEEPER_URL": "https://gate.example.test",
        "LYCEUM_SITE_URL": "https://school.example.test/",
        "LYCEUM_DATABASE_URL": f"sqlite:///{tmp_path / 'common.db'}",
        "LYCEUM_SIGNALS_DATABASE_URL": url,
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(cli, ["migrate"])
    assert done.exit_code == 0, done.output
    newest = wanted_revision()
    assert done.output == f"migrated from nothing to {newest}\nsignals: migrated from nothing to {newest}\n"
    rotated = CliRunner().invoke(cli, ["signals", "rotate"])
    assert (rotated.exit_code, rotated.output) == (0, "pseudonyms are of generation 2 now\n")
    database = open_database(url)
    with database.read() as connection:
        salt = pseudonyms.current(connection)
    database.close()
    assert salt is not None
    assert salt.generation == 2


def test_a_clean_end_writes_what_waits(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'signals.db'}"
    migrate(url)
    with collecting(tmp_path, LYCEUM_SIGNALS_DATABASE_URL=url) as shop:
        tell(shop.browser(), event("a"))
        close(shop.app)
        database = open_database(url)
        with database.read() as connection:
            assert [day.signals for day in book.days(connection)] == [1]
        database.close()


def test_a_farewell_waits_like_everything_else(tmp_path: Path) -> None:
    place = tmp_path / "signals.db"
    with collecting(tmp_path, LYCEUM_SIGNALS_DATABASE_URL=f"sqlite:///{place}") as shop:
        tell(shop.browser(), event("a"))
        assert len(kept(shop)) == 1
        holder = create_engine(f"sqlite:///{place}")
        with holder.begin() as connection:
            connection.execute(text("ALTER TABLE signals RENAME TO hidden"))
        farewell = json.dumps({"v": 1, "reader": ANN, "forget": True}).encode()
        assert tell(shop.browser(), body=farewell).status_code == 204
        turn(shop)
        with holder.begin() as connection:
            connection.execute(text("ALTER TABLE hidden RENAME TO signals"))
        holder.dispose()
        assert kept(shop) == []


def test_a_queue_takes_a_batch_whole_or_not_at_all() -> None:
    intake = Intake(most_waiting=0)
    assert intake.offer([])
    assert not intake.say_farewell("x")
