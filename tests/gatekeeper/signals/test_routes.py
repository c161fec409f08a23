"""What pages may tell, and what becomes of it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from gatekeeper.contract import routes
from gatekeeper.contract.signals import MOST_EVENTS, Privacy
from gatekeeper.signals.intake import Intake
from tests.gatekeeper.signals.telling import (
    ANN,
    FIREFOX,
    SITE_ORIGIN,
    collecting,
    event,
    kept,
    room_of,
    tell,
)
from tests.support.shop import ORIGIN, START, Shop


def test_what_a_page_tells_is_kept_with_the_gatekeepers_time(school: Shop) -> None:
    answer = tell(
        school.browser(),
        event("view"),
        event("depth", "depth", value=0.5, age=90_000),
        event("click", "clicked", "sql/joins", list="related", place=3, variant="popularity"),
        event("search", "search", None, value=12),
    )
    assert answer.status_code == 204
    assert answer.data == b""
    found = [
        (row.kind, row.lesson, row.value, row.list, row.place, row.variant, row.at) for row in kept(school)
    ]
    assert found == [
        ("view", "rust/traits", None, None, None, None, START),
        ("depth", "rust/traits", 0.5, None, None, None, START - timedelta(seconds=90)),
        ("clicked", "sql/joins", None, "related", 3, "popularity", START),
        ("search", None, 12.0, None, None, None, START),
    ]


def test_e03_an_event_that_is_told_twice_is_kept_once_and_late_ones_find_their_time(school: Shop) -> None:
    page = school.browser()
    assert tell(page, event("first"), event("second", "finished")).status_code == 204
    assert len(kept(school)) == 2
    school.clock.advance(minutes=10)
    again = tell(page, event("second", "finished"), event("third", "copied", age=1_800_000), event("first"))
    assert again.status_code == 204
    assert [(row.kind, row.at, row.received_at) for row in kept(school)] == [
        ("view", START, START),
        ("finished", START, START),
        ("copied", START - timedelta(minutes=20), START + timedelta(minutes=10)),
    ]


def test_e03_the_same_name_from_another_browser_is_another_event(school: Shop) -> None:
    tell(school.browser(), event("first"))
    tell(school.browser(), event("first"), reader="bob-0123456789abcdef")
    assert len(kept(school)) == 2


def test_an_event_older_than_a_day_is_left_out(quick_school: Shop) -> None:
    day = 86_400_000
    assert tell(quick_school.browser(), event("old", age=day + 1), event("day", age=day)).status_code == 204
    assert [row.at for row in kept(quick_school)] == [START - timedelta(days=1)]


def test_a_lesson_that_the_release_does_not_have_is_left_out(quick_school: Shop) -> None:
    assert (
        tell(quick_school.browser(), event("gone", lesson="rust/nowhere"), event("here")).status_code == 204
    )
    assert [row.lesson for row in kept(quick_school)] == ["rust/traits"]


def test_whoever_is_signed_in_is_known_by_the_account_and_everybody_else_by_nothing(school: Shop) -> None:
    page = school.browser()
    tell(page, event("stranger"))
    page.sign_in("ann@example.org")
    tell(page, event("signed-in"))
    stranger, ann = kept(school)
    assert stranger.reader is None
    with school.database.read() as connection:
        from gatekeeper.accounts.readers import find_by_address

        reader = find_by_address(connection, "ann@example.org")
    assert reader is not None
    assert ann.reader == reader.id


def test_an_anonymous_school_knows_nobodys_account(tmp_path: Path) -> None:
    with collecting(tmp_path, Privacy.ANONYMOUS) as shop:
        page = shop.browser()
        page.sign_in("ann@example.org")
        assert tell(page, event("view")).status_code == 204
        assert [row.reader for row in kept(shop)] == [None]


def test_a_school_that_collects_nothing_has_no_such_page(tmp_path: Path) -> None:
    with collecting(tmp_path, Privacy.NONE) as shop:
        assert tell(shop.browser(), event("view")).status_code == 404
        assert kept(shop) == []


def test_before_a_release_is_loaded_pages_come_again(quick_school: Shop) -> None:
    quick_school.library.manifest = None
    answer = tell(quick_school.browser(), event("view"))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("origin", [None, "null", "https://elsewhere.example", SITE_ORIGIN + ".evil.test"])
def test_only_pages_of_the_school_may_tell(quick_school: Shop, origin: str | None) -> None:
    answer = tell(quick_school.browser(), event("view"), origin=origin)
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert kept(quick_school) == []


def test_the_site_may_read_the_answer_and_no_cookie_is_set(quick_school: Shop) -> None:
    answer = tell(quick_school.browser(), event("view"))
    assert answer.headers["Access-Control-Allow-Origin"] == SITE_ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert "Set-Cookie" not in answer.headers
    assert tell(quick_school.browser(), event("view"), origin=ORIGIN).status_code == 204


@pytest.mark.parametrize(
    ("origin", "allowed"), [(SITE_ORIGIN, SITE_ORIGIN), ("https://elsewhere.example", None)]
)
def test_a_preflight_is_answered_for_the_site_alone(
    quick_school: Shop, origin: str, allowed: str | None
) -> None:
    answer = quick_school.browser().client.options(
        routes.SIGNALS, base_url=ORIGIN, headers={"Origin": origin}
    )
    assert answer.status_code == 204
    assert answer.headers.get("Access-Control-Allow-Origin") == allowed


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_a_reader_who_asks_for_quiet_is_left_in_quiet(quick_school: Shop, header: str) -> None:
    assert tell(quick_school.browser(), event("view"), headers={header: "1"}).status_code == 204
    assert kept(quick_school) == []


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "curl/8.5.0",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        FIREFOX.replace("Firefox/149.0", "HeadlessChrome/149.0"),
    ],
)
def test_a_program_is_no_reader(quick_school: Shop, agent: str) -> None:
    assert tell(quick_school.browser(), event("view"), agent=agent).status_code == 204
    assert kept(quick_school) == []


BAD = [
    b"",
    b"null",
    b"[]",
    b'{"v":1}',
    b'{"v":2,"reader":"ann-0123456789abcdef","events":[]}',
    b'{"v":1,"reader":"short","events":[]}',
    b'{"v":1,"reader":"ann-0123456789abcdef\\n","events":[]}',
    b'{"v":1,"reader":"ann-0123456789abcdef","events":[],"role":"admin"}',
    b'{"v":1,"reader":"ann-0123456789abcdef","events":[],"forget":1}',
    b'\xff\xfe{"v":1}',
    b'{"v":1,"reader":"ann-0123456789abcdef","events":' + b"[" * 60_000,
]
BAD_EVENTS = [
    event("x", "comment"),
    event("x", "hacked"),
    event("x", "view", None),
    event("x", "view", value=1),
    event("x", "depth"),
    event("x", "depth", value=1.01),
    event("x", "time", value=-1),
    event("x", "time", value=1e308),
    event("x", age=-1),
    event("x", age=1.5),
    event("x", age=10**30),
    event("x", age=True),
    event("x", lesson=""),
    event("x", lesson="a" * 401),
    event("x", "clicked", list="Not A Word"),
    event("x", "clicked", list="related", place=0),
    event("x", at=1),
    {"kind": "view", "lesson": "rust/traits", "age": 0},
    {**event("x"), "id": "with space 012345678"},
    {**event("x"), "id": "a" * 41},
]


def test_x13_what_is_no_telling_is_refused_whole(quick_school: Shop) -> None:
    for body in BAD:
        assert tell(quick_school.browser(), body=body).status_code == 400, body[:80]
    for number, bad in enumerate(BAD_EVENTS):
        answer = tell(quick_school.browser(), event("good"), bad, reader=f"browser-{number:012}")
        assert answer.status_code == 400, bad
    for value in ("NaN", "Infinity", "-Infinity", "1e999"):
        text = json.dumps({"v": 1, "reader": ANN, "events": [event("x", "depth", value="?")]})
        assert tell(quick_school.browser(), body=text.replace('"?"', value).encode()).status_code == 400, (
            value
        )
    assert kept(quick_school) == []


@pytest.mark.parametrize("text", ["a\\u0000b", "\\ud800", "\\ud83d\\ude00", "\\uffff", "\U000e0fff"])
def test_x12_strange_signs_are_answered_alike_on_both_engines(school: Shop, text: str) -> None:
    body = (
        f'{{"v":1,"reader":"{ANN}","events":[{{"id":"{"x" * 16}","kind":"view","age":0,"lesson":"{text}"}}]}}'
    )
    assert tell(school.browser(), body=body.encode()).status_code in {204, 400}
    for field in ("list", "variant"):
        body = json.dumps({"v": 1, "reader": ANN, "events": [event("x", **{field: "?"})]})
        assert tell(school.browser(), body=body.replace("?", text).encode()).status_code == 400
    assert kept(school) == []


def test_e01_a_batch_of_too_many_events_or_bytes_is_refused(quick_school: Shop) -> None:
    page = quick_school.browser()
    assert tell(page, *(event(f"e{n}") for n in range(MOST_EVENTS + 1))).status_code == 413
    assert tell(page, *(event(f"e{n}") for n in range(10_000))).status_code == 413
    assert tell(page, body=b'{"v":1,"reader":"' + b"a" * 1_000_000 + b'"}').status_code == 413
    assert kept(quick_school) == []
    assert tell(page, *(event(f"e{n}") for n in range(MOST_EVENTS))).status_code == 204
    assert len(kept(quick_school)) == MOST_EVENTS


def test_e01_a_flood_is_turned_away_and_reading_and_buying_go_on(tmp_path: Path) -> None:
    with collecting(tmp_path, LYCEUM_SIGNALS_LIMIT="50") as shop:
        page = shop.browser(address="203.0.113.9")
        said = [tell(page, event("x"), reader=f"browser-{n:012}").status_code for n in range(80)]
        assert said == [204] * 50 + [429] * 30
        assert page.last is not None
        assert 0 < int(page.last.headers["Retry-After"]) <= 60
        assert tell(shop.browser(address="203.0.113.10"), event("x")).status_code == 204
        page.sign_in("ann@example.org")
        page.buy("rust")
        assert page.get(routes.READER).get_json()["products"] == {"rust": None}
        shop.clock.advance(minutes=1)
        assert tell(page, event("x")).status_code == 204


def test_h02_a_forged_forwarding_header_is_no_way_around_the_limit(tmp_path: Path) -> None:
    with collecting(tmp_path, LYCEUM_SIGNALS_LIMIT="3") as shop:
        page = shop.browser(address="203.0.113.9")
        said = [
            tell(
                page, event("x"), reader=f"browser-{n:012}", headers={"X-Forwarded-For": f"198.51.100.{n}"}
            ).status_code
            for n in range(5)
        ]
        assert said == [204, 204, 204, 429, 429]


def test_e01_one_browser_cannot_tell_without_end(quick_school: Shop) -> None:
    said = [
        tell(quick_school.browser(address=f"203.0.113.{n}"), event(f"e{n}")).status_code for n in range(65)
    ]
    assert said == [204] * 60 + [429] * 5


def test_a_browser_that_is_faster_than_anybody_reads_is_not_heard_for_an_hour(quick_school: Shop) -> None:
    manifest = quick_school.library.manifest
    manifest.lessons.update({f"rust/{n}": manifest.lessons["rust/free"] for n in range(30)})
    page = quick_school.browser()
    for half in (range(15), range(15, 30)):
        answer = tell(page, *(event(f"e{n}", lesson=f"rust/{n}") for n in half))
        assert answer.status_code == 204
    assert len(kept(quick_school)) == 15
    quick_school.clock.advance(minutes=59)
    tell(page, event("later"))
    tell(page, event("other"), reader="bob-0123456789abcdef")
    assert len(kept(quick_school)) == 16
    quick_school.clock.advance(minutes=3)
    tell(page, event("calm"))
    assert len(kept(quick_school)) == 17


def test_a_farewell_deletes_what_was_told_under_that_name(school: Shop) -> None:
    page = school.browser()
    tell(page, event("written"))
    tell(page, event("other"), reader="bob-0123456789abcdef")
    assert len(kept(school)) == 2
    tell(page, event("waiting"))
    farewell = json.dumps({"v": 1, "reader": ANN, "forget": True}).encode()
    assert tell(page, body=farewell).status_code == 204
    assert len(kept(school)) == 1
    tell(page, event("anew"))
    assert len(kept(school)) == 2
    with_events = json.dumps({"v": 1, "reader": ANN, "forget": True, "events": [event("x")]}).encode()
    assert tell(page, body=with_events).status_code == 400


def test_when_too_much_waits_pages_are_asked_to_come_again(quick_school: Shop) -> None:
    room_of(quick_school).intake = Intake(most_waiting=3)
    page = quick_school.browser()
    assert tell(page, event("a"), event("b")).status_code == 204
    full = tell(page, event("c"), event("d"))
    assert (full.status_code, full.headers["Retry-After"]) == (503, "30")
    assert tell(page, event("c")).status_code == 204
    assert len(kept(quick_school)) == 3
    assert tell(page, event("c"), event("d")).status_code == 204
    assert len(kept(quick_school)) == 4
