"""A school that sells to others than the buyer: `rust` can be given away, `team` and `monthly` are seats that open Rust."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from gatekeeper.commerce import ledger
from gatekeeper.commerce.sandbox.provider import payment_of_order
from gatekeeper.commerce.tables import OrderRow
from gatekeeper.contract import canonical
from gatekeeper.contract.access import products_rule
from gatekeeper.contract.manifest import ProductEntry
from gatekeeper.contract.products import Seats
from tests.support.shop import ORIGIN, Browser, Shop

CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}")
_EVENTS = itertools.count(1)


def sell_to_others(shop: Shop) -> Shop:
    manifest = shop.library.manifest
    team: dict[str, Any] = {"kind": "team", "grants": ("rust",), "prices": {"USD": 1000, "CNY": 6000}}
    shop.library.manifest = replace(
        manifest,
        products={
            **manifest.products,
            "rust": replace(manifest.products["rust"], giftable=True),
            "team": ProductEntry(
                title={"en": "Rust team", "zh": "Rust 团队"}, seats=Seats(least=2, most=50), **team
            ),
            "monthly": ProductEntry(
                title={"en": "Rust by the month"},
                interval="month",
                grace_days=0,
                seats=Seats(least=1, most=9),
                **team,
            ),
        },
        lessons={
            **manifest.lessons,
            "rust/traits": replace(
                manifest.lessons["rust/traits"],
                access=products_rule({"rust", "both", "all", "team", "monthly"}),
            ),
        },
    )
    return shop


def reader(shop: Shop, name: str, number: int = 7) -> Browser:
    """`<name>@example.org`, signed in, at an address of their own."""
    browser = shop.browser(address=f"192.0.2.{number}")
    browser.sign_in(f"{name}@example.org")
    return browser


def orders(shop: Shop) -> list[str]:
    """Their numbers, the first made first."""
    with shop.database.read() as connection:
        found = connection.execute(select(OrderRow.number, OrderRow.created_at)).all()
    return [row.number for row in sorted(found, key=lambda row: row.created_at)]


def ordered_gift(browser: Browser, **fields: str) -> str:
    """Orders `rust` as a gift, without paying. Returns the order's number."""
    before = set(orders(browser.shop))
    answer = browser.post("/gifts/new/rust", {"currency": "USD", **fields}, form="/gifts/new/rust")
    assert answer.status_code == 303, answer.text
    (number,) = set(orders(browser.shop)) - before
    return number


def give(browser: Browser, **fields: str) -> str:
    """A gift that is paid, with the letters that are due written."""
    number = ordered_gift(browser, **fields)
    assert tell(browser.shop, number, "paid") == 200
    browser.shop.run_jobs()
    return number


def code_on(page: TestResponse) -> str:
    found = CODE.search(page.text)
    assert found is not None
    return found.group()


def buy_seats(browser: Browser, count: int, product: str = "team") -> str:
    """Buys and pays for seats. Returns the order's number."""
    before = set(orders(browser.shop))
    form = f"/buy/{product}?seats={count}"
    answer = browser.post(f"/buy/{product}", {"currency": "USD", "seats": str(count)}, form=form)
    assert answer.status_code == 303, answer.text
    (number,) = set(orders(browser.shop)) - before
    assert tell(browser.shop, number, "paid") == 200
    return number


def tell(shop: Shop, number: str, told: str, **changed: Any) -> int:
    """The sandbox tells the shop this of the order; the status of the answer."""
    with shop.database.read() as connection:
        payment = payment_of_order(connection, number)
    assert payment is not None
    event = next(_EVENTS)
    raw = canonical.dumps(
        {
            "id": f"evt_{event:032x}",
            "type": f"payment.{told}",
            "created": int(shop.clock().timestamp()) + event % 250,
            "mode": "sandbox",
            "payment": payment.id,
            "order": number,
            "amount_minor": payment.money.amount_minor,
            "currency": payment.money.currency,
            **changed,
        }
    )
    signed = shop.sandbox.headers(raw, now=shop.clock())
    answer = shop.app.test_client().post("/webhooks/sandbox", data=raw, headers=signed, base_url=ORIGIN)
    return answer.status_code


def kinds(shop: Shop, number: str) -> list[str]:
    with shop.database.read() as connection:
        return [entry.kind.value for entry in ledger.of_order(connection, number)]
