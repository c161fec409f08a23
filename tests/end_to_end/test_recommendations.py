"""What to read next, in the demo: with reasons on lesson, course and account pages, and a reader's own list that no request gives away."""

from __future__ import annotations

import json
import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request

from generator.recommend.holdout import HELD_OUT, TREATED, variant
from tests.end_to_end.conftest import Demo
from tests.support.browser import NewContext, Watch, violations
from tests.support.screenshots import buy, sign_in

pytestmark = pytest.mark.browser

LESSON = "/async-python/event-loop/"
READ = ("/mini-db/isolation/", "/mini-db/append-only-log/", "/mini-db/buffer-pool/")
NAMES = [f"reader-{number}" for number in range(100)]
OWN = next(name for name in NAMES if variant(name) == TREATED)
OUT = next(name for name in NAMES if variant(name) == HELD_OUT)


def agreed(context: BrowserContext, name: str) -> None:
    """As a browser whose reader agreed earlier."""
    context.add_init_script(f"localStorage.setItem('lyceum.agreement', {json.dumps(name)})")


def titles(page: Page) -> list[str]:
    return page.locator(".lyceum-related h3 a").all_inner_texts()


def reasons(page: Page) -> list[str]:
    return page.locator(".lyceum-related__reason span").all_inner_texts()


def own(page: Page, url: str) -> None:
    """Opens the page and waits for the list that this browser makes."""
    page.goto(url)
    page.locator(".lyceum-related").scroll_into_view_if_needed()
    page.locator(".lyceum-related[data-state]").wait_for()


def remembered(page: Page) -> list[str]:
    read: list[str] = page.evaluate(
        "JSON.parse(localStorage.getItem('lyceum.history') ?? '{\"read\": []}').read.map(({id}) => id)"
    )
    return read


def test_history_changes_the_list_and_no_request_carries_it(
    demo_again: Demo, new_context: NewContext
) -> None:
    def asked_for(context: BrowserContext, before: tuple[str, ...]) -> tuple[list[str], list[str], list[str]]:
        """The list on the lesson after reading `before`, the reader's history, and every request that its page made."""
        agreed(context, OWN)
        page = context.new_page()
        for path in before:
            own(page, demo_again.site + path)
        requests: list[Request] = []
        page.on("request", lambda request: requests.append(request))
        own(page, demo_again.site + LESSON)
        page.wait_for_load_state("networkidle")
        said = []
        for request in requests:
            body = json.loads(request.post_data or "{}")
            # What is told of this page itself: the events of this lesson, under a name that says nothing.
            for event in body.get("events", []):
                assert event["lesson"] == "async-python/event-loop"
            address = urlsplit(request.url)
            said.append(f"{request.method} {address.path}?{address.query} {sorted(body)}")
            headers = json.dumps(request.all_headers())
            assert not any(path.strip("/") in headers for path in before)
        return titles(page), remembered(page), said

    stranger, _, asked_of_stranger = asked_for(new_context(), ())
    reader, history, asked_of_reader = asked_for(new_context(), READ)
    assert {path.strip("/") for path in READ} < set(history)
    assert reader != stranger
    assert sorted(set(asked_of_reader)) == sorted(set(asked_of_stranger))
    assert any(line.startswith("GET /assets/recommend/school.json") for line in asked_of_reader)
    read = {"事务与隔离级别", "追加写日志与崩溃", "缓冲池与 LRU", "An event loop in sixty lines"}
    assert read.isdisjoint(reader)


def test_without_agreement_the_list_is_the_pages_own_and_nothing_is_remembered(
    demo_again: Demo, new_context: NewContext
) -> None:
    context = new_context()
    watch = Watch(context)
    page = context.new_page()
    for path in (*READ, LESSON):
        page.goto(demo_again.site + path)
        page.wait_for_load_state("networkidle")
    assert len(titles(page)) == len(reasons(page)) == 5
    assert remembered(page) == []
    assert [url for url in watch.requests if "/assets/recommend/" in url or "/api/" in url] == []


def test_without_a_script_there_is_a_list_with_reasons_and_locks(
    demo_again: Demo, new_context: NewContext
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(demo_again.site + LESSON)
    assert reasons(page)[0] == "Next in this course"
    assert any(reason.startswith("Readers who finished") for reason in reasons(page))
    assert page.locator(".lyceum-related .lyceum-access--paid").count() >= 1
    page.goto(demo_again.site + "/mini-db/")
    assert page.locator(".lyceum-related h2").inner_text() == "学完之后"
    assert all(reason.strip() for reason in reasons(page))
    assert page.locator(".lyceum-related__fits").inner_text().startswith("“")


def test_one_browser_in_ten_sees_what_is_popular_and_says_so(
    demo_again: Demo, new_context: NewContext
) -> None:
    context = new_context()
    agreed(context, OUT)
    page = context.new_page()
    own(page, demo_again.site + LESSON)
    assert set(reasons(page)) == {"Read by many lately"}
    assert page.locator(".lyceum-related").get_attribute("data-lyceum-variant") == "popularity"
    assert page.locator(".lyceum-related__mine").count() == 0


def test_a_list_of_ones_own_says_why_and_is_accessible(demo_again: Demo, new_context: NewContext) -> None:
    context = new_context()
    agreed(context, OWN)
    page = context.new_page()
    own(page, demo_again.site + READ[0])
    own(page, demo_again.site + LESSON)
    assert page.locator(".lyceum-related__mine").inner_text() == "For you, from what this browser remembers"
    assert any("“事务与隔离级别”" in reason for reason in reasons(page))
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_the_account_page_suggests_with_reasons_what_fits_the_owner(
    demo_again: Demo, new_context: NewContext
) -> None:
    context = new_context(locale="en-US")
    sign_in(context, demo_again, "owner@example.com")
    page = context.new_page()
    page.goto(f"{demo_again.gatekeeper}/account?lang=en")
    section = page.locator("section[aria-labelledby=next]")
    assert set(section.locator(".next__why").all_inner_texts()) == {"Read by many lately"}
    buy(context, demo_again, "mini-db")
    page.reload()
    assert section.locator("li").count() == 4
    assert any(
        re.match("Readers who|Same topic|On a related", why)
        for why in section.locator(".next__why").all_inner_texts()
    )
    assert all(
        href.startswith(demo_again.site)
        for href in section.locator("h3 a").evaluate_all("all => all.map((a) => a.href)")
    )
    assert violations(page) == []
