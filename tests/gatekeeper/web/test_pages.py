"""The pages in a real browser: accessible, quiet, on phone and desk, in both languages and schemes, with and without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.browser import DESKTOP, PHONE, NewContext, Watch, violations
from tests.support.browser import chromium as chromium  # a fixture
from tests.support.browser import new_context as new_context  # a fixture
from tests.support.gatekeeper import RunningGatekeeper, running_gatekeeper

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGatekeeper]:
    with running_gatekeeper(tmp_path_factory.mktemp("pages")) as started:
        yield started


def origin(running: RunningGatekeeper) -> str:
    return running.settings.gatekeeper_url


def sign_in(
    context: BrowserContext, page: Page, running: RunningGatekeeper, email: str, *, start: str
) -> None:
    """From a page that wants a reader to that page again."""
    page.goto(origin(running) + start)
    page.fill("#email", email)
    page.press("#email", "Enter")
    expect(page.locator("#code")).to_be_focused()
    outbox = context.new_page()
    outbox.goto(f"{origin(running)}/outbox")
    mail = outbox.locator("article", has_text=email).first.inner_text()
    outbox.close()
    code = re.search(r"\b\d{6}\b", mail)
    assert code is not None
    page.fill("#code", code.group())
    page.press("#code", "Enter")


@pytest.mark.parametrize(
    ("size", "scheme", "locale"),
    [
        (PHONE, "light", "zh-CN"),
        (PHONE, "dark", "en-GB"),
        (DESKTOP, "light", "en-GB"),
        (DESKTOP, "dark", "zh-CN"),
    ],
)
def test_every_page_is_accessible_fits_the_screen_and_says_nothing_in_the_console(
    running: RunningGatekeeper, new_context: NewContext, size: dict[str, int], scheme: str, locale: str
) -> None:
    context = new_context(viewport=size, color_scheme=scheme, locale=locale)
    watch = Watch(context, own=frozenset({origin(running)}))
    page = context.new_page()
    looked_at: list[str] = []

    def look() -> None:
        looked_at.append(page.url)
        assert violations(page) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= size["width"], (page.url, width)
        small = page.evaluate(
            """() => [...document.querySelectorAll("main button, main .button, main input:not([type=hidden]), .bar a")]
            .filter(one => one.offsetParent && one.getBoundingClientRect().height < 44).map(one => one.outerHTML)"""
        )
        assert small == []
        assert page.title()

    email = f"reader-{size['width']}-{scheme}@example.org"
    page.goto(f"{origin(running)}/buy/demo?lesson=demo/paid")
    expect(page.locator("#email")).to_be_focused()
    look()
    sign_in(context, page, running, email, start="/buy/demo?lesson=demo/paid")
    look()
    page.locator("form .button--wide").click()
    look()
    page.locator("button[value=late]").click()
    page.wait_for_selector("[data-state=pending]")
    look()
    page.wait_for_selector("[data-state=paid]", timeout=30_000)
    look()
    order = page.url
    for path in (f"{order}/receipt", f"{origin(running)}/buy/demo", f"{origin(running)}/redeem"):
        page.goto(path)
        look()
    for path in ("/account", "/outbox", "/sign-out"):
        page.goto(origin(running) + path)
        look()
    watch.assert_clean()
    assert len(set(looked_at)) == 10


def test_mistakes_stand_beside_their_fields(running: RunningGatekeeper, new_context: NewContext) -> None:
    page = new_context(locale="en-GB").new_page()
    page.goto(f"{origin(running)}/sign-in")
    page.fill("#email", "not an address")
    page.press("#email", "Enter")
    field = page.locator("#email")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile("does not look like"))
    expect(field).to_have_value("not an address")
    assert violations(page) == []


def test_without_scripts_a_late_payment_arrives_on_the_page_all_the_same(
    running: RunningGatekeeper, new_context: NewContext
) -> None:
    context = new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    sign_in(context, page, running, "plain@example.org", start="/buy/other")
    page.locator("form .button--wide").click()
    page.locator("button[value=late]").click()
    page.wait_for_selector("[data-state=pending]")
    page.wait_for_selector("[data-state=paid]", timeout=30_000)


def test_s11_no_page_can_be_framed(running: RunningGatekeeper, new_context: NewContext) -> None:
    page = new_context().new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.set_content(f'<iframe src="{origin(running)}/sign-in"></iframe>')
    page.wait_for_timeout(1000)
    assert page.frames[1].url != f"{origin(running)}/sign-in" or "main" not in page.frames[1].content()
    assert any("frame" in text.lower() for text in refused)


def test_the_receipt_prints_without_bar_and_buttons(
    running: RunningGatekeeper, new_context: NewContext
) -> None:
    context = new_context(locale="en-GB")
    page = context.new_page()
    sign_in(context, page, running, "print@example.org", start="/buy/demo")
    page.locator("form .button--wide").click()
    page.locator("button[value=pay]").click()
    page.get_by_role("link", name="Receipt").click()
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    expect(page.locator(".bar__links")).to_be_hidden()
    expect(page.locator(".sums__total")).to_be_visible()
