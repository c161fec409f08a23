"""A reader's life in the demo, in one real Chromium: bought as a guest, read on a second device, another address, a code, a gift, money back.

What a reader owns is asked where it counts: at a locked lesson.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from generator.cli.demo import Addresses, demo_environment
from tests.end_to_end.conftest import Demo
from tests.support.browser import NewContext

pytestmark = pytest.mark.browser

BOUGHT = "async-python/event-loop"
GIVEN = "mini-db/hash-index"


def test_a_reader_buys_as_a_guest_moves_gives_redeems_and_gets_money_back(
    demo_again: Demo, new_context: NewContext, tmp_path: Path
) -> None:
    demo = demo_again
    laptop = new_context(locale="en-US").new_page()

    # Bought without an account: it belongs to whoever proves the address.
    laptop.goto(f"{demo.gatekeeper}/buy/async-python?lesson={BOUGHT}")
    laptop.get_by_role("link", name="Buy without an account").click()
    laptop.get_by_label("Your e-mail address").fill("iris@example.com")
    laptop.get_by_role("button", name="Go to payment: $19").click()
    laptop.get_by_role("button", name="Pay $19", exact=True).click()
    expect(laptop.locator("h1")).to_have_text("Paid. One step to go")
    assert state_of(laptop, demo, BOUGHT) == "anonymous"
    laptop.go_back()
    laptop.get_by_role("button", name="Send me a code").click()
    enter(laptop, demo.code("iris@example.com"))
    expect(laptop.locator("h1")).to_contain_text("unlocked")
    order = laptop.url.rpartition("/")[2].partition("?")[0]
    laptop.get_by_role("link", name="Back to the lesson").click()
    expect(laptop.locator("section.lyceum-part")).to_have_attribute("data-state", "unlocked")
    assert state_of(laptop, demo, BOUGHT) == "unlocked"

    # The second device needs nothing but the address.
    phone = new_context(locale="en-US", viewport={"width": 390, "height": 844}).new_page()
    sign_in(phone, demo, "iris@example.com")
    assert state_of(phone, demo, BOUGHT) == "unlocked"

    # Another address: everything stays, on both devices, and the old address opens nothing any more.
    laptop.goto(f"{demo.gatekeeper}/account/address")
    laptop.get_by_label("Other address").fill("iris.new@example.com")
    laptop.get_by_role("button", name="Send me a code").click()
    enter(laptop, demo.code("iris.new@example.com"))
    expect(laptop.locator("main")).to_contain_text("Your address has been changed")
    assert state_of(laptop, demo, BOUGHT) == "unlocked"
    assert state_of(phone, demo, BOUGHT) == "unlocked"
    stranger = new_context(locale="en-US").new_page()
    sign_in(stranger, demo, "iris@example.com")
    assert state_of(stranger, demo, BOUGHT) == "no-access"

    # A code from the operator opens the other course.
    assert state_of(phone, demo, GIVEN) == "no-access"
    phone.goto(f"{demo.gatekeeper}/redeem?code={new_code(demo, 'mini-db', tmp_path)}")
    phone.get_by_role("button", name=re.compile("Redeem|Open")).click()
    assert state_of(phone, demo, GIVEN) == "unlocked"

    # A gift is bought for somebody else, who has never been here.
    laptop.goto(f"{demo.gatekeeper}/gifts/new/mini-db")
    laptop.get_by_label("The recipient's e-mail").fill("otto@example.com")
    laptop.get_by_role("button", name="Go to payment: $15").click()
    laptop.get_by_role("button", name="Pay $15", exact=True).click()
    expect(laptop.locator("h1")).to_have_text("Thank you, your gift is ready")
    gift = laptop.url
    friend = new_context(locale="en-US").new_page()
    sign_in(friend, demo, "otto@example.com")
    friend.goto(gift_link(demo, "otto@example.com"))
    friend.get_by_role("button", name=re.compile("Redeem|Open")).click()
    assert state_of(friend, demo, GIVEN) == "unlocked"
    assert state_of(friend, demo, BOUGHT) == "no-access"

    # Money back: what was bought ends for the buyer, what was given for the friend; what the code opened stays.
    for address in (f"{demo.gatekeeper}/orders/{order}", gift):
        laptop.goto(address)
        laptop.get_by_role("button", name="Sandbox: refund this order").click()
        laptop.goto(address)
        expect(laptop.locator("main")).to_contain_text("Refunded")
    for page in (laptop, phone):
        assert state_of(page, demo, BOUGHT) == "refunded"
        assert state_of(page, demo, GIVEN) == "unlocked"
    assert state_of(friend, demo, GIVEN) in {"refunded", "no-access"}


def sign_in(page: Page, demo: Demo, address: str) -> None:
    page.goto(f"{demo.gatekeeper}/sign-in")
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Send me a code").click()
    page.locator("input[autocomplete=one-time-code]").wait_for()
    enter(page, demo.code(address))
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.get_by_role("link", name="Go to Lyceum Sample School").click()
    page.wait_for_function(
        "localStorage.getItem('lyceum.reader')"
    )  # from here on the site asks what it may show


def enter(page: Page, code: str) -> None:
    page.locator("input[autocomplete=one-time-code]").fill(code)
    page.keyboard.press("Enter")


def state_of(page: Page, demo: Demo, lesson: str) -> str:
    """What the page's script has made of the locked section: the answer of the gate, since each visit asks it anew."""
    page.goto(f"{demo.site}/{lesson}/")
    locked = page.locator("section.lyceum-part")
    expect(locked).to_have_attribute("data-state", re.compile("^(anonymous|no-access|refunded|unlocked)$"))
    page.wait_for_load_state("networkidle")
    return locked.get_attribute("data-state") or ""


def new_code(demo: Demo, product: str, folder: Path) -> str:
    """A redemption code, made as an operator makes it."""
    addresses = Addresses(host="127.0.0.1", port=demo.port, gatekeeper_port=demo.port + 1)
    made = folder / "codes.csv"
    subprocess.run(
        [sys.executable, "-m", "gatekeeper.cli", "codes", "new", product, "--csv", str(made)],
        env={**os.environ, **demo_environment(demo.state, addresses)},
        check=True,
        capture_output=True,
    )
    found = re.search(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}\b", made.read_text(encoding="utf-8"))
    assert found, made.read_text(encoding="utf-8")
    return found[0]


def gift_link(demo: Demo, address: str) -> str:
    """The link in the newest mail to this address, from the outbox page."""
    with urllib.request.urlopen(f"{demo.gatekeeper}/outbox?lang=en", timeout=10) as answer:
        page = re.sub(r"<[^>]+>", " ", answer.read().decode("utf-8"))
    found = re.search(r"http://[0-9.:]+/redeem\?code=[0-9A-Z-]+", page.split(address, 1)[1])
    assert found
    return found[0]
