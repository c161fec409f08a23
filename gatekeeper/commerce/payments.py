"""What the shop asks of a payment provider, and what a provider may tell.

The contract of a `PaymentProvider`:

- A provider only *tells*. It checks that a message is really its own and really for us: signature over the raw bytes, time in both
  directions, account, application, live or test mode. It turns the message into a `ProviderEvent`. What follows from it, and whether
  the amount is the order's, is decided in `webhooks.py`, once for all providers.
- An event is named by the *fact*, never by the delivery: a payment learnt from a webhook, from a second webhook about the same money
  and from asking the provider has one and the same id, so it is recorded once.
- Nothing is believed that the provider did not say: not the browser's return, not an amount of ours that it did not repeat.
- Its library is not trusted with what it does not check. What it leaves out stands in each provider's module docstring.
- Talking to the provider happens outside of transactions, and may fail with `ProviderAwayError`; then nothing has changed here, and
  doing it again is harmless.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from gatekeeper.commerce.money import Money
from gatekeeper.commerce.orders import Order
from gatekeeper.errors import GatekeeperError
from gatekeeper.storage.engine import Database


class Told(StrEnum):
    """What a provider can say. The value stands in the sandbox's tables: never rename."""

    CREATED = "created"
    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    RENEWED = "renewed"  # a further period of a subscription was paid
    RENEWAL_FAILED = "renewal-failed"
    CANCELLED = "cancelled"  # the subscription will not renew
    RESUMED = "resumed"  # it will renew after all
    REFUNDED = "refunded"
    REFUND_FAILED = "refund-failed"  # a refund that was told came back
    DISPUTED = "disputed"
    DISPUTE_WON = "dispute-won"  # by the school
    DISPUTE_LOST = "dispute-lost"
    LINKED = "linked"  # nothing happened; two references were said to mean the same
    OTHER = "other"  # genuine, and nothing that concerns orders


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """One fact. id: its name at the provider. at: when it happened there.

    order: our number, when the message carries it; else the order is found by `known_as`, the provider's names for what the order
    was paid with, each of which belongs to one order. payment: the name of the payment that the fact is about, one of the names
    that `known_as` links. is_total: money is all that was refunded of the payment so far. until: end of the paid period.
    """

    id: str
    told: Told
    at: datetime
    order: str | None = None
    money: Money | None = None
    payment: str | None = None
    known_as: tuple[str, ...] = ()
    is_total: bool = False
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The browser that wants to pay. client: its IP address. wechat_reader: its openid, once WeChat told it; wechat_state: what WeChat is to bring back then."""

    client: str
    language: str
    is_phone: bool = False
    is_wechat: bool = False
    wechat_reader: str | None = None
    wechat_state: str = ""


class Way(StrEnum):
    """How a reader comes to pay; stored in the database: never rename."""

    PAGE = "page"  # the provider's own page, at an address
    CODE = "code"  # a QR code to scan with a phone
    BRIDGE = "bridge"  # a call that only WeChat's own browser understands
    IDENTIFY = "identify"  # an address that first tells us who the reader is there


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """Where the reader pays. address: of the page, or the QR code's content, or the bridge's arguments as JSON."""

    way: Way
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a provider wants to hear about its message."""

    status: int
    body: bytes
    media_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Something an operator must look at with their own eyes. order: our number."""

    order: str
    what: str


class RejectedError(Exception):
    """The message is not the provider's, or not for us, or not readable. reason: for the log; nothing of the message.

    is_alarming: it was signed by the provider, and yet is not for this school: another account, application or mode.
    """

    def __init__(self, reason: str, *, is_alarming: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_alarming = is_alarming


class ProviderAwayError(GatekeeperError):
    """The provider did not answer, or answered what it must not."""

    exit_code = 6


class ProviderRefusedError(GatekeeperError):
    """The provider understood, and will not do it."""


class PaymentProvider(Protocol):
    """name: stands in the database, never rename. is_live: whether it moves real money."""

    @property
    def name(self) -> str: ...

    @property
    def longest_message_bytes(self) -> int:
        """A message that is longer is refused unread."""
        ...

    @property
    def is_live(self) -> bool: ...

    @property
    def renews(self) -> bool:
        """Whether it charges for the next period of a subscription by itself."""
        ...

    @property
    def wants_referrer(self) -> bool:
        """Whether its page must be told from which origin a reader comes."""
        ...

    def takes(self, currency: str) -> bool:
        """Whether it takes payments in this currency."""
        ...

    def begin(self, database: Database, order: Order, visit: Visit, *, now: datetime) -> Checkout:
        """Prepares the payment of the order, outside of any transaction. Repeating it pays nothing twice.

        Raises ProviderAwayError, ProviderRefusedError.
        """
        ...

    def verified(self, raw: bytes, headers: Mapping[str, str], *, now: datetime) -> ProviderEvent:
        """The fact in these raw bytes. headers: names in lower case. Raises RejectedError, and nothing else."""
        ...

    def kept(self, raw: bytes) -> ProviderEvent:
        """The fact in a body that was verified when it came and has been kept since. Raises RejectedError."""
        ...

    def answer(self, *, status: int) -> Answer:
        """What to answer a message with; 200 means taken."""
        ...

    def ask(
        self, database: Database, orders: Sequence[Order], *, since: datetime, now: datetime
    ) -> Iterable[ProviderEvent | Doubt]:
        """What the provider knows of these orders of ours, or of everything since then: the same facts as its messages tell.

        Raises ProviderAwayError.
        """
        ...

    def refund(
        self, order: Order, payment: str, money: Money, *, paid: Money, number: int, now: datetime
    ) -> ProviderEvent:
        """Gives money back. number: 1 for the first refund of the order; repeating the same number refunds nothing twice.

        Returns the refund as a fact, or `Told.OTHER` when the provider has taken it on and will tell. Raises ProviderAwayError,
        ProviderRefusedError.
        """
        ...

    def portal(self, database: Database, order: Order, *, back: str) -> str | None:
        """The address where the reader looks after the order's subscription; None when there is none."""
        ...


@runtime_checkable
class Identifying(Protocol):
    """A provider that must first be told who its reader is, by `Way.IDENTIFY`."""

    def identify(self, code: str) -> str:
        """The provider's name for the reader who came back with this code. Raises ProviderAwayError, ProviderRefusedError."""
        ...
