"""What can be printed of an order: a receipt for each payment of it, a credit note for each refund that did not come back.

They are read from the ledger each time, so none can be missing or say something else. The first payment's receipt carries the order's
number; further ones (a subscription's periods) and credit notes count up behind it: `L-20261122-7K3F9Q-2`, `…-C1`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatekeeper.commerce.ledger import Entry, Kind
from gatekeeper.commerce.money import Money


class DocumentKind(StrEnum):
    RECEIPT = "receipt"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """number: as it is printed. name: behind the order's number, empty for the first receipt. about: the receipt that a credit note is about."""

    kind: DocumentKind
    number: str
    name: str
    money: Money
    at: datetime
    until: datetime | None
    about: str

    @property
    def is_credit(self) -> bool:
        return self.kind is DocumentKind.CREDIT


def documents_of(number: str, entries: Sequence[Entry]) -> list[Document]:
    """The documents of the order with this number, in the order of recording. entries: all of its lines."""
    made: list[Document] = []
    receipts: dict[str | None, str] = {}
    came_back = Counter(
        (entry.payment, entry.amount_minor) for entry in entries if entry.kind is Kind.REFUND_FAILED
    )
    paid = refunded = 0
    for entry in entries:
        if entry.kind in {Kind.PAID, Kind.RENEWED}:
            paid += 1
            name = "" if paid == 1 else str(paid)
            receipts.setdefault(entry.payment, _numbered(number, name))
            made.append(_document(DocumentKind.RECEIPT, number, name, entry, about=""))
        elif entry.kind is Kind.REFUNDED:
            refunded += 1
            refund = (entry.payment, entry.amount_minor)
            if came_back[refund]:  # its number stays taken
                came_back[refund] -= 1
                continue
            about = receipts.get(entry.payment, number)
            made.append(_document(DocumentKind.CREDIT, number, f"C{refunded}", entry, about=about))
    return made


def _document(kind: DocumentKind, number: str, name: str, entry: Entry, *, about: str) -> Document:
    return Document(
        kind=kind,
        number=_numbered(number, name),
        name=name,
        money=Money(amount_minor=entry.amount_minor, currency=entry.currency),
        at=entry.at,
        until=entry.until,
        about=about,
    )


def _numbered(number: str, name: str) -> str:
    return f"{number}-{name}" if name else number
