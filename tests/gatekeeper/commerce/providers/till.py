"""A shop and a provider's stand-in together: a reader who orders, deliveries, and what came of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any, Generic, TypeVar

from sqlalchemy import select

from gatekeeper.commerce import ledger
from gatekeeper.commerce import orders as room
from gatekeeper.commerce.entitlements import Owned, State
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.reconcile import Finding, reconcile
from gatekeeper.commerce.tables import EntryRow, OrderRow, ProviderEventRow
from tests.support.shop import ORIGIN, Browser, Shop
from tests.support.stripe_server import StripeServer, raw_of

READER = "ada@example.org"
_ADDRESS = re.compile(r'<a class="button" href="([^"]+)"[^>]*data-pay-on')

Server = TypeVar("Server")


@dataclass
class Till(Generic[Server]):
    shop: Shop
    server: Server
    provider: str

    def reader(self, email: str = READER, **options: Any) -> Browser:
        signed_in = self.shop.browser(**options)
        signed_in.sign_in(email)
        return signed_in

    def order(self, reader: Browser, product: str = "rust", *, currency: str = "CNY") -> str:
        """Orders and chooses this provider. Returns the order's number."""
        answer = reader.post(
            f"/buy/{product}",
            {"currency": currency, "provider": self.provider},
            form=f"/buy/{product}?currency={currency}",
        )
        assert answer.status_code == 303, answer.text
        _, _, number = answer.headers["Location"].rpartition("/")
        assert answer.headers["Location"] == f"/pay/{number}"
        return number

    def address(self, reader: Browser, number: str) -> str:
        """Where the payment page leads on to."""
        page = reader.get(f"/pay/{number}")
        found = _ADDRESS.search(page.text)
        assert found is not None, page.text
        return unescape(found.group(1))

    def deliver(self, raw: bytes, headers: Mapping[str, str]) -> int:
        return self.answer(raw, headers)[0]

    def answer(self, raw: bytes, headers: Mapping[str, str]) -> tuple[int, bytes, str]:
        """Status, body and type of what the shop says to a delivery."""
        said = self.shop.app.test_client().post(
            f"/webhooks/{self.provider}", data=raw, headers=dict(headers), base_url=ORIGIN
        )
        return said.status_code, said.data, said.headers["Content-Type"]

    def kinds(self) -> list[str]:
        """Kinds of the provider's lines, as recorded."""
        with self.shop.database.read() as connection:
            rows = connection.execute(
                select(EntryRow.kind).where(EntryRow.source == self.provider).order_by(EntryRow.id)
            )
            return list(rows.scalars())

    def lines(self, number: str) -> list[ledger.Entry]:
        with self.shop.database.read() as connection:
            return ledger.of_order(connection, number)

    def outcomes(self) -> list[str]:
        with self.shop.database.read() as connection:
            return list(
                connection.execute(select(ProviderEventRow.outcome).order_by(ProviderEventRow.id)).scalars()
            )

    def found(self, number: str) -> Order:
        with self.shop.database.read() as connection:
            order = room.find(connection, number)
        assert order is not None
        return order

    def state(self, reader: Browser, number: str) -> str:
        answer = reader.get(f"/orders/{number}/state").json
        assert answer is not None
        return str(answer["state"])

    def mails(self) -> list[str]:
        """The first words of the keys of all mails about money, sorted."""
        words = sorted(mail.key.partition(":")[0] for mail in self.shop.mails())
        return [word for word in words if word in {"receipt", "refund"}]

    @property
    def owned(self) -> Owned:
        return self.shop.owned(READER)

    def held(self, product: str = "rust") -> State:
        """The state of what the reader holds of this product."""
        return self.owned.holdings[product].state

    def reconcile(self, *, hours: float = 24, is_applied: bool = True) -> list[Finding]:
        from datetime import timedelta

        providers = self.shop.service.providers
        return list(
            reconcile(
                self.shop.database,
                {self.provider: providers[self.provider]},
                since=self.shop.clock() - timedelta(hours=hours),
                post=self.shop.service.post,
                clock=self.shop.clock,
                is_applied=is_applied,
            )
        )

    def orders(self) -> int:
        with self.shop.database.read() as connection:
            return len(connection.execute(select(OrderRow.number)).all())


def stripe_deliver(till: Till[StripeServer], *events: dict[str, Any]) -> list[int]:
    """Delivers events as Stripe does."""
    statuses = []
    for event in events:
        raw = raw_of(event)
        statuses.append(till.deliver(raw, till.server.sign(raw)))
    return statuses


def stripe_session(till: Till[StripeServer], reader: Browser, number: str) -> str:
    """Opens the order's Checkout. Returns the session's id."""
    return till.address(reader, number).rpartition("/")[2]


def changed(raw: bytes, **fields: Any) -> bytes:
    return json.dumps({**json.loads(raw), **fields}).encode()
