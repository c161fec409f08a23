"""What pages keep and tell, against the service itself over real HTTP: nothing without agreement, everything once with it."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from gatekeeper.contract.access import PUBLIC
from gatekeeper.contract.manifest import LessonEntry
from gatekeeper.contract.signals import Privacy
from gatekeeper.signals.room import EXTENSION, Room
from gatekeeper.signals.tables import SignalRow
from tests.support.browser import DESKTOP, PHONE, NewContext, Watch, violations
from tests.support.shop import Shop, open_shop
from tests.theme import school
from tests.theme.servers import Site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

pytestmark = pytest.mark.browser

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0"
LESSON = "async-python/why-blocking/"
LESSONS = ("async-python/why-blocking", "async-python/event-loop", "async-python/queues")
SCRIPTS = Path(__file__).parents[2] / "theme" / "assets" / "javascripts" / "lyceum" / "signals"


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    site: Site
    shop: Shop

    @property
    def room(self) -> Room:
        found = self.shop.app.extensions[EXTENSION]
        assert isinstance(found, Room)
        return found

    def kept(self) -> list[Any]:
        self.room.turn()
        with self.room.database.read() as connection:
            columns = (
                SignalRow.browser, SignalRow.kind, SignalRow.lesson, SignalRow.value,
                SignalRow.list_, SignalRow.place, SignalRow.variant,
            )  # fmt: skip
            return list(connection.execute(select(*columns).order_by(SignalRow.id)))

    def kinds(self) -> list[str]:
        return [row.kind for row in self.kept()]

    def says(self, privacy: Privacy) -> None:
        """What the release and its pages say of signals."""
        self.shop.library.manifest = replace(self.shop.library.manifest, signals=privacy)
        for page in self.site.folder.rglob("*.html"):
            text = page.read_text(encoding="utf-8")
            for other in Privacy:
                text = text.replace(f'data-mode="{other}"', f'data-mode="{privacy}"')
            page.write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("telling")


@pytest.fixture(scope="module")
def pages(folder: Path) -> Iterator[tuple[Site, int]]:
    """The site, and the port that its pages name as the gatekeeper's."""
    site = Site()
    reserved = make_server("127.0.0.1", 0, _nobody)
    port = reserved.server_port
    reserved.server_close()
    config = school.stage(folder, site_url=site.url, gatekeeper=f"http://127.0.0.1:{port}", signals="consent")
    site.folder = school.build(config)
    yield site, port
    site.close()


@pytest.fixture
def here(pages: tuple[Site, int], tmp_path: Path) -> Iterator[School]:
    site, port = pages
    environ = {"LYCEUM_GATEKEEPER_URL": f"http://127.0.0.1:{port}", "LYCEUM_SITE_URL": site.url}
    with open_shop(tmp_path, **environ) as shop:
        lessons = {
            id_: LessonEntry(course="async-python", title=id_, url=f"{id_}/", access=PUBLIC)
            for id_ in LESSONS
        }
        shop.library.manifest = replace(shop.library.manifest, lessons=lessons, signals=Privacy.CONSENT)
        server = make_server("127.0.0.1", port, _with_a_head(shop.app), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield School(site=site, shop=shop)
        server.shutdown()
        thread.join()
        server.server_close()
        School(site=site, shop=shop).says(Privacy.CONSENT)


def _with_a_head(app: WSGIApplication) -> WSGIApplication:
    """This browser has no window and says so, which makes it a program; what it sends while a page is left says so whatever the page says."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["HTTP_USER_AGENT"] = FIREFOX
        return app(environ, start_response)

    return answer


def _nobody(_environ: object, _start: object) -> list[bytes]:
    return []


@pytest.fixture
def told() -> list[dict[str, Any]]:
    """Every body that pages sent."""
    return []


@pytest.fixture
def reader(
    here: School, new_context: NewContext, told: list[dict[str, Any]]
) -> Callable[..., tuple[BrowserContext, Page]]:
    def open_page(path: str = LESSON, **options: Any) -> tuple[BrowserContext, Page]:
        context = new_context(**options)

        def note(request: Request) -> None:
            if request.url.endswith("/api/signals") and request.method == "POST":
                told.append(json.loads(request.post_data or "{}"))

        context.on("request", note)
        page = context.new_page()
        page.clock.install()
        page.goto(here.site.url + path)
        return context, page

    return open_page


def agree(page: Page) -> None:
    with page.expect_response(lambda response: response.url.endswith("signals/watching.js")):
        page.get_by_role("button", name="Agree").click()
    page.wait_for_function("document.querySelector('.lyceum-agreement').hidden")
    page.wait_for_timeout(50)


def read_on(page: Page, seconds: int) -> None:
    """Somebody reads on: the page's clock goes on by seconds in which something moves."""
    page.mouse.move(200, 200 + seconds % 7)
    page.clock.run_for(seconds * 1000)


def leave(page: Page, to: str = "about:blank") -> None:
    page.goto(to)


def arrived(here: School, *kinds: str) -> list[str]:
    """What was kept, in order, once all of these are there."""
    for _ in range(100):
        found = here.kinds()
        if set(kinds) <= set(found):
            break
        threading.Event().wait(0.05)
    return found


def test_without_agreement_nothing_is_kept_and_nothing_leaves(
    here: School, reader: Callable[..., tuple[BrowserContext, Page]], told: list[dict[str, Any]]
) -> None:
    context, page = reader()
    expect(page.locator(".lyceum-agreement")).to_be_visible()
    read_on(page, 60)
    page.keyboard.press("End")
    read_on(page, 60)
    assert page.evaluate("Object.keys(localStorage).filter((key) => !key.includes('__'))") == []
    page.get_by_role("button", name="No, thanks").click()
    read_on(page, 60)
    leave(page)
    assert context.cookies() == []
    page.goto(here.site.url + LESSON)
    expect(page.locator(".lyceum-agreement")).to_be_hidden()
    assert page.evaluate("localStorage.getItem('lyceum.agreement')") == "no"
    leave(page)
    assert told == []
    assert here.kept() == []


def test_what_is_read_arrives_once(
    here: School, reader: Callable[..., tuple[BrowserContext, Page]], told: list[dict[str, Any]]
) -> None:
    _, page = reader()
    agree(page)
    read_on(page, 20)
    assert arrived(here, "view") == ["view"]
    page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    read_on(page, 25)
    page.locator("article pre").first.scroll_into_view_if_needed()
    page.evaluate(
        "getSelection().selectAllChildren(document.querySelector('article pre code')); document.execCommand('copy')"
    )
    for _ in range(5):
        page.mouse.wheel(0, 20)
        read_on(page, 20)
    leave(page)
    assert sorted(arrived(here, "copied", "depth", "finished", "time", "view")) == [
        "copied", "depth", "finished", "time", "view",
    ]  # fmt: skip
    found = {row.kind: row for row in here.kept()}
    assert {row.lesson for row in found.values()} == {"async-python/why-blocking"}
    assert found["depth"].value > 0.95
    assert found["time"].value > 120
    assert {row.variant for row in found.values()} <= {"model", "popularity"}
    assert len({row.browser for row in here.kept()}) == 1
    assert len({body["reader"] for body in told}) == 1


def test_time_does_not_count_while_nobody_moves(
    here: School, reader: Callable[..., tuple[BrowserContext, Page]]
) -> None:
    _, page = reader()
    agree(page)
    read_on(page, 10)
    page.clock.run_for(3_600_000)
    leave(page)
    arrived(here, "time")
    (seconds,) = [row.value for row in here.kept() if row.kind == "time"]
    assert 30 <= seconds <= 45


def test_a_locked_lesson_is_not_finished_at_its_teasers_end(
    here: School, reader: Callable[..., tuple[BrowserContext, Page]]
) -> None:
    _, page = reader("async-python/queues/")
    agree(page)
    page.evaluate("scrollTo({ top: document.body.scrollHeight, behavior: 'instant' })")
    for _ in range(12):
        read_on(page, 25)
    leave(page)
    assert "finished" not in arrived(here, "depth", "time", "view")


def test_a_click_on_a_list_is_told_by_the_lesson_that_it_led_to(
    here: School, reader: Callable[..., tuple[BrowserContext, Page]]
) -> None:
    _, page = reader()
    agree(page)
    page.evaluate(
        """([url]) => document.querySelector("article").insertAdjacentHTML("beforeend",
        `<section data-lyceum-list="lesson"><a data-lyceum-place="2" href="${url}">on</a></section>`)""",
        [here.site.url + "async-python/event-loop/"],
    )
    page.get_by_role("link", name="on", exact=True).click()
    page.wait_for_url("**/event-loop/")
    page.wait_for_function("localStorage.getItem('lyceum.came') === null")
    leave(page)
    arrived(here, "clicked")
    clicks = [(row.lesson, row.list, row.place) for row in here.kept() if row.kind == "clicked"]
    assert clicks == [("async-python/event-loop", "lesson", 2)]


def test_taking_it_back_deletes_what_was_kept_and_told(
    here: School, reader: Callable[..., tuple[BrowserContext, Page]], told: list[dict[str, Any]]
) -> None:
    _, page = reader()
    agree(page)
    read_on(page, 20)
    assert arrived(here, "view") == ["view"]
    page.evaluate("localStorage.setItem('lyceum.history', '{}')")
    page.get_by_role("button", name="What is remembered").click()
    expect(page.get_by_text("At present you agree.")).to_be_visible()
    with page.expect_response(lambda response: response.url.endswith("/api/signals")):
        page.get_by_role("button", name="No, thanks").click()
    page.wait_for_function("localStorage.getItem('lyceum.history') === null")
    assert told[-1] == {"v": 1, "reader": told[0]["reader"], "forget": True}
    assert here.kept() == []
    sent = len(told)
    read_on(page, 60)
    leave(page)
    assert len(told) == sent


@pytest.mark.parametrize(("asks", "value"), [("globalPrivacyControl", "true"), ("doNotTrack", '"1"')])
def test_a_browser_that_asks_not_to_be_followed_is_neither_asked_nor_followed(
    here: School, new_context: NewContext, asks: str, value: str
) -> None:
    context = new_context()
    context.add_init_script(f"Object.defineProperty(navigator, '{asks}', {{ value: {value} }})")
    watch = Watch(context)
    page = context.new_page()
    page.goto(here.site.url + LESSON)
    page.wait_for_load_state("networkidle")
    expect(page.locator(".lyceum-agreement")).to_be_hidden()
    page.get_by_role("button", name="What is remembered").click()
    expect(page.get_by_text("asks not to be followed")).to_be_visible()
    expect(page.get_by_role("button", name="Agree")).to_be_hidden()
    assert not [url for url in watch.requests if "signals/teller" in url or "/api/signals" in url]


def test_an_anonymous_school_keeps_nothing_and_joins_no_two_pages(
    here: School, reader: Callable[..., tuple[BrowserContext, Page]], told: list[dict[str, Any]]
) -> None:
    here.says(Privacy.ANONYMOUS)
    context, page = reader()
    for path in (LESSON, "async-python/event-loop/"):
        with page.expect_response(lambda response: response.url.endswith("watching.js")):
            page.goto(here.site.url + path)
        page.wait_for_timeout(50)
        read_on(page, 20)
    leave(page)
    assert len({body["reader"] for body in told}) == 2
    assert "view" in arrived(here, "view")
    assert context.cookies() == []
    page.goto(here.site.url + LESSON)
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('lyceum'))") == []


def test_a_gatekeeper_that_is_away_is_told_later_and_nothing_breaks(
    here: School, reader: Callable[..., tuple[BrowserContext, Page]]
) -> None:
    context, page = reader()
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page.route("**/api/signals", lambda route: route.abort())
    agree(page)
    read_on(page, 20)
    assert here.kept() == []
    page.unroute("**/api/signals")
    page.route(
        "**/api/signals",
        lambda route: route.fulfill(
            status=503,
            headers={
                "Access-Control-Allow-Origin": here.site.origin,
                "Access-Control-Allow-Credentials": "true",
            },
        ),
    )
    read_on(page, 35)
    page.unroute("**/api/signals")
    for _ in range(4):
        read_on(page, 25)
    assert "view" in arrived(here, "view")
    assert here.kinds().count("view") == 1
    assert errors == []


def test_the_question_is_readable_everywhere(here: School, new_context: NewContext) -> None:
    for scheme, size in (("light", PHONE), ("dark", DESKTOP)):
        context = new_context(color_scheme=scheme, viewport=size)
        for path in (LESSON, ""):
            page = context.new_page()
            page.goto(here.site.url + path)
            box = page.locator(".lyceum-agreement")
            expect(box).to_be_visible()
            assert violations(page) == []
            placed = box.bounding_box()
            assert placed is not None
            assert placed["x"] >= 0
            assert placed["x"] + placed["width"] <= size["width"]
            assert placed["height"] <= size["height"] * 0.6
            for button in box.get_by_role("button").all():
                shape = button.bounding_box()
                assert shape is not None
                assert shape["height"] >= 44
            page.close()


def test_what_tells_is_small() -> None:
    told = b"".join((SCRIPTS / name).read_bytes() for name in ("teller.js", "watching.js"))
    assert len(gzip.compress(told, 9)) <= 4096
