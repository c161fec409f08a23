"""Alipay as a `PaymentProvider`: page pay on a desktop, wap pay on a phone, RSA2.

What the library (python-alipay-sdk 3.4) does not check or does wrongly, and is done here:
- a notice without `sign_type` passes as RSA2, one with another raises; here it must say RSA2,
- it looks at no application, seller, amount or time (`notices.py`),
- it ignores what is no base64 in a signature; here a signature is base64 and nothing else,
- it stamps requests with the machine's local time; Alipay reads China's time,
- an answer's signature does not say what was asked; here the answer must name our order,
- its address cannot be given to it; it is set here.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from http.client import HTTPException
from typing import Any

from alipay import AliPay
from alipay.exceptions import AliPayException, AliPayValidationError
from alipay.utils import AliPayConfig

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
    Visit,
    Way,
)
from gatekeeper.commerce.providers import asking
from gatekeeper.commerce.providers.accounts import AlipayAccount
from gatekeeper.commerce.providers.alipay import notices
from gatekeeper.commerce.providers.asking import refund_number
from gatekeeper.commerce.providers.fields import name
from gatekeeper.storage.engine import Database

NAME = "alipay"
LONGEST_MESSAGE_BYTES = 64 * 1024
TIMEOUT_SECONDS = 15
OPEN_MINUTES = 90
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{300,1000}={0,2}", re.ASCII)
_UNKNOWN = "ACQ.TRADE_NOT_EXIST"


class Alipay:
    """origin: of this gatekeeper, as browsers and Alipay see it."""

    name = NAME
    longest_message_bytes = LONGEST_MESSAGE_BYTES
    renews = False
    wants_referrer = False

    def __init__(self, account: AlipayAccount, *, origin: str) -> None:
        self._account = account
        self._origin = origin
        self._library = _Library(account, notify_url=f"{origin}/webhooks/{NAME}")

    @property
    def is_live(self) -> bool:
        return self._account.is_live

    def takes(self, currency: str) -> bool:
        return currency == notices.CURRENCY

    def begin(self, database: Database, order: Order, visit: Visit, *, now: datetime) -> Checkout:
        """Nothing is asked: the address is the signed order. Alipay makes the trade when the reader arrives, once for our number."""
        page = f"{self._origin}/orders/{order.number}"
        make: Callable[..., str] = (
            self._library.api_alipay_trade_wap_pay
            if visit.is_phone
            else self._library.api_alipay_trade_page_pay
        )
        query = make(
            subject=_subject(order.title),
            out_trade_no=order.number,
            total_amount=notices.as_yuan(order.price),
            return_url=f"{page}?returned=1",
            timeout_express=f"{OPEN_MINUTES}m",
        )
        return Checkout(way=Way.PAGE, address=f"{self._account.url}?{query}")

    def verified(self, raw: bytes, headers: Mapping[str, str], *, now: datetime) -> ProviderEvent:
        if len(raw) > LONGEST_MESSAGE_BYTES:
            raise RejectedError("too long")
        notice = notices.fields_of(raw)
        sign, rest = notice.get("sign", ""), {key: notice[key] for key in notice if key != "sign"}
        if notice.get("sign_type") != "RSA2" or not _SIGNATURE.fullmatch(sign):
            raise RejectedError("not signed with RSA2")
        try:
            is_genuine = self._library.verify(rest, sign)
        except (AliPayException, ValueError, binascii.Error):
            is_genuine = False
        if not is_genuine:
            raise RejectedError("not signed by Alipay")
        notices.check_time(notice, now=now)
        return notices.event_of(notice, self._account)

    def kept(self, raw: bytes) -> ProviderEvent:
        return notices.event_of(notices.fields_of(raw), self._account)

    def answer(self, *, status: int) -> Answer:
        """Exactly the word `success`; after anything else Alipay repeats the notice."""
        said = b"success" if status == 200 else b"fail"
        return Answer(status=status, body=said, media_type="text/plain; charset=utf-8")

    def ask(
        self, database: Database, orders: Sequence[Order], *, since: datetime, now: datetime
    ) -> Iterable[ProviderEvent | Doubt]:
        """One question an order, and one more for each refund that this shop may have made."""
        return asking.each(database, orders, partial(self._ask, now=now))

    def refund(
        self, order: Order, payment: str, money: Money, *, paid: Money, number: int, now: datetime
    ) -> ProviderEvent:
        """Alipay answers with the total given back so far, and a repeated number gives nothing more."""
        made = self._called(
            lambda: self._library.api_alipay_trade_refund(
                refund_amount=notices.as_yuan(money),
                out_trade_no=order.number,
                out_request_no=refund_number(order, number),
            )
        )
        try:
            if made.get("out_trade_no") != order.number or name(made, "trade_no") != payment:
                raise RejectedError("another trade's refund")
            return notices.refund_total(order.number, payment, notices.yuan(made.get("refund_fee")), at=now)
        except RejectedError as error:
            raise ProviderAwayError(f"Alipay's refund cannot be read: {error.reason}") from error

    def portal(self, database: Database, order: Order, *, back: str) -> str | None:
        return None

    def _ask(self, order: Order, known: int, *, now: datetime) -> Iterable[ProviderEvent | Doubt]:
        """known: how many refunds the ledger has; ours may stand at one number more."""
        asked = self._called_or_none(lambda: self._library.api_alipay_trade_query(out_trade_no=order.number))
        if asked is None:
            return
        if asked.get("out_trade_no") != order.number:
            raise RejectedError("Alipay answered about another order")
        status, trade = asked.get("trade_status"), name(asked, "trade_no")
        was_paid = asked.get("send_pay_date") is not None
        if not was_paid:
            return
        total = notices.yuan(asked.get("total_amount"))
        paid_at = notices.moment_of(asked.get("send_pay_date"))
        yield notices.paid(order.number, trade, total, at=paid_at)
        if status == "TRADE_CLOSED":  # a trade that was paid is closed by giving all of it back
            yield notices.refund_total(order.number, trade, total, at=now)
            return
        refunded = 0
        for number in range(1, known + 2):
            ask = partial(
                self._library.api_alipay_trade_fastpay_refund_query,
                refund_number(order, number),
                out_trade_no=order.number,
            )
            found = self._called_or_none(ask)
            if found is None or found.get("refund_status") != "REFUND_SUCCESS":
                continue
            if found.get("out_trade_no") != order.number:
                raise RejectedError("Alipay answered about another order's refund")
            refunded += notices.yuan(found.get("refund_amount")).amount_minor
        if refunded:
            total_back = Money(amount_minor=refunded, currency=notices.CURRENCY)
            yield notices.refund_total(order.number, trade, total_back, at=now)

    def _called(self, call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        found = self._called_or_none(call)
        if found is None:
            raise ProviderRefusedError("Alipay knows no such trade")
        return found

    def _called_or_none(self, call: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The answer, whose signature the library has checked; None where Alipay knows no such trade."""
        try:
            found = call()
        except AliPayValidationError:
            raise ProviderAwayError("Alipay's answer is not signed by Alipay") from None
        except AliPayException as error:
            raise ProviderRefusedError(
                "Alipay refused the request", hint="check application, keys and clock"
            ) from error
        except (OSError, HTTPException, ValueError, AttributeError) as error:
            # The address of a request holds all of it, so the error is told by its kind alone.
            raise ProviderAwayError(
                f"Alipay did not answer: {type(error).__name__}", hint="try again in a moment"
            ) from None
        if found.get("code") == "10000":
            return found
        sub_code = str(found.get("sub_code", found.get("code")))[:60]
        if sub_code == _UNKNOWN:
            return None
        if found.get("code") == "20000":
            raise ProviderAwayError(f"Alipay did not answer: {sub_code}", hint="try again in a moment")
        raise ProviderRefusedError(f"Alipay refused: {sub_code}", hint="see docs/commerce.md")


class _Library(AliPay):  # type: ignore[misc]  # the library is not typed
    """The library with our address, and with China's time on its requests."""

    def __init__(self, account: AlipayAccount, *, notify_url: str) -> None:
        super().__init__(
            appid=account.app,
            app_notify_url=notify_url,
            app_private_key_string=account.private_key.reveal_text(),
            alipay_public_key_string=account.public_key,
            sign_type="RSA2",
            config=AliPayConfig(timeout=TIMEOUT_SECONDS),
        )
        self._gateway = account.url

    def build_body(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        body: dict[str, Any] = super().build_body(*args, **kwargs)
        body["timestamp"] = datetime.now(notices.CHINA).strftime("%Y-%m-%d %H:%M:%S")
        return body


def _subject(title: str) -> str:
    """Alipay refuses some signs in a title, and the library looks for braces in what it reads back."""
    return re.sub(r"[/=&{}\"'<>%]", " ", title)[:256].strip() or "Lyceum"
