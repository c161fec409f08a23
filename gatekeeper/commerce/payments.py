"""What the shop asks of a payment provider, and what a provider may tell.

A provider only *tells*: it checks that a message is really its own (signature over the raw bytes, time in both directions, mode),
and turns it into a `ProviderEvent`. What follows from it, and whether the amount is the order's, is decided in `webhooks.py`, once
for all providers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection

from gatekeeper.commerce.money import Money
from gatekeeper.commerce.orders import Order


class Told(StrEnum):
    CREATED = "created"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """One message. id: unique at the provider. order: our order's number. at: when it happened there."""

    id: str
    told: Told
    order: str
    money: Money
    at: datetime


class RejectedError(Exception):
    """The message is not the provider's, or not for us, or not readable. reason: for the log; nothing of the message."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PaymentProvider(Protocol):
    """name: stands in the ledger, never rename. is_live: whether it moves real money."""

    @property
    def name(self) -> str: ...

    @property
    def is_live(self) -> bool: ...

    def begin(self, connection: Connection, order: Order, *, now: datetime) -> str:
        """Prepares the payment of the order; returns the address where the reader pays. Repeating it is harmless."""
        ...

    def verified(self, raw: bytes, headers: Mapping[str, str], *, now: datetime) -> ProviderEvent:
        """The message in these raw bytes. headers: names in lower case. Raises RejectedError, and nothing else."""
        ...
