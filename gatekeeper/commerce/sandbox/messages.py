"""The sandbox's messages: JSON `{"id", "type": "payment.<told>", "created", "mode": "sandbox", "payment", "order", "amount_minor", "currency"}`.

Nothing in them is trusted but what has its exact type: an event's name, our order number, whole minor units, a time that a database
can hold.
"""

from __future__ import annotations

import re
from datetime import datetime

from gatekeeper.commerce.money import Money
from gatekeeper.commerce.payments import ProviderEvent, RejectedError, Told
from gatekeeper.commerce.providers.fields import moment, money, name, order_number, parsed
from gatekeeper.contract import canonical

_EVENT_ID = re.compile(r"evt_[0-9a-f]{32}", re.ASCII)
_KINDS = {
    f"payment.{told.value}": told
    for told in (
        Told.CREATED,
        Told.PENDING,
        Told.PAID,
        Told.FAILED,
        Told.REFUNDED,
        Told.DISPUTED,
        Told.DISPUTE_WON,
        Told.DISPUTE_LOST,
    )
}


def written(event: str, told: Told, payment: str, order: str, amount: Money, *, at: datetime) -> bytes:
    return canonical.dumps(
        {
            "id": event,
            "type": f"payment.{told.value}",
            "created": int(at.timestamp()),
            "mode": "sandbox",
            "payment": payment,
            "order": order,
            "amount_minor": amount.amount_minor,
            "currency": amount.currency,
        }
    )


def read(raw: bytes) -> ProviderEvent:
    """The fact in a message. Raises RejectedError for anything that is not one."""
    message = parsed(raw)
    if message.get("mode") != "sandbox":
        raise RejectedError("not a message of the sandbox")
    event, told = name(message, "id"), _KINDS.get(name(message, "type"))
    if not _EVENT_ID.fullmatch(event):
        raise RejectedError("no event id")
    if told is None:
        raise RejectedError("not a kind of message that is known")
    return ProviderEvent(
        id=event,
        told=told,
        order=order_number(message, "order"),
        money=money(message.get("amount_minor"), message.get("currency")),
        at=moment(message.get("created")),
    )
