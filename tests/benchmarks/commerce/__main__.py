"""What buying costs, and that it happens once.

    make bench-commerce
    python -m tests.benchmarks.commerce --kills 20 --rounds 5

On each engine: 50 parallel deliveries of one payment message, and the service killed while messages pour in (`kills`). Then the demo in
a real Chromium: the time from the click on `Pay` to the lesson's private text standing in the tab that was open all the while.
Prints JSON; exits with 1 if a count is not one, or the median is above 2 s.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import select

from gatekeeper.accounts.tables import MailRow
from gatekeeper.commerce import ledger
from gatekeeper.commerce.payments import Told
from gatekeeper.commerce.sandbox.provider import payment_of_order
from tests.benchmarks.commerce.kills import bombard
from tests.end_to_end.conftest import Demo, free_pair, start_demo
from tests.end_to_end.test_story import COURSE, PICTURED, sign_in
from tests.support.browser import ARGUMENTS, chromium_path
from tests.support.databases import postgres_server, why_not
from tests.support.shop import ORIGIN, open_shop

DELIVERIES = 50
MOST_SECONDS = 2.0


def parallel_deliveries(folder: Path, url: str) -> dict[str, int]:
    """What is in the books after one message came 50 times at once."""
    with open_shop(folder, LYCEUM_DATABASE_URL=url) as shop:
        reader = shop.browser()
        reader.sign_in("ada@example.org")
        reader.order("rust")
        with shop.database.read() as connection:
            number = connection.exec_driver_sql("SELECT number FROM orders").scalar_one()
            payment = payment_of_order(connection, number)
        assert payment is not None
        now = shop.clock()
        raw = shop.sandbox.message(f"evt_{1:032x}", Told.PAID, payment, at=now)
        headers = shop.sandbox.headers(raw, now=now)

        def deliver(_: int) -> int:
            client = shop.app.test_client()
            return client.post("/webhooks/sandbox", data=raw, headers=headers, base_url=ORIGIN).status_code

        with ThreadPoolExecutor(DELIVERIES) as pool:
            statuses = Counter(pool.map(deliver, range(DELIVERIES)))
        with shop.database.read() as connection:
            kinds = Counter(line.kind.value for line in ledger.of_order(connection, number))
            mails = Counter(
                key.partition(":")[0] for key in connection.execute(select(MailRow.key)).scalars()
            )
        return {
            "answered with 200": statuses[200],
            "lines": kinds["paid"],
            "grants": len(shop.owned("ada@example.org").active),
            "receipts": mails["receipt"],
        }


def on_engine(url: str, kills_url: str, folder: Path, *, kills: int) -> dict[str, Any]:
    return {
        "50 parallel deliveries": parallel_deliveries(folder / "deliveries", url),
        "kills": bombard(folder / "kills", kills_url, kills=kills, seed=7),
    }


def unlocks(rounds: int) -> list[float]:
    """Seconds from the click on `Pay` to the text, each round with a reader of their own."""
    path = chromium_path()
    if path is None:
        return []
    with ExitStack() as ends:
        state = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        demo = start_demo(state, free_pair())
        ends.callback(demo.end)
        driver = ends.enter_context(sync_playwright())
        browser = driver.chromium.launch(executable_path=path, headless=True, args=list(ARGUMENTS))
        ends.callback(browser.close)
        return [unlock(browser, demo, f"reader{turn}@example.com") for turn in range(rounds)]


def unlock(browser: Browser, demo: Demo, email: str) -> float:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    lesson = context.new_page()
    lesson.goto(f"{demo.site}/{PICTURED}/")
    locked = lesson.locator("section.lyceum-part")
    with context.expect_page() as opened:
        locked.get_by_role("link", name=re.compile("^Buy")).first.click()
    checkout = opened.value
    sign_in(checkout, demo, email)
    checkout.get_by_role("button", name=re.compile(r"\$19")).click()
    pay = checkout.get_by_role("button", name="Pay $19", exact=True)
    expect(pay).to_be_visible()
    began = time.monotonic()
    pay.click()
    checkout.wait_for_url(re.compile(r"/orders/L-"))
    lesson.bring_to_front()
    expect(lesson.locator("article")).to_contain_text("selectors.DefaultSelector", timeout=20_000)
    took = time.monotonic() - began
    context.close()
    return took


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    result: dict[str, Any] = {"cores": os.cpu_count(), "course": COURSE}
    with ExitStack() as ends:
        folder = Path(ends.enter_context(tempfile.TemporaryDirectory()))
        files = [f"sqlite:///{folder / name}.db" for name in ("one", "two")]
        result["sqlite"] = on_engine(files[0], files[1], folder / "sqlite", kills=chosen.kills)
        reason = why_not()
        if reason is None:
            cluster = ends.enter_context(postgres_server())
            urls = [ends.enter_context(cluster.migrated()) for _ in range(2)]
            result["postgresql"] = on_engine(urls[0], urls[1], folder / "pg", kills=chosen.kills)
        else:
            result["postgresql"] = reason
    seconds = unlocks(chosen.rounds)
    if seconds:
        result["pay to text, seconds"] = {
            "median": round(statistics.median(seconds), 2),
            "slowest": round(max(seconds), 2),
            "bar": MOST_SECONDS,
        }
    print(json.dumps(result, indent=2))
    once = {"answered with 200": DELIVERIES, "lines": 1, "grants": 1, "receipts": 1}
    for engine in ("sqlite", "postgresql"):
        if isinstance(result[engine], dict):
            work = result[engine]["kills"]
            if (
                result[engine]["50 parallel deliveries"] != once
                or work["wrong"]
                or work["acknowledged and lost"]
            ):
                return 1
    return 1 if seconds and statistics.median(seconds) > MOST_SECONDS else 0


if __name__ == "__main__":
    sys.exit(main())
