"""The pages between an order and its provider, in a real browser: they lead on under the content policy, unlock by themselves, and can be
read by everybody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, Route, expect
from werkzeug.serving import make_server

from tests.gatekeeper.commerce.providers.till import READER, Till, stripe_deliver
from tests.support.browser import *  # noqa: F403  (fixtures)
from tests.support.browser import DESKTOP, PHONE, NewContext, Watch, violations
from tests.support.gatekeeper import free_port
from tests.support.shop import Clock, open_shop
from tests.support.stripe_server import StripeServer, stripe_environ, stripe_server
from tests.support.wechat_server import WechatServer, wechat_environ, wechat_server

pytestmark = pytest.mark.browser
IN_WECHAT = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36 MicroMessenger/8.0.55"


@contextmanager
def served(folder: Path, clock: Clock, environ: dict[str, str]) -> Iterator[tuple[str, Till[None]]]:
    """The shop on a port of loopback. Yields its origin, and a till without a server."""
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    with open_shop(folder, clock, LYCEUM_GATEKEEPER_URL=origin, **environ) as shop:
        server = make_server("127.0.0.1", port, shop.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield origin, Till(shop=shop, server=None, provider="")
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def sign_in(page: Page, origin: str, till: Till[None]) -> None:
    page.goto(f"{origin}/sign-in")
    page.get_by_label("E-mail address").fill(READER)
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Six-digit code").fill(till.shop.code_for(READER))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/account")


@pytest.fixture
def wechat(tmp_path: Path) -> Iterator[tuple[str, Till[WechatServer]]]:
    clock = Clock()
    with (
        wechat_server(clock) as server,
        served(tmp_path, clock, wechat_environ(server.url)) as (origin, till),
    ):
        yield origin, Till(shop=till.shop, server=server, provider="wechat_pay")


@pytest.fixture
def stripe(tmp_path: Path) -> Iterator[tuple[str, Till[StripeServer]]]:
    clock = Clock()
    with stripe_server(clock) as server:
        environ = stripe_environ(server.url)
        with served(tmp_path, clock, environ) as (origin, till):
            yield origin, Till(shop=till.shop, server=server, provider="stripe")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_scanned_code_unlocks_the_page_by_itself(
    wechat: tuple[str, Till[WechatServer]], new_context: NewContext, scheme: str
) -> None:
    origin, till = wechat
    context = new_context(color_scheme=scheme, viewport=DESKTOP)
    watch = Watch(context, own=frozenset({origin}))
    page = context.new_page()
    sign_in(page, origin, Till(shop=till.shop, server=None, provider=""))
    page.goto(f"{origin}/buy/rust?currency=CNY")
    page.get_by_role("button", name="Pay with WeChat").click()
    expect(page.get_by_role("img", name="QR code for WeChat Pay")).to_be_visible()
    light = page.locator(".qr").evaluate("node => getComputedStyle(node).backgroundColor")
    assert light == "rgb(255, 255, 255)"  # dark on light, whatever the page's colours
    assert violations(page) == []
    number = page.url.rpartition("/")[2]
    till.deliver(*till.server.pay(number))
    page.wait_for_url(f"**/orders/{number}")
    expect(page.get_by_role("heading", name="Thank you, it is unlocked")).to_be_visible()
    watch.assert_clean()


def test_the_way_to_stripe_is_open_under_the_content_policy_and_back_leads_to_the_shop(
    stripe: tuple[str, Till[StripeServer]], new_context: NewContext
) -> None:
    origin, till = stripe
    context = new_context(viewport=PHONE)
    watch = Watch(context, own=frozenset({origin, till.server.url}))
    page = context.new_page()
    sign_in(page, origin, Till(shop=till.shop, server=None, provider=""))
    page.goto(f"{origin}/buy/rust?currency=USD")
    page.get_by_role("button", name="Pay by card").click()
    page.wait_for_url(f"{till.server.url}/c/pay/*")
    page.go_back()
    page.wait_for_url(f"{origin}/buy/rust?currency=USD")
    (session,) = till.server.sessions
    stripe_deliver(till, *till.server.pay(session))
    page.goto(till.server.sessions[session]["success_url"])
    expect(page.get_by_role("heading", name="Thank you, it is unlocked")).to_be_visible()
    assert violations(page) == []
    watch.assert_clean()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_wechats_h5_page_is_told_our_origin_and_nothing_more(
    wechat: tuple[str, Till[WechatServer]], new_context: NewContext, has_scripts: bool
) -> None:
    """It refuses readers who come from nowhere; the order's address is none of its business."""
    origin, till = wechat
    phone = IN_WECHAT.partition(" MicroMessenger")[0]
    page = new_context(user_agent=phone, viewport=PHONE, java_script_enabled=has_scripts).new_page()
    sign_in(page, origin, Till(shop=till.shop, server=None, provider=""))
    page.goto(f"{origin}/buy/rust?currency=CNY")
    page.get_by_role("button", name="Pay with WeChat").click()
    page.wait_for_url(f"{till.server.url}/cgi-bin/**")
    assert till.server.referrers == [f"{origin}/"]


def test_without_scripts_the_way_to_stripe_is_a_link_and_leads_on_by_itself(
    stripe: tuple[str, Till[StripeServer]], new_context: NewContext
) -> None:
    origin, till = stripe
    page = new_context(java_script_enabled=False).new_page()
    sign_in(page, origin, Till(shop=till.shop, server=None, provider=""))
    page.goto(f"{origin}/buy/rust?currency=USD")
    page.get_by_role("button", name="Pay by card").click()
    page.wait_for_url(f"{till.server.url}/c/pay/*")


def test_a_late_webhook_is_waited_for_and_then_unlocks(
    stripe: tuple[str, Till[StripeServer]], new_context: NewContext
) -> None:
    origin, till = stripe
    page = new_context().new_page()
    sign_in(page, origin, Till(shop=till.shop, server=None, provider=""))
    page.goto(f"{origin}/buy/rust?currency=USD")
    page.get_by_role("button", name="Pay by card").click()
    page.wait_for_url(f"{till.server.url}/c/pay/*")
    (session,) = till.server.sessions
    events = till.server.pay(session)
    page.goto(till.server.sessions[session]["success_url"])
    expect(page.get_by_role("heading", name="Paid, unlocking")).to_be_visible()
    stripe_deliver(till, *events)
    expect(page.get_by_role("heading", name="Thank you, it is unlocked")).to_be_visible()


def test_inside_wechat_the_sheet_opens_and_its_answer_leads_to_the_order(
    wechat: tuple[str, Till[WechatServer]], new_context: NewContext
) -> None:
    origin, till = wechat
    context = new_context(user_agent=IN_WECHAT, viewport=PHONE)
    till.server.openids["CODE"] = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"

    def identify(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        back = f"{query['redirect_uri'][0]}?code=CODE&state={query['state'][0]}"
        route.fulfill(status=302, headers={"Location": back})

    context.route("https://open.weixin.qq.com/**", identify)
    context.add_init_script(
        "window.WeixinJSBridge = { invoke: (name, given, told) => {"
        " sessionStorage.setItem('asked', JSON.stringify([name, given]));"
        " setTimeout(() => told({ err_msg: 'get_brand_wcpay_request:ok' }), 100); } };"
    )
    page = context.new_page()
    sign_in(page, origin, Till(shop=till.shop, server=None, provider=""))
    page.goto(f"{origin}/buy/rust?currency=CNY")
    page.get_by_role("button", name="Pay with WeChat").click()
    page.wait_for_url("**/orders/*?returned=1")
    expect(page.get_by_role("heading", name="Paid, unlocking")).to_be_visible()
    name, given = page.evaluate("JSON.parse(sessionStorage.getItem('asked'))")
    assert name == "getBrandWCPayRequest"
    assert given.keys() == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert till.kinds() == []  # what the sheet answers proves nothing
