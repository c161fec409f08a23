"""WeChat Pay v3, as far as the shop knows it: its API over loopback, its notices, and the page that says who a reader is.

As documented (pay.weixin.qq.com/doc/v3): a request carries `WECHATPAY2-SHA256-RSA2048 mchid="…",nonce_str="…",…`, an RSA signature of the
merchant over method, target, time, nonce and body, each with a line feed; an answer and a notice carry WeChat's own signature over
time, nonce and body in `Wechatpay-…` headers; a notice's `resource` is encrypted with AES-256-GCM under the APIv3 key.
Requests are checked against the real time, which the library takes; notices are signed with the shop's.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.provider_server import Asked, Said, answering, private_pem, public_pem, rsa_key

MERCHANT = "1900000109"
APP = "wxd678efb567ba6780"
APP_SECRET = "0123456789abcdef0123456789abcdef"
SERIAL = "444F4864EA9B34415A1B2C3D4E5F60718293A4B5"
API_KEY = "lyceum-stand-in-api-v3-key-32-by"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092026112200001234"
CHINA = timezone(timedelta(hours=8))
_AUTHORISATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="([^"]+)",nonce_str="([^"]+)",signature="([^"]+)",timestamp="([0-9]+)",serial_no="([^"]+)"'
)


@dataclass
class WechatServer:
    """trades: our number → transaction; refunds: our refund's number → refund. openids: code → reader."""

    clock: Callable[[], datetime]
    url: str = ""
    is_away: bool = False
    signs_falsely: bool = False
    calls: list[str] = field(default_factory=list)
    trades: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, dict[str, Any]] = field(default_factory=dict)
    begun: list[dict[str, Any]] = field(default_factory=list)
    openids: dict[str, str] = field(default_factory=dict)
    referrers: list[str | None] = field(default_factory=list)
    refund_status: str = "SUCCESS"
    alter_answer: Callable[[dict[str, Any]], None] = lambda _: None
    _nonces: set[str] = field(default_factory=set)
    _count: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # What the API answers

    def answer(self, asked: Asked) -> Said:
        self.calls.append(f"{asked.method} {asked.path}")
        if asked.path.split("/")[1] == "cgi-bin":  # what a phone's browser sees
            self.referrers.append(asked.headers.get("referer"))
            page = b"<!doctype html><html lang=en><title>WeChat Pay</title><link rel=icon href=data:,><h1>WeChat Pay</h1>"
            return Said(status=200, body=page, headers={"Content-Type": "text/html; charset=utf-8"})
        if self.is_away:
            return self._said(500, {"code": "SYSTEM_ERROR", "message": "away"})
        if asked.path == "/sns/oauth2/access_token":
            return self._identify(asked)
        problem = self._not_genuine(asked)
        if problem is not None:
            return self._said(401, {"code": "SIGN_ERROR", "message": problem})
        status, body = self._route(asked)
        self.alter_answer(body)
        return self._said(status, body)

    def _not_genuine(self, asked: Asked) -> str | None:
        found = _AUTHORISATION.fullmatch(asked.headers.get("authorization", ""))
        if found is None:
            return "no authorisation"
        merchant, nonce, signature, stamp, serial = found.groups()
        if (merchant, serial) != (MERCHANT, SERIAL):
            return "another merchant"
        if abs(time.time() - int(stamp)) > 300 or nonce in self._nonces:
            return "old, or repeated"
        self._nonces.add(nonce)
        if asked.headers.get("wechatpay-serial") != PUBLIC_KEY_ID:
            return "another platform key"
        lines = [asked.method, asked.target, stamp, nonce, asked.body.decode()]
        message = "".join(f"{line}\n" for line in lines).encode()
        try:
            rsa_key("merchant").public_key().verify(
                base64.b64decode(signature), message, PKCS1v15(), SHA256()
            )
        except InvalidSignature:
            return "signature"
        return None

    def _route(self, asked: Asked) -> tuple[int, dict[str, Any]]:
        *_, kind, last = asked.path.split("/")
        body = json.loads(asked.body) if asked.body else {}
        if asked.method == "POST" and kind == "transactions":
            return self._begin(last, body)
        if asked.method == "GET" and kind == "out-trade-no":
            assert parse_qs(asked.query) == {"mchid": [MERCHANT]}
            trade = self.trades.get(last)
            return (200, dict(trade)) if trade else (404, {"code": "ORDER_NOT_EXIST", "message": "-"})
        if asked.method == "POST" and last == "refunds":
            return self._refund(body)
        if asked.method == "GET" and kind == "refunds":
            refund = self.refunds.get(last)
            return (200, dict(refund)) if refund else (404, {"code": "RESOURCE_NOT_EXISTS", "message": "-"})
        return 404, {"code": "NOT_FOUND", "message": asked.path}

    def _begin(self, way: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        needed = {"appid", "mchid", "description", "out_trade_no", "notify_url", "amount"}
        needed |= {"h5": {"scene_info"}, "jsapi": {"payer"}}.get(way, set())
        if needed - body.keys() or (body["appid"], body["mchid"]) != (APP, MERCHANT):
            return 400, {"code": "PARAM_ERROR", "message": "missing"}
        if not re.fullmatch(r"[0-9A-Za-z_\-|*]{6,32}", body["out_trade_no"]) or body["amount"]["total"] < 1:
            return 400, {"code": "PARAM_ERROR", "message": "bad"}
        trade = self.trades.get(body["out_trade_no"])
        if trade is not None and trade["trade_state"] == "SUCCESS":
            return 400, {"code": "ORDERPAID", "message": "paid"}
        if trade is not None and trade["amount"]["total"] != body["amount"]["total"]:
            return 400, {"code": "INVALID_REQUEST", "message": "another amount"}
        self.begun.append(body)
        self.trades.setdefault(
            body["out_trade_no"],
            {
                "appid": APP,
                "mchid": MERCHANT,
                "out_trade_no": body["out_trade_no"],
                "trade_state": "NOTPAY",
                "trade_state_desc": "订单未支付",
                "amount": dict(body["amount"]),
            },
        )
        number = next(self._count)
        answers = {
            "native": {"code_url": f"weixin://wxpay/bizpayurl?pr=NwY5Mz{number}&groupid=00"},
            "h5": {"h5_url": f"{self.url}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx{number}&package=1"},
            "jsapi": {"prepay_id": f"wx26112122580621e9b071c00d9e093b{number:04d}"},
        }
        return 200, answers[way]

    def _refund(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        known = self.refunds.get(body["out_refund_no"])
        if known is not None:
            return 200, dict(known)
        trade = next(
            (t for t in self.trades.values() if t.get("transaction_id") == body["transaction_id"]), None
        )
        if trade is None:
            return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "-"}
        before = sum(
            r["amount"]["refund"]
            for r in self.refunds.values()
            if r["transaction_id"] == body["transaction_id"]
        )
        amount = body["amount"]
        if amount["total"] != trade["amount"]["total"] or before + amount["refund"] > amount["total"]:
            return 400, {"code": "INVALID_REQUEST", "message": "too much"}
        trade["trade_state"] = "REFUND"
        refund = {
            "refund_id": f"5030000000{next(self._count):018d}",
            "out_refund_no": body["out_refund_no"],
            "transaction_id": body["transaction_id"],
            "out_trade_no": trade["out_trade_no"],
            "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱",
            "create_time": self._moment(),
            "status": self.refund_status,
            "funds_account": "AVAILABLE",
            "amount": {
                "total": amount["total"],
                "refund": amount["refund"],
                "payer_total": amount["total"],
                "payer_refund": amount["refund"],
                "currency": "CNY",
            },
        }
        if self.refund_status == "SUCCESS":
            refund["success_time"] = self._moment()
        self.refunds[body["out_refund_no"]] = refund
        return 200, dict(refund)

    def _identify(self, asked: Asked) -> Said:
        query = {name: values[0] for name, values in parse_qs(asked.query).items()}
        openid = self.openids.pop(query.get("code", ""), None)  # a code is good once
        if (query.get("appid"), query.get("secret")) != (APP, APP_SECRET) or openid is None:
            return Said(status=200, body=b'{"errcode":40029,"errmsg":"invalid code"}')
        return Said(
            status=200,
            body=json.dumps(
                {"access_token": "T", "expires_in": 7200, "openid": openid, "scope": "snsapi_base"}
            ).encode(),
        )

    def _said(self, status: int, body: dict[str, Any]) -> Said:
        raw = json.dumps(body, ensure_ascii=False).encode()
        headers = self._signed(raw, now=int(time.time()))
        if self.signs_falsely:
            headers |= self._signed(raw + b" ", now=int(time.time()))
        return Said(
            status=status, body=raw, headers={**headers, "Content-Type": "application/json; charset=utf-8"}
        )

    # What readers and merchants do

    def pay(self, order: str, **changed: Any) -> tuple[bytes, dict[str, str]]:
        """The reader pays. changed: fields of the transaction, in the notice alone. Returns the notice."""
        trade = self.trades[order]
        trade |= {
            "transaction_id": f"42000000{next(self._count):020d}",
            "trade_type": "NATIVE",
            "trade_state": "SUCCESS",
            "trade_state_desc": "支付成功",
            "bank_type": "CMC",
            "attach": "",
            "success_time": self._moment(),
            "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
        }
        trade["amount"] |= {"payer_total": trade["amount"]["total"], "payer_currency": "CNY"}
        return self.notice("TRANSACTION.SUCCESS", {**trade, **changed}, original="transaction")

    def refund_notice(self, number: str, **changed: Any) -> tuple[bytes, dict[str, str]]:
        """The notice of a refund that was made; it has no application and no currency."""
        refund = self.refunds[number]
        amount = {name: value for name, value in refund["amount"].items() if name != "currency"}
        resource = {
            "mchid": MERCHANT,
            "out_trade_no": refund["out_trade_no"],
            "transaction_id": refund["transaction_id"],
            "out_refund_no": number,
            "refund_id": refund["refund_id"],
            "refund_status": "SUCCESS",
            "success_time": self._moment(),
            "user_received_account": "招商银行信用卡0403",
            "amount": amount,
            **changed,
        }
        return self.notice("REFUND.SUCCESS", resource, original="refund")

    def notice(
        self, kind: str, resource: dict[str, Any], *, original: str, **changed: Any
    ) -> tuple[bytes, dict[str, str]]:
        """A signed notice. changed: fields of the envelope."""
        raw = json.dumps(self.envelope(kind, resource, original=original) | changed).encode()
        return raw, self._signed(raw, now=int(self.clock().timestamp()))

    def envelope(self, kind: str, resource: dict[str, Any], *, original: str) -> dict[str, Any]:
        nonce = secrets.token_hex(6)
        plain = json.dumps(resource, ensure_ascii=False).encode()
        sealed = AESGCM(API_KEY.encode()).encrypt(nonce.encode(), plain, original.encode())
        return {
            "id": f"EV-{next(self._count):019d}",
            "create_time": self._moment(),
            "resource_type": "encrypt-resource",
            "event_type": kind,
            "summary": "支付成功",
            "resource": {
                "original_type": original,
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": original,
                "nonce": nonce,
            },
        }

    def signed(self, raw: bytes, *, now: int) -> dict[str, str]:
        return self._signed(raw, now=now)

    def _signed(self, raw: bytes, *, now: int) -> dict[str, str]:
        nonce = secrets.token_hex(16)
        message = f"{now}\n{nonce}\n".encode() + raw + b"\n"
        signature = rsa_key("wechat").sign(message, PKCS1v15(), SHA256())
        return {
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": PUBLIC_KEY_ID,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Wechatpay-Timestamp": str(now),
            "Content-Type": "application/json",
        }

    def _moment(self) -> str:
        return self.clock().astimezone(CHINA).isoformat(timespec="seconds")


@contextmanager
def wechat_server(clock: Callable[[], datetime]) -> Iterator[WechatServer]:
    server = WechatServer(clock=clock)
    with answering(server.answer) as url:
        server.url = url
        yield server


def wechat_environ(url: str) -> dict[str, str]:
    """The settings of a school with this WeChat."""
    return {
        "LYCEUM_WECHAT_PAY_MERCHANT": MERCHANT,
        "LYCEUM_WECHAT_PAY_APP": APP,
        "LYCEUM_WECHAT_PAY_APP_SECRET": APP_SECRET,
        "LYCEUM_WECHAT_PAY_SERIAL": SERIAL,
        "LYCEUM_WECHAT_PAY_PRIVATE_KEY": private_pem(rsa_key("merchant")),
        "LYCEUM_WECHAT_PAY_API_KEY": API_KEY,
        "LYCEUM_WECHAT_PAY_PUBLIC_KEY_ID": PUBLIC_KEY_ID,
        "LYCEUM_WECHAT_PAY_PUBLIC_KEY": public_pem(rsa_key("wechat")),
        "LYCEUM_WECHAT_PAY_URL": url,
        "LYCEUM_WECHAT_PAY_IDENTITY_URL": url,
    }
