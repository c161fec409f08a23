"""Pictures of the running sample school for the documentation: `make screenshots`, or

    python -m tests.support.screenshots FOLDER [--all]

Without --all the ones that the documentation shows; with it every page on desktop and phone, in light and dark, to look through.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.end_to_end.conftest import Demo, free_pair, start_demo
from tests.support.browser import ARGUMENTS, DESKTOP, PHONE, chromium_path

SHOWN = (
    "locked-en-desktop-light",
    "locked-zh-desktop-light",
    "catalogue-zh-desktop-light",
    "course-en-desktop-dark",
    "unlocked-en-desktop-light",
    "checkout-en-desktop-light",
    "account-zh-phone-light",
    "locked-zh-phone-dark",
)
COURSES = {"en": ("async-python", "event-loop"), "zh": ("mini-db", "hash-index")}


@contextlib.contextmanager
def running() -> Iterator[Demo]:
    with tempfile.TemporaryDirectory() as folder:
        demo = start_demo(Path(folder), free_pair())
        try:
            yield demo
        finally:
            demo.end()


def sign_in(context: BrowserContext, demo: Demo, address: str) -> None:
    page = context.new_page()
    page.goto(f"{demo.gatekeeper}/sign-in")
    page.locator("input[type=email]").fill(address)
    page.keyboard.press("Enter")
    page.locator("input[autocomplete=one-time-code]").wait_for()
    page.locator("input[autocomplete=one-time-code]").fill(demo.code(address))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.close()


def buy(context: BrowserContext, demo: Demo, product: str) -> None:
    page = context.new_page()
    page.goto(f"{demo.gatekeeper}/buy/{product}")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(lambda url: "/sandbox/" in url)
    page.locator("main button").first.click()
    page.wait_for_url(re.compile("/orders/"))
    page.close()


def shoot(page: Page, path: Path, url: str, *, to: str | None = None, known: bool = False) -> None:
    page.goto(url)
    if known:
        page.evaluate("localStorage.setItem('lyceum.reader', '1')")
        page.reload()
        page.locator("section.lyceum-part[data-state=unlocked]").wait_for()
    page.wait_for_load_state("networkidle")
    if to:
        page.locator(to).first.evaluate(
            "element => window.scrollTo(0, element.getBoundingClientRect().top + scrollY - 120)"
        )
    page.wait_for_timeout(600)
    page.screenshot(path=path)


def take(browser: Browser, demo: Demo, folder: Path, wanted: set[str] | None) -> None:
    for language, (course, lesson) in COURSES.items():
        for device, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
            for scheme in ("light", "dark"):
                names = {
                    name: f"{name}-{language}-{device}-{scheme}"
                    for name in ("catalogue", "course", "locked", "card", "checkout", "unlocked", "account")
                }
                names = {name: whole for name, whole in names.items() if wanted is None or whole in wanted}
                if not names:
                    continue
                locale = "zh-CN" if language == "zh" else "en-US"
                context = browser.new_context(
                    viewport={"width": viewport["width"], "height": viewport["height"]},
                    color_scheme="dark" if scheme == "dark" else "light",
                    locale=locale,
                )
                page = context.new_page()
                home = demo.site + ("/" if language == "zh" else "/en/")
                lesson_url = f"{demo.site}/{course}/{lesson}/"
                for name, url, to in (
                    ("catalogue", home, None),
                    ("course", f"{demo.site}/{course}/", None),
                    ("locked", lesson_url, ".lyceum-outline"),
                    ("card", lesson_url, ".lyceum-offer"),
                ):
                    if name in names:
                        shoot(page, folder / f"{names[name]}.png", url, to=to)
                if names.keys() & {"checkout", "unlocked", "account"}:
                    sign_in(context, demo, f"reader-{device}-{scheme}-{language}@example.com")
                    if "checkout" in names:
                        shoot(page, folder / f"{names['checkout']}.png", f"{demo.gatekeeper}/buy/{course}")
                    buy(context, demo, course)
                    if "unlocked" in names:
                        shoot(
                            page,
                            folder / f"{names['unlocked']}.png",
                            lesson_url,
                            to=".lyceum-part",
                            known=True,
                        )
                    if "account" in names:
                        shoot(page, folder / f"{names['account']}.png", f"{demo.gatekeeper}/account")
                context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with running() as demo, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), headless=True, args=list(ARGUMENTS)
        )
        take(browser, demo, given.folder, None if given.all else set(SHOWN))
        browser.close()


if __name__ == "__main__":
    main()
