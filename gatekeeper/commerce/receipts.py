"""The mails of a purchase: the receipt, and the news of a refund, in the language of the order.

They are put into the outbox in the transaction that appends the ledger's line, so there is exactly one of each line, and none without.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.post.letters import LetterWriter
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.payments import ProviderEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPost:
    """letters: writes them; origin: the gatekeeper's own, configured address (attack case H04)."""

    letters: LetterWriter
    origin: str

    def receipt(
        self, connection: Connection, order: Order, *, recipient: str, paid_at: datetime, now: datetime
    ) -> None:
        letter = self.letters.write(
            "receipt",
            order.language,
            number=order.number,
            product=order.title,
            price=str(order.price),
            paid_at=paid_at,
            interval=order.interval,
            refund_days=order.refund_days,
            address=f"{self.origin}/orders/{order.number}",
        )
        outbox.put(connection, key=f"receipt:{order.number}", recipient=recipient, letter=letter, now=now)

    def refund(
        self, connection: Connection, order: Order, event: ProviderEvent, *, recipient: str, now: datetime
    ) -> None:
        letter = self.letters.write(
            "refund",
            order.language,
            number=order.number,
            product=order.title,
            price=str(event.money),
            address=f"{self.origin}/orders/{order.number}",
        )
        outbox.put(
            connection,
            key=f"refund:{order.provider}:{event.id}"[:120],
            recipient=recipient,
            letter=letter,
            now=now,
        )
