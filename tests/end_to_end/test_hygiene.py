"""What every page owes its reader: no console error, no failed request, nobody else asked, no serious accessibility fault,
nothing wider than the screen. On a desktop and on a phone, in light and in dark.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.end_to_end.conftest import Demo
from tests.support.browser import DESKTOP, PHONE, NewContext, Watch, violations

pytestmark = pytest.mark.browser

SITE_PAGES = {
    "catalogue": "/",
    "english catalogue": "/en/",
    "course": "/mini-db/",
    "free lesson": "/async-python/why-blocking-hurts/",
    "locked lesson": "/mini-db/hash-index/",
    "member lesson": "/async-python/testing/",
    "upcoming lesson": "/async-python/performance-notes/",
    "tags": "/tags/",
}


def watched(context: BrowserContext, demo: Demo) -> Watch:
    return Watch(context, own=frozenset({demo.site, demo.gatekeeper}))


def settle(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    # Fades are over before contrast is measured.
    page.wait_for_function("() => document.getAnimations().every(a => a.playState !== 'running')")


def assert_sound(page: Page, watch: Watch) -> None:
    settle(page)
    watch.assert_clean()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.title()
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", SITE_PAGES.values(), ids=SITE_PAGES.keys())
def test_public_pages_are_sound(
    demo_again: Demo, new_context: NewContext, path: str, viewport: dict[str, int], scheme: str
) -> None:
    context = new_context(viewport=viewport, color_scheme=scheme)
    watch = watched(context, demo_again)
    page = context.new_page()
    page.goto(demo_again.site + path)
    assert_sound(page, watch)
    assert watch.to(demo_again.gatekeeper) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("viewport", "language"), [(DESKTOP, "en"), (PHONE, "zh")], ids=["desktop", "phone"])
def test_pages_of_the_service_and_the_unlocked_lesson_are_sound(
    demo_again: Demo, new_context: NewContext, viewport: dict[str, int], language: str, scheme: str
) -> None:
    context = new_context(
        viewport=viewport, color_scheme=scheme, locale="zh-CN" if language == "zh" else "en-US"
    )
    watch = watched(context, demo_again)
    page = context.new_page()
    reader = f"{scheme}-{language}@example.com"

    page.goto(f"{demo_again.gatekeeper}/buy/mini-db?lesson=mini-db%2Fhash-index")
    assert_sound(page, watch)  # sign-in
    page.locator("input[type=email]").fill(reader)
    page.keyboard.press("Enter")
    page.locator("input[autocomplete=one-time-code]").wait_for()
    assert_sound(page, watch)  # code
    page.locator("input[autocomplete=one-time-code]").fill(demo_again.code(reader))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/buy/" in url)
    assert_sound(page, watch)  # checkout
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(lambda url: "/sandbox/" in url)
    assert_sound(page, watch)  # sandbox
    page.locator("main button").first.click()
    page.wait_for_url(re.compile(r"/orders/L-"))
    expect(page.locator("h1")).to_contain_text(re.compile("unlocked|解锁|打开|开通"))
    assert_sound(page, watch)  # thanks
    for path in ("/account", "/redeem"):
        page.goto(demo_again.gatekeeper + path)
        assert_sound(page, watch)

    page.goto(f"{demo_again.site}/mini-db/hash-index/")
    page.evaluate("localStorage.setItem('lyceum.reader', '1')")
    page.reload()
    expect(page.locator("section.lyceum-part")).to_have_attribute("data-state", "unlocked")
    watch.failed[:] = [line for line in watch.failed if not line.startswith("net::ERR_ABORTED")]
    assert_sound(page, watch)
