"""A shop with one real provider's library, which talks to that provider's stand-in; over SQLite, and for what must hold on both over PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.gatekeeper.commerce.providers.till import Till
from tests.support.alipay_server import AlipayServer, alipay_environ, alipay_server
from tests.support.shop import Clock, open_shop
from tests.support.stripe_server import KEY, SECRET, StripeServer, stripe_server
from tests.support.wechat_server import WechatServer, wechat_environ, wechat_server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest) -> dict[str, str]:
    """The setting of an empty database on each engine."""
    if request.param == "sqlite":
        return {}
    url: str = request.getfixturevalue("postgres_url")
    name = f"till_{abs(hash(request.node.nodeid)):x}"
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return {"LYCEUM_DATABASE_URL": url.replace("/postgres", f"/{name}")}


@pytest.fixture
def stripe_till(tmp_path: Path, clock: Clock) -> Iterator[Till[StripeServer]]:
    with _stripe(tmp_path, clock, {}) as till:
        yield till


@pytest.fixture
def any_stripe_till(
    tmp_path: Path, clock: Clock, any_database: dict[str, str]
) -> Iterator[Till[StripeServer]]:
    with _stripe(tmp_path, clock, any_database) as till:
        yield till


@contextmanager
def _stripe(folder: Path, clock: Clock, environ: dict[str, str]) -> Iterator[Till[StripeServer]]:
    with stripe_server(clock) as server:
        account = {
            "LYCEUM_STRIPE_KEY": KEY,
            "LYCEUM_STRIPE_WEBHOOK_SECRETS": SECRET,
            "LYCEUM_STRIPE_URL": server.url,
        }
        with open_shop(folder, clock, **account, **environ) as shop:
            yield Till(shop=shop, server=server, provider="stripe")


@pytest.fixture
def wechat_till(tmp_path: Path, clock: Clock) -> Iterator[Till[WechatServer]]:
    with (
        wechat_server(clock) as server,
        open_shop(tmp_path, clock, **wechat_environ(server.url)) as shop,
    ):
        yield Till(shop=shop, server=server, provider="wechat_pay")


@pytest.fixture
def any_wechat_till(
    tmp_path: Path, clock: Clock, any_database: dict[str, str]
) -> Iterator[Till[WechatServer]]:
    with (
        wechat_server(clock) as server,
        open_shop(tmp_path, clock, **wechat_environ(server.url), **any_database) as shop,
    ):
        yield Till(shop=shop, server=server, provider="wechat_pay")


@pytest.fixture
def alipay_till(tmp_path: Path, clock: Clock) -> Iterator[Till[AlipayServer]]:
    with (
        alipay_server(clock) as server,
        open_shop(tmp_path, clock, **alipay_environ(server.url)) as shop,
    ):
        yield Till(shop=shop, server=server, provider="alipay")


@pytest.fixture
def any_alipay_till(
    tmp_path: Path, clock: Clock, any_database: dict[str, str]
) -> Iterator[Till[AlipayServer]]:
    with (
        alipay_server(clock) as server,
        open_shop(tmp_path, clock, **alipay_environ(server.url), **any_database) as shop,
    ):
        yield Till(shop=shop, server=server, provider="alipay")
