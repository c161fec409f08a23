"""A shop with one real provider's library, which talks to that provider's stand-in; over SQLite and over PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gatekeeper.commerce.providers.till import Till
from tests.support.alipay_server import AlipayServer, alipay_environ, alipay_server
from tests.support.shop import Clock, open_shop
from tests.support.stripe_server import StripeServer, stripe_environ, stripe_server
from tests.support.wechat_server import WechatServer, wechat_environ, wechat_server


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def stripe_till(tmp_path: Path, clock: Clock, any_database: dict[str, str]) -> Iterator[Till[StripeServer]]:
    with (
        stripe_server(clock) as server,
        open_shop(tmp_path, clock, **stripe_environ(server.url), **any_database) as shop,
    ):
        yield Till(shop=shop, server=server, provider="stripe")


@pytest.fixture
def wechat_till(tmp_path: Path, clock: Clock, any_database: dict[str, str]) -> Iterator[Till[WechatServer]]:
    with (
        wechat_server(clock) as server,
        open_shop(tmp_path, clock, **wechat_environ(server.url), **any_database) as shop,
    ):
        yield Till(shop=shop, server=server, provider="wechat_pay")


@pytest.fixture
def alipay_till(tmp_path: Path, clock: Clock, any_database: dict[str, str]) -> Iterator[Till[AlipayServer]]:
    with (
        alipay_server(clock) as server,
        open_shop(tmp_path, clock, **alipay_environ(server.url), **any_database) as shop,
    ):
        yield Till(shop=shop, server=server, provider="alipay")
