"""A real Chromium for tests: started once a module, a fresh context for each test, everything that goes wrong written down.

    def test_x(browser_page): ...            one page, closed afterwards
    def test_y(new_context): ...             several readers: new_context(color_scheme="dark") → BrowserContext
    watch = Watch(context)                   console errors, failed requests, every address that was asked for
    violations(page)                         axe-core's serious and critical findings

Use them by `from tests.support.browser import *` in a conftest.py. Without a Chromium the tests skip with that reason; in CI
(`CI` is set) they fail instead. LYCEUM_CHROMIUM names another binary.

Once a module and not once a session: while Playwright's synchronous interface is open, an event loop counts as running in the
thread, and `asyncio.run` in any later test would be refused. Starting anew costs about a second.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

__all__ = ["browser_page", "chromium", "new_context"]

CANDIDATES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = Path("/Applications/Chromium.app/Contents/MacOS/Chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


def chromium_path() -> str | None:
    """The Chromium to drive, or None."""
    wanted = os.environ.get("LYCEUM_CHROMIUM")
    if wanted:
        return wanted
    for name in CANDIDATES:
        if found := shutil.which(name):
            return found
    return str(MAC) if MAC.exists() else None


@dataclass  # no slots: Playwright leaves a mark on the object whose methods it calls
class Watch:
    """What a context's pages said and asked for. own: the origins that may be asked."""

    context: BrowserContext
    own: frozenset[str] = frozenset()
    console: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.console.append(str(error.error)))
        self.context.on("request", self._asked)
        self.context.on("requestfailed", self._failed)
        self.context.on("response", self._answered)

    def to(self, origin: str) -> list[str]:
        """The addresses that were asked for at one origin, such as `http://127.0.0.1:8001`."""
        return [url for url in self.requests if origin_of(url) == origin]

    def third_party(self) -> list[str]:
        """The addresses at origins that are not ours; `data:` and `blob:` leave no machine."""
        return [
            url
            for url in self.requests
            if urlsplit(url).scheme in {"http", "https", "ws", "wss"} and origin_of(url) not in self.own
        ]

    def assert_clean(self) -> None:
        """No console error or warning, no failed request, nobody else asked."""
        assert self.console == []
        assert self.failed == []
        assert self.third_party() == []

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.console.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)

    def _failed(self, request: Request) -> None:
        self.failed.append(f"{request.failure} {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.failed.append(f"{response.status} {response.url}")


class NewContext(Protocol):
    def __call__(self, **options: Any) -> BrowserContext: ...


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = chromium_path()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium found; CI must drive the browser tests")
        pytest.skip("no Chromium found (Debian: apt install chromium; LYCEUM_CHROMIUM names another binary)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def new_context(chromium: Browser) -> Iterator[NewContext]:
    """Makes contexts, each a reader with a browser of their own; all are closed after the test."""
    contexts: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        options.setdefault("viewport", DESKTOP)
        context = chromium.new_context(**options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def browser_page(new_context: Callable[..., BrowserContext]) -> Page:
    return new_context().new_page()


def violations(page: Page, *, impacts: frozenset[str] = frozenset({"serious", "critical"})) -> list[str]:
    """axe-core's findings of these impacts on the page as it stands: rule, element and what is wrong with it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    result = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{finding['id']}: {node['html'][:160]}: {node['failureSummary']}"
        for finding in result["violations"]
        if finding["impact"] in impacts
        for node in finding["nodes"]
    ]


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
