"""What Stripe's events say about our orders.

An event's own id names a delivery, not a fact: `checkout.session.completed` and `checkout.session.async_payment_succeeded` may speak of
the same money. So facts are named by Stripe's objects: `paid:pi_…`, `paid:in_…`, `refunded:re_…`, `disputed:dp_…`. Which object tells what:

- a single purchase is paid when its Checkout session says `payment_status: paid`; its payment is the PaymentIntent,
- a subscription's periods are paid by invoices; its sessions and `invoice_payment.paid` only link Stripe's names with each other,
- a refund counts from the moment it is made, and is undone when it fails,
- an inquiry (`warning_…`) is no dispute yet; it becomes one when funds are withdrawn.

Sessions, PaymentIntents and subscriptions that this shop made carry the order in their metadata. Refunds and disputes do not; they
are found by their PaymentIntent. Whatever carries no order of ours belongs to another shop of the same account and is let be.
Shapes: Stripe API 2025-03-31 (basil) and later, where an invoice's subscription stands under `parent`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from gatekeeper.commerce.orders import is_number
from gatekeeper.commerce.payments import ProviderEvent, RejectedError, Told
from gatekeeper.commerce.providers.fields import (
    moment,
    money,
    name,
    name_if_any,
    section,
)

ORDER = "lyceum_order"  # the metadata's key, at Stripe for good: never rename

Object = Mapping[str, Any]


def event_of(message: Object, *, is_live: bool) -> ProviderEvent:
    """The fact in an event object. Raises RejectedError for another account or mode, and for a shape that is not Stripe's."""
    if message.get("object") != "event":
        raise RejectedError("not an event")
    if type(message.get("livemode")) is not bool:
        raise RejectedError("no mode")
    if message["livemode"] is not is_live:
        raise RejectedError("a live event in test mode, or the reverse", is_alarming=True)
    if message.get("account") is not None:
        raise RejectedError("an event of a connected account", is_alarming=True)
    id_, kind, at = name(message, "id"), name(message, "type"), moment(message.get("created"))
    read = _READ.get(kind)
    found = read(section(message, "data"), at, id_) if read is not None else None
    return found or ProviderEvent(id=id_, told=Told.OTHER, at=at)


def _session(data: Object, at: datetime, kind: str) -> ProviderEvent | None:
    session = section(data, "object")
    order = _order(session)
    if order is None:
        return None
    id_ = name(session, "id")
    if session.get("mode") == "subscription":
        if kind in {"expired", "failed"}:
            return ProviderEvent(id=f"{kind}:{id_}", told=Told.FAILED, at=at, order=order, known_as=(id_,))
        names = (id_, name_if_any(session, "subscription"))
        return ProviderEvent(
            id=f"session:{id_}", told=Told.LINKED, at=at, order=order, known_as=_names(*names)
        )
    payment = name_if_any(session, "payment_intent")
    known_as = _names(id_, payment)
    if kind in {"expired", "failed"}:
        return ProviderEvent(id=f"{kind}:{id_}", told=Told.FAILED, at=at, order=order, known_as=known_as)
    price = money(session.get("amount_total"), _currency(session), least=0)
    if session.get("payment_status") == "unpaid":
        return ProviderEvent(
            id=f"pending:{id_}",
            told=Told.PENDING,
            at=at,
            order=order,
            money=price,
            payment=payment,
            known_as=known_as,
        )
    return ProviderEvent(
        id=f"paid:{payment or id_}",
        told=Told.PAID,
        at=at,
        order=order,
        money=price,
        payment=payment or id_,
        known_as=known_as,
    )


def _intent(data: Object, at: datetime, _event: str) -> ProviderEvent | None:
    intent = section(data, "object")
    order = _order(intent)
    if order is None:
        return None
    id_ = name(intent, "id")
    return ProviderEvent(
        id=f"created:{id_}",
        told=Told.CREATED,
        at=at,
        order=order,
        money=money(intent.get("amount"), _currency(intent)),
        payment=id_,
        known_as=(id_,),
    )


def _invoice(data: Object, at: datetime, *, is_paid: bool) -> ProviderEvent | None:
    invoice = section(data, "object")
    details = section(invoice, "parent", "subscription_details") or section(invoice, "subscription_details")
    order = _order(details)
    first = {"subscription_create": True, "subscription_cycle": False}.get(str(invoice.get("billing_reason")))
    if order is None or first is None:
        return None
    id_ = name(invoice, "id")
    known_as = _names(id_, name_if_any(details, "subscription"))
    if not is_paid:
        told = Told.FAILED if first else Told.RENEWAL_FAILED
        tries = invoice.get("attempt_count")
        return ProviderEvent(
            id=f"unpaid:{id_}:{tries if type(tries) is int else 0}",
            told=told,
            at=at,
            order=order,
            known_as=known_as,
            payment=id_,
        )
    paid_at = section(invoice, "status_transitions").get("paid_at")
    return ProviderEvent(
        id=f"paid:{id_}",
        told=Told.PAID if first else Told.RENEWED,
        at=moment(paid_at) if paid_at is not None else at,
        order=order,
        money=money(invoice.get("amount_paid"), _currency(invoice), least=0),
        payment=id_,
        known_as=known_as,
        until=_period_end(invoice),
    )


def _period_end(invoice: Object) -> datetime:
    lines = section(invoice, "lines").get("data")
    ends = [section(line, "period").get("end") for line in lines] if isinstance(lines, list) else []
    if not ends:
        raise RejectedError("an invoice without a period")
    return max(moment(end) for end in ends)


def _invoice_payment(data: Object, at: datetime, _event: str) -> ProviderEvent | None:
    """An invoice's money: says which PaymentIntent paid which invoice, so that its refunds are found."""
    paid = section(data, "object")
    intent = name_if_any(section(paid, "payment"), "payment_intent")
    invoice = name_if_any(paid, "invoice")
    if intent is None or invoice is None:
        return None
    return ProviderEvent(
        id=f"invoice-payment:{name(paid, 'id')}",
        told=Told.LINKED,
        at=at,
        payment=invoice,
        known_as=(invoice, intent),
    )


def _changed(data: Object, at: datetime, event: str) -> ProviderEvent | None:
    """A subscription that was cancelled to the end of its period, or taken up again, by the reader or the school."""
    subscription = section(data, "object")
    order = _order(subscription)
    changed = {"cancel_at_period_end", "cancel_at"} & section(data, "previous_attributes").keys()
    if order is None or not changed:
        return None
    ends = subscription.get("cancel_at_period_end") is True or subscription.get("cancel_at") is not None
    return ProviderEvent(
        id=event,
        told=Told.CANCELLED if ends else Told.RESUMED,
        at=at,
        order=order,
        known_as=(name(subscription, "id"),),
    )


def _ended(data: Object, at: datetime, _event: str) -> ProviderEvent | None:
    subscription = section(data, "object")
    order = _order(subscription)
    if order is None:
        return None
    id_ = name(subscription, "id")
    return ProviderEvent(id=f"ended:{id_}", told=Told.CANCELLED, at=at, order=order, known_as=(id_,))


def refund_of(refund: Object, at: datetime) -> ProviderEvent | None:
    """A refund object as a fact. None where Stripe names no payment."""
    payment = name_if_any(refund, "payment_intent") or name_if_any(refund, "charge")
    if payment is None:
        return None
    has_failed = refund.get("status") in {"failed", "canceled"}
    return ProviderEvent(
        id=f"{'refund-failed' if has_failed else 'refunded'}:{name(refund, 'id')}",
        told=Told.REFUND_FAILED if has_failed else Told.REFUNDED,
        at=at,
        money=money(refund.get("amount"), _currency(refund)),
        known_as=(payment,),
    )


def _refund(data: Object, at: datetime, _event: str) -> ProviderEvent | None:
    return refund_of(section(data, "object"), at)


def _dispute(data: Object, at: datetime, _event: str) -> ProviderEvent | None:
    dispute = section(data, "object")
    payment = name_if_any(dispute, "payment_intent") or name_if_any(dispute, "charge")
    status = str(dispute.get("status"))
    if payment is None or status[:8] == "warning_":
        return None
    told = {"won": Told.DISPUTE_WON, "lost": Told.DISPUTE_LOST}.get(status, Told.DISPUTED)
    return ProviderEvent(
        id=f"{told.value}:{name(dispute, 'id')}",
        told=told,
        at=at,
        money=money(dispute.get("amount"), _currency(dispute)),
        known_as=(payment,),
    )


_READ: Mapping[str, Callable[[Object, datetime, str], ProviderEvent | None]] = {
    "checkout.session.completed": lambda data, at, _: _session(data, at, "completed"),
    "checkout.session.async_payment_succeeded": lambda data, at, _: _session(data, at, "completed"),
    "checkout.session.async_payment_failed": lambda data, at, _: _session(data, at, "failed"),
    "checkout.session.expired": lambda data, at, _: _session(data, at, "expired"),
    "payment_intent.created": _intent,
    "invoice.paid": lambda data, at, _: _invoice(data, at, is_paid=True),
    "invoice.payment_failed": lambda data, at, _: _invoice(data, at, is_paid=False),
    "invoice_payment.paid": _invoice_payment,
    "customer.subscription.updated": _changed,
    "customer.subscription.deleted": _ended,
    "refund.created": _refund,
    "refund.updated": _refund,
    "refund.failed": _refund,
    "charge.dispute.created": _dispute,
    "charge.dispute.funds_withdrawn": _dispute,
    "charge.dispute.closed": _dispute,
}
TYPES = tuple(
    _READ
)  # what the webhook endpoint subscribes to, and what is asked for; Stripe lists up to 20 at once


def _order(values: Object) -> str | None:
    found = section(values, "metadata").get(ORDER)
    return found if isinstance(found, str) and is_number(found) else None


def _currency(values: Object) -> object:
    """Stripe writes currencies in small letters, and only so."""
    found = values.get("currency")
    return found.upper() if isinstance(found, str) and found == found.lower() else None


def _names(*names: str | None) -> tuple[str, ...]:
    return tuple(one for one in names if one is not None)
