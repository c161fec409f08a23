"""Alipay, as far as the shop knows it: the gateway over loopback, the page a reader pays on, and its notices.

As documented (opendocs.alipay.com): a request's fields but `sign` are sorted, joined as `name=value` with `&`, and signed with the
application's RSA key over SHA-256 (RSA2), base64; so is a notice with Alipay's key, where `sign_type` is left out, too; an answer's
signature is over the JSON text of its `…_response`. Times are China's. Requests are checked against the real time.
"""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.provider_server import Asked, Said, answering, private_pem, public_pem, rsa_key

APP = "2021000000000001"
SELLER = "2088102116773037"
CHINA = timezone(timedelta(hours=8))


@dataclass
class AlipayServer:
    """trades: our number → trade; refunds: (our number, our refund's number) → fen."""

    clock: Callable[[], datetime]
    url: str = ""
    is_away: bool = False
    signs_falsely: bool = False
    calls: list[str] = field(default_factory=list)
    trades: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[tuple[str, str], int] = field(default_factory=dict)
    alter_answer: Callable[[dict[str, Any]], None] = lambda _: None
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # What the gateway answers

    def answer(self, asked: Asked) -> Said:
        if self.is_away:
            return Said(status=502, body=b"<html>Bad Gateway</html>", headers={"Content-Type": "text/html"})
        fields = dict(parse_qsl(asked.query, keep_blank_values=True, strict_parsing=True))
        method = fields.get("method", "")
        self.calls.append(method)
        problem = self._not_genuine(fields)
        if problem is not None:
            return self._said(
                "error_response", {"code": "40002", "msg": "Invalid Arguments", "sub_code": problem}
            )
        content = json.loads(fields["biz_content"])
        routes = {
            "alipay.trade.query": self._query,
            "alipay.trade.refund": self._refund,
            "alipay.trade.fastpay.refund.query": self._refund_query,
        }
        body = routes[method](content)
        self.alter_answer(body)
        return self._said(method.replace(".", "_") + "_response", body)

    def _not_genuine(self, fields: Mapping[str, str]) -> str | None:
        rest = {name: value for name, value in fields.items() if name != "sign"}
        message = "&".join(f"{name}={rest[name]}" for name in sorted(rest)).encode()
        try:
            signature = base64.b64decode(fields.get("sign", ""), validate=True)
            rsa_key("application").public_key().verify(signature, message, PKCS1v15(), SHA256())
        except (InvalidSignature, ValueError):
            return "isv.invalid-signature"
        if (fields.get("app_id"), fields.get("sign_type")) != (APP, "RSA2"):
            return "isv.invalid-app-id"
        stamp = datetime.fromisoformat(fields["timestamp"]).replace(tzinfo=CHINA)
        if abs(datetime.now(CHINA) - stamp) > timedelta(minutes=10):
            return "isv.invalid-timestamp"
        return None

    def _query(self, content: Mapping[str, str]) -> dict[str, Any]:
        trade = self.trades.get(content["out_trade_no"])
        if trade is None:
            return {
                "code": "40004",
                "msg": "Business Failed",
                "sub_code": "ACQ.TRADE_NOT_EXIST",
                "sub_msg": "交易不存在",
            }
        return {"code": "10000", "msg": "Success", **trade}

    def _refund(self, content: Mapping[str, str]) -> dict[str, Any]:
        order = content["out_trade_no"]
        trade, key = self.trades[order], (order, content["out_request_no"])
        amount, total = _fen(content["refund_amount"]), _fen(trade["total_amount"])
        is_new = key not in self.refunds
        if is_new and self.refunded(order) + amount > total:
            return {"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"}
        self.refunds.setdefault(key, amount)
        if self.refunded(order) == total:
            trade["trade_status"] = "TRADE_CLOSED"
        return {
            "code": "10000",
            "msg": "Success",
            "buyer_logon_id": "159****5620",
            "fund_change": "Y" if is_new else "N",
            "out_trade_no": order,
            "refund_fee": _yuan(self.refunded(order)),
            "send_back_fee": _yuan(amount),
            "trade_no": trade["trade_no"],
        }

    def _refund_query(self, content: Mapping[str, str]) -> dict[str, Any]:
        order = content["out_trade_no"]
        amount = self.refunds.get((order, content["out_request_no"]))
        if amount is None:  # as documented: a success without a refund in it
            return {"code": "10000", "msg": "Success"}
        return {
            "code": "10000",
            "msg": "Success",
            "out_request_no": content["out_request_no"],
            "out_trade_no": order,
            "refund_amount": _yuan(amount),
            "refund_status": "REFUND_SUCCESS",
            "total_amount": self.trades[order]["total_amount"],
            "trade_no": self.trades[order]["trade_no"],
        }

    def _said(self, name: str, body: dict[str, Any]) -> Said:
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        sign = self._sign((text + " " if self.signs_falsely else text).encode())
        return Said(
            status=200,
            body=f'{{"{name}":{text},"sign":"{sign}"}}'.encode(),
            headers={"Content-Type": "text/html;charset=utf-8"},
        )

    # What readers and merchants do

    def visit(self, address: str) -> str:
        """The reader arrives at the payment page; the trade is made. Returns our order's number."""
        assert address.partition("?")[0] == self.url
        fields = dict(parse_qsl(urlsplit(address).query, strict_parsing=True))
        assert self._not_genuine(fields) is None, self._not_genuine(fields)
        ways = {"alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY", "alipay.trade.wap.pay": "QUICK_WAP_PAY"}
        content = json.loads(fields["biz_content"])
        assert content["product_code"] == ways[fields["method"]]
        self.calls.append(fields["method"])
        order = str(content["out_trade_no"])
        self.trades.setdefault(
            order,
            {
                "trade_no": f"20261122220014460{next(self._count):011d}",
                "out_trade_no": order,
                "buyer_logon_id": "159****5620",
                "trade_status": "WAIT_BUYER_PAY",
                "total_amount": content["total_amount"],
            },
        )
        return order

    def pay(self, order: str, **changed: str) -> bytes:
        """The reader pays. changed: fields of the notice alone. Returns the notice."""
        self.trades[order] |= {"trade_status": "TRADE_SUCCESS", "send_pay_date": self._moment()}
        fields = {"trade_status": "TRADE_SUCCESS", "gmt_payment": self._moment(), **changed}
        return self.notice(order, **fields)

    def refund(self, order: str, amount: str, *, number: str = "console-1") -> bytes:
        """The merchant refunds at Alipay's own page. Returns the notice, which tells the total."""
        self.refunds[(order, number)] = _fen(amount)
        trade = self.trades[order]
        if self.refunded(order) == _fen(trade["total_amount"]):
            trade["trade_status"] = "TRADE_CLOSED"
        return self.refund_notice(order, number=number)

    def refund_notice(self, order: str, *, number: str = "console-1") -> bytes:
        return self.notice(
            order,
            trade_status=self.trades[order]["trade_status"],
            gmt_payment=self.trades[order]["send_pay_date"],
            gmt_refund=self._moment() + ".123",
            refund_fee=_yuan(self.refunded(order)),
            out_biz_no=number,
        )

    def refunded(self, order: str) -> int:
        return sum(amount for (of, _), amount in self.refunds.items() if of == order)

    def notice(self, order: str, **fields: str) -> bytes:
        trade = self.trades[order]
        return self.signed(
            {
                "app_id": APP,
                "auth_app_id": APP,
                "buyer_id": "2088102122524333",
                "buyer_pay_amount": trade["total_amount"],
                "charset": "utf-8",
                "gmt_create": self._moment(),
                "notify_id": f"2026112200222{next(self._count):021d}",
                "notify_time": self._moment(),
                "notify_type": "trade_status_sync",
                "out_trade_no": order,
                "seller_id": SELLER,
                "subject": "Rust 课",
                "total_amount": trade["total_amount"],
                "trade_no": trade["trade_no"],
                "version": "1.0",
                **fields,
            }
        )

    def signed(self, fields: Mapping[str, str], **outside: str) -> bytes:
        """The form. outside: fields that the signature does not cover, or that replace `sign` and `sign_type`."""
        message = "&".join(f"{name}={fields[name]}" for name in sorted(fields)).encode()
        return urlencode({**fields, "sign_type": "RSA2", "sign": self._sign(message), **outside}).encode()

    def _sign(self, message: bytes) -> str:
        return base64.b64encode(rsa_key("alipay").sign(message, PKCS1v15(), SHA256())).decode()

    def _moment(self) -> str:
        return self.clock().astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")


@contextmanager
def alipay_server(clock: Callable[[], datetime]) -> Iterator[AlipayServer]:
    server = AlipayServer(clock=clock)
    with answering(server.answer) as url:
        server.url = f"{url}/gateway.do"
        yield server


def alipay_environ(url: str) -> dict[str, str]:
    """The settings of a school with this Alipay."""
    return {
        "LYCEUM_ALIPAY_APP": APP,
        "LYCEUM_ALIPAY_SELLER": SELLER,
        "LYCEUM_ALIPAY_PRIVATE_KEY": private_pem(rsa_key("application")),
        "LYCEUM_ALIPAY_PUBLIC_KEY": public_pem(rsa_key("alipay")),
        "LYCEUM_ALIPAY_URL": url,
    }


def _fen(yuan: str) -> int:
    whole, _, rest = yuan.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0"))


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
