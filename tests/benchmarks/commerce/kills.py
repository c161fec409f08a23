"""Kills the service again and again while payment messages pour in, and counts what is left (attack case Z07).

    python -m tests.benchmarks.commerce.kills --kills 200              SQLite
    python -m tests.benchmarks.commerce.kills --kills 200 --postgres   PostgreSQL, a server of its own

Every round forks a service over the same database, lets four threads deliver Stripe's messages to it (of all orders in random order, each
possibly for the tenth time) and ends it with SIGKILL, some random milliseconds after it has answered a random number of them with 200,
which the parent writes down.
After each round all of that must be in the ledger; after the last, what was never answered is delivered once more. Prints JSON:
counts, and what was wrong, which must be nothing. Exits with 1 if something was.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import func, insert, select

from gatekeeper.accounts.tables import MailRow, ReaderRow
from gatekeeper.app import close, create_app
from gatekeeper.commerce import ledger, offers, orders
from gatekeeper.commerce.entitlements import OrderState, State, entitlements, order_state
from gatekeeper.commerce.tables import EntryRow, ProviderEventRow
from gatekeeper.gate.library import Library
from gatekeeper.settings import Settings
from gatekeeper.storage.engine import open_database
from gatekeeper.storage.migrate import upgrade
from tests.support.databases import postgres_cluster
from tests.support.shop import ORIGIN, START, Clock, school, settings_for
from tests.support.stripe_server import KEY, SECRET, StripeServer, raw_of

THREADS = 4
MOST_ANSWERS = 12  # in one life
LONGEST_WAIT_SECONDS = 0.03
WANTED = {"created": 1, "paid": 1, "refunded": 1, "disputed": 1}


@dataclass
class Bombardment:
    """messages: (raw, headers, the fact's name). acknowledged: indices of those that were answered with 200."""

    settings: Settings
    orders: Sequence[str]
    messages: Sequence[tuple[bytes, dict[str, str], str]]
    acknowledged: set[int] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)
    answers: int = 0

    def round(self, chance: random.Random) -> None:
        """One life of the service."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            _serve(self.settings, self.messages, writing, chance.randrange(2**32))
        os.close(writing)
        said = b""
        try:
            wanted = 1 + chance.randint(0, MOST_ANSWERS)  # the first line says that it is up
            while said.count(b"\n") < wanted and (more := os.read(reading, 65536)):
                said += more
            time.sleep(chance.uniform(0, LONGEST_WAIT_SECONDS))
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        with os.fdopen(reading, "rb") as pipe:
            said += pipe.read()
        for line in said.split(b"\n")[1:-1]:
            self.acknowledged.add(int(line))
            self.answers += 1

    def check(self) -> None:
        """Everything that was acknowledged is in the ledger, or waits under the name of its payment."""
        database = open_database(self.settings.database_url.reveal_text())
        try:
            with database.read() as connection:
                known = set(
                    connection.execute(select(EntryRow.event).where(EntryRow.source == "stripe")).scalars()
                )
                known |= set(
                    connection.execute(
                        select(ProviderEventRow.event).where(ProviderEventRow.reference.is_not(None))
                    ).scalars()
                )
        finally:
            database.close()
        self.lost += [
            self.messages[one][2] for one in self.acknowledged if self.messages[one][2] not in known
        ]


def _serve(
    settings: Settings, messages: Sequence[tuple[bytes, dict[str, str], str]], pipe: int, seed: int
) -> None:
    """The child: delivers to itself until it is killed. Never returns."""
    library = cast(Library, SimpleNamespace(manifest=school()))
    app = create_app(settings, library, clock=Clock(), with_background=False)
    os.write(pipe, b"+\n")

    def deliver(chance: random.Random) -> None:
        client = app.test_client()
        while True:
            one = chance.randrange(len(messages))
            raw, headers, _ = messages[one]
            status = client.post("/webhooks/stripe", data=raw, headers=headers, base_url=ORIGIN).status_code
            if status == 200:
                os.write(pipe, b"%d\n" % one)

    for turn in range(THREADS):
        threading.Thread(target=deliver, args=(random.Random(seed + turn),), daemon=True).start()
    while True:
        time.sleep(60)


def prepared(folder: Path, database_url: str, count: int) -> Bombardment:
    """`count` readers with an order each, and four messages about each: created, paid, refunded, disputed."""
    settings = settings_for(
        folder,
        LYCEUM_DATABASE_URL=database_url,
        LYCEUM_STRIPE_KEY=KEY,
        LYCEUM_STRIPE_WEBHOOK_SECRETS=SECRET,
    )
    database = open_database(database_url)
    upgrade(database)
    offer = offers.find_offer(school(), "rust", language="en", currency="USD")
    assert offer is not None
    numbers = []
    with database.write() as connection:
        for turn in range(count):
            reader = f"{turn:032x}"
            connection.execute(
                insert(ReaderRow).values(
                    id=reader, email=f"reader{turn}@example.org", language="en", created_at=START
                )
            )
            made = orders.create(
                connection, offer, reader=reader, lesson=None, language="en", provider="stripe", now=START
            )
            numbers.append(made.number)
    database.close()
    messages = []
    server = StripeServer(clock=Clock())
    for number in numbers:
        for event in _events(server, number):
            raw = raw_of(event)
            messages.append((raw, server.sign(raw), _fact(event)))
    return Bombardment(settings=settings, orders=numbers, messages=messages)


def _events(server: StripeServer, number: str) -> Iterator[dict[str, Any]]:
    labels = {"lyceum_order": number}
    opened = server._open(
        {
            "mode": "payment",
            "client_reference_id": number,
            "metadata": labels,
            "payment_intent_data": {"metadata": labels},
            "line_items": {
                "0": {
                    "quantity": "1",
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": "1500",
                        "product_data": {"name": "Rust"},
                    },
                }
            },
            "success_url": ORIGIN,
            "cancel_url": ORIGIN,
            "locale": "en",
            "expires_at": str(int(START.timestamp()) + 7200),
        }
    )
    yield from server.pay(json.loads(opened.body)["id"])
    payment = server.events[-1]["data"]["object"]["payment_intent"]
    yield server.refund(payment, 700)
    yield server.dispute(payment, 1500)


def _fact(event: dict[str, Any]) -> str:
    kind, found = event["type"], event["data"]["object"]
    words = {
        "payment_intent.created": ("created", found["id"]),
        "checkout.session.completed": ("paid", found.get("payment_intent")),
        "refund.created": ("refunded", found["id"]),
        "charge.dispute.created": ("disputed", found["id"]),
    }
    return ":".join(str(word) for word in words[kind])


def finish(work: Bombardment) -> dict[str, Any]:
    """Delivers what was never acknowledged, and looks at every order."""
    library = cast(Library, SimpleNamespace(manifest=school()))
    app = create_app(work.settings, library, clock=Clock(), with_background=False)
    wrong: list[str] = []
    try:
        client = app.test_client()
        rest = [one for one in range(len(work.messages)) if one not in work.acknowledged]
        for one in rest:
            raw, headers, fact = work.messages[one]
            status = client.post("/webhooks/stripe", data=raw, headers=headers, base_url=ORIGIN).status_code
            if status != 200:
                wrong.append(f"{fact} was answered with {status}")
        database = app.extensions["lyceum"].database
        with database.read() as connection:
            for turn, number in enumerate(work.orders):
                lines = ledger.of_order(connection, number)
                kinds = Counter(line.kind.value for line in lines if line.source == "stripe")
                held = entitlements(ledger.of_reader(connection, f"{turn:032x}"), START).holdings
                if kinds != WANTED:
                    wrong.append(f"{number} has {dict(kinds)}")
                if order_state(lines) is not OrderState.DISPUTED or held["rust"].state is not State.DISPUTED:
                    wrong.append(f"{number} is {order_state(lines).value}")
            mails = Counter(
                key.partition(":")[0] for key in connection.execute(select(MailRow.key)).scalars()
            )
            waiting = connection.execute(
                select(func.count()).where(ProviderEventRow.processed_at.is_(None))
            ).scalar_one()
            if database.engine.dialect.name == "sqlite":
                verdict = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
                if verdict != "ok":
                    wrong.append(f"integrity: {verdict}")
    finally:
        close(app)
    if mails != {"receipt": len(work.orders), "refund": len(work.orders)}:
        wrong.append(f"mails {dict(mails)}")
    if waiting:
        wrong.append(f"{waiting} messages still wait")
    return {
        "orders": len(work.orders),
        "messages": len(work.messages),
        "answered before the last kill": work.answers,
        "acknowledged before the last kill": len(work.acknowledged),
        "acknowledged and lost": sorted(set(work.lost)),
        "wrong": wrong,
    }


def bombard(folder: Path, database_url: str, *, kills: int, seed: int) -> dict[str, Any]:
    work = prepared(folder, database_url, count=max(20, kills // 2))
    chance = random.Random(seed)
    for _ in range(kills):
        work.round(chance)
        work.check()
    return {"kills": kills, "seed": seed, **finish(work)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill the service during webhook load.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--postgres", action="store_true")
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = f"sqlite:///{folder / 'kills.db'}"
        if chosen.postgres:
            url = stack.enter_context(postgres_cluster())
        result = bombard(folder, url, kills=chosen.kills, seed=chosen.seed)
    print(json.dumps(result, indent=2))
    sys.exit(1 if result["wrong"] or result["acknowledged and lost"] else 0)


if __name__ == "__main__":
    main()
