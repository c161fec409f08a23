"""What WeChat Pay's notices and answers say about our orders.

The decrypted notice must be ours in every respect: our merchant number, our application, our order number; the amount goes on to be
compared with the order. A payment is named by its transaction, a refund by its refund id, so that a notice and an answer to a
question are the same fact. A refund's notice carries neither application nor currency; WeChat Pay settles in CNY.
Source: pay.weixin.qq.com/doc/v3, "支付成功回调通知" and "退款结果通知".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gatekeeper.commerce.payments import ProviderEvent, RejectedError, Told
from gatekeeper.commerce.providers.accounts import WechatPayAccount
from gatekeeper.commerce.providers.fields import moment_of, money, name, order_number, section

CURRENCY = "CNY"


def event_of(notice: Mapping[str, Any], account: WechatPayAccount) -> ProviderEvent:
    """The fact in a notice whose `resource` has been decrypted."""
    resource, kind = section(notice, "resource"), notice.get("event_type")
    if kind == "TRANSACTION.SUCCESS":
        found = transaction_of(resource, account)
        if found is None or found.told is not Told.PAID:
            raise RejectedError("a success that is none")
        return found
    if kind == "REFUND.SUCCESS":
        if resource.get("refund_status") != "SUCCESS":
            raise RejectedError("a refund that is none")
        _ours(resource, account, has_app=False)
        return _refund(resource)
    return ProviderEvent(id=name(notice, "id"), told=Told.OTHER, at=moment_of(notice.get("create_time")))


def transaction_of(transaction: Mapping[str, Any], account: WechatPayAccount) -> ProviderEvent | None:
    """What a transaction's state says; None while nothing is decided."""
    _ours(transaction, account, has_app=True)
    order, state = order_number(transaction, "out_trade_no"), transaction.get("trade_state")
    if state in {"SUCCESS", "REFUND"}:  # refunded in part or whole: it was paid
        id_, amount = name(transaction, "transaction_id"), section(transaction, "amount")
        return ProviderEvent(
            id=f"paid:{id_}",
            told=Told.PAID,
            at=moment_of(transaction.get("success_time")),
            order=order,
            money=money(amount.get("total"), amount.get("currency")),
            payment=id_,
            known_as=(id_,),
        )
    return None


def answered_refund(refund: Mapping[str, Any], *, order: str, at: datetime) -> ProviderEvent | None:
    """What the answer to a refund or to a question about one says; None while it is under way. It has no merchant number to check."""
    if order_number(refund, "out_trade_no") != order:
        raise RejectedError("another order's refund")
    amount = section(refund, "amount")
    if amount.get("currency") != CURRENCY:
        raise RejectedError("a refund in another currency")
    if refund.get("status") != "SUCCESS":
        return None
    return _refund({"success_time": at.isoformat(), **refund})


def _refund(refund: Mapping[str, Any]) -> ProviderEvent:
    payment = name(refund, "transaction_id")
    return ProviderEvent(
        id=f"refunded:{name(refund, 'refund_id')}",
        told=Told.REFUNDED,
        at=moment_of(refund.get("success_time")),
        order=order_number(refund, "out_trade_no"),
        money=money(section(refund, "amount").get("refund"), CURRENCY),
        payment=payment,
        known_as=(payment,),
    )


def _ours(values: Mapping[str, Any], account: WechatPayAccount, *, has_app: bool) -> None:
    if values.get("mchid") != account.merchant:
        raise RejectedError("for another merchant", is_alarming=True)
    if has_app and values.get("appid") != account.app:
        raise RejectedError("for another application", is_alarming=True)
