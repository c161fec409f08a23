"""WeChat Pay v3 as a `PaymentProvider`: Native (a QR code) on a desktop, H5 in a phone's browser, JSAPI inside WeChat.

Inside WeChat's own browser a payment needs the reader's openid, which WeChat tells after a redirect (`identity.py`); that needs the
official account's secret. Without it there is the QR code. What the library leaves out stands in `library.py`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

from wechatpayv3 import WeChatPayType

from gatekeeper.accounts.marks import new_id
from gatekeeper.commerce import checkouts
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
from gatekeeper.commerce.providers import asking
from gatekeeper.commerce.providers.accounts import WechatPayAccount
from gatekeeper.commerce.providers.asking import refund_number
from gatekeeper.commerce.providers.wechat_pay import identity, notices
from gatekeeper.commerce.providers.wechat_pay.library import Library
from gatekeeper.storage.engine import Database

NAME = "wechat_pay"
LONGEST_MESSAGE_BYTES = 64 * 1024
OPEN_FOR = timedelta(hours=2)  # WeChat's codes live two hours, H5 addresses five minutes
H5_OPEN_FOR = timedelta(minutes=5)
_REFUND_ENDED = frozenset({"CLOSED", "ABNORMAL"})


class WechatPay:
    """origin: of this gatekeeper, as browsers and WeChat see it."""

    name = NAME
    longest_message_bytes = LONGEST_MESSAGE_BYTES
    renews = False
    wants_referrer = True  # H5 pages refuse whoever does not come from the registered domain

    def __init__(self, account: WechatPayAccount, *, origin: str) -> None:
        self._account = account
        self._origin = origin
        self._library = Library(account, notify_url=f"{origin}/webhooks/{NAME}")

    @property
    def is_live(self) -> bool:
        return self._account.is_live

    def takes(self, currency: str) -> bool:
        return currency == notices.CURRENCY

    def begin(self, database: Database, order: Order, visit: Visit, *, now: datetime) -> Checkout:
        if visit.is_wechat and self._account.app_secret is not None:
            if visit.wechat_reader is None:
                return Checkout(way=Way.IDENTIFY, address=self._identity(order, visit))
            return self._bridge(order, visit.wechat_reader)
        if visit.is_phone and not visit.is_wechat:
            return Checkout(way=Way.PAGE, address=self._h5(database, order, visit, now=now))
        return Checkout(way=Way.CODE, address=self._code(database, order, now=now))

    def identify(self, code: str) -> str:
        return identity.openid(self._account, code)

    def verified(self, raw: bytes, headers: Mapping[str, str], *, now: datetime) -> ProviderEvent:
        if len(raw) > LONGEST_MESSAGE_BYTES:
            raise RejectedError("too long")
        return notices.event_of(self._library.opened(raw, headers, now=now), self._account)

    def kept(self, raw: bytes) -> ProviderEvent:
        return notices.event_of(self._library.reopened(raw), self._account)

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
        return asking.each(database, orders, self._ask)

    def refund(
        self, order: Order, payment: str, money: Money, *, paid: Money, number: int, now: datetime
    ) -> ProviderEvent:
        amount = {"refund": money.amount_minor, "total": paid.amount_minor, "currency": money.currency}
        made = self._library.answered(
            lambda: self._library.api.refund(
                out_refund_no=refund_number(order, number), amount=amount, transaction_id=payment
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
        return fact or ProviderEvent(id=refund_number(order, number), told=Told.OTHER, at=now)

    def portal(self, database: Database, order: Order, *, back: str) -> str | None:
        return None

    def _identity(self, order: Order, visit: Visit) -> str:
        back = f"{self._origin}/pay/{order.number}/wechat"
        return identity.address(self._account, back=back, state=visit.wechat_state)

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
            "paySign": self._library.api.sign([self._account.app, stamp, nonce, package]),
        }
        return Checkout(way=Way.BRIDGE, address=json.dumps(arguments))

    def _begun(self, order: Order, wanted: str, way: WeChatPayType, **more: Any) -> str:
        amount = {"total": order.price.amount_minor, "currency": order.price.currency}
        made = self._library.answered(
            lambda: self._library.api.pay(
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
        asked = self._library.answered_or_none(lambda: self._library.api.query(out_trade_no=order.number))
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
            ask = partial(self._library.api.query_refund, refund_number(order, number))
            refund = self._library.answered_or_none(ask)
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
