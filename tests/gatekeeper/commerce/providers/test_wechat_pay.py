"""WeChat Pay through its library: the code to scan, the phone's ways, notices and what is refused. W12 of the attack cases is here."""

from __future__ import annotations

import html
import itertools
import json
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from gatekeeper.commerce import ledger, refunds
from gatekeeper.commerce.entitlements import State
from gatekeeper.commerce.payments import ProviderRefusedError
from gatekeeper.commerce.reconcile import Found
from gatekeeper.commerce.tables import ProviderEventRow
from tests.gatekeeper.commerce.providers.till import Till, changed
from tests.support.provider_server import rsa_key
from tests.support.shop import ORIGIN, Browser, open_shop, visible
from tests.support.wechat_server import APP, WechatServer, wechat_environ

WechatTill = Till[WechatServer]

PHONE = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36"
IN_WECHAT = f"{PHONE} MicroMessenger/8.0.55"


def ordered(till: WechatTill, reader: Browser, product: str = "rust") -> str:
    """An order whose code is on the screen."""
    number = till.order(reader, product)
    assert reader.get(f"/pay/{number}").status_code == 200
    return number


def test_a_desktop_shows_a_code_and_unlocks_when_wechat_says_so(wechat_till: WechatTill) -> None:
    till, reader = wechat_till, wechat_till.reader()
    number = till.order(reader)
    page = reader.get(f"/pay/{number}")
    assert "<svg" in page.text
    assert f'data-order="{number}"' in page.text
    assert "://" not in re.sub(
        r'href="https://(gate|school)\.example\.test[^"]*"', "", page.text
    )  # nothing from elsewhere
    (begun,) = till.server.begun
    assert begun["amount"] == {"total": 9900, "currency": "CNY"}
    assert begun["notify_url"] == f"{ORIGIN}/webhooks/wechat_pay"
    assert begun["out_trade_no"] == number
    assert till.answer(*till.server.pay(number)) == (
        200,
        b'{"code": "SUCCESS", "message": "OK"}',
        "application/json",
    )
    assert till.state(reader, number) == "paid"
    assert till.owned.ends == {"rust": None}
    assert till.mails() == ["receipt"]
    assert reader.get(f"/pay/{number}").headers["Location"] == f"/orders/{number}"


def test_the_code_on_the_screen_is_wechats(wechat_till: WechatTill) -> None:
    import segno

    reader = wechat_till.reader()
    page = reader.get(f"/pay/{wechat_till.order(reader)}")
    drawn = re.search(r'<path[^>]* d="([^"]+)"', page.text.partition("<figure")[2])
    expected = segno.make("weixin://wxpay/bizpayurl?pr=NwY5Mz1&groupid=00", error="m")
    wanted = re.findall(r'<path[^>]* d="([^"]+)"', expected.svg_inline(border=4, light="#fff", omitsize=True))
    assert drawn is not None
    assert "viewBox" in page.text  # so that it fits a narrow screen
    assert drawn.group(1) in wanted


def test_reloading_the_code_asks_wechat_once(wechat_till: WechatTill) -> None:
    reader = wechat_till.reader()
    number = ordered(wechat_till, reader)
    reader.get(f"/pay/{number}")
    assert len(wechat_till.server.begun) == 1
    wechat_till.shop.clock.advance(hours=2)  # the code has run out
    reader.get(f"/pay/{number}")
    assert len(wechat_till.server.begun) == 2


def test_a_phones_browser_is_led_to_h5_with_its_own_address(wechat_till: WechatTill) -> None:
    reader = wechat_till.reader(agent=PHONE, address="198.51.100.4")
    number = wechat_till.order(reader)
    address = wechat_till.address(reader, number)
    (begun,) = wechat_till.server.begun
    assert begun["scene_info"] == {"payer_client_ip": "198.51.100.4", "h5_info": {"type": "Wap"}}
    assert address.partition("?")[0] == f"{wechat_till.server.url}/cgi-bin/mmpayweb-bin/checkmweb"
    assert parse_qs(urlsplit(address).query)["redirect_url"] == [f"{ORIGIN}/orders/{number}?returned=1"]


def test_inside_wechat_the_reader_is_asked_for_by_wechat_and_pays_over_the_bridge(
    wechat_till: WechatTill,
) -> None:
    till = wechat_till
    reader = till.reader(agent=IN_WECHAT)
    number = till.order(reader)
    identify = urlsplit(till.address(reader, number))
    query = {name: values[0] for name, values in parse_qs(identify.query).items()}
    assert identify.netloc == "open.weixin.qq.com"
    assert query["appid"] == APP
    assert query["redirect_uri"] == f"{ORIGIN}/pay/{number}/wechat"
    till.server.openids["CODE"] = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
    page = reader.get(f"/pay/{number}/wechat?code=CODE&state={query['state']}")
    found = re.search(r'data-bridge="([^"]+)"', page.text)
    assert found is not None
    arguments = json.loads(html.unescape(found.group(1)))
    message = "".join(
        f"{arguments[name]}\n" for name in ("appId", "timeStamp", "nonceStr", "package")
    ).encode()
    import base64

    rsa_key("merchant").public_key().verify(
        base64.b64decode(arguments["paySign"]), message, PKCS1v15(), SHA256()
    )
    assert till.server.begun[-1]["payer"] == {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}
    assert (
        reader.get(f"/pay/{number}/wechat?code=CODE&state={query['state']}").status_code == 503
    )  # good once


def test_nobody_is_led_to_pay_with_anothers_name(wechat_till: WechatTill) -> None:
    till = wechat_till
    reader = till.reader(agent=IN_WECHAT)
    number, other = till.order(reader), till.order(reader, "sql")
    state = parse_qs(urlsplit(till.address(reader, other)).query)["state"][0]
    till.server.openids["CODE"] = "attacker"
    for given in ("", "x", "0" * 64, state, "\u00e9"):
        assert (
            reader.get(f"/pay/{number}/wechat", query_string={"code": "CODE", "state": given}).status_code
            == 403
        )
    assert till.server.openids == {"CODE": "attacker"}
    assert till.server.begun == []


def test_without_the_accounts_secret_wechats_browser_gets_the_code(
    tmp_path: Any, wechat_till: WechatTill
) -> None:
    environ = {**wechat_environ(wechat_till.server.url), "LYCEUM_WECHAT_PAY_APP_SECRET": ""}
    with open_shop(tmp_path / "other", **environ) as shop:
        till = Till(shop=shop, server=wechat_till.server, provider="wechat_pay")
        reader = till.reader(agent=IN_WECHAT)
        assert "<svg" in reader.get(f"/pay/{till.order(reader)}").text


@pytest.mark.parametrize("how", ["away", "signed falsely", "another number"])
def test_an_answer_that_is_not_wechats_begins_nothing(wechat_till: WechatTill, how: str) -> None:
    reader = wechat_till.reader()
    number = wechat_till.order(reader)
    if how == "another number":
        wechat_till.server.alter_answer = lambda body: body.clear()
    else:
        wechat_till.server.is_away = how == "away"
        wechat_till.server.signs_falsely = how == "signed falsely"
    page = reader.get(f"/pay/{number}")
    assert page.status_code == 503
    assert "Nothing was charged" in visible(page)


def test_wechat_takes_yuan_alone(wechat_till: WechatTill) -> None:
    reader = wechat_till.reader()
    assert "Pay with WeChat" not in visible(reader.get("/buy/rust?currency=USD"))
    assert "Pay with WeChat" in visible(reader.get("/buy/rust?currency=CNY"))
    reader.get("/redeem")
    answer = reader.post("/buy/rust", {"currency": "USD", "provider": "wechat_pay"})
    assert answer.status_code == 503
    assert wechat_till.orders() == 0


Break = Callable[[WechatServer, bytes, dict[str, str]], tuple[bytes, dict[str, str]]]


def without(name: str) -> Break:
    return lambda _, raw, headers: (raw, {key: value for key, value in headers.items() if key != name})


def with_header(name: str, value: str) -> Break:
    return lambda _, raw, headers: (raw, {**headers, name: value})


def at(seconds: int) -> Break:
    """Genuinely signed, at another time."""
    return lambda server, raw, _: (raw, server.signed(raw, now=int(server.clock().timestamp()) + seconds))


def with_resource(**fields: Any) -> Break:
    """A genuinely signed envelope whose encrypted part was changed."""

    def broken(server: WechatServer, raw: bytes, _: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        body = json.loads(raw)
        body["resource"] |= fields
        again = json.dumps(body).encode()
        return again, server.signed(again, now=int(server.clock().timestamp()))

    return broken


def with_envelope(**fields: Any) -> Break:
    def broken(server: WechatServer, raw: bytes, _: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        again = changed(raw, **fields)
        return again, server.signed(again, now=int(server.clock().timestamp()))

    return broken


BROKEN: dict[str, Break] = {
    "no signature": without("Wechatpay-Signature"),
    "no timestamp": without("Wechatpay-Timestamp"),
    "no nonce": without("Wechatpay-Nonce"),
    "no serial": without("Wechatpay-Serial"),
    "unknown key": with_header("Wechatpay-Serial", "PUB_KEY_ID_0119999999992026112200009999"),
    "a certificate's serial": with_header("Wechatpay-Serial", "5157F09EFDC096DE15EBE81A47057A72"),
    "another algorithm": with_header("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
    "another nonce": with_header("Wechatpay-Nonce", "0" * 32),
    "the probe that WeChat sends": with_header("Wechatpay-Signature", "WECHATPAY/SIGNTEST/" + "A" * 300),
    "no base64": with_header("Wechatpay-Signature", "%%%"),
    "the time as a word": with_header("Wechatpay-Timestamp", "now"),
    "the time in other digits": with_header("Wechatpay-Timestamp", "\u0661\u0662"),
    "300 s old": at(-300),
    "300 s early": at(300),
    "10 years early": at(10 * 365 * 86_400),
    "other bytes": lambda _, raw, headers: (raw + b" ", headers),
    "a changed tag": with_resource(ciphertext="A" * 400),
    "no ciphertext": with_resource(ciphertext=None),
    "changed additional data": with_resource(associated_data="refund"),
    "no additional data": with_resource(associated_data=""),
    "another nonce inside": with_resource(nonce="0" * 12),
    "a short nonce inside": with_resource(nonce="0"),
    "another cipher": with_resource(algorithm="AEAD_SM4_128_GCM"),
    "no resource": with_envelope(resource=None),
    "a resource that is a list": with_envelope(resource=[]),
    "not encrypted": with_envelope(resource_type="plain"),
    "a refund's name on a payment": with_envelope(event_type="REFUND.SUCCESS"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_w12_a_notice_that_is_not_whole_is_refused(wechat_till: WechatTill, how: str) -> None:
    reader = wechat_till.reader()
    number = ordered(wechat_till, reader)
    raw, headers = wechat_till.server.pay(number)
    calls = len(wechat_till.server.calls)
    status, body, _ = wechat_till.answer(*BROKEN[how](wechat_till.server, raw, headers))
    assert status == 400
    assert json.loads(body)["code"] == "FAIL"
    assert wechat_till.outcomes() == []
    assert len(wechat_till.server.calls) == calls  # the library would have asked WeChat for certificates
    assert wechat_till.deliver(raw, headers) == 200


@pytest.mark.parametrize("seconds", [299, -299])
def test_w12_a_clock_that_differs_a_little_does_no_harm(wechat_till: WechatTill, seconds: int) -> None:
    raw, headers = wechat_till.server.pay(ordered(wechat_till, wechat_till.reader()))
    assert wechat_till.deliver(*at(seconds)(wechat_till.server, raw, headers)) == 200


@pytest.mark.parametrize("raw", [b"", b"null", b"[]", b"{", b'{"id":1}', b"\xff\xfe", b"[" * 30_000])
def test_w12_odd_bodies_are_refused(wechat_till: WechatTill, raw: bytes) -> None:
    headers = wechat_till.server.signed(raw, now=int(wechat_till.shop.clock().timestamp()))
    assert wechat_till.deliver(raw, headers) == 400


@pytest.mark.parametrize(
    ("fields", "is_alarming"),
    [
        ({"mchid": "1900009999"}, True),
        ({"mchid": None}, True),
        ({"appid": "wx0000000000000000"}, True),
        ({"appid": None}, True),
        ({"trade_state": "NOTPAY"}, False),
        ({"trade_state": "CLOSED"}, False),
        ({"trade_state": None}, False),
        ({"out_trade_no": "1' OR 1=1"}, False),
        ({"out_trade_no": None}, False),
        ({"transaction_id": None}, False),
        ({"success_time": "2026-11-22 17:30:00"}, False),
        ({"success_time": None}, False),
        ({"amount": None}, False),
        ({"amount": {"total": 9900.0, "currency": "CNY"}}, False),
        ({"amount": {"total": "9900", "currency": "CNY"}}, False),
        ({"amount": {"total": 0, "currency": "CNY"}}, False),
        ({"amount": {"total": -9900, "currency": "CNY"}}, False),
        ({"amount": {"total": 9900}}, False),
    ],
)
def test_w10_a_genuine_notice_that_is_not_for_us_is_refused(
    wechat_till: WechatTill, fields: dict[str, Any], is_alarming: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """W12: trade state, merchant and application are ours to check."""
    number = ordered(wechat_till, wechat_till.reader())
    assert wechat_till.deliver(*wechat_till.server.pay(number, **fields)) == 400
    assert wechat_till.kinds() == []
    assert any(record.levelname == "ERROR" for record in caplog.records) is is_alarming


@pytest.mark.parametrize(
    "amount",
    [
        {"total": 1, "currency": "CNY"},
        {"total": 9901, "currency": "CNY"},
        {"total": 9900, "currency": "USD"},
        {"total": 1, "payer_total": 9900, "currency": "CNY"},
    ],
)
def test_w11_another_amount_opens_nothing_and_is_reported(
    wechat_till: WechatTill, amount: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    number = ordered(wechat_till, wechat_till.reader())
    assert wechat_till.deliver(*wechat_till.server.pay(number, amount=amount)) == 200
    assert wechat_till.kinds() == ["mismatched"]
    assert wechat_till.owned.holdings == {}
    assert any(record.levelname == "ERROR" and number in record.getMessage() for record in caplog.records)


def test_w05_fifty_parallel_notices_make_one_line_one_grant_one_mail(wechat_till: WechatTill) -> None:
    till = wechat_till
    raw, headers = till.server.pay(ordered(till, till.reader()))
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(till.deliver(raw, headers))) for _ in range(50)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 50
    assert (till.kinds(), till.mails()) == (["paid"], ["receipt"])


def test_w06_payment_and_refunds_converge_in_every_order(wechat_till: WechatTill) -> None:
    """W23: a refund in part keeps the access, refunds that reach what was paid end it."""
    till = wechat_till
    for turn, order in enumerate(itertools.permutations(range(3))):
        email = f"reader{turn}@example.org"
        number = ordered(till, till.reader(email, address=f"192.0.2.{turn + 1}"))
        notices = [till.server.pay(number)]
        found, trade = till.found(number), till.server.trades[number]["transaction_id"]
        provider = till.shop.service.providers["wechat_pay"]
        for turn_of, amount in ((1, 3000), (2, 6900)):
            part = found.price.__class__(amount_minor=amount, currency="CNY")
            provider.refund(found, trade, part, paid=found.price, number=turn_of, now=till.shop.clock())
            notices.append(till.server.refund_notice(f"{number}-R{turn_of}"))
        seen = set()
        for place in order:
            assert [till.deliver(*notices[place]) for _ in range(2)] == [200, 200]
            seen.add(place)
            is_open = 0 in seen and not {1, 2} <= seen
            assert ("rust" in till.shop.owned(email).ends) is is_open, (order, place)
        lines = [line.kind.value for line in till.lines(number) if line.source == "wechat_pay"]
        assert sorted(lines) == ["paid", "refunded", "refunded"]
        assert till.shop.owned(email).holdings["rust"].state is State.REFUNDED


def test_w18_a_notice_that_cannot_be_stored_is_answered_with_fail_and_5xx(
    wechat_till: WechatTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = ordered(wechat_till, wechat_till.reader())
    notice = wechat_till.server.pay(number)

    def broken(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "append", broken)
        status, body, _ = wechat_till.answer(*notice)
    assert (status, json.loads(body)["code"]) == (503, "FAIL")
    assert wechat_till.deliver(*notice) == 200
    assert wechat_till.kinds() == ["paid"]


def test_the_stored_body_stays_encrypted(wechat_till: WechatTill) -> None:
    raw, headers = wechat_till.server.pay(ordered(wechat_till, wechat_till.reader()))
    wechat_till.deliver(raw, headers)
    with wechat_till.shop.database.read() as connection:
        assert connection.execute(select(ProviderEventRow.body)).scalar_one() == raw


def test_a_month_bought_with_wechat_does_not_renew(wechat_till: WechatTill) -> None:
    till = wechat_till
    reader = till.reader()
    assert "it does not renew by itself" in visible(reader.get("/buy/all?currency=CNY"))
    number = ordered(till, reader, "all")
    till.deliver(*till.server.pay(number))
    assert till.owned.holdings["all"].until == till.shop.clock().replace(month=12)
    assert "Manage or cancel" not in visible(reader.get(f"/orders/{number}"))


def test_w27_a_lost_notice_is_healed_by_asking_and_a_late_one_changes_nothing(
    wechat_till: WechatTill,
) -> None:
    till = wechat_till
    reader = till.reader()
    number, unpaid = ordered(till, reader), ordered(till, reader, "sql")
    notice = till.server.pay(number)
    till.order(reader, "both")  # WeChat has never heard of this one
    (found,) = till.reconcile(is_applied=False)
    assert (found.found, found.order) == (Found.MISSING, number)
    assert till.kinds() == []  # a dry run records nothing
    (found,) = till.reconcile()
    assert (found.found, found.order) == (Found.RECORDED, number)
    assert till.owned.ends == {"rust": None}
    assert till.reconcile() == []
    assert till.deliver(*notice) == 200
    assert (till.kinds(), till.mails()) == (["paid"], ["receipt"])
    assert till.state(reader, unpaid) == "created"


def test_w27_a_refund_that_was_made_here_and_never_told_is_found(wechat_till: WechatTill) -> None:
    till = wechat_till
    number = ordered(till, till.reader())
    till.deliver(*till.server.pay(number))
    till.server.refund_status = "PROCESSING"
    planned = refunds.plan(till.shop.database, number, amount_minor=None)
    applied = refunds.apply(
        till.shop.database,
        till.shop.service.providers,
        planned,
        post=till.shop.service.post,
        now=till.shop.clock(),
    )
    assert not applied  # WeChat has taken it on
    assert till.owned.ends == {"rust": None}
    till.server.refunds[f"{number}-R1"] |= {"status": "SUCCESS", "success_time": "2026-11-22T17:31:00+08:00"}
    (found,) = till.reconcile()
    assert found.found is Found.RECORDED
    assert till.owned.ends == {}
    till.deliver(*till.server.refund_notice(f"{number}-R1"))
    assert (till.kinds(), till.mails()) == (["paid", "refunded"], ["receipt", "refund"])


@pytest.mark.parametrize("status", ["CLOSED", "ABNORMAL"])
def test_a_refund_that_wechat_ended_is_said_and_not_recorded(wechat_till: WechatTill, status: str) -> None:
    till = wechat_till
    number = ordered(till, till.reader())
    till.deliver(*till.server.pay(number))
    till.server.refund_status = status
    planned = refunds.plan(till.shop.database, number, amount_minor=None)
    with pytest.raises(ProviderRefusedError, match=status):
        refunds.apply(
            till.shop.database,
            till.shop.service.providers,
            planned,
            post=till.shop.service.post,
            now=till.shop.clock(),
        )
    assert till.kinds() == ["paid"]


def test_w27_a_refund_of_the_merchant_page_is_pointed_out(wechat_till: WechatTill) -> None:
    till = wechat_till
    number = ordered(till, till.reader())
    till.deliver(*till.server.pay(number))
    till.server.trades[number]["trade_state"] = "REFUND"
    (found,) = till.reconcile()
    assert (found.found, found.order) == (Found.DOUBTFUL, number)


@pytest.mark.parametrize(
    "altered",
    [{"mchid": "1900009999"}, {"appid": "wx0000000000000000"}, {"out_trade_no": "L-20261122-AAAAAA"}],
)
def test_w27_an_answer_about_something_else_is_not_believed(
    wechat_till: WechatTill, altered: dict[str, str]
) -> None:
    till = wechat_till
    number = ordered(till, till.reader())
    till.server.pay(number)
    till.server.alter_answer = lambda body: body.update(altered)
    (found,) = till.reconcile()
    assert (found.found, found.order) == (Found.DOUBTFUL, number)
    assert till.kinds() == []


def test_w27_wechat_away_is_said_and_nothing_is_recorded(wechat_till: WechatTill) -> None:
    till = wechat_till
    till.server.pay(ordered(till, till.reader()))
    till.server.signs_falsely = True
    (found,) = till.reconcile()
    assert found.found is Found.AWAY
    assert till.kinds() == []


def test_a_refund_repeated_after_a_crash_gives_the_money_back_once(wechat_till: WechatTill) -> None:
    till = wechat_till
    number = ordered(till, till.reader())
    till.deliver(*till.server.pay(number))
    planned = refunds.plan(till.shop.database, number, amount_minor=4000)
    for _ in range(2):
        refunds.apply(
            till.shop.database,
            till.shop.service.providers,
            planned,
            post=till.shop.service.post,
            now=till.shop.clock() + timedelta(seconds=1),
        )
    assert till.kinds() == ["paid", "refunded"]
    assert sum(refund["amount"]["refund"] for refund in till.server.refunds.values()) == 4000
    assert till.owned.ends == {"rust": None}
