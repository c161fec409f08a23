"""WeChat Pay v3 as a `PaymentProvider`: Native (a QR code) on a desktop, H5 in a phone's browser, JSAPI inside WeChat.

What the library (wechatpayv3 2.0) does not check, and is checked here before it sees a notice:
- the notice's time: it verifies a signature of any age. WeChat asks for less than five minutes, in both directions,
- the serial: for one that it does not know it throws its certificates away and fetches new ones, so that anybody could make the
  shop ask WeChat at will. Only the configured public key's id is let through, and no certificates are used,
- the algorithm and the signature's type, for which it raises a bare Exception,
and afterwards everything about the content (`notices.py`). Its address and its missing timeout are set here, too.

Inside WeChat's own browser a payment needs the reader's openid, which WeChat tells after a redirect (`identify`); that needs the
official account's secret. Without it, and for H5 when it is not allowed for the merchant, there is the QR code.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import requests
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.utils import aes_decrypt

from gatekeeper.accounts.marks import new_id
from gatekeeper.commerce import checkouts, ledger
from gatekeeper.commerce.money import Money
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.payments import (
    Answer,
    Checkout,
    Doubt,
    ProviderAwayError,
    ProviderEvent,
    ProviderRefusedError,
    RejectedError,
    Told,
    Visit,
    Way,
)
from gatekeeper.commerce.providers.accounts import WechatPayAccount
from gatekeeper.commerce.providers.fields import parsed
from gatekeeper.commerce.providers.wechat_pay import notices
from gatekeeper.storage.engine import Database

log = logging.getLogger(__name__)

NAME = "wechat_pay"
LONGEST_MESSAGE_BYTES = 64 * 1024
TOLERANCE_SECONDS = 300
OPEN_FOR = timedelta(hours=2)  # WeChat's codes live two hours, H5 addresses five minutes
H5_OPEN_FOR = timedelta(minutes=5)
TIMEOUT_SECONDS = (5.0, 10.0)
AUTHORISE = "https://open.weixin.qq.com/connect/oauth2/authorize"
_REFUND_ENDED = frozenset({"CLOSED", "ABNORMAL"})
_SIGNED_WITH = "WECHATPAY2-SHA256-RSA2048"
_CIPHER = "AEAD_AES_256_GCM"

T = TypeVar("T")


class WechatPay:
    """origin: of this gatekeeper, as browsers and WeChat see it."""

    def __init__(self, account: WechatPayAccount, *, origin: str) -> None:
        self._account = account
        self._origin = origin
        self._library = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=account.merchant,
            private_key=account.private_key.reveal_text(),
            cert_serial_no=account.serial,
            appid=account.app,
            apiv3_key=account.api_key.reveal_text(),
            notify_url=f"{origin}/webhooks/{NAME}",
            timeout=TIMEOUT_SECONDS,
            public_key=account.public_key,
            public_key_id=account.public_key_id,
        )
        self._library._core._gate_way = account.url

    @property
    def name(self) -> str:
        return NAME

    @property
    def is_live(self) -> bool:
        return self._account.is_live

    @property
    def longest_message_bytes(self) -> int:
        return LONGEST_MESSAGE_BYTES

    @property
    def renews(self) -> bool:
        return False

    def takes(self, currency: str) -> bool:
        return currency == notices.CURRENCY

    def begin(self, database: Database, order: Order, visit: Visit, *, now: datetime) -> Checkout:
        if visit.is_wechat and self._account.app_secret is not None:
            if visit.wechat_reader is None:
                return Checkout(way=Way.IDENTIFY, address=self._authorise(order, visit))
            return self._bridge(order, visit.wechat_reader)
        if visit.is_phone and not visit.is_wechat:
            return Checkout(way=Way.PAGE, address=self._h5(database, order, visit, now=now))
        return Checkout(way=Way.CODE, address=self._code(database, order, now=now))

    def identify(self, code: str) -> str:
        """The openid of the reader who came back from WeChat with this code. Raises ProviderAwayError, ProviderRefusedError."""
        if self._account.app_secret is None:
            raise ProviderRefusedError("the official account's secret is not set")
        query = {
            "appid": self._account.app,
            "secret": self._account.app_secret.reveal_text(),
            "code": code,
            "grant_type": "authorization_code",
        }
        try:
            answer = requests.get(
                f"{self._account.identity_url}/sns/oauth2/access_token", params=query, timeout=TIMEOUT_SECONDS
            )
            said = answer.json()
        except (requests.RequestException, ValueError):
            # The address of this request holds the secret, and the error names the address.
            raise ProviderAwayError("WeChat did not say who the reader is", hint="try again") from None
        openid = said.get("openid") if isinstance(said, dict) else None
        if not isinstance(openid, str) or not 0 < len(openid) <= 128:
            raise ProviderRefusedError("WeChat did not say who the reader is", hint="begin the payment again")
        return openid

    def verified(self, raw: bytes, headers: Mapping[str, str], *, now: datetime) -> ProviderEvent:
        if len(raw) > LONGEST_MESSAGE_BYTES:
            raise RejectedError("too long")
        self._check_headers(headers, now=now)
        return self._read(raw, headers)

    def kept(self, raw: bytes) -> ProviderEvent:
        return self._read(raw, None)

    def answer(self, *, status: int) -> Answer:
        said = (
            {"code": "SUCCESS", "message": "OK"}
            if status == 200
            else {"code": "FAIL", "message": "not taken"}
        )
        return Answer(status=status, body=json.dumps(said).encode(), media_type="application/json")

    def ask(
        self, database: Database, orders: Sequence[Order], *, since: datetime, now: datetime
    ) -> Iterable[ProviderEvent | Doubt]:
        """One question an order, and, for what was refunded, one for each refund that this shop may have made."""
        for order in orders:
            with database.read() as connection:
                known = ledger.refunds_of(connection, order.number)
            try:
                yield from self._ask(order, known)
            except RejectedError as error:
                yield Doubt(order=order.number, what=error.reason)

    def refund(
        self, order: Order, payment: str, money: Money, *, paid: Money, number: int, now: datetime
    ) -> ProviderEvent:
        amount = {"refund": money.amount_minor, "total": paid.amount_minor, "currency": money.currency}
        made = self._answered(
            lambda: self._library.refund(
                out_refund_no=_refund_number(order, number), amount=amount, transaction_id=payment
            )
        )
        try:
            fact = notices.answered_refund(made, order=order.number, at=now)
        except RejectedError as error:
            raise ProviderAwayError(f"WeChat's refund cannot be read: {error.reason}") from error
        if made.get("status") in _REFUND_ENDED:
            raise ProviderRefusedError(
                f"WeChat's refund is {made.get('status')}",
                where=order.number,
                hint="end it at WeChat's merchant page",
            )
        if fact is not None and fact.money != money:
            raise ProviderAwayError("WeChat made another refund than was asked for", where=order.number)
        return fact or ProviderEvent(id=_refund_number(order, number), told=Told.OTHER, at=now)

    def portal(self, database: Database, order: Order, *, back: str) -> str | None:
        return None

    def _check_headers(self, headers: Mapping[str, str], *, now: datetime) -> None:
        needed = ("signature", "timestamp", "nonce", "serial")
        if not all(headers.get(f"wechatpay-{name}") for name in needed):
            raise RejectedError("not signed")
        if headers.get("wechatpay-signature-type", _SIGNED_WITH) != _SIGNED_WITH:
            raise RejectedError("signed in another way")
        if headers["wechatpay-serial"] != self._account.public_key_id:
            raise RejectedError("signed with a key that is not known", is_alarming=True)
        stamp = headers["wechatpay-timestamp"]
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            raise RejectedError("no time")
        if abs(int(now.timestamp()) - int(stamp)) >= TOLERANCE_SECONDS:
            raise RejectedError("too old, or from the future")

    def _read(self, raw: bytes, headers: Mapping[str, str] | None) -> ProviderEvent:
        """headers: None for a body that was verified before."""
        notice = parsed(raw)
        resource = notice.get("resource")
        if notice.get("resource_type") != "encrypt-resource" or not isinstance(resource, dict):
            raise RejectedError("not an encrypted notice")
        if resource.get("algorithm") != _CIPHER or not all(
            isinstance(resource.get(key), str) for key in ("nonce", "ciphertext")
        ):
            raise RejectedError("not encrypted as agreed")
        core = self._library._core
        try:
            if headers is not None:
                marks = {**headers, "wechatpay-signature-type": _SIGNED_WITH}
                if not core._verify_signature(marks, raw.decode()):
                    raise RejectedError("not signed by WeChat")
            plain = _decrypted(resource, core._apiv3_key)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise RejectedError("not readable") from error
        if plain is None:
            raise RejectedError("not encrypted for us")
        return notices.event_of({**notice, "resource": parsed(plain.encode())}, self._account)

    def _authorise(self, order: Order, visit: Visit) -> str:
        query = {
            "appid": self._account.app,
            "redirect_uri": f"{self._origin}/pay/{order.number}/wechat",
            "response_type": "code",
            "scope": "snsapi_base",
            "state": visit.wechat_state,
        }
        return f"{AUTHORISE}?{urlencode(query)}#wechat_redirect"

    def _code(self, database: Database, order: Order, *, now: datetime) -> str:
        kept = checkouts.find(database, order.number, "native", now=now)
        if kept is not None:
            return kept
        address = self._begun(order, "code_url", WeChatPayType.NATIVE)
        checkouts.keep(database, order.number, "native", address, now=now, expires_at=now + OPEN_FOR)
        return address

    def _h5(self, database: Database, order: Order, visit: Visit, *, now: datetime) -> str:
        kept = checkouts.find(database, order.number, "h5", now=now)
        if kept is not None:
            return kept
        scene = {"payer_client_ip": visit.client, "h5_info": {"type": "Wap"}}
        address = self._begun(order, "h5_url", WeChatPayType.H5, scene_info=scene)
        back = quote(f"{self._origin}/orders/{order.number}?returned=1", safe="")
        address = f"{address}{'&' if '?' in address else '?'}redirect_url={back}"
        checkouts.keep(database, order.number, "h5", address, now=now, expires_at=now + H5_OPEN_FOR)
        return address

    def _bridge(self, order: Order, openid: str) -> Checkout:
        prepared = self._begun(order, "prepay_id", WeChatPayType.JSAPI, payer={"openid": openid})
        stamp, nonce, package = str(int(time.time())), new_id(), f"prepay_id={prepared}"
        arguments = {
            "appId": self._account.app,
            "timeStamp": stamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._library.sign([self._account.app, stamp, nonce, package]),
        }
        return Checkout(way=Way.BRIDGE, address=json.dumps(arguments))

    def _begun(self, order: Order, wanted: str, way: WeChatPayType, **more: Any) -> str:
        amount = {"total": order.price.amount_minor, "currency": order.price.currency}
        made = self._answered(
            lambda: self._library.pay(
                description=order.title[:127],
                out_trade_no=order.number,
                amount=amount,
                pay_type=way,
                **more,
            )
        )
        found = made.get(wanted)
        if not isinstance(found, str) or not found:
            raise ProviderAwayError(f"WeChat answered without {wanted}", where=order.number)
        return found

    def _ask(self, order: Order, known: int) -> Iterable[ProviderEvent | Doubt]:
        """known: how many refunds the ledger has; ours may stand at one number more."""
        asked = self._answered_or_none(lambda: self._library.query(out_trade_no=order.number))
        if asked is None:
            return
        if asked.get("out_trade_no") != order.number:
            raise RejectedError("WeChat answered about another order")
        paid = notices.transaction_of(asked, self._account)
        if paid is None:
            return
        yield paid
        if asked.get("trade_state") != "REFUND":
            return
        found = False
        for number in range(1, known + 2):
            ask = partial(self._library.query_refund, _refund_number(order, number))
            refund = self._answered_or_none(ask)
            fact = None
            if refund is not None:
                fact = notices.answered_refund(refund, order=order.number, at=paid.at)
            if fact is not None:
                found = True
                yield fact
        if not found and not known:
            yield Doubt(
                order=order.number,
                what="refunded at WeChat's merchant page; only a notice tells how much, so look there",
            )

    def _answered(self, call: Callable[[], tuple[int, str | bytes]]) -> Mapping[str, Any]:
        status, body = _called(call)
        said = _object(body)
        if 200 <= status < 300:
            return said
        code = str(said.get("code", status))[:60]
        if status >= 500 or status == 429:
            raise ProviderAwayError(f"WeChat did not answer: {code}", hint="try again in a moment")
        raise ProviderRefusedError(f"WeChat refused: {code}", hint="see docs/commerce.md")

    def _answered_or_none(self, call: Callable[[], tuple[int, str | bytes]]) -> Mapping[str, Any] | None:
        """None where WeChat knows nothing of it."""
        status, body = _called(call)
        return None if status == 404 else self._answered(lambda: (status, body))


def _called(call: Callable[[], tuple[int, str | bytes]]) -> tuple[int, str | bytes]:
    try:
        return call()
    except requests.RequestException as error:
        raise ProviderAwayError(
            f"WeChat did not answer: {type(error).__name__}", hint="try again in a moment"
        ) from error
    except (
        Exception
    ) as error:  # the library raises bare Exceptions: for an answer whose signature is false, among others
        raise ProviderAwayError(f"WeChat's answer is not WeChat's: {error}") from error


def _decrypted(resource: Mapping[str, Any], key: str) -> str | None:
    found = aes_decrypt(
        nonce=resource["nonce"],
        ciphertext=resource["ciphertext"],
        associated_data=resource.get("associated_data") or "",
        apiv3_key=key,
    )
    return found if isinstance(found, str) else None


def _object(body: str | bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProviderAwayError("WeChat answered what is no JSON", hint="try again in a moment")
    return found


def _refund_number(order: Order, number: int) -> str:
    return f"{order.number}-R{number}"
