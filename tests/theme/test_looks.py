"""What every page must be at any width and in both colour schemes: accessible, within the window, pressable, quiet."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import DESKTOP, PHONE, NewContext, Watch, violations
from tests.theme.conftest import Built
from tests.theme.servers import FakeGatekeeper

pytestmark = pytest.mark.browser

PAGES = {
    "catalogue": "",
    "course": "async-python/",
    "free lesson": "async-python/why-blocking/",
    "locked lesson": "async-python/event-loop/",
    "locked lesson in Chinese": "mini-db/log/",
    "member lesson": "async-python/coroutines/",
    "upcoming lesson": "async-python/testing/",
    "retired lesson": "async-python/old-loop/",
    "tags": "tags/",
}
VIEWS = {"phone": PHONE, "desktop": DESKTOP}
PRESSABLE = ".lyceum-part a, .lyceum-part button, .lyceum-button, .lyceum-neighbours a, .lyceum-footer a"
MINIMUM_PIXELS = 44


def visit(context: Any, url: str) -> Page:
    page: Page = context.new_page()
    page.goto(url)
    page.wait_for_load_state("networkidle")
    return page


@pytest.mark.parametrize(("view", "scheme"), [("phone", "light"), ("desktop", "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_quiet_and_fits(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext, name: str, view: str, scheme: str
) -> None:
    context = new_context(viewport=VIEWS[view], color_scheme=scheme)
    watch = Watch(context, own=frozenset({built.site.origin}))
    page = visit(context, built.site.url + PAGES[name])
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    assert too_small(page) == []
    watch.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "account",
    [
        {"products": {"async-python": None}},
        {"pending": ["async-python"]},
        {"ended": {"async-python": "expired"}},
        {},
    ],
    ids=["unlocked", "pending", "expired", "no-access"],
)
def test_every_state_of_the_card_is_accessible(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext, account: dict[str, Any], scheme: str
) -> None:
    gatekeeper.signed_in(**account)
    context = new_context(viewport=PHONE, color_scheme=scheme)
    context.add_init_script("window.localStorage.setItem('lyceum.reader', '1')")
    page = context.new_page()
    page.goto(built.site.url + PAGES["locked lesson"])
    expect(page.locator("section.lyceum-part[data-state=anonymous]")).to_have_count(0)
    expect(page.locator("section.lyceum-part[data-state=unlocking]")).to_have_count(0)
    assert violations(page) == []
    assert too_small(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_a_dark_system_gets_dark_pages_from_the_first_paint(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    context = new_context(color_scheme="dark")
    context.route("**/bundle.*.js", lambda route: route.abort())  # before Material's own script runs
    page = context.new_page()
    page.goto(built.site.url)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 27)"


def test_the_colour_scheme_can_be_chosen_and_stays_chosen(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    page = visit(new_context(color_scheme="light"), built.site.url)
    body = page.locator("body")
    choice = page.locator(".lyceum-palette label:not([hidden])")
    choice.click()  # from the system's to light
    choice.click()  # to dark
    expect(body).to_have_attribute("data-md-color-scheme", "slate")
    page.goto(built.site.url + PAGES["course"])
    expect(body).to_have_attribute("data-md-color-scheme", "slate")


def test_on_a_phone_the_drawer_leads_through_the_course(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    page = visit(new_context(viewport=PHONE), built.site.url + PAGES["locked lesson"])
    page.locator(".lyceum-header__menu").click()
    nav = page.get_by_role("navigation", name="Course contents")
    link = nav.get_by_role("link", name="What blocking costs the others")
    expect(link).to_be_in_viewport()
    link.click()
    expect(page).to_have_url(f"{built.site.url}async-python/why-blocking/")


def test_long_code_is_reached_by_the_keyboard_while_it_scrolls(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    gatekeeper.part_html = f"<pre><code>{'wide ' * 60}</code></pre><pre><code>short</code></pre>"
    gatekeeper.signed_in(products={"async-python": None})
    context = new_context(viewport=PHONE)
    context.add_init_script("window.localStorage.setItem('lyceum.reader', '1')")
    page = context.new_page()
    page.goto(f"{built.site.url}async-python/queues/")
    code = page.locator("section.lyceum-part[data-state=unlocked] pre > code")
    expect(code.first).to_have_attribute("tabindex", "0")
    expect(code.last).not_to_have_attribute("tabindex", "0")


def test_an_old_address_keeps_the_place_in_the_page(
    built: Built, gatekeeper: FakeGatekeeper, browser_page: Page
) -> None:
    browser_page.goto(f"{built.site.url}async-python/loop/#queue")
    expect(browser_page).to_have_url(f"{built.site.url}async-python/event-loop/#queue")


def too_small(page: Page) -> list[str]:
    """What can be pressed but is lower than a fingertip; links within running text are exempt (WCAG 2.5.8)."""
    found: list[str] = page.evaluate(
        """([selector, minimum]) => [...document.querySelectorAll(selector)]
            .filter((element) => element.offsetParent && !element.closest(".md-typeset, .lyceum-notice"))
            .filter((element) => element.getBoundingClientRect().height < minimum - 0.5)
            .map((element) => element.outerHTML.slice(0, 120))""",
        [PRESSABLE, MINIMUM_PIXELS],
    )
    return found
