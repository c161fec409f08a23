"""Formulas, diagrams, code, tabs, tables and headings: alike in the public text and in an unlocked part."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import PHONE, NewContext, Watch
from tests.theme.conftest import Built
from tests.theme.servers import FakeGatekeeper

pytestmark = pytest.mark.browser

LESSON = "async-python/event-loop/"


@pytest.fixture
def unlocked(built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext) -> Page:
    gatekeeper.signed_in(products={"async-python": None})
    context = new_context(permissions=["clipboard-read", "clipboard-write"])
    context.add_init_script("window.localStorage.setItem('lyceum.reader', '1')")
    page = context.new_page()
    page.goto(built.site.url + LESSON)
    expect(page.locator("section.lyceum-part[data-state=unlocked]")).to_have_count(1)
    return page


def test_formulas_are_set_in_the_public_text_and_in_the_part(unlocked: Page) -> None:
    public = unlocked.locator("article > .md-typeset .arithmatex .katex")
    paid = unlocked.locator("section.lyceum-part .arithmatex .katex")
    expect(public).to_have_count(2)
    expect(paid).to_have_count(2)
    expect(unlocked.locator(".katex-error")).to_have_count(0)
    expect(paid.locator(".katex-html").last).to_be_visible()


def test_diagrams_are_drawn_in_the_public_text_and_in_the_part(unlocked: Page) -> None:
    diagrams = unlocked.locator(".lyceum-diagram[role=img] > svg")
    expect(diagrams).to_have_count(2)
    expect(unlocked.locator("section.lyceum-part .lyceum-diagram svg")).to_be_visible()
    label = unlocked.locator(".lyceum-diagram").first.get_attribute("aria-label") or ""
    assert "ready" in label


def test_diagrams_are_drawn_anew_in_the_other_colour_scheme(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    page = new_context(color_scheme="light").new_page()
    page.goto(f"{built.site.url}async-python/why-blocking/")
    diagram = page.locator(".lyceum-diagram > svg")
    expect(diagram).to_have_count(1)
    light = diagram.get_attribute("id")
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    expect(diagram).not_to_have_attribute("id", str(light))
    assert "#111417" in diagram.inner_html()


def test_a_diagram_that_cannot_be_read_stays_as_its_source(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    context = new_context()
    context.route(
        "**/why-blocking/",
        lambda route: route.fulfill(
            body=built.html("async-python/why-blocking/index.html").replace("flowchart LR", "flowchart %% ("),
            content_type="text/html",
        ),
    )
    page = context.new_page()
    page.goto(f"{built.site.url}async-python/why-blocking/")
    expect(page.locator(".lyceum-diagram pre")).to_contain_text("due?")
    expect(page.locator(".lyceum-diagram svg")).to_have_count(0)


@pytest.mark.parametrize(
    ("path", "libraries"), [("async-python/testing/", False), ("async-python/why-blocking/", True)]
)
def test_the_big_libraries_are_fetched_only_where_they_are_needed(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext, path: str, libraries: bool
) -> None:
    context = new_context()
    watch = Watch(context, own=frozenset({built.site.origin}))
    page = context.new_page()
    page.goto(built.site.url + path)
    page.wait_for_load_state("networkidle")
    fetched = [url for url in watch.requests if "/assets/vendor/" in url]
    assert any("katex" in url for url in fetched) == libraries
    assert any("mermaid" in url for url in fetched) == libraries
    watch.assert_clean()


def test_code_of_the_part_is_copied_by_its_button(unlocked: Page) -> None:
    buttons = unlocked.locator("section.lyceum-part .md-code__button[data-md-type=copy]")
    expect(buttons).to_have_count(2)
    buttons.first.click()
    expect(unlocked.locator(".md-dialog")).to_contain_text("Copied to clipboard")
    assert unlocked.evaluate("navigator.clipboard.readText()") == 'print("unlocked code")'
    buttons.last.click()
    unlocked.wait_for_function("async () => (await navigator.clipboard.readText()).includes('second')")


def test_tabs_of_both_halves_are_chosen_apart(unlocked: Page) -> None:
    public = unlocked.locator("article > .md-typeset .tabbed-set")
    paid = unlocked.locator("section.lyceum-part .tabbed-set")
    expect(paid.get_by_text("The first paid tab.")).to_be_visible()
    expect(paid.get_by_text("The second paid tab.")).to_be_hidden()
    paid.locator(".tabbed-labels label").nth(1).click()
    expect(paid.get_by_text("The second paid tab.")).to_be_visible()
    expect(paid.get_by_text("The first paid tab.")).to_be_hidden()
    expect(public.get_by_text("A thread costs")).to_be_visible()
    public.locator(".tabbed-labels label").nth(1).click()
    expect(public.get_by_text("A task costs")).to_be_visible()
    expect(paid.get_by_text("The second paid tab.")).to_be_visible()


def test_no_id_stands_twice_in_an_unlocked_page(unlocked: Page) -> None:
    expect(unlocked.locator(".lyceum-diagram > svg")).to_have_count(2)
    twice = unlocked.evaluate(
        """() => {
            const ids = [...document.querySelectorAll("article [id]:not(svg [id])")].map((element) => element.id);
            return ids.filter((id, place) => ids.indexOf(id) !== place);
        }"""
    )
    assert twice == []


def test_footnotes_of_the_part_lead_to_the_part(unlocked: Page) -> None:
    part = unlocked.locator("section.lyceum-part")
    target = part.locator("sup a").get_attribute("href")
    assert target
    assert part.locator(f"li[id='{target.removeprefix('#')}']").count() == 1


def test_tables_of_the_part_scroll_by_themselves(unlocked: Page) -> None:
    expect(unlocked.locator("section.lyceum-part .md-typeset__scrollwrap table")).to_have_count(1)


def test_the_contents_gain_the_headings_of_the_part(unlocked: Page) -> None:
    links = unlocked.locator("[data-lyceum-contents] a")
    expect(links).to_have_text(
        ["A queue of promises", "What the loop may not do", "A deeper heading", "Exercises"]
    )
    links.last.click()
    expect(unlocked.get_by_role("heading", name="Exercises")).to_be_in_viewport()
    current = unlocked.locator("[data-lyceum-contents] .lyceum-contents__link--current")
    expect(current).to_have_count(1)


def test_on_a_phone_the_contents_stand_above_the_text(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    gatekeeper.signed_in(products={"async-python": None})
    context = new_context(viewport=PHONE)
    context.add_init_script("window.localStorage.setItem('lyceum.reader', '1')")
    page = context.new_page()
    page.goto(built.site.url + LESSON)
    expect(page.locator("section.lyceum-part[data-state=unlocked]")).to_have_count(1)
    contents = page.locator("details.lyceum-contents")
    contents.locator("summary").click()
    expect(contents.get_by_role("link")).to_have_text(
        ["A queue of promises", "What the loop may not do", "Exercises"]
    )


def test_a_script_in_a_part_does_not_run(
    built: Built, gatekeeper: FakeGatekeeper, new_context: NewContext
) -> None:
    gatekeeper.part_html = "<p>text</p><script>window.ran = true</script>"
    gatekeeper.signed_in(products={"async-python": None})
    context = new_context()
    context.add_init_script("window.localStorage.setItem('lyceum.reader', '1')")
    page = context.new_page()
    page.goto(built.site.url + LESSON)
    expect(page.locator("section.lyceum-part[data-state=unlocked]")).to_have_text("text")
    assert page.evaluate("window.ran") is None
    assert page.locator("section.lyceum-part script").count() == 0


def test_line_numbers_stand_beside_their_lines(
    built: Built, new_context: NewContext, gatekeeper: FakeGatekeeper
) -> None:
    """The last number is as far down as the last line of code."""
    page = new_context().new_page()
    page.goto(built.site.url + LESSON)
    heights = page.evaluate(
        """() => [...document.querySelectorAll(".highlighttable")].map((table) => {
             const last = [...table.querySelectorAll(".linenodiv .normal")].at(-1).getBoundingClientRect();
             const code = table.querySelector("td.code code");
             const style = getComputedStyle(code);
             const end = code.getBoundingClientRect().bottom - parseFloat(style.paddingBottom);
             return Math.abs(end - parseFloat(style.lineHeight) / 2 - (last.top + last.bottom) / 2);
           })"""
    )
    assert heights
    assert max(heights) < 3
