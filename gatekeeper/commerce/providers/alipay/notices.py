"""What Alipay's notices and answers say about our orders.

A notice is a form. Its signature covers the other fields, without `sign` and `sign_type`, sorted, joined as `name=value` with `&`; it is
checked by the provider. Here the content is: our application, our seller number, our order number, an amount of yuan with two
decimals. A payment is named by Alipay's trade. Refunds come as the total that was given back so far (`refund_fee`), which is what
Alipay says and what the ledger is told (`is_total`). Times are in China's time (UTC+8), which has no summer time.
Source: opendocs.alipay.com, "异步通知说明".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qsl

from gatekeeper.commerce.money import Money
from gatekeeper.commerce.payments import ProviderEvent, RejectedError, Told
from gatekeeper.commerce.providers.accounts import AlipayAccount
from gatekeeper.commerce.providers.fields import name, order_number

CURRENCY = "CNY"
CHINA = timezone(timedelta(hours=8))
# Alipay repeats a notice for 25 hours and says when it was first sent.
OLDEST = timedelta(hours=26)
LATEST = timedelta(minutes=5)
_MOST_FIELDS = 100
_YUAN = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,2}))?", re.ASCII)
_PAID = frozenset({"TRADE_SUCCESS", "TRADE_FINISHED"})


def fields_of(raw: bytes) -> dict[str, str]:
    """The form's fields. Raises RejectedError for a field that stands there twice, and for what is no form."""
    try:
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise RejectedError("not a form") from error
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RejectedError("a field stands there twice")
    return found


def check_time(notice: Mapping[str, str], *, now: datetime) -> None:
    """Raises RejectedError for a notice that is too old, or from the future."""
    sent = moment_of(notice.get("notify_time"))
    if not now - OLDEST <= sent <= now + LATEST:
        raise RejectedError("too old, or from the future")


def event_of(notice: Mapping[str, str], account: AlipayAccount) -> ProviderEvent:
    """The fact in a notice whose signature was checked."""
    if notice.get("app_id") != account.app:
        raise RejectedError("for another application", is_alarming=True)
    if notice.get("seller_id") != account.seller:
        raise RejectedError("for another seller", is_alarming=True)
    if notice.get("notify_type") != "trade_status_sync":
        return _other(notice)
    order, trade = order_number(notice, "out_trade_no"), name(notice, "trade_no")
    total, status = yuan(notice.get("total_amount")), notice.get("trade_status")
    refunded = yuan(notice.get("refund_fee", "0"))
    if refunded.amount_minor > 0:
        at = moment_of(notice.get("gmt_refund") or notice.get("notify_time"))
        return refund_total(order, trade, refunded, at=at)
    if status in _PAID:
        return paid(order, trade, total, at=moment_of(notice.get("gmt_payment")))
    if status == "TRADE_CLOSED":
        return ProviderEvent(
            id=f"closed:{trade}",
            told=Told.FAILED,
            at=moment_of(notice.get("gmt_close") or notice.get("notify_time")),
            order=order,
            known_as=(trade,),
        )
    return _other(notice)


def paid(order: str, trade: str, total: Money, *, at: datetime) -> ProviderEvent:
    return ProviderEvent(
        id=f"paid:{trade}",
        told=Told.PAID,
        at=at,
        order=order,
        money=total,
        payment=trade,
        known_as=(trade,),
    )


def refund_total(order: str, trade: str, refunded: Money, *, at: datetime) -> ProviderEvent:
    """`refunded` is what has been given back of the trade so far."""
    return ProviderEvent(
        id=f"refunded:{trade}:{refunded.amount_minor}",
        told=Told.REFUNDED,
        at=at,
        order=order,
        money=refunded,
        payment=trade,
        known_as=(trade,),
        is_total=True,
    )


def yuan(text: object) -> Money:
    """`99.00` as 9900 fen. Read digit by digit: no float comes near money."""
    found = _YUAN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise RejectedError("no amount")
    amount = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))
    return Money(amount_minor=amount, currency=CURRENCY)


def as_yuan(money: Money) -> str:
    whole, rest = divmod(money.amount_minor, 100)
    return f"{whole}.{rest:02d}"


def moment_of(text: object) -> datetime:
    """`2026-11-22 17:30:00` in China, with or without milliseconds, as a moment."""
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) and len(text) <= 23 else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise RejectedError("no time")
    return found.replace(tzinfo=CHINA).astimezone(UTC)


def _other(notice: Mapping[str, str]) -> ProviderEvent:
    return ProviderEvent(
        id=name(notice, "notify_id"), told=Told.OTHER, at=moment_of(notice.get("notify_time"))
    )
