"""The search box: what it asks for and when, what it finds, how it is moved through, how it looks."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect

from tests.support.browser import DESKTOP, PHONE, NewContext, Watch, violations
from tests.theme.conftest import Built

pytestmark = pytest.mark.browser

ENGLISH = "async-python/why-blocking/"
CHINESE = "mini-db/why/"
VIEWS = {"phone": PHONE, "desktop": DESKTOP}
POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; connect-src 'self'; worker-src 'self'; "


def open_box(page: Page, url: str) -> Locator:
    page.goto(url)
    page.locator(".lyceum-search__open").click()
    return page.locator(".lyceum-search__dialog")


def search(page: Page, url: str, query: str) -> Locator:
    box = open_box(page, url)
    box.locator("input").fill(query)
    expect(
        box.locator(".lyceum-search__results a, .lyceum-search__status:has-text('“')").first
    ).to_be_visible()
    return box


def titles(box: Locator) -> list[str]:
    return [
        title.strip().split("\n")[0].strip()
        for title in box.locator(".lyceum-search__title").all_inner_texts()
    ]


def groups(box: Locator) -> dict[str, list[str]]:
    """The paths found, by the course they stand under, in the order shown."""
    return dict(
        box.locator(".lyceum-search__group").evaluate_all(
            "groups => groups.map(g => [g.querySelector('h2').innerText,"
            " [...g.querySelectorAll('.lyceum-search__link')].map(a => a.pathname)])"
        )
    )


def test_nothing_of_the_search_is_fetched_before_the_reader_opens_it(
    built: Built, new_context: NewContext
) -> None:
    context = new_context()
    watch = Watch(context, own=frozenset({built.site.origin}))
    page = context.new_page()
    page.goto(built.site.url + ENGLISH)
    page.wait_for_load_state("networkidle")
    names = {urlsplit(url).path.removeprefix("/school/") for url in watch.requests}
    assert {name for name in names if "search" in name or "pagefind" in name} == {
        "assets/stylesheets/lyceum/search.css",
        "assets/javascripts/lyceum/search/opener.js",
    }
    page.keyboard.press("/")
    expect(page.locator(".lyceum-search__dialog input")).to_be_focused()
    page.wait_for_load_state("networkidle")
    assert not [url for url in watch.requests if "pagefind" in url]
    watch.assert_clean()


def test_a_query_fetches_pieces_of_the_index_and_no_whole(built: Built, new_context: NewContext) -> None:
    context = new_context()
    watch = Watch(context, own=frozenset({built.site.origin}))
    box = search(context.new_page(), built.site.url + ENGLISH, "blocking")
    assert "What blocking costs the others" in titles(box)
    asked = [urlsplit(url).path for url in watch.requests if "/pagefind/" in url]
    assert any(path.endswith(".pf_index") for path in asked)
    assert not any(path.endswith("search_index.json") for path in asked)
    watch.assert_clean()


@pytest.mark.parametrize("key", ["/", "f", "s"])
def test_materials_keys_open_the_box(built: Built, browser_page: Page, key: str) -> None:
    browser_page.goto(built.site.url + ENGLISH)
    browser_page.locator(".lyceum-search__open").wait_for()
    browser_page.keyboard.press(key)
    expect(browser_page.locator(".lyceum-search__dialog input")).to_be_focused()
    browser_page.keyboard.type("fs/")
    expect(browser_page.locator(".lyceum-search__dialog input")).to_have_value("fs/")


@pytest.mark.parametrize("key", ["Control+f", "Meta+s"])
def test_the_browsers_own_keys_stay_the_browsers(built: Built, browser_page: Page, key: str) -> None:
    browser_page.goto(built.site.url + ENGLISH)
    browser_page.locator(".lyceum-search__open").wait_for()
    browser_page.keyboard.press(key)
    expect(browser_page.locator(".lyceum-search__dialog")).not_to_be_visible()


@pytest.mark.parametrize("page", [ENGLISH, CHINESE])
@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("追加日志", "只追加日志:最简单的持久化"),
        ("加日志", "只追加日志:最简单的持久化"),
        ("数据库", "为什么还要写一个数据库"),
        ("崩溃恢复", "用 Python 写一个小型数据库"),
        ("哈希索引内存", "哈希索引与内存的代价"),
        ("Coroutine", "Coroutines are generators with manners"),
        ("coroutines generators", "Coroutines are generators with manners"),
        ("backpress", "Queues & <backpressure>"),
        ("forbidden", ""),
    ],
)
def test_chinese_and_english_are_found_from_pages_of_either_language(
    built: Built, browser_page: Page, page: str, query: str, title: str
) -> None:
    found = titles(search(browser_page, built.site.url + page, query))
    assert (title in found) if title else found == []


def test_results_stand_under_their_courses_the_best_course_first(built: Built, browser_page: Page) -> None:
    english, chinese = "Async Python, from the Event Loop Up", "用 Python 写一个小型数据库"
    # One reading each, of a box that was asked once: between two of them the results may be replaced.
    assert next(iter(groups(search(browser_page, built.site.url + ENGLISH, "python")))) in {english, chinese}
    found = groups(search(browser_page, built.site.url + ENGLISH, "thousand readers"))
    assert set(found) == {english, chinese}
    for course, prefix in ((english, "async-python"), (chinese, "mini-db")):
        assert found[course]
        assert all(path.split("/")[2] == prefix for path in found[course])
    assert list(groups(search(browser_page, built.site.url + ENGLISH, "哈希"))) == [chinese]


def test_a_locked_lesson_carries_its_mark_and_a_free_one_none(built: Built, browser_page: Page) -> None:
    box = search(browser_page, built.site.url + ENGLISH, "thousand readers knock")
    marks = {
        item.locator(".lyceum-search__link").get_attribute("href") or "": item.locator(
            ".lyceum-access"
        ).all_inner_texts()
        for item in box.locator(".lyceum-search__item").all()
    }
    assert [text.strip() for text in marks["/school/async-python/event-loop/"]] == ["Paid"]
    assert [text.strip() for text in marks["/school/async-python/coroutines/"]] == ["Free with sign-in"]
    assert marks["/school/async-python/why-blocking/"] == []


def test_an_excerpt_marks_what_was_sought(built: Built, browser_page: Page) -> None:
    box = search(browser_page, built.site.url + CHINESE, "崩溃恢复")
    excerpt = box.locator(".lyceum-search__excerpt").first
    assert "事务与崩溃恢复" in excerpt.inner_text()
    assert excerpt.locator("mark").all_inner_texts() == ["崩溃恢复"]
    box.locator("input").fill("promises")
    expect(box.locator("mark").first).to_have_text(re.compile("promises"))


def test_a_result_leads_to_the_lesson_and_its_sections(built: Built, browser_page: Page) -> None:
    box = search(browser_page, built.site.url + CHINESE, "queue of promises")
    section = box.locator(".lyceum-search__sections a").first
    expect(section).to_have_text("A queue of promises")
    section.click()
    expect(browser_page).to_have_url(re.compile("/school/[a-z-]+/[a-z-]+/#queue$"))
    expect(browser_page.locator(".lyceum-search__dialog")).not_to_be_visible()
    box = search(browser_page, built.site.url + CHINESE, "coroutines")
    box.locator(".lyceum-search__link").first.click()
    expect(browser_page).to_have_url(f"{built.site.url}async-python/coroutines/")


def test_the_arrows_enter_and_escape_move_through_the_results(built: Built, browser_page: Page) -> None:
    box = search(browser_page, built.site.url + ENGLISH, "thousand readers")
    links = box.locator(".lyceum-search__results a")
    browser_page.keyboard.press("ArrowDown")
    expect(links.nth(0)).to_be_focused()
    browser_page.keyboard.press("ArrowDown")
    expect(links.nth(1)).to_be_focused()
    browser_page.keyboard.press("ArrowUp")
    browser_page.keyboard.press("ArrowUp")
    expect(box.locator("input")).to_be_focused()
    browser_page.keyboard.press("ArrowUp")
    expect(links.last).to_be_focused()
    browser_page.keyboard.press("Escape")
    expect(box).not_to_be_visible()
    expect(browser_page.locator(".lyceum-search__open")).to_be_focused()
    browser_page.keyboard.press("/")
    expect(box.locator("input")).to_have_value("thousand readers")
    target = links.first.get_attribute("href")
    browser_page.keyboard.press("Enter")
    expect(browser_page).to_have_url(f"{built.site.origin}{target}")


def test_the_box_closes_by_its_button_and_beside_it(built: Built, browser_page: Page) -> None:
    box = open_box(browser_page, built.site.url + ENGLISH)
    box.get_by_role("button", name="Close the search").click()
    expect(box).not_to_be_visible()
    browser_page.locator(".lyceum-search__open").click()
    browser_page.mouse.click(40, 700)
    expect(box).not_to_be_visible()


@pytest.mark.parametrize(
    ("page", "none", "failed"),
    [
        (ENGLISH, "Nothing found for “zyzzyva”", "cannot be reached"),
        (CHINESE, "没有找到“zyzzyva”", "搜索暂时不可用"),
    ],
)
def test_nothing_found_and_nothing_reached_are_said_in_the_pages_language(
    built: Built, new_context: NewContext, page: str, none: str, failed: str
) -> None:
    box = search(new_context().new_page(), built.site.url + page, "zyzzyva")
    expect(box.locator(".lyceum-search__status")).to_contain_text(none)
    context = new_context()
    context.route("**/pagefind.js", lambda route: route.abort())
    box = open_box(context.new_page(), built.site.url + page)
    box.locator("input").fill("queue")
    expect(box.locator(".lyceum-search__status")).to_contain_text(failed)


def test_while_the_index_is_on_its_way_the_box_says_so(built: Built, new_context: NewContext) -> None:
    held: list[Route] = []
    context = new_context()
    context.route("**/*.pf_index", lambda route: held.append(route))
    box = open_box(context.new_page(), built.site.url + ENGLISH)
    box.locator("input").fill("queue")
    expect(box.locator(".lyceum-search__status")).to_have_text("Searching…")
    expect(box).to_have_attribute("aria-busy", "true")
    for _ in range(50):
        if held:
            break
        box.page.wait_for_timeout(100)
    for route in held:
        route.continue_()
    expect(box.locator(".lyceum-search__status")).to_contain_text("found")
    expect(box).not_to_have_attribute("aria-busy", "true")


@pytest.mark.parametrize("query", ["PAID-CANARY-7319", "paid.py", "canary", "unlocked code", "paid footnote"])
def test_nothing_private_is_found_l02(built: Built, browser_page: Page, query: str) -> None:
    assert titles(search(browser_page, built.site.url + ENGLISH, query)) == []


@pytest.mark.parametrize("query", ["queuexyz", "日蚀", "哈密瓜", "thousandfold zeppelin"])
def test_a_word_that_only_begins_like_a_known_one_is_not_found(
    built: Built, browser_page: Page, query: str
) -> None:
    """Pagefind takes the longest known beginning of an unknown word."""
    assert titles(search(browser_page, built.site.url + ENGLISH, query)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_the_box_is_accessible_and_fits(
    built: Built, new_context: NewContext, view: str, scheme: str
) -> None:
    context = new_context(viewport=VIEWS[view], color_scheme=scheme)
    page = context.new_page()
    box = open_box(page, built.site.url + ENGLISH)
    assert violations(page) == []
    box.locator("input").fill("thousand readers")
    expect(box.locator(".lyceum-search__link").first).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    inside = box.evaluate(
        "(box) => { const b = box.getBoundingClientRect(); return b.left >= 0 && b.top >= 0"
        " && b.right <= innerWidth && b.bottom <= innerHeight && box.scrollWidth <= box.clientWidth }"
    )
    assert inside
    low = box.locator("a, button:visible").evaluate_all(
        "(all) => all.filter((one) => one.getBoundingClientRect().height < (innerWidth < 600 ? 43.5 : 24)).length"
    )
    assert low == 0
    box.locator("input").fill("zyzzyva")
    expect(box.locator(".lyceum-search__status")).to_contain_text("Nothing found")
    assert violations(page) == []


def test_without_scripts_the_box_is_hidden_and_the_catalogue_leads_on(
    built: Built, new_context: NewContext
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(built.site.url + ENGLISH)
    expect(page.locator(".lyceum-search__open")).not_to_be_visible()
    expect(page.locator(".lyceum-header").get_by_role("link", name="All courses")).to_be_visible()


def test_the_search_works_from_an_unknown_address_at_any_depth(built: Built, browser_page: Page) -> None:
    box = search(browser_page, f"{built.site.url}no/such/page/", "coroutines")
    box.locator(".lyceum-search__link").first.click()
    expect(browser_page).to_have_url(f"{built.site.url}async-python/coroutines/")


def test_the_search_keeps_to_a_strict_content_policy_that_allows_wasm(
    built: Built, new_context: NewContext
) -> None:
    """Where a host sends a policy: `wasm-unsafe-eval` is what the search needs besides the site's own files."""
    context = new_context()
    send_policy(context, POLICY + "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'")
    assert titles(search(context.new_page(), built.site.url + ENGLISH, "coroutines"))
    context = new_context()
    send_policy(context, POLICY + "script-src 'self' 'unsafe-inline'")
    box = open_box(context.new_page(), built.site.url + ENGLISH)
    box.locator("input").fill("coroutines")
    expect(box.locator(".lyceum-search__status")).to_contain_text("cannot be reached")


def send_policy(context: BrowserContext, policy: str) -> None:
    def answer(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers=response.headers | {"content-security-policy": policy})

    context.route("**/*", answer)
