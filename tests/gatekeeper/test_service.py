"""The whole service as one process over real HTTP: sign in, buy, unlock, and faults."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from gatekeeper.commerce.sandbox.provider import Sandbox, payment_of_order
from gatekeeper.commerce.tables import EntryRow
from gatekeeper.contract import canonical, routes
from gatekeeper.secrets import derive
from gatekeeper.storage.engine import Database, open_database
from tests.support.gatekeeper import RunningGatekeeper, running_gatekeeper, stop
from tests.support.tiny_release import CANARY

WAIT_SECONDS = 30.0


class Reader:
    """A browser that keeps cookies and follows nothing."""

    def __init__(self, running: RunningGatekeeper) -> None:
        self.running = running
        self.cookies: dict[str, str] = {}

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection("127.0.0.1", self.running.port, timeout=30)
        try:
            cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            connection.request(method, path, body or None, {"Cookie": cookie, **(headers or {})})
            answer = connection.getresponse()
            data = answer.read()
            for line in answer.headers.get_all("Set-Cookie", []):
                name, _, rest = line.partition("=")
                value = rest.partition(";")[0]
                self.cookies.pop(name, None)
                if value:
                    self.cookies[name] = value
            return answer.status, dict(answer.headers), data
        finally:
            connection.close()

    def get(self, path: str) -> str:
        status, _, body = self.ask("GET", path)
        assert status == 200, (path, status, body[:300])
        return body.decode()

    def post(self, path: str, fields: dict[str, str], *, form: str) -> str:
        """Fetches the form, posts, and returns where it leads."""
        token = re.search(r'name="form_token" value="([0-9a-f]+)"', self.get(form))
        assert token is not None
        body = urlencode({"form_token": token.group(1), **fields}).encode()
        origin = f"http://127.0.0.1:{self.running.port}"
        headers = {"Origin": origin, "Content-Type": "application/x-www-form-urlencoded"}
        status, answer, data = self.ask("POST", path, body, headers)
        assert status == 303, (path, status, data[:300])
        return answer["location"] if "location" in answer else answer["Location"]

    def sign_in(self, email: str) -> None:
        self.post("/sign-in", {"email": email}, form="/sign-in")
        outbox = self.get("/outbox")
        code = re.search(rf"<h2>(\d{{6}})[^<]*</h2>\s*<p[^>]*>[^<]*<bdi>{re.escape(email)}", outbox)
        assert code is not None
        self.post("/sign-in/code", {"code": code.group(1)}, form="/sign-in/code")

    def part(self, lesson: str) -> tuple[int, dict[str, object]]:
        status, _, body = self.ask("GET", f"{routes.PARTS}{lesson}")
        return status, json.loads(body)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGatekeeper]:
    with running_gatekeeper(tmp_path_factory.mktemp("service"), environ={"LYCEUM_WORKERS": "2"}) as started:
        yield started


@pytest.fixture
def database(running: RunningGatekeeper) -> Iterator[Database]:
    opened = open_database(running.settings.database_url.reveal_text())
    yield opened
    opened.close()


def until(what: object, look: Callable[[], object]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if look() == what:
            return
        time.sleep(0.1)
    raise AssertionError(f"{what!r} did not come")


def test_the_story_anonymous_buy_unlock_and_a_second_reader_denied(running: RunningGatekeeper) -> None:
    ada, eve = Reader(running), Reader(running)
    assert ada.part("demo/paid")[0] == 401
    ada.sign_in("ada@example.org")
    assert ada.part("demo/paid") == (403, {"reason": "no-access", "products": ["demo", "everything"]})
    checkout = ada.post("/buy/demo?lesson=demo/paid", {}, form="/buy/demo?lesson=demo/paid")
    order = ada.post(checkout, {"step": "pay"}, form=checkout)
    page = ada.get(order)
    assert 'data-state="paid"' in page
    assert "http://127.0.0.1:9/school/demo/paid/" in page
    status, part = ada.part("demo/paid")
    assert status == 200
    assert CANARY in ada.running.follow(str(part["url"])).body
    eve.sign_in("eve@example.org")
    assert eve.part("demo/paid")[0] == 403
    assert eve.ask("GET", order)[0] == 404
    assert ada.part("other/paid")[0] == 403
    assert CANARY.decode() in ada.get("/gate/read/demo/paid")


def test_a_late_payment_completes_by_itself_in_the_background(running: RunningGatekeeper) -> None:
    reader = Reader(running)
    reader.sign_in("late@example.org")
    checkout = reader.post("/buy/other", {}, form="/buy/other")
    order = reader.post(checkout, {"step": "late"}, form=checkout)
    assert json.loads(reader.get(f"{order}/state")) == {"state": "pending"}
    assert json.loads(reader.get(routes.READER))["pending"] == ["other"]
    until({"state": "paid"}, lambda: json.loads(reader.get(f"{order}/state")))
    assert reader.part("other/paid")[0] == 200


def test_after_signing_out_the_gate_is_closed_to_this_browser(running: RunningGatekeeper) -> None:
    """S07."""
    reader = Reader(running)
    reader.sign_in("out@example.org")
    reader.ask("GET", routes.READER)
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', reader.get("/sign-out"))
    assert token is not None
    body = urlencode({"form_token": token.group(1)}).encode()
    headers = {
        "Origin": f"http://127.0.0.1:{running.port}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert reader.ask("POST", "/sign-out", body, headers)[0] == 200
    assert reader.part("demo/member")[0] == 401
    assert json.loads(reader.get(routes.READER)) == {"signed_in": False}


def test_the_gate_renews_through_the_service_and_ends_the_round(running: RunningGatekeeper) -> None:
    reader = Reader(running)
    reader.sign_in("renew@example.org")
    del reader.cookies[running.settings.entitlement_cookie]
    status, headers, _ = reader.ask("GET", "/gate/read/demo/member", headers={"Accept": "text/html"})
    assert status == 302
    status, headers, _ = reader.ask("GET", headers["location"])
    assert (status, headers["location"]) == (303, "/gate/read/demo/member?renewed=1")
    assert CANARY.decode() in reader.get(headers["location"])
    reader.cookies = {running.settings.session_cookie: "x" * 43}
    _, headers, _ = reader.ask("GET", "/gate/read/demo/member", headers={"Accept": "text/html"})
    _, headers, _ = reader.ask("GET", headers["location"])
    status, _, _ = reader.ask("GET", headers["location"], headers={"Accept": "text/html"})
    assert status == 401
    assert running.settings.session_cookie not in reader.cookies


def test_w05_fifty_parallel_deliveries_to_two_processes_make_one_line(
    running: RunningGatekeeper, database: Database
) -> None:
    reader = Reader(running)
    reader.sign_in("many@example.org")
    checkout = reader.post("/buy/everything", {}, form="/buy/everything")
    page = reader.get(checkout)
    order = re.search(r"L-\d{8}-[0-9A-Z]{6}", page)
    assert order is not None
    raw, headers = signed_payment(running, database, order.group())
    statuses: list[int] = []

    def deliver() -> None:
        statuses.append(Reader(running).ask("POST", "/webhooks/sandbox", raw, headers)[0])

    threads = [threading.Thread(target=deliver) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 50
    with database.read() as connection:
        paid = select(func.count()).where(EntryRow.order_number == order.group(), EntryRow.kind == "paid")
        assert connection.execute(paid).scalar_one() == 1


def signed_payment(
    running: RunningGatekeeper, database: Database, order: str
) -> tuple[bytes, dict[str, str]]:
    with database.read() as connection:
        payment = payment_of_order(connection, order)
    assert payment is not None
    raw = canonical.dumps(
        {
            "id": f"evt_{payment.id}",
            "type": "payment.paid",
            "created": int(time.time()),
            "mode": "sandbox",
            "payment": payment.id,
            "order": order,
            "amount_minor": payment.money.amount_minor,
            "currency": payment.money.currency,
        }
    )
    sandbox = Sandbox(derive(running.settings.secret_key, "sandbox webhooks"), is_live_mode=False)
    return raw, sandbox.headers(raw, now=datetime.now(UTC))


def test_z07_what_was_acknowledged_survives_a_kill_and_what_was_not_is_delivered_again(
    tmp_path: Path,
) -> None:
    with running_gatekeeper(tmp_path) as first:
        reader = Reader(first)
        reader.sign_in("ada@example.org")
        database = open_database(first.settings.database_url.reveal_text())
        acknowledged = []
        for number, product in enumerate(("demo", "other")):
            checkout = reader.post(f"/buy/{product}", {}, form=f"/buy/{product}")
            order = re.search(r"L-\d{8}-[0-9A-Z]{6}", reader.get(checkout))
            assert order is not None
            raw, headers = signed_payment(first, database, order.group())
            if number == 0:
                assert reader.ask("POST", "/webhooks/sandbox", raw, headers)[0] == 200
            acknowledged.append(raw)
        first.process.kill()
        first.process.wait()
    with running_gatekeeper(tmp_path, publish=False) as second:
        for raw in acknowledged:
            sandbox = Sandbox(derive(second.settings.secret_key, "sandbox webhooks"), is_live_mode=False)
            headers = sandbox.headers(raw, now=datetime.now(UTC))
            assert Reader(second).ask("POST", "/webhooks/sandbox", raw, headers)[0] == 200
        with database.read() as connection:
            paid = connection.execute(
                select(EntryRow.product).where(EntryRow.kind == "paid").order_by(EntryRow.id)
            )
            assert list(paid.scalars()) == ["demo", "other"]
        database.close()
        assert stop(second.process) == 0


def test_d04_the_log_of_the_process_names_no_reader_code_or_token(running: RunningGatekeeper) -> None:
    reader = Reader(running)
    reader.sign_in("private.person@example.org")
    reader.get("/account")
    log = running.log.read_text("utf-8", "replace")
    assert "private.person" not in log
    for value in reader.cookies.values():
        assert value not in log


def test_h02_the_limit_holds_over_a_real_connection_whatever_the_headers_say(
    running: RunningGatekeeper,
) -> None:
    """The server says who is connected; two processes share the count."""
    reader = Reader(running)
    token = re.search(r'name="form_token" value="([0-9a-f]+)"', reader.get("/sign-in"))
    assert token is not None
    statuses = []
    for number in range(8):
        body = urlencode({"form_token": token.group(1), "email": "victim@example.org"}).encode()
        headers = {
            "Origin": f"http://127.0.0.1:{running.port}",
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Forwarded-For": f"203.0.113.{number}",
        }
        statuses.append(reader.ask("POST", "/sign-in", body, headers)[0])
    assert statuses == [303] * 5 + [429] * 3
