"""The reader's script against a gatekeeper over real HTTP: when it asks, what it shows, and what it leaves behind."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.support.browser import NewContext, Watch
from tests.theme.conftest import Built
from tests.theme.servers import FakeGatekeeper
from tests.theme.test_strings import strings

pytestmark = pytest.mark.browser

LESSON = "async-python/queues/"
MEMBER_LESSON = "async-python/coroutines/"
CANARY = "PAID-CANARY-7319"
OWNED: dict[str, int | None] = {"async-python": None}
PART = f"/gate/parts/{LESSON.rstrip('/')}"
PLAIN_PART = f"""<h2 id="forbidden">What the loop may not do</h2><p>{CANARY}</p>{"<p>one more line</p>" * 60}
<p><img alt="A paid picture" src="GATEKEEPER/files/async-python/files/paid.svg"></p><h2 id="exercises">Exercises</h2>"""
STORED = "/store/private/abc"
ASKED = ["/api/reader", PART, STORED]


@pytest.fixture(autouse=True)
def plain_part(gatekeeper: FakeGatekeeper) -> None:
    gatekeeper.part_html = PLAIN_PART.replace("GATEKEEPER", gatekeeper.origin)


@pytest.fixture
def known(new_context: NewContext) -> BrowserContext:
    """A browser in which somebody has signed in before."""
    context = new_context()
    context.add_init_script("window.localStorage.setItem('lyceum.reader', '1')")
    return context


@pytest.fixture
def opened(built: Built, known: BrowserContext) -> Callable[[], Page]:
    def open_lesson(path: str = LESSON) -> Page:
        page = known.new_page()
        page.goto(built.site.url + path)
        return page

    return open_lesson


def in_state(page: Page, state: str) -> None:
    expect(page.locator(f"section.lyceum-part[data-state='{state}']")).to_have_count(1)


def shown_states(page: Page) -> list[str]:
    texts = page.locator(".lyceum-state").all()
    return [text.get_attribute("data-when") or "waiting" for text in texts if text.is_visible()]


def come_back(page: Page) -> None:
    """As if the reader returned to the tab."""
    page.evaluate("window.dispatchEvent(new Event('focus'))")


def asked_parts(gatekeeper: FakeGatekeeper) -> list[str]:
    return [path for path in gatekeeper.asked if not path.startswith("/files/")]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "en/",
        "async-python/",
        "async-python/why-blocking/",
        LESSON,
        MEMBER_LESSON,
        "async-python/testing/",
    ],
)
def test_a_first_visit_asks_the_gatekeeper_nothing(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext, path: str
) -> None:
    context = new_context()
    watch = Watch(context, own=frozenset({built.site.origin}))
    page = context.new_page()
    page.goto(built.site.url + path)
    page.wait_for_load_state("networkidle")
    come_back(page)
    page.wait_for_load_state("networkidle")
    assert gatekeeper.asked == []
    watch.assert_clean()


def test_buying_in_another_tab_unlocks_the_lesson_in_place(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    context = new_context()
    watch = Watch(context, own=frozenset({built.site.origin, gatekeeper.origin}))
    page = context.new_page()
    loads: list[str] = []
    page.on("domcontentloaded", lambda _page: loads.append(page.url))
    page.goto(built.site.url + LESSON)
    page.evaluate("window.kept = document.querySelector('article h1')")
    section = page.locator("section.lyceum-part")
    with context.expect_page() as checkout:
        section.locator("[data-lyceum-action=buy]").first.click()
    assert checkout.value.url == f"{gatekeeper.origin}/buy/async-python?lesson=async-python%2Fqueues"
    assert checkout.value.evaluate("window.opener") is None
    expect(page.locator(".lyceum-state--waiting")).to_be_visible()
    assert CANARY not in page.content()

    gatekeeper.signed_in(products=OWNED)
    checkout.value.close()
    in_state(page, "unlocked")

    expect(section).to_contain_text(CANARY)
    assert len(loads) == 1
    assert page.evaluate("performance.getEntriesByType('navigation').length") == 1
    assert page.evaluate("document.contains(window.kept)")
    expect(page.locator(".lyceum-live")).to_have_text("Unlocked. The lesson continues here.")
    picture = section.get_by_alt_text("A paid picture")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 64)
    watch.assert_clean()


def test_a_press_that_comes_before_the_script_is_not_lost(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    context = new_context()
    arrived = threading.Event()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)
        arrived.set()

    context.route("**/lyceum/reader.js", hold)
    page = context.new_page()
    page.goto(built.site.url + LESSON, wait_until="commit")
    with context.expect_page() as checkout:
        page.locator("[data-lyceum-action=buy]").first.click()
    assert arrived.is_set()
    gatekeeper.signed_in(products=OWNED)
    checkout.value.close()
    for route in held:
        route.continue_()
    in_state(page, "unlocked")


def test_a_known_reader_who_owns_the_lesson_reads_at_once(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    gatekeeper.signed_in(products=OWNED)
    page = opened()
    in_state(page, "unlocked")
    assert asked_parts(gatekeeper) == ASKED


def test_a_subscription_that_runs_opens_the_lesson(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    gatekeeper.signed_in(products={"all-access": 4_000_000_000})
    in_state(opened(), "unlocked")


def test_a_member_lesson_opens_for_any_account(
    gatekeeper: FakeGatekeeper, opened: Callable[[str], Page]
) -> None:
    gatekeeper.signed_in()
    in_state(opened(MEMBER_LESSON), "unlocked")


@pytest.mark.parametrize(
    ("account", "state"),
    [
        ({}, "no-access"),
        ({"products": {"mini-db": None}}, "no-access"),
        ({"pending": ["both-courses"]}, "pending"),
        ({"ended": {"async-python": "refunded"}}, "refunded"),
        ({"ended": {"all-access": "expired"}}, "expired"),
        ({"ended": {"all-access": "expired"}, "products": {"all-access": 1_760_000_000}}, "expired"),
        ({"ended": {"async-python": "refunded"}, "pending": ["async-python"]}, "pending"),
    ],
)
def test_what_the_account_holds_decides_what_the_card_says(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page], account: dict[str, Any], state: str
) -> None:
    gatekeeper.signed_in(**account)
    page = opened()
    in_state(page, state)
    assert shown_states(page) == [state]
    expect(page.locator(".lyceum-reader")).to_contain_text("Signed in as reader@example.org")
    assert PART not in gatekeeper.asked  # who cannot own it does not make the gate refuse
    can_buy = page.locator("[data-lyceum-action=buy]").first.is_visible()
    assert can_buy == (state != "pending")


def test_the_end_of_a_subscription_is_named(gatekeeper: FakeGatekeeper, opened: Callable[[], Page]) -> None:
    gatekeeper.signed_in(products={"all-access": 1_760_000_000}, ended={"all-access": "expired"})
    expect(opened().locator(".lyceum-state__end")).to_have_text("Ended on 9 October 2025")


def test_the_states_speak_the_language_of_the_page(
    gatekeeper: FakeGatekeeper, opened: Callable[[str], Page]
) -> None:
    gatekeeper.signed_in()
    page = opened("mini-db/log/")
    in_state(page, "no-access")
    expect(page.locator(".lyceum-state[data-when=no-access]")).to_have_text(strings("zh")["state.no-access"])
    expect(page.locator(".lyceum-offer__title")).to_have_text(strings("zh")["offer.heading"])


def test_a_stranger_sees_no_state_but_the_offer(
    built: Built, gatekeeper: FakeGatekeeper, browser_page: Page
) -> None:
    browser_page.goto(built.site.url + LESSON)
    in_state(browser_page, "anonymous")
    assert shown_states(browser_page) == []
    expect(browser_page.locator(".lyceum-reader")).to_be_hidden()
    expect(browser_page.get_by_role("region", name="Unlock the rest of this lesson")).to_be_visible()


def test_a_late_payment_unlocks_without_another_click(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    gatekeeper.signed_in(pending=["async-python"])
    page = opened()
    in_state(page, "pending")
    gatekeeper.signed_in(products=OWNED)
    in_state(page, "unlocked")


def test_while_the_part_is_fetched_the_card_says_so(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    gatekeeper.hold = threading.Event()
    gatekeeper.signed_in(products=OWNED)
    page = opened()
    in_state(page, "unlocking")
    assert shown_states(page) == ["unlocking"]
    gatekeeper.hold.set()
    in_state(page, "unlocked")


def test_an_expired_token_is_renewed_once_and_the_part_asked_for_again(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    gatekeeper.signed_in(products=OWNED)
    gatekeeper.refuse_tokens = 1
    in_state(opened(), "unlocked")
    assert asked_parts(gatekeeper) == ["/api/reader", PART, *ASKED]


def test_a_token_that_stays_refused_ends_in_a_retry_and_not_in_a_loop(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    gatekeeper.signed_in(products=OWNED)
    gatekeeper.refuse_tokens = 99
    page = opened()
    in_state(page, "unreachable")
    assert asked_parts(gatekeeper) == ["/api/reader", PART, "/api/reader", PART]


def test_a_lapsed_signed_address_is_replaced_by_a_fresh_one(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    gatekeeper.signed_in(products=OWNED)
    gatekeeper.refuse_store = 1
    in_state(opened(), "unlocked")
    assert asked_parts(gatekeeper) == [*ASKED, PART, STORED]


def test_the_gate_has_the_last_word(gatekeeper: FakeGatekeeper, opened: Callable[[], Page]) -> None:
    gatekeeper.signed_in(products=OWNED)
    gatekeeper.gate_says = {"reason": "no-access", "products": ["async-python"]}
    page = opened()
    in_state(page, "no-access")
    come_back(page)
    page.wait_for_load_state("networkidle")
    assert gatekeeper.count(PART) == 1
    assert CANARY not in page.content()


def test_with_the_gatekeeper_down_the_free_text_stays_and_a_retry_unlocks(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    """R9: teaser, outline and price stand; nothing is blank."""
    gatekeeper.signed_in(products=OWNED)
    gatekeeper.stop()
    page = opened()
    in_state(page, "unreachable")
    assert shown_states(page) == ["unreachable"]
    expect(page.get_by_text("Suppose a thousand readers knock at once")).to_be_visible()
    expect(page.get_by_text("What the loop may not do")).to_be_visible()
    expect(page.locator(".lyceum-price__amount").first).to_be_visible()
    gatekeeper.start()
    page.get_by_role("button", name="Try again").click()
    in_state(page, "unlocked")


def test_a_gatekeeper_that_goes_away_takes_nothing_from_a_reader_who_reads(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    gatekeeper.signed_in(products=OWNED)
    page = opened()
    in_state(page, "unlocked")
    gatekeeper.stop()
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/api/reader")):
        come_back(page)
    in_state(page, "unlocked")


def test_polling_ends_after_a_quarter_of_an_hour(
    built: Built, gatekeeper: FakeGatekeeper, browser_page: Page
) -> None:
    page = browser_page
    page.clock.install()
    page.goto(built.site.url + LESSON)
    with page.context.expect_page():
        page.locator("[data-lyceum-action=buy]").first.click()
    with page.expect_response("**/api/reader"):
        page.clock.run_for(2_500)
    expect(page.locator(".lyceum-state--waiting")).to_be_visible()
    page.clock.fast_forward(16 * 60_000)
    expect(page.locator(".lyceum-state--waiting")).to_be_hidden()
    before = gatekeeper.count("/api/reader")
    page.clock.run_for(60_000)
    page.wait_for_load_state("networkidle")
    assert gatekeeper.count("/api/reader") == before


def test_a_hidden_page_does_not_poll(built: Built, gatekeeper: FakeGatekeeper, browser_page: Page) -> None:
    page = browser_page
    page.clock.install()
    page.goto(built.site.url + LESSON)
    page.evaluate("Object.defineProperty(document, 'visibilityState', {get: () => window.seen ?? 'hidden'})")
    with page.context.expect_page():
        page.locator("[data-lyceum-action=buy]").first.click()
    page.clock.run_for(30_000)
    page.wait_for_load_state("networkidle")
    assert gatekeeper.asked.count("/api/reader") == 0
    with page.expect_response("**/api/reader"):
        page.evaluate("window.seen = 'visible'; document.dispatchEvent(new Event('visibilitychange'))")


def test_nothing_of_the_part_is_kept_in_the_browser(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    """C08: no storage holds the text, the account or a signed address; one flag says that somebody signed in."""
    gatekeeper.signed_in(products=OWNED)
    page = opened()
    in_state(page, "unlocked")
    kept = page.evaluate(
        """async () => ({
            local: {...localStorage}, session: {...sessionStorage}, databases: await indexedDB.databases(),
            caches: await caches.keys(), workers: (await navigator.serviceWorker.getRegistrations()).length,
            cookies: document.cookie,
        })"""
    )
    text = str(kept)
    assert kept["local"].pop("lyceum.reader") == "1"
    assert [key for key in kept["local"] if not key.endswith(".__palette")] == []
    assert (kept["databases"], kept["caches"], kept["workers"], kept["cookies"]) == ([], [], 0, "")
    for secret in (CANARY, "reader@example.org", "sig=1", "async-python"):
        assert secret not in text


def test_signing_out_elsewhere_takes_the_part_away(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    gatekeeper.signed_in(products=OWNED)
    page = opened()
    in_state(page, "unlocked")
    gatekeeper.signed_out()
    come_back(page)
    in_state(page, "anonymous")
    assert CANARY not in page.content()
    assert "reader@example.org" not in page.content()
    assert page.evaluate("localStorage.getItem('lyceum.reader')") is None
    expect(page.locator("[data-lyceum-action=buy]").first).to_be_visible()
    assert page.locator("[data-lyceum-contents] a", has_text="Exercises").count() == 0


def test_a_refund_takes_the_part_away(gatekeeper: FakeGatekeeper, opened: Callable[[], Page]) -> None:
    gatekeeper.signed_in(products=OWNED)
    page = opened()
    in_state(page, "unlocked")
    gatekeeper.signed_in(ended={"async-python": "refunded"})
    come_back(page)
    in_state(page, "refunded")
    assert CANARY not in page.content()


def test_signing_out_in_a_tab_of_the_same_browser_is_seen_at_once(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    gatekeeper.signed_in(products=OWNED)
    context = new_context()
    page, other = context.new_page(), context.new_page()
    other.goto(built.site.url)
    other.evaluate("localStorage.setItem('lyceum.reader', '1')")
    page.goto(built.site.url + LESSON)
    in_state(page, "unlocked")
    other.evaluate("localStorage.removeItem('lyceum.reader')")
    in_state(page, "anonymous")


def test_the_page_that_the_back_button_restores_holds_no_paid_text(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    """C07: the part is taken out on leaving; coming back asks anew."""
    gatekeeper.signed_in(products=OWNED)
    page = opened()
    in_state(page, "unlocked")
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    assert CANARY not in page.content()
    assert "reader@example.org" not in page.content()
    gatekeeper.signed_out()
    with page.expect_response("**/api/reader"):
        page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    in_state(page, "anonymous")


def test_an_owner_who_comes_back_by_the_back_button_reads_on_where_they_were(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    gatekeeper.signed_in(products=OWNED)
    page = opened()
    in_state(page, "unlocked")
    page.get_by_role("heading", name="Exercises").scroll_into_view_if_needed()
    before = page.evaluate("window.scrollY")
    assert before > 0
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    page.evaluate("window.scrollTo(0, 0)")
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    in_state(page, "unlocked")
    page.wait_for_function("before => Math.abs(window.scrollY - before) < 400", arg=before)


def test_focus_that_would_be_lost_goes_to_the_unlocked_part(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    page = new_context().new_page()
    page.goto(built.site.url + LESSON)
    with page.context.expect_page() as checkout:
        page.locator("[data-lyceum-action=buy]").first.press("Enter")
    gatekeeper.signed_in(products=OWNED)
    checkout.value.close()
    in_state(page, "unlocked")
    assert page.evaluate("document.activeElement.matches('section.lyceum-part')")


def test_focus_elsewhere_is_left_alone(gatekeeper: FakeGatekeeper, opened: Callable[[], Page]) -> None:
    gatekeeper.signed_in(products=OWNED)
    gatekeeper.hold = threading.Event()
    page = opened()
    page.locator(".lyceum-crumbs a").first.focus()
    gatekeeper.hold.set()
    in_state(page, "unlocked")
    assert page.evaluate("document.activeElement.textContent") == "All courses"


def test_an_address_with_a_heading_of_the_part_leads_there_after_unlocking(
    gatekeeper: FakeGatekeeper, opened: Callable[[str], Page]
) -> None:
    gatekeeper.signed_in(products=OWNED)
    page = opened(f"{LESSON}#exercises")
    in_state(page, "unlocked")
    expect(page.get_by_role("heading", name="Exercises")).to_be_in_viewport()


def test_a_picture_whose_cookie_ran_out_is_asked_for_once_more(
    gatekeeper: FakeGatekeeper, opened: Callable[[], Page]
) -> None:
    gatekeeper.signed_in(products=OWNED)
    gatekeeper.refuse_files = 1
    page = opened()
    in_state(page, "unlocked")
    picture = page.get_by_alt_text("A paid picture")
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("naturalWidth", 64)


def test_a_gatekeeper_on_the_sites_own_origin_is_asked_there(
    built: Built, gatekeeper: FakeGatekeeper, known: BrowserContext
) -> None:
    """An empty data-gatekeeper: the gatekeeper's paths lie at the root of the page's origin, whatever its sub-path."""
    gatekeeper.signed_in(products=OWNED)
    for path in ("/api/**", "/gate/**", "/store/**"):
        known.route(
            f"{built.site.origin}{path}",
            lambda route: route.fulfill(
                response=route.fetch(url=route.request.url.replace(built.site.origin, gatekeeper.origin))
            ),
        )
    known.route(
        f"**/{LESSON}",
        lambda route: route.fulfill(
            body=built.html(f"{LESSON}index.html").replace(
                f'data-gatekeeper="{gatekeeper.origin}"', 'data-gatekeeper=""'
            ),
            content_type="text/html",
        ),
    )
    page = known.new_page()
    watch = Watch(known, own=frozenset({built.site.origin}))
    page.goto(built.site.url + LESSON)
    in_state(page, "unlocked")
    assert [url for url in watch.to(gatekeeper.origin) if "/files/" not in url] == []
    assert f"{built.site.origin}/api/reader" in watch.requests
    known.unroute_all(behavior="wait")  # a request that is under way would outlive its context


def test_without_javascript_the_card_leads_to_the_composed_lesson(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(built.site.url + LESSON)
    plain = page.get_by_role("link", name="Read this lesson without JavaScript")
    expect(plain).to_be_visible()
    assert plain.get_attribute("href") == f"{gatekeeper.origin}/gate/read/async-python/queues"
    expect(page.locator("[data-lyceum-action=buy]").first).to_be_visible()
    assert shown_states(page) == []


def test_printing_leaves_out_what_can_only_be_pressed(
    built: Built, gatekeeper: FakeGatekeeper, browser_page: Page
) -> None:
    browser_page.goto(built.site.url + LESSON)
    browser_page.emulate_media(media="print")
    expect(browser_page.get_by_text("Suppose a thousand readers knock at once")).to_be_visible()
    expect(browser_page.get_by_text("What the loop may not do")).to_be_visible()
    expect(browser_page.locator("[data-lyceum-action=buy]").first).to_be_hidden()
    expect(browser_page.locator(".lyceum-header")).to_be_hidden()


def test_a_coupon_that_a_link_brings_goes_along_to_the_checkout_and_nowhere_else(
    built: Built, browser_page: Page
) -> None:
    browser_page.goto(f"{built.site.url}?coupon=SPRING-2027")
    expect(browser_page.locator("a[href*='coupon=SPRING-2027']").first).to_be_attached()
    browser_page.goto(built.site.url + LESSON)
    buy = browser_page.locator("a[data-lyceum-action=buy]").first
    expect(buy).to_have_attribute("href", re.compile(r"/buy/[^?]+\?lesson=.+&coupon=SPRING-2027$"))
    assert "coupon" not in str(
        browser_page.locator("a[data-lyceum-action=sign-in]").first.get_attribute("href")
    )
    browser_page.goto(f"{built.site.url}{LESSON}?coupon=%22%3E%3Cscript%3E")
    browser_page.wait_for_load_state("networkidle")
    assert "script" not in str(buy.get_attribute("href"))
