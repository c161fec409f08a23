"""What a reader who types a code gets: a code that the operator made, or a gift's. Once, for one reader (attack case W20)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from gatekeeper.accounts.marks import Marker
from gatekeeper.commerce import codes, ledger, orders
from gatekeeper.commerce.codes import Redemption
from gatekeeper.commerce.entitlements import entitlements
from gatekeeper.commerce.gifts import gift as gifts
from gatekeeper.commerce.gifts.gift import Gift


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """product: of a code that is known; gift: when the code came with one."""

    outcome: Redemption
    product: str | None
    gift: Gift | None


def redeem(connection: Connection, marker: Marker, text: str, *, reader: str, now: datetime) -> Redeemed:
    """Redeems the code for the reader. What they own for good already uses no code up."""
    product = codes.product_of(connection, marker, text)
    gift = None if product is not None else gifts.find_by_code(connection, marker, text)
    if gift is not None:
        order = orders.find(connection, gift.order)
        product = order.product if order is not None else None
    if product is None:
        return Redeemed(outcome=Redemption.UNKNOWN, product=None, gift=None)
    if product in entitlements(ledger.of_reader(connection, reader), now).for_good:
        outcome = Redemption.YOURS
    elif gift is not None:
        outcome = gifts.redeem(connection, gift, reader=reader, now=now)
    else:
        outcome = codes.redeem(connection, marker, text, reader=reader, now=now)
    if outcome is Redemption.UNKNOWN:
        return Redeemed(outcome=outcome, product=None, gift=None)
    return Redeemed(outcome=outcome, product=product, gift=gift)
