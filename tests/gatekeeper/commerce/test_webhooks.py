"""A provider's messages: whole, once, in any order, through failures. Over SQLite and PostgreSQL."""

from __future__ import annotations

import itertools
import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import OperationalError

from gatekeeper.accounts.tables import MailRow
from gatekeeper.commerce import ledger, webhooks
from gatekeeper.commerce.entitlements import State
from gatekeeper.commerce.receipts import ReceiptPost
from gatekeeper.commerce.sandbox.provider import payment_of_order
from gatekeeper.commerce.settle import Outcome
from gatekeeper.commerce.tables import EntryRow, OrderRow, ProviderEventRow
from gatekeeper.contract import canonical
from gatekeeper.storage import engine as storage
from tests.support.shop import ORIGIN, Browser, Shop

VECTORS = Path(__file__).resolve().parents[4] / "shared/security/vectors/JSONTestSuite/test_parsing"


@pytest.fixture
def reader(any_shop: Shop) -> Browser:
    signed_in = any_shop.browser()
    signed_in.sign_in("ada@example.org")
    return signed_in


def ordered(reader: Browser, product: str = "rust") -> str:
    """An order that nobody has paid. Returns its number."""
    reader.order(product)
    with reader.shop.database.read() as connection:
        return (
            connection.execute(select(OrderRow.number).order_by(OrderRow.created_at.desc())).scalars().first()
            or ""
        )


def message(shop: Shop, for_order: str, told: str, number: int = 1, **changed: Any) -> bytes:
    with shop.database.read() as connection:
        payment = payment_of_order(connection, for_order)
    assert payment is not None
    return canonical.dumps(
        {
            "id": f"evt_{number:032x}",
            "type": f"payment.{told}",
            "created": int(shop.clock().timestamp()) + number,
            "mode": "sandbox",
            "payment": payment.id,
            "order": for_order,
            "amount_minor": payment.money.amount_minor,
            "currency": payment.money.currency,
            **changed,
        }
    )


def deliver(shop: Shop, raw: bytes, headers: dict[str, str] | None = None) -> int:
    signed = shop.sandbox.headers(raw, now=shop.clock()) if headers is None else headers
    answer = shop.app.test_client().post("/webhooks/sandbox", data=raw, headers=signed, base_url=ORIGIN)
    return answer.status_code


def ledger_kinds(shop: Shop) -> list[str]:
    """Kinds of the provider's lines, as recorded."""
    with shop.database.read() as connection:
        rows = connection.execute(
            select(EntryRow.kind).where(EntryRow.source == "sandbox").order_by(EntryRow.id)
        )
        return list(rows.scalars())


def receipts(shop: Shop) -> int:
    return sum(mail.key.partition(":")[0] == "receipt" for mail in shop.mails())


def test_w05_fifty_parallel_deliveries_make_one_line_one_grant_one_mail(
    any_shop: Shop, reader: Browser
) -> None:
    raw = message(any_shop, ordered(reader), "paid")
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(deliver(any_shop, raw))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 50
    assert ledger_kinds(any_shop) == ["paid"]
    assert receipts(any_shop) == 1
    assert any_shop.owned("ada@example.org").ends == {"rust": None}


def test_a_repetition_is_known_as_one_and_an_old_one_sends_no_second_mail(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    raw = message(shop, ordered(reader), "paid")

    def receive() -> Outcome:
        headers = shop.sandbox.headers(raw, now=shop.clock())
        return webhooks.receive(
            shop.database, shop.sandbox, raw, headers, post=shop.service.post, now=shop.clock()
        )

    assert [receive(), receive()] == [Outcome.RECORDED, Outcome.REPEATED]
    with shop.database.write() as connection:  # replayed long after, when the outbox has been swept
        connection.execute(delete(MailRow))
        connection.execute(update(ProviderEventRow).values(processed_at=None))
    assert receive() is Outcome.REPEATED
    assert (ledger_kinds(shop), receipts(shop)) == (["paid"], 0)


@pytest.mark.parametrize("order", list(itertools.permutations(["created", "paid", "refunded"])))
def test_w06_every_order_of_arrival_ends_refunded_with_one_line_each(
    shop: Shop, order: tuple[str, ...]
) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    number = ordered(reader)
    numbers = {"created": 1, "paid": 2, "refunded": 3}
    for told in order:
        for _ in range(2):  # each one twice
            assert deliver(shop, message(shop, number, told, numbers[told])) == 200
    assert sorted(ledger_kinds(shop)) == ["created", "paid", "refunded"]
    assert shop.owned("ada@example.org").holdings["rust"].state is State.REFUNDED
    assert receipts(shop) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"amount_minor": 1},
        {"amount_minor": 1499},
        {"amount_minor": 150000},
        {"currency": "CNY"},
        {"currency": "JPY"},
    ],
)
def test_w11_a_payment_that_is_not_the_orders_opens_nothing_and_is_reported(
    shop: Shop, changed: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    number = ordered(reader)
    assert deliver(shop, message(shop, number, "paid", **changed)) == 200
    assert ledger_kinds(shop) == ["mismatched"]
    assert shop.owned("ada@example.org").holdings == {}
    assert receipts(shop) == 0
    assert any(record.levelname == "ERROR" and number in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    "changed",
    [
        {"amount_minor": 0},
        {"amount_minor": -1500},
        {"amount_minor": 1500.0},
        {"amount_minor": True},
        {"amount_minor": "1500"},
        {"amount_minor": 10**30},
        {"currency": "usd"},
        {"currency": None},
        {"mode": "live"},
        {"mode": "test"},
        {"type": "payment.given"},
        {"type": ["payment.paid"]},
        {"id": "evt_1"},
        {"id": None},
        {"order": "L-1 OR 1=1"},
        {"order": "L-20261122-7K3F9Q\n"},
        {"created": -1},
        {"created": 10**18},
        {"created": "now"},
    ],
)
def test_w10_a_signed_message_of_another_shape_or_mode_is_refused(
    shop: Shop, changed: dict[str, Any]
) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    raw = message(shop, ordered(reader), "paid", **changed)
    assert deliver(shop, raw) == 400
    assert ledger_kinds(shop) == []


def test_a_payment_for_an_order_that_is_not_known_is_kept_and_reported(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    raw = message(shop, ordered(reader), "paid").replace(b"L-20261122-", b"L-20251122-")
    assert deliver(shop, raw) == 200
    assert ledger_kinds(shop) == []
    with shop.database.read() as connection:
        kept = connection.execute(select(ProviderEventRow.body, ProviderEventRow.outcome)).one()
    assert (kept.body, kept.outcome) == (raw, "unknown-order")
    assert any(record.levelname == "ERROR" for record in caplog.records)


@pytest.mark.parametrize("bad", ["", "t=1", "t=1700000000,v1=00", "v1=", "\u00e9"])
def test_w01_a_message_that_is_not_signed_leaves_no_trace(shop: Shop, bad: str) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    raw = message(shop, ordered(reader), "paid")
    assert deliver(shop, raw, {"Lyceum-Signature": bad} if bad else {}) == 400
    with shop.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(ProviderEventRow)).scalar_one() == 0


def test_w02_an_old_message_and_one_from_the_future_are_refused(shop: Shop) -> None:
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    raw = message(shop, ordered(reader), "paid")
    for away in (timedelta(seconds=301), -timedelta(seconds=301)):
        assert deliver(shop, raw, shop.sandbox.headers(raw, now=shop.clock() + away)) == 400
    assert deliver(shop, raw, shop.sandbox.headers(raw, now=shop.clock() + timedelta(seconds=300))) == 200


def test_w18_a_handler_that_fails_answers_5xx_and_the_repetition_heals(
    any_shop: Shop, reader: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = message(any_shop, ordered(reader), "paid")

    def broken(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "append", broken)
        assert deliver(any_shop, raw) == 503
    with any_shop.database.read() as connection:
        row = connection.execute(select(ProviderEventRow.body, ProviderEventRow.processed_at)).one()
    assert (row.body, row.processed_at) == (raw, None)  # it was kept, and is not called done
    assert ledger_kinds(any_shop) == []
    assert deliver(any_shop, raw) == 200
    assert ledger_kinds(any_shop) == ["paid"]
    assert receipts(any_shop) == 1


def test_w18_a_failure_after_the_ledgers_line_takes_the_line_back(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line without its mail: both are one transaction."""
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    raw = message(shop, ordered(reader), "paid")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("no letter")

    with monkeypatch.context() as patch:
        patch.setattr(ReceiptPost, "receipt", broken)
        assert deliver(shop, raw) == 500
    assert ledger_kinds(shop) == []
    assert deliver(shop, raw) == 200
    assert (ledger_kinds(shop), receipts(shop)) == (["paid"], 1)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of patience with locks in place of five."""
    monkeypatch.setattr(storage, "BUSY_SECONDS", 1)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("table", ["provider_events", "ledger"])
def test_z09_a_database_that_stays_locked_answers_503_and_loses_nothing(table: str, shop: Shop) -> None:
    """SQLite: somebody writes. PostgreSQL: somebody holds the table against writers."""
    reader = shop.browser()
    reader.sign_in("ada@example.org")
    raw = message(shop, ordered(reader), "paid")
    with shop.database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        assert deliver(shop, raw) == 503
        assert reader.get("/account").status_code == 200  # reading goes on
    assert ledger_kinds(shop) == []
    assert deliver(shop, raw) == 200
    assert (ledger_kinds(shop), receipts(shop)) == (["paid"], 1)


def test_a_webhook_of_a_provider_that_is_not_set_up_is_unknown(shop: Shop) -> None:
    answer = shop.app.test_client().post("/webhooks/stripe", data=b"{}", base_url=ORIGIN)
    assert answer.status_code == 404
    assert answer.json is not None


def test_a_message_that_is_too_long_is_refused_unread(shop: Shop) -> None:
    raw = b" " * (64 * 1024 + 1)
    assert deliver(shop, raw) in {400, 413}


@pytest.mark.parametrize("name", sorted(path.name for path in VECTORS.glob("*.json")) or ["absent"])
def test_x13_no_json_body_is_an_error_of_ours(module_shop: Shop, name: str) -> None:
    if name == "absent":
        pytest.skip("the shared vectors are not here")
    raw = (VECTORS / name).read_bytes()
    assert deliver(module_shop, raw) == (400 if len(raw) <= 64 * 1024 else 413)


def test_the_raw_body_is_kept_byte_for_byte(any_shop: Shop, reader: Browser) -> None:
    whole = json.loads(message(any_shop, ordered(reader), "paid"))
    raw = json.dumps(whole, indent=3, ensure_ascii=False).encode() + b"\n\n"
    assert deliver(any_shop, raw) == 200
    with any_shop.database.read() as connection:
        assert connection.execute(select(ProviderEventRow.body)).scalar_one() == raw
