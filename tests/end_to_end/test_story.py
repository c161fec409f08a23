"""The story that the product is for: a stranger reads, buys, and the lesson opens in place; nobody else gets it.

One test, one real Chromium, the real demo: catalogue → course → free lesson → locked lesson → buy → sign in by mailed code → pay in
the sandbox → unlocked without a reload → a second reader gets nothing → the gatekeeper stops and every page still works.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.end_to_end.conftest import ROOT, Demo, start_demo
from tests.support.browser import NewContext, Watch

pytestmark = pytest.mark.browser

COURSE = "async-python"
LESSON = (
    f"{COURSE}/debugging"  # its paid half has a picture-free download; the event loop lesson has the picture
)
PICTURED = f"{COURSE}/event-loop"
PRIVATE_PICTURE = f"{COURSE}/files/loop-anatomy.svg"
ARCHIVE = f"{COURSE}/files/async-python-code.zip"


def watch(context: BrowserContext, demo: Demo) -> Watch:
    return Watch(context, own=frozenset({demo.site, demo.gatekeeper}))


def test_buying_opens_the_lesson_in_place_and_for_nobody_else(demo: Demo, new_context: NewContext) -> None:
    buyer = new_context(locale="en-US")
    seen = watch(buyer, demo)
    page = buyer.new_page()

    # A stranger looks around.
    page.goto(f"{demo.site}/en/")
    expect(page.locator("h1")).to_have_text("Lyceum Sample School")
    page.get_by_role("link", name="Async Python, from the Event Loop Up").first.click()
    expect(page).to_have_url(f"{demo.site}/{COURSE}/")
    page.get_by_role("link", name="Why blocking hurts").first.click()
    expect(page.locator("article")).to_contain_text("The bystander pays")
    expect(page.locator("section.lyceum-part")).to_have_count(0)
    page.goto(f"{demo.site}/{PICTURED}/")
    locked = page.locator("section.lyceum-part")
    expect(locked).to_have_attribute("data-state", "anonymous")
    expect(page.locator("article")).to_contain_text("The smallest answer that works is a circle")
    expect(locked).to_contain_text("One call that waits for everything")  # the course says `outline: public`
    expect(page.locator("article")).not_to_contain_text("selectors.DefaultSelector")
    assert seen.to(demo.gatekeeper) == [], "a stranger's visit asked the gatekeeper"

    # They buy, in a second tab; the first is not touched.
    page.evaluate("window.untouched = true")
    with buyer.expect_page() as opened:
        locked.get_by_role("link", name=re.compile("^Buy")).first.click()
    checkout = opened.value
    sign_in(checkout, demo, "ada@example.com")
    expect(checkout.locator("h1")).to_contain_text("Async Python")
    checkout.get_by_role("button", name=re.compile(r"\$19")).click()
    checkout.get_by_role("button", name="Pay $19", exact=True).click()
    expect(checkout).to_have_url(re.compile(r"/orders/L-"))
    expect(checkout.locator("h1")).to_contain_text("unlocked")

    # The lesson has opened where it stood.
    page.bring_to_front()
    expect(locked).to_have_attribute("data-state", "unlocked")
    expect(page.locator("article")).to_contain_text("selectors.DefaultSelector")
    assert page.evaluate("window.untouched") is True, "the page was loaded anew"
    picture = page.locator('section.lyceum-part img[src*="loop-anatomy.svg"]')
    picture.scroll_into_view_if_needed()
    page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=picture.element_handle())

    # Another lesson of the course opens by itself; its download is the author's file.
    page.goto(f"{demo.site}/{LESSON}/")
    expect(page.locator("section.lyceum-part")).to_have_attribute("data-state", "unlocked")
    with page.expect_download() as downloaded:
        page.locator('section.lyceum-part a[href*="async-python-code.zip"]').click()
    assert Path(downloaded.value.path()).read_bytes() == (ROOT / "content" / ARCHIVE).read_bytes()

    # The account page says what they own; the other course stays locked for them.
    page.goto(f"{demo.gatekeeper}/account?lang=en")
    expect(page.locator("main")).to_contain_text("Async Python, from the Event Loop Up")
    expect(page.locator("main")).to_contain_text("ada@example.com")
    page.goto(f"{demo.site}/mini-db/hash-index/")
    expect(page.locator("section.lyceum-part")).to_have_attribute("data-state", "no-access")
    # What a click interrupted (a navigation that became a download, a picture of the page that was left) has not failed.
    seen.failed[:] = [line for line in seen.failed if not line.startswith("net::ERR_ABORTED")]
    seen.assert_clean()

    # A second reader, signed in but without the purchase, has nothing of it by any address.
    other = new_context(locale="en-US")
    reader = other.new_page()
    reader.goto(f"{demo.gatekeeper}/sign-in")
    sign_in(reader, demo, "bob@example.com")
    reader.goto(f"{demo.site}/{PICTURED}/")
    assert "selectors.DefaultSelector" not in reader.content()
    for context, status in ((other, 403), (new_context(), 401)):
        answer = context.request.get(f"{demo.gatekeeper}/gate/parts/{PICTURED}")
        assert (answer.status, answer.headers["cache-control"]) == (status, "private, no-store")
        for path in (PRIVATE_PICTURE, ARCHIVE):
            assert context.request.get(f"{demo.gatekeeper}/files/{path}", max_redirects=0).status == status
            assert context.request.get(f"{demo.site}/{path}").status == 404
            assert context.request.get(f"{demo.site}/files/{path}").status == 404
        composed = context.request.get(f"{demo.gatekeeper}/gate/read/{PICTURED}")
        assert "selectors.DefaultSelector" not in composed.text()
        for key in private_keys(demo):
            assert context.request.get(f"{demo.gatekeeper}/store/{key}").status in (403, 404)
            assert context.request.get(f"{demo.site}/{key}").status == 404

    # After signing out nothing of it is left for the next person at this computer.
    page.goto(f"{demo.gatekeeper}/account?lang=en")
    page.get_by_role("button", name="Sign out").first.click()
    page.goto(f"{demo.site}/{PICTURED}/")
    expect(page.locator("section.lyceum-part")).to_have_attribute("data-state", "anonymous")
    assert buyer.request.get(f"{demo.gatekeeper}/gate/parts/{PICTURED}").status == 401

    # The gatekeeper stops: free pages and locked teasers are as they were.
    demo.stop_gatekeeper()
    page.goto(f"{demo.site}/{COURSE}/why-blocking-hurts/")
    expect(page.locator("article")).to_contain_text("The bystander pays")
    page.evaluate("localStorage.setItem('lyceum.reader', '1')")
    page.goto(f"{demo.site}/{PICTURED}/")
    expect(page.locator("section.lyceum-part")).to_have_attribute("data-state", "unreachable")
    expect(page.locator("section.lyceum-part")).to_contain_text("$19")
    assert demo.end() == 1  # it says that the gatekeeper had ended


def sign_in(page: Page, demo: Demo, address: str) -> None:
    page.get_by_label(re.compile("mail", re.IGNORECASE)).fill(address)
    page.keyboard.press("Enter")
    code = page.locator("input[autocomplete=one-time-code]")
    code.wait_for()
    code.fill(demo.code(address))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def private_keys(demo: Demo) -> list[str]:
    """Keys of private objects, read from the store's folder as only the operator can."""
    folder = demo.state / "store" / "private"
    keys = [f"private/{path.name}" for path in sorted(folder.iterdir())]
    assert len(keys) > 20
    return keys[:5]


def test_without_javascript_the_same_lesson_is_one_composed_page(
    demo_again: Demo, new_context: NewContext
) -> None:
    plain = new_context(java_script_enabled=False, locale="en-US")
    page = plain.new_page()
    page.goto(f"{demo_again.site}/{PICTURED}/")
    with plain.expect_page() as opened:
        page.locator("section.lyceum-part a[href*='/buy/']").first.click()
    checkout = opened.value
    sign_in(checkout, demo_again, "grace@example.com")
    checkout.get_by_role("button", name=re.compile(r"\$19")).click()
    checkout.get_by_role("button", name="Pay $19", exact=True).click()
    expect(checkout.locator("h1")).to_contain_text("unlocked")
    checkout.goto(f"{demo_again.gatekeeper}/gate/read/{PICTURED}")
    expect(checkout.locator("body")).to_contain_text("The smallest answer that works is a circle")
    expect(checkout.locator("body")).to_contain_text("selectors.DefaultSelector")


def test_a_second_start_builds_nothing_and_keeps_accounts(demo_again: Demo) -> None:
    assert demo_again.end() == 0
    text = "".join(demo_again.output)
    assert "stopped" in text
    assert "Traceback" not in text
    second = start_demo(demo_again.state, demo_again.port)
    try:
        assert "nothing changed since release" in "".join(second.output)
        with urllib.request.urlopen(f"{second.site}/", timeout=10) as answer:
            assert answer.status == 200
    finally:
        demo_again.process = second.process


def test_a_port_in_use_is_said_before_anything_is_built(demo_again: Demo, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="cannot listen on") as caught:
        start_demo(tmp_path, demo_again.port)
    assert "hint:" in str(caught.value)
    assert "Traceback" not in str(caught.value)
    assert not (tmp_path / "store").exists()


def test_the_reader_api_tells_strangers_nothing(demo_again: Demo) -> None:
    with urllib.request.urlopen(f"{demo_again.gatekeeper}/api/reader", timeout=10) as answer:
        assert json.load(answer) == {"signed_in": False}
        assert answer.headers.get_all("Set-Cookie") is None
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{demo_again.gatekeeper}/gate/parts/no/such", timeout=10)
    with refused.value as answer:  # an HTTPError holds its socket
        assert answer.code == 404
