"""Alipay through its library: the signed address, notices and what is refused. W15 of the attack cases is here."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from sqlalchemy.exc import OperationalError

from gatekeeper.commerce import ledger, refunds
from gatekeeper.commerce.entitlements import State
from gatekeeper.commerce.payments import RejectedError
from gatekeeper.commerce.providers.alipay import notices
from gatekeeper.commerce.reconcile import Found
from tests.gatekeeper.commerce.providers.till import Till
from tests.support.alipay_server import AlipayServer
from tests.support.shop import ORIGIN, Browser, visible

AlipayTill = Till[AlipayServer]
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"


def visited(till: AlipayTill, reader: Browser, product: str = "rust") -> str:
    """An order whose reader stands before Alipay's page. Returns its number."""
    number = till.order(reader, product)
    assert till.server.visit(till.address(reader, number)) == number
    return number


@pytest.mark.parametrize(
    ("agent", "method"), [("", "alipay.trade.page.pay"), (PHONE, "alipay.trade.wap.pay")]
)
def test_a_purchase_leads_to_a_signed_address_and_unlocks_when_alipay_says_so(
    alipay_till: AlipayTill, agent: str, method: str
) -> None:
    till = alipay_till
    reader = till.reader(agent=agent)
    number = visited(till, reader)
    assert till.server.calls == [method]
    assert till.server.trades[number]["total_amount"] == "99.00"
    address = dict(parse_qsl(till.address(reader, number).partition("?")[2]))
    assert address["notify_url"] == f"{ORIGIN}/webhooks/alipay"
    assert address["return_url"] == f"{ORIGIN}/orders/{number}?returned=1"
    assert till.answer(till.server.pay(number), FORM) == (200, b"success", "text/plain; charset=utf-8")
    assert till.state(reader, number) == "paid"
    assert till.owned.ends == {"rust": None}
    assert till.mails() == ["receipt"]


def test_w19_alipays_signed_way_back_grants_nothing(alipay_till: AlipayTill) -> None:
    till = alipay_till
    reader = till.reader()
    number = visited(till, reader)
    back = till.server.signed({"out_trade_no": number, "trade_no": "1", "total_amount": "99.00"}).decode()
    page = reader.get(f"/orders/{number}?returned=1&{back}")
    assert "Paid, unlocking" in visible(page)
    assert till.owned.ends == {}


def form(raw: bytes) -> dict[str, str]:
    return dict(parse_qsl(raw.decode(), keep_blank_values=True))


Break = Callable[[AlipayServer, dict[str, str]], bytes]


def unsigned(**fields: str | None) -> Break:
    """Changed after it was signed; None leaves a field out."""

    def broken(_: AlipayServer, notice: dict[str, str]) -> bytes:
        changed = {**notice, **fields}
        return urlencode({name: value for name, value in changed.items() if value is not None}).encode()

    return broken


BROKEN: dict[str, Break] = {
    "another amount": unsigned(total_amount="0.01"),
    "another order": unsigned(out_trade_no="L-20261122-AAAAAA"),
    "another state": unsigned(trade_status="TRADE_FINISHED"),
    "one field more": unsigned(refund_fee="1.00"),
    "one field less": unsigned(subject=None),
    "no signature": unsigned(sign=None),
    "an empty signature": unsigned(sign=""),
    "a signature that is no base64": unsigned(sign="%" * 344),
    "a signature with a line break": lambda _, notice: urlencode(
        {**notice, "sign": notice["sign"] + "\n"}
    ).encode(),
    "a signature with foreign signs": lambda _, notice: urlencode(
        {**notice, "sign": "*" + notice["sign"]}
    ).encode(),
    "no sign_type": unsigned(sign_type=None),
    "RSA (SHA-1)": unsigned(sign_type="RSA"),
    "rsa2 in small letters": unsigned(sign_type="rsa2"),
    "a field twice": lambda _, notice: urlencode(notice).encode() + b"&total_amount=0.01",
    "a field twice, the genuine one last": lambda _, notice: (
        b"total_amount=0.01&" + urlencode(notice).encode()
    ),
    "the signature twice": lambda _, notice: urlencode(notice).encode() + b"&sign=" + b"A" * 344,
    "JSON": lambda _, notice: b'{"out_trade_no": 1}',
    "nothing": lambda *_: b"",
    "no form": lambda *_: b"success",
    "other than ASCII": lambda *_: "\u4e66=\u9662".encode(),
    "not UTF-8": lambda _, notice: urlencode(notice).encode() + b"&x=%ff%fe",
    "very many fields": lambda _, notice: (
        urlencode(notice).encode() + b"".join(b"&x%d=1" % n for n in range(200))
    ),
    "our own key's signature": lambda server, notice: _signed_by("application", notice),
}


def _signed_by(key: str, notice: Mapping[str, str]) -> bytes:
    import base64

    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    from tests.support.provider_server import rsa_key

    rest = {name: value for name, value in notice.items() if name not in {"sign", "sign_type"}}
    message = "&".join(f"{name}={rest[name]}" for name in sorted(rest)).encode()
    sign = base64.b64encode(rsa_key(key).sign(message, PKCS1v15(), SHA256())).decode()
    return urlencode({**rest, "sign_type": "RSA2", "sign": sign}).encode()


@pytest.mark.parametrize("how", BROKEN)
def test_w15_a_notice_that_is_not_whole_is_refused(alipay_till: AlipayTill, how: str) -> None:
    till = alipay_till
    raw = till.server.pay(visited(till, till.reader()))
    assert till.answer(BROKEN[how](till.server, form(raw)), FORM)[:2] == (400, b"fail")
    assert till.outcomes() == []
    assert till.deliver(raw, FORM) == 200


def test_w15_the_order_of_the_fields_does_not_matter(alipay_till: AlipayTill) -> None:
    till = alipay_till
    raw = till.server.pay(visited(till, till.reader()))
    assert till.deliver(urlencode(sorted(form(raw).items(), reverse=True)).encode(), FORM) == 200


@pytest.mark.parametrize(
    ("fields", "is_alarming"),
    [
        ({"app_id": "2021000000009999"}, True),
        ({"app_id": ""}, True),
        ({"seller_id": "2088000000000000"}, True),
        ({"seller_id": ""}, True),
        ({"out_trade_no": "1' OR 1=1"}, False),
        ({"trade_no": ""}, False),
        ({"total_amount": "99"}, None),
        ({"total_amount": "99.000"}, False),
        ({"total_amount": "-99.00"}, False),
        ({"total_amount": "9.9e1"}, False),
        ({"total_amount": "\uff19\uff19.00"}, False),
        ({"total_amount": ""}, False),
        ({"gmt_payment": ""}, False),
        ({"gmt_payment": "2026-11-22T17:30:00+08:00"}, False),
        ({"notify_time": ""}, False),
        ({"notify_time": "yesterday"}, False),
    ],
)
def test_w10_a_genuine_notice_that_is_not_for_us_is_refused(
    alipay_till: AlipayTill,
    fields: dict[str, str],
    is_alarming: bool | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """W15: application, seller, number and amount are ours to check. None: harmless, and taken."""
    till = alipay_till
    raw = till.server.pay(visited(till, till.reader()), **fields)
    assert till.deliver(raw, FORM) == (200 if is_alarming is None else 400)
    assert till.kinds() == (["paid"] if is_alarming is None else [])
    assert any(record.levelname == "ERROR" for record in caplog.records) is bool(is_alarming)


@pytest.mark.parametrize(
    ("away", "is_taken"),
    [
        (timedelta(minutes=5), True),
        (timedelta(minutes=5, seconds=1), False),
        (timedelta(days=3650), False),
        (-timedelta(hours=25), True),
        (-timedelta(hours=26, seconds=1), False),
    ],
)
def test_w15_a_notice_is_taken_as_long_as_alipay_repeats_it_and_not_from_the_future(
    alipay_till: AlipayTill, away: timedelta, is_taken: bool
) -> None:
    """W02: both directions."""
    till = alipay_till
    at = (till.shop.clock() + away).astimezone(notices.CHINA).strftime("%Y-%m-%d %H:%M:%S")
    raw = till.server.pay(visited(till, till.reader()), notify_time=at)
    assert till.deliver(raw, FORM) == (200 if is_taken else 400)


@pytest.mark.parametrize("total", ["0.01", "98.99", "99.01", "9900", "0.00"])
def test_w11_another_amount_opens_nothing_and_is_reported(
    alipay_till: AlipayTill, total: str, caplog: pytest.LogCaptureFixture
) -> None:
    till = alipay_till
    number = visited(till, till.reader())
    assert till.deliver(till.server.pay(number, total_amount=total), FORM) == 200
    assert till.kinds() == ["mismatched"]
    assert till.owned.holdings == {}
    assert any(record.levelname == "ERROR" and number in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("text", "fen"), [("99.00", 9900), ("0.1", 10), ("0.01", 1), ("7", 700), ("19.99", 1999), ("1.10", 110)]
)
def test_yuan_are_read_digit_by_digit(text: str, fen: int) -> None:
    assert notices.yuan(text).amount_minor == fen
    assert notices.yuan(notices.as_yuan(notices.yuan(text))).amount_minor == fen


@pytest.mark.parametrize(
    "text", ["", "1.", ".1", "1,00", "1.001", " 1", "1\n", "1e3", "+1", "\u0661", None, 1, 1.0]
)
def test_w11_what_is_no_amount_is_refused(text: object) -> None:
    with pytest.raises(RejectedError, match="no amount"):
        notices.yuan(text)


def test_w05_fifty_parallel_notices_make_one_line_one_grant_one_mail(alipay_till: AlipayTill) -> None:
    till = alipay_till
    raw = till.server.pay(visited(till, till.reader()))
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(till.deliver(raw, FORM))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 50
    assert (till.kinds(), till.mails()) == (["paid"], ["receipt"])


def test_w06_payment_and_totals_of_refunds_converge_in_every_order(alipay_till: AlipayTill) -> None:
    """W23: Alipay tells totals; whichever comes first, the lines add up to what was given back."""
    till = alipay_till
    for turn, order in enumerate(itertools.permutations(range(3))):
        email = f"reader{turn}@example.org"
        number = visited(till, till.reader(email, address=f"192.0.2.{turn + 1}"))
        raws = [till.server.pay(number)]
        raws.append(till.server.refund(number, "30.00", number="a"))
        raws.append(till.server.refund(number, "69.00", number="b"))
        for place in order:
            assert [till.deliver(raws[place], FORM) for _ in range(2)] == [200, 200]
        lines = [line for line in till.lines(number) if line.source == "alipay"]
        assert sum(line.amount_minor for line in lines if line.kind.value == "refunded") == 9900, order
        assert [line.kind.value for line in lines].count("paid") == 1
        assert till.shop.owned(email).holdings["rust"].state is State.REFUNDED


def test_w05_totals_that_meet_at_once_add_up(alipay_till: AlipayTill) -> None:
    till = alipay_till
    number = visited(till, till.reader())
    raws = [till.server.pay(number)]
    raws += [till.server.refund(number, "10.00", number=str(turn)) for turn in range(8)]
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda raw=raw: statuses.append(till.deliver(raw, FORM))) for raw in raws * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 503}
    for raw in raws:
        assert till.deliver(raw, FORM) == 200
    lines = [line.amount_minor for line in till.lines(number) if line.kind.value == "refunded"]
    assert sum(lines) == 8000
    assert till.owned.ends == {"rust": None}


def test_a_trade_that_is_closed_unpaid_fails_the_order(alipay_till: AlipayTill) -> None:
    till = alipay_till
    reader = till.reader()
    number = visited(till, reader)
    assert till.deliver(till.server.notice(number, trade_status="WAIT_BUYER_PAY"), FORM) == 200
    assert till.state(reader, number) == "created"
    assert till.deliver(till.server.notice(number, trade_status="TRADE_CLOSED"), FORM) == 200
    assert till.state(reader, number) == "failed"


def test_w18_a_notice_that_cannot_be_stored_is_answered_with_fail_and_5xx(
    alipay_till: AlipayTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = alipay_till
    raw = till.server.pay(visited(till, till.reader()))

    def broken(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "append", broken)
        assert till.answer(raw, FORM)[:2] == (503, b"fail")
    assert till.deliver(raw, FORM) == 200
    assert till.kinds() == ["paid"]


def test_w27_a_lost_notice_is_healed_by_asking_and_a_late_one_changes_nothing(
    alipay_till: AlipayTill,
) -> None:
    till = alipay_till
    reader = till.reader()
    number = visited(till, reader)
    raw = till.server.pay(number)
    visited(till, reader, "sql")
    till.order(reader, "both")  # Alipay has never heard of this one
    (found,) = till.reconcile(is_applied=False)
    assert (found.found, found.order) == (Found.MISSING, number)
    assert till.kinds() == []
    assert [one.found for one in till.reconcile()] == [Found.RECORDED]
    assert till.reconcile() == []
    assert till.deliver(raw, FORM) == 200
    assert (till.kinds(), till.mails()) == (["paid"], ["receipt"])


@pytest.mark.parametrize("amount", [None, 4000])
def test_a_refund_from_here_is_recorded_once_though_alipay_tells_it_too(
    alipay_till: AlipayTill, amount: int | None
) -> None:
    till = alipay_till
    number = visited(till, till.reader())
    till.deliver(till.server.pay(number), FORM)
    planned = refunds.plan(till.shop.database, number, amount_minor=amount)
    for _ in range(2):  # the second is a repetition after a crash
        refunds.apply(
            till.shop.database,
            till.shop.service.providers,
            planned,
            post=till.shop.service.post,
            now=till.shop.clock(),
        )
    assert till.server.refunded(number) == (amount or 9900)
    till.deliver(till.server.refund_notice(number, number=f"{number}-R1"), FORM)
    assert till.reconcile() == []
    assert till.kinds() == ["paid", "refunded"]
    assert (till.owned.ends == {}) is (amount is None)


def test_w27_a_refund_from_here_behind_one_of_alipays_page_is_found(alipay_till: AlipayTill) -> None:
    till = alipay_till
    number = visited(till, till.reader())
    till.deliver(till.server.pay(number), FORM)
    till.deliver(till.server.refund(number, "10.00"), FORM)
    planned = refunds.plan(till.shop.database, number, amount_minor=2000)
    assert planned.number == 2
    provider = till.shop.service.providers["alipay"]
    found = till.found(number)
    payment = till.server.trades[number]["trade_no"]
    provider.refund(
        found, payment, planned.money, paid=found.price, number=2, now=till.shop.clock()
    )  # and then killed
    assert [finding.found for finding in till.reconcile()] == [Found.RECORDED]
    lines = [line.amount_minor for line in till.lines(number) if line.kind.value == "refunded"]
    assert lines == [1000, 1000]  # the page's own is not told by a question; the notice tells the total
    till.deliver(till.server.refund_notice(number), FORM)
    lines = [line.amount_minor for line in till.lines(number) if line.kind.value == "refunded"]
    assert sum(lines) == 3000


def test_w27_refunds_nobody_told_are_found(alipay_till: AlipayTill) -> None:
    till = alipay_till
    reader = till.reader()
    whole, part = visited(till, reader), visited(till, reader, "sql")
    for number in (whole, part):
        till.deliver(till.server.pay(number), FORM)
    till.server.refund(whole, "99.00")
    till.server.refund(part, "10.00", number=f"{part}-R1")
    assert sorted(finding.order for finding in till.reconcile()) == sorted([whole, part])
    assert till.owned.ends == {"sql": None}


@pytest.mark.parametrize(
    "altered", [{"out_trade_no": "L-20261122-AAAAAA"}, {"total_amount": "x"}, {"trade_no": None}]
)
def test_w27_an_answer_about_something_else_is_not_believed(
    alipay_till: AlipayTill, altered: dict[str, Any]
) -> None:
    till = alipay_till
    number = visited(till, till.reader())
    till.server.pay(number)
    till.server.alter_answer = lambda body: body.update(altered)
    (found,) = till.reconcile()
    assert (found.found, found.order) == (Found.DOUBTFUL, number)
    assert till.kinds() == []


@pytest.mark.parametrize("how", ["away", "signed falsely"])
def test_w27_alipay_away_is_said_and_nothing_is_recorded(alipay_till: AlipayTill, how: str) -> None:
    till = alipay_till
    till.server.pay(visited(till, till.reader()))
    till.server.is_away, till.server.signs_falsely = how == "away", how != "away"
    (found,) = till.reconcile()
    assert found.found is Found.AWAY
    assert till.kinds() == []
