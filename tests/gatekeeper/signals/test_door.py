"""What the author's side is given, and what has gone by then."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, timedelta
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import select

from gatekeeper.accounts.life.deletion import erase
from gatekeeper.accounts.life.identities import How, join
from gatekeeper.accounts.readers import find_by_address
from gatekeeper.commerce import ledger
from gatekeeper.commerce.ledger import Kind
from gatekeeper.contract import routes
from gatekeeper.contract.signals import KINDS, TOLD_BY_PAGES, Privacy
from gatekeeper.signals import door, pseudonyms
from gatekeeper.signals.tables import SaltRow
from gatekeeper.signals.telling import Kind as Kinds
from tests.gatekeeper.signals.telling import (
    ANN,
    KEY,
    ask,
    collecting,
    event,
    exported,
    kept,
    room_of,
    tell,
    turn,
)
from tests.support.shop import START, Shop, open_shop

AT = int(START.timestamp())


def test_signals_are_given_by_day_under_pseudonyms(school: Shop) -> None:
    page = school.browser()
    tell(
        page,
        event("a"),
        event("b", "time", value=30, age=1000),
        event("c", "clicked", list="related", place=2),
    )
    tell(school.browser(), event("d", variant="popularity"), reader="bob-0123456789abcdef")
    turn(school)
    days = ask(school, routes.SIGNAL_DAYS).get_json()["days"]
    assert [(day["day"], day["signals"]) for day in days] == [("2026-11-22", 4)]
    rows = exported(school)
    assert [row[2:] for row in rows] == [
        ["rust/traits", "view", AT, None, None, None, None, None],
        ["rust/traits", "time", AT - 1, 30, None, None, None, None],
        ["rust/traits", "clicked", AT, None, "related", 2, None, None],
        ["rust/traits", "view", AT, None, None, None, "popularity", None],
    ]
    names = [row[1] for row in rows]
    assert len(set(names[:3])) == 1
    assert names[3] != names[0]
    assert ANN not in json.dumps(rows)
    mark = room_of(school).marker.mark("browser", ANN)
    assert mark[:8] not in json.dumps(rows), "nor what the table knows the browser by"


def test_an_account_has_one_name_whatever_browser_it_reads_with(school: Shop) -> None:
    for reader in (ANN, "bob-0123456789abcdef"):
        page = school.browser()
        page.sign_in("ann@example.org")
        tell(page, event("a"), reader=reader)
    turn(school)
    assert len({row[1] for row in exported(school)}) == 1


def test_joined_accounts_have_one_name(school: Shop) -> None:
    ids = []
    for email in ("ann@example.org", "old@example.org"):
        page = school.browser()
        page.sign_in(email)
        tell(page, event(email[:3]), reader=f"{email[:3]}-0123456789abcdef")
        with school.database.read() as connection:
            found = find_by_address(connection, email)
        assert found is not None
        ids.append(found.id)
    turn(school)
    assert len({row[1] for row in exported(school)}) == 2
    with school.database.write() as connection:
        join(connection, ids[1], reader=ids[0], how=How.MERGE, now=START)
    assert len({row[1] for row in exported(school)}) == 1


def test_only_the_holder_of_the_key_is_given_anything(quick_school: Shop) -> None:
    for path in (routes.SIGNAL_DAYS, f"{routes.SIGNAL_DAYS}/2026-11-22"):
        assert ask(quick_school, path, key="").status_code == 403
        assert ask(quick_school, path, key=KEY[:-1] + "0").status_code == 403
        assert quick_school.browser().get(path).status_code == 403
        answer = ask(quick_school, path)
        assert answer.status_code == 200
        assert "no-store" in answer.headers["Cache-Control"]


def test_without_a_key_there_is_no_such_page(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        assert ask(shop, routes.SIGNAL_DAYS).status_code == 404
        assert ask(shop, f"{routes.SIGNAL_DAYS}/2026-11-22").status_code == 404


@pytest.mark.parametrize(
    "path", ["/2026-13-01", "/today", "/2026-11-22?after=-1", "/2026-11-22?after=x", "?since=x"]
)
def test_a_day_that_is_none_is_refused(quick_school: Shop, path: str) -> None:
    assert ask(quick_school, routes.SIGNAL_DAYS + path).status_code == 400


def test_a_large_day_comes_in_pieces(quick_school: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "MOST_ROWS", 2)
    tell(quick_school.browser(), *(event(f"e{n}") for n in range(5)))
    turn(quick_school)
    after, numbers = "0", []
    for _ in range(3):
        answer = ask(quick_school, f"{routes.SIGNAL_DAYS}/2026-11-22?after={after}")
        numbers += [json.loads(line)[0] for line in answer.text.splitlines()]
        after = answer.headers.get("Lyceum-Next", "")
    assert numbers == sorted(set(numbers))
    assert len(numbers) == 5
    assert after == ""


def states(shop: Shop) -> dict[str, str]:
    return {day["day"]: day["state"] for day in ask(shop, routes.SIGNAL_DAYS).get_json()["days"]}


def test_a_days_state_changes_with_every_signal_that_comes_or_goes(school: Shop) -> None:
    page = school.browser()
    page.sign_in("ann@example.org")
    seen = []
    for step in range(3):
        tell(page, event(f"e{step}"))
        turn(school)
        seen.append(states(school)["2026-11-22"])
    with school.database.read() as connection:
        ann = find_by_address(connection, "ann@example.org")
    assert ann is not None
    tell(school.browser(), event("other"), reader="bob-0123456789abcdef")
    turn(school)
    seen.append(states(school)["2026-11-22"])
    with school.database.write() as connection:
        erase(connection, ann.id, now=school.clock())
    seen.append(states(school)["2026-11-22"])
    assert len(set(seen)) == len(seen)
    assert all(one != other for one, other in itertools.pairwise(seen))


def test_days_can_be_asked_for_from_one_on(quick_school: Shop) -> None:
    tell(quick_school.browser(), event("a", age=43_200_000), event("b"))
    turn(quick_school)
    assert list(states(quick_school)) == ["2026-11-21", "2026-11-22"]
    since = ask(quick_school, f"{routes.SIGNAL_DAYS}?since=2026-11-22").get_json()["days"]
    assert [day["day"] for day in since] == ["2026-11-22"]


def test_rotating_gives_everybody_another_name_and_every_day_another_state(school: Shop) -> None:
    tell(school.browser(), event("a"), event("b", age=86_400_000))
    turn(school)
    before, names = states(school), {row[1] for row in exported(school)}
    with school.database.write() as connection:
        pseudonyms.rotate(connection, now=school.clock())
    after, renamed = states(school), {row[1] for row in exported(school)}
    assert all(before[day] != after[day] for day in before)
    assert len(names) == len(renamed) == 1
    assert not names & renamed
    with school.database.read() as connection:
        assert len(connection.execute(select(SaltRow.salt)).all()) == 1, "no old name can be made again"


def test_d01_a_deleted_account_takes_its_signals_along_and_they_do_not_come_back(school: Shop) -> None:
    page = school.browser()
    page.sign_in("ann@example.org")
    page.buy("rust")
    tell(page, event("a"))
    tell(school.browser(), event("b"), reader="bob-0123456789abcdef")
    turn(school)
    assert len(kept(school)) == 3
    tell(page, event("still-waiting"))
    with school.database.read() as connection:
        ann = find_by_address(connection, "ann@example.org")
    assert ann is not None
    with school.database.write() as connection:
        erase(connection, ann.id, now=school.clock())
    with school.database.read() as connection:
        assert pseudonyms.current(connection) is None
    school.clock.advance(minutes=2)
    turn(school)
    assert [row.reader for row in kept(school)] == [None]


def test_what_is_older_than_the_school_keeps_goes(tmp_path: Path) -> None:
    with collecting(tmp_path, LYCEUM_SIGNALS_DAYS="30") as shop:
        tell(shop.browser(), event("a"))
        turn(shop)
        shop.clock.advance(days=30)
        tell(shop.browser(), event("b"))
        turn(shop)
        assert len(states(shop)) == 2
        shop.clock.advance(days=1)
        turn(shop)
        assert list(states(shop)) == ["2026-12-22"]


def test_purchases_come_from_the_ledger_once_with_the_lesson_where_they_were_made(school: Shop) -> None:
    page = school.browser()
    page.sign_in("ann@example.org")
    page.buy("rust", lesson="rust/traits")
    page.order("sql")
    for _ in range(3):
        turn(school)
        school.clock.advance(minutes=2)
    found = kept(school)
    assert [(row.kind, row.lesson, row.product) for row in found] == [("bought", "rust/traits", "rust")]
    assert found[0].at.astimezone(UTC) == START
    page.buy("sql")
    school.clock.advance(minutes=2)
    assert [row.product for row in kept(school)] == ["rust", "sql"]
    assert exported(school)[0][9] == "rust"


def test_a_comment_is_noted_by_this_service_alone_and_exported_under_the_readers_name(school: Shop) -> None:
    page = school.browser()
    page.sign_in("ann@example.org")
    with school.database.read() as connection:
        ann = find_by_address(connection, "ann@example.org")
    assert ann is not None
    assert tell(page, event("told", "comment")).status_code == 400, "no page can say that somebody commented"
    tell(page, event("a"))
    for _ in range(2):
        assert room_of(school).note_comment("c17", reader=ann.id, lesson="rust/traits", at=START)
    assert not room_of(school).note_comment("c18", reader=ann.id, lesson="gone/draft", at=START)
    turn(school)
    rows = exported(school)
    assert [row[2:5] for row in rows] == [["rust/traits", "view", AT], ["rust/traits", "comment", AT]]
    assert rows[0][1] == rows[1][1], "one reader, one name"
    with school.database.write() as connection:
        erase(connection, ann.id, now=school.clock())
    assert exported(school) == []


def test_without_readers_names_no_comment_is_noted(tmp_path: Path) -> None:
    with collecting(tmp_path, Privacy.ANONYMOUS) as shop:
        assert not room_of(shop).note_comment("c1", reader="r1", lesson="rust/traits", at=START)
        assert kept(shop) == []


def test_a_page_may_tell_every_kind_but_what_this_service_knows_itself() -> None:
    assert set(get_args(Kinds)) == TOLD_BY_PAGES == set(KINDS) - {"comment"}


def test_what_was_bought_for_others_is_nobodys_interest(school: Shop) -> None:
    page = school.browser()
    page.sign_in("ann@example.org")
    number = page.buy("rust").rpartition("/")[2]
    with school.database.write() as connection:
        reader = ledger.of_order(connection, number)[0].reader
        ledger.append(
            connection, kind=Kind.GIFTED, reader=reader, product="rust", order=number,
            source="lyceum", event=f"gift:{number}", at=START, now=START,
        )  # fmt: skip
    turn(school)
    assert kept(school) == []


def test_an_anonymous_school_adds_no_purchases(tmp_path: Path) -> None:
    with collecting(tmp_path, Privacy.ANONYMOUS) as shop:
        page = shop.browser()
        page.sign_in("ann@example.org")
        page.buy("rust")
        turn(shop)
        assert kept(shop) == []


def test_a_purchase_older_than_the_school_keeps_signals_is_not_added(tmp_path: Path) -> None:
    with collecting(tmp_path, LYCEUM_SIGNALS_DAYS="30") as shop:
        page = shop.browser()
        page.sign_in("ann@example.org")
        page.buy("rust")
        shop.clock.advance(days=31)
        turn(shop)
        assert kept(shop) == []
        shop.clock.now -= timedelta(days=10)
        room_of(shop)._last_round = 0
        room_of(shop)._newest_entry = -1
        turn(shop)
        assert len(kept(shop)) == 1
