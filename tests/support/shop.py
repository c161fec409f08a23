"""The service as tests use it: over a database in a folder, with a clock that stands still, a school with four products, and browsers.

    with open_shop(tmp_path) as shop:
        reader = shop.browser()
        reader.sign_in("ada@example.org")
        answer = reader.post("/buy/rust", {}, form="/buy/rust")

A `Browser` is Flask's test client with a cookie jar, an Origin, and the habit of fetching the form before it posts it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.post.outbox import Mail
from gatekeeper.accounts.tables import MailRow, ReaderRow
from gatekeeper.app import close, create_app, jobs
from gatekeeper.commerce import ledger
from gatekeeper.commerce.entitlements import Owned, entitlements
from gatekeeper.commerce.sandbox.provider import Sandbox
from gatekeeper.contract.access import MEMBER, PUBLIC, products_rule
from gatekeeper.contract.manifest import CourseEntry, LessonEntry, Manifest, ProductEntry
from gatekeeper.environment import read_settings
from gatekeeper.gate.library import Library
from gatekeeper.settings import Settings
from gatekeeper.storage.engine import Database
from gatekeeper.web.service import EXTENSION, Service
from tests.support.databases import copy_migrated_sqlite, migrate
from tests.support.tiny_release import RELEASE_PUBLIC_KEY

ORIGIN = "https://gate.example.test"
SITE = "https://school.example.test/courses/"
START = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')
_CODE = re.compile(r"\b[0-9]{6}\b")


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **passed: float) -> None:
        self.now += timedelta(**passed)


def school() -> Manifest:
    """Two courses; `rust` and `sql` open one each, `both` the two, `all` too, by the month."""

    def lesson(id_: str, *products: str) -> LessonEntry:
        rule = products_rule(products) if products else PUBLIC
        course = id_.partition("/")[0]
        return LessonEntry(course=course, title=id_, url=f"{id_}/", access=rule)

    def product(kind: str, zh: str, en: str, cny: int, usd: int, **more: Any) -> ProductEntry:
        title, prices = {"zh": zh, "en": en}, {"CNY": cny, "USD": usd}
        grants = more.pop("grants", ())
        return ProductEntry(kind=kind, title=title, grants=grants, prices=prices, **more)

    return Manifest(
        release="20261122T080000Z-0123abcd",
        created="2026-11-22T08:00:00Z",
        commit="",
        site=SITE,
        name={"zh": "\u4e66\u9662", "en": "Test School"},
        languages=("en", "zh"),
        courses={
            "rust": CourseEntry(title="Rust", language="en", url="rust/"),
            "sql": CourseEntry(title="SQL", language="zh", url="sql/"),
        },
        lessons={
            "rust/free": lesson("rust/free"),
            "rust/traits": lesson("rust/traits", "rust", "both", "all"),
            "rust/\u751f\u547d": lesson("rust/\u751f\u547d", "rust", "both", "all"),
            "sql/joins": lesson("sql/joins", "sql", "both", "all"),
            "sql/hello": LessonEntry(course="sql", title="hello", url="sql/hello/", access=MEMBER),
        },
        parts={},
        files={},
        products={
            "rust": product("course", "Rust \u8bfe", "Rust course", 9900, 1500, refund_days=14),
            "sql": product("course", "SQL \u8bfe", "SQL course", 9900, 1500),
            "both": product("bundle", "\u5408\u96c6", "Both courses", 17900, 2700),
            "all": product(
                "subscription", "\u8ba2\u9605", "All access", 2900, 500, interval="month", grants=("*",)
            ),
            "old": product("course", "\u65e7", "Old course", 100, 100, active=False),
            "free": product("course", "\u514d\u8d39", "Costs nothing", 0, 0),
        },
    )


def settings_for(folder: Path, **environ: str) -> Settings:
    """A demo's settings behind https; `environ` overrides them."""
    return read_settings(
        {
            "LYCEUM_MODE": "demo",
            "LYCEUM_STATE": str(folder / "state"),
            "LYCEUM_GATEKEEPER_URL": ORIGIN,
            "LYCEUM_SITE_URL": SITE,
            **environ,
        }
    )


def live_environ(folder: Path) -> dict[str, str]:
    """What turns them into a live school's."""
    return {
        "LYCEUM_MODE": "live",
        "LYCEUM_STORE": (folder / "store").as_uri(),
        "LYCEUM_SECRET_KEY": bytes(range(32)).hex(),
        "LYCEUM_TOKEN_KEYS": bytes(range(40, 72)).hex(),
        "LYCEUM_RELEASE_PUBLIC_KEYS": RELEASE_PUBLIC_KEY,
        "LYCEUM_SMTP_URL": "smtp://127.0.0.1:9",
        "LYCEUM_MAIL_FROM": "Test School <school@example.test>",
    }


class Browser:
    """One reader's browser. last: the last answer."""

    def __init__(
        self, shop: Shop, *, origin: str | None = ORIGIN, address: str = "192.0.2.7", agent: str = ""
    ) -> None:
        self.shop = shop
        self.origin = origin
        self.agent = agent
        self.address = address
        self.client: FlaskClient = shop.app.test_client()
        self.last: TestResponse | None = None

    def get(self, path: str, **options: Any) -> TestResponse:
        return self._open("GET", path, options)

    def post(
        self, path: str, data: Mapping[str, str], *, form: str | None = None, **options: Any
    ) -> TestResponse:
        """form: the page whose form this is, fetched first for its token; without it, the last page."""
        page = self.get(form) if form is not None else self.last
        assert page is not None
        token = _TOKEN.search(page.text)
        fields = {**({"form_token": token.group(1)} if token else {}), **data}
        options["data"] = fields
        headers = dict(options.pop("headers", {}))
        if self.origin is not None:
            headers.setdefault("Origin", self.origin)
        return self._open("POST", path, {**options, "headers": headers})

    def cookie(self, name: str) -> str | None:
        found = self.client.get_cookie(f"__Host-lyceum_{name}", domain=urlsplit(ORIGIN).hostname or "")
        return found.value if found else None

    def ask_code(self, email: str, *, target: str = "/account") -> str:
        """Asks for a code and reads it in the mail."""
        answer = self.post("/sign-in", {"email": email, "next": target}, form="/sign-in")
        assert answer.status_code == 303, answer.status_code
        return self.shop.code_for(email.lower())

    def sign_in(self, email: str, *, target: str = "/account") -> TestResponse:
        code = self.ask_code(email, target=target)
        answer = self.post("/sign-in/code", {"code": code}, form="/sign-in/code")
        assert answer.status_code == 303, answer.text
        return answer

    def order(self, product: str, *, lesson: str = "", currency: str = "USD") -> str:
        """Orders the product and stops at the checkout. Returns the checkout's path."""
        path = f"/buy/{product}" + (f"?lesson={lesson}" if lesson else "")
        answer = self.post(path, {"currency": currency}, form=path)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def buy(self, product: str, *, lesson: str = "", step: str = "pay") -> str:
        """Orders, and does `step` at the sandbox. Returns the order's path."""
        checkout = self.order(product, lesson=lesson)
        answer = self.post(checkout, {"step": step}, form=checkout)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def _open(self, method: str, path: str, options: dict[str, Any]) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if self.agent:
            headers.setdefault("User-Agent", self.agent)
        self.last = self.client.open(
            path,
            method=method,
            base_url=options.pop("base_url", ORIGIN),
            headers=headers,
            environ_overrides={"REMOTE_ADDR": self.address},
            **options,
        )
        return self.last


@dataclass
class Shop:
    app: Flask
    clock: Clock
    library: SimpleNamespace
    browsers: list[Browser] = field(default_factory=list)

    @property
    def service(self) -> Service:
        served = self.app.extensions[EXTENSION]
        assert isinstance(served, Service)
        return served

    @property
    def database(self) -> Database:
        return self.service.database

    @property
    def sandbox(self) -> Sandbox:
        found = self.service.sandbox
        assert found is not None
        return found

    def browser(self, **options: Any) -> Browser:
        return Browser(self, **options)

    def run_jobs(self) -> None:
        """One turn of the background thread."""
        for job in jobs(self.app):
            job()

    def mails(self) -> list[Mail]:
        """Every mail, the newest first."""
        with self.database.read() as connection:
            return outbox.shown(connection, most=1000)

    def mail_count(self) -> int:
        with self.database.read() as connection:
            return connection.execute(select(func.count()).select_from(MailRow)).scalar_one()

    def code_for(self, email: str) -> str:
        mail = next(mail for mail in self.mails() if mail.recipient == email and mail.key[:8] == "sign-in:")
        found = _CODE.search(mail.letter.subject)
        assert found is not None
        return found.group()

    def link_for(self, email: str) -> str:
        """The path of the link in the newest sign-in mail."""
        mail = next(mail for mail in self.mails() if mail.recipient == email and mail.key[:8] == "sign-in:")
        found = re.search(r"https?://\S+", mail.letter.text)
        assert found is not None
        return urlsplit(found.group()).path

    def owned(self, email: str) -> Owned:
        with self.database.read() as connection:
            reader = connection.execute(select(ReaderRow.id).where(ReaderRow.email == email)).scalar_one()
            return entitlements(ledger.of_reader(connection, reader), self.clock())


def visible(answer: TestResponse) -> str:
    """The page's text without tags, to look for words in."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", answer.text)))


@contextmanager
def open_shop(folder: Path, clock: Clock | None = None, /, **environ: str) -> Iterator[Shop]:
    """A service without a background thread; closed at the end. clock: one that others look at, too."""
    settings = settings_for(folder, **environ)
    url = make_url(settings.database_url.reveal_text())
    if url.get_backend_name() == "sqlite" and url.database:
        copy_migrated_sqlite(Path(url.database))
    elif not settings.is_demo:
        migrate(settings.database_url.reveal_text())
    clock = clock or Clock()
    library = SimpleNamespace(manifest=school())
    app = create_app(settings, cast(Library, library), clock=clock, with_background=False)
    try:
        yield Shop(app=app, clock=clock, library=library)
    finally:
        close(app)
