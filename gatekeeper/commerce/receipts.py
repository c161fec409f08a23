"""The mails of a purchase: the receipt, and the news of a refund, in the language of the order.

They are put into the outbox in the transaction that appends the ledger's line, so there is exactly one of each line, and none without.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gatekeeper.accounts.post import outbox
from gatekeeper.accounts.post.letters import LetterWriter
from gatekeeper.commerce.money import Money
from gatekeeper.commerce.orders import Order
from gatekeeper.commerce.seller import Seller


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPost:
    """letters: writes them; origin: the gatekeeper's own, configured address (attack case H04). seller: who stands on receipts."""

    letters: LetterWriter
    origin: str
    seller: Seller = Seller()  # noqa: RUF009 - a frozen value

    def receipt(
        self,
        connection: Connection,
        order: Order,
        *,
        recipient: str,
        paid_at: datetime,
        now: datetime,
        period: str | None = None,
    ) -> None:
        """period: the name of a subscription's further period; None for the order's own payment."""
        letter = self.letters.write(
            "receipt",
            order.language,
            number=order.number,
            product=order.title,
            price=str(order.price),
            paid_at=paid_at,
            interval=order.interval,
            refund_days=order.refund_days,
            seller=self.seller,
            tax=str(self.seller.tax.within(order.price)) if self.seller.tax is not None else "",
            address=f"{self.origin}/orders/{order.number}",
        )
        outbox.put(
            connection, key=_key("receipt", order.number, period), recipient=recipient, letter=letter, now=now
        )

    def refund(
        self,
        connection: Connection,
        order: Order,
        event: str,
        money: Money,
        *,
        recipient: str,
        now: datetime,
    ) -> None:
        """event: the refund's name at the provider."""
        letter = self.letters.write(
            "refund",
            order.language,
            number=order.number,
            product=order.title,
            price=str(money),
            address=f"{self.origin}/orders/{order.number}",
        )
        outbox.put(
            connection,
            key=_key("refund", order.provider, event),
            recipient=recipient,
            letter=letter,
            now=now,
        )


def _key(*words: str | None) -> str:
    return ":".join(word for word in words if word is not None)[:120]
