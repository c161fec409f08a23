"""How often one address, client or reader may do something: counters in the database, so that all processes share them.

A limit is `most` events in a fixed window of time. The counter's subject is a mark, never the address itself. Counting is one
atomic statement; whoever is over the limit learns when the window ends, and nothing else.

A client is an IP address; for IPv6 its /64 network, which is what one customer gets.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete

from gatekeeper.accounts.marks import Marker
from gatekeeper.accounts.tables import LimitRow
from gatekeeper.storage.writes import count_up


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """name: stored in the database; never rename while windows run."""

    name: str
    most: int
    window: timedelta


# Asking for a mail: a mailbox cannot be flooded (A13), and one client cannot ask for many mailboxes.
MAILS_TO_ADDRESS_FROM_CLIENT = Limit(name="mail-pair", most=5, window=timedelta(minutes=15))
MAILS_TO_ADDRESS = Limit(name="mail-address", most=12, window=timedelta(hours=1))
MAILS_FROM_CLIENT = Limit(name="mail-client", most=40, window=timedelta(hours=1))
# Sending them: whatever is written, one mailbox gets no more; what is over waits for the next hour.
MAILS_TO_RECIPIENT = Limit(name="mail-recipient", most=40, window=timedelta(hours=1))
# Typing a code: with a million codes and at most 60 guesses a day for an address, guessing is hopeless. The link in the mail
# is not guessable and not counted, so the owner is never locked out by someone else's guesses (A03).
GUESSES_FOR_ADDRESS = Limit(name="guess-address", most=60, window=timedelta(days=1))
GUESSES_FROM_CLIENT = Limit(name="guess-client", most=60, window=timedelta(hours=1))
# Typing a password. Whoever uses them up for somebody else's address keeps the owner from nothing: the e-mailed code works (A03).
PASSWORDS_FOR_ADDRESS = Limit(name="password-address", most=20, window=timedelta(minutes=15))
PASSWORDS_FOR_ADDRESS_A_DAY = Limit(name="password-address-day", most=60, window=timedelta(days=1))
# Never reached, but written for every wrong one: a transaction that writes nothing is answered sooner, which would tell who has a password (A01).
WRONG_PASSWORDS = Limit(name="password-wrong", most=10**6, window=timedelta(days=1))
PASSWORDS_FROM_CLIENT = Limit(name="password-client", most=60, window=timedelta(minutes=15))
# Passkeys and other services' answers cannot be guessed; this is about the work that they make.
PASSKEYS_FROM_CLIENT = Limit(name="passkey-client", most=60, window=timedelta(minutes=15))
IDENTITIES_FROM_CLIENT = Limit(name="identity-client", most=30, window=timedelta(minutes=15))
# Redeeming: 60-bit codes, so this is about noise.
REDEEMS_BY_READER = Limit(name="redeem-reader", most=20, window=timedelta(hours=1))
REDEEMS_FROM_CLIENT = Limit(name="redeem-client", most=60, window=timedelta(hours=1))
# Coupons are words that people can read aloud, so trying them out is limited, and generously: every look at a price with one counts.
COUPONS_BY_READER = Limit(name="coupon-reader", most=60, window=timedelta(hours=1))
COUPONS_FROM_CLIENT = Limit(name="coupon-client", most=200, window=timedelta(hours=1))
EXPORTS_BY_READER = Limit(name="export-reader", most=10, window=timedelta(hours=1))
REFUSALS_FROM_CLIENT = Limit(name="refusal-client", most=120, window=timedelta(hours=1))
# Buying without an account: each order may end in a receipt for somebody who did not ask for it (A13).
GUEST_ORDERS_FROM_CLIENT = Limit(name="guest-client", most=20, window=timedelta(hours=1))
GUEST_ORDERS_FOR_ADDRESS = Limit(name="guest-address", most=10, window=timedelta(hours=1))
# Gifts and invitations write to people who did not ask for it: few to one mailbox, whoever pays for them (A13).
GIFTS_TO_ADDRESS = Limit(name="gift-address", most=5, window=timedelta(days=1))
GIFT_LETTERS_BY_READER = Limit(name="gift-reader", most=20, window=timedelta(days=1))
INVITATIONS_TO_ADDRESS = Limit(name="seat-address", most=5, window=timedelta(days=1))
INVITATIONS_BY_READER = Limit(name="seat-reader", most=1000, window=timedelta(days=1))
ORDERS_BY_READER = Limit(name="order-reader", most=40, window=timedelta(hours=1))


class LimitedError(Exception):
    """Too often. retry_after_seconds: at least 1."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"too often; again in {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


def count(
    connection: Connection, marker: Marker, uses: Iterable[tuple[Limit, str]], *, now: datetime
) -> None:
    """Counts one event for each (limit, subject). Raises LimitedError if any is over; the counts stand when committed."""
    wait = 0
    for limit, subject in uses:
        seconds = int(limit.window.total_seconds())
        window = int(now.timestamp()) // seconds
        ends_at = datetime.fromtimestamp((window + 1) * seconds, UTC)
        key = {"name": limit.name, "subject": marker.mark("limit", limit.name, subject), "window": window}
        reached = count_up(
            connection,
            LimitRow,
            {**key, "ends_at": ends_at},
            unique=(LimitRow.name, LimitRow.subject, LimitRow.window),
            counter=LimitRow.count,
        )
        if reached > limit.most:
            wait = max(wait, math.ceil((ends_at - now).total_seconds()))
    if wait:
        raise LimitedError(wait)


def forget_ended(connection: Connection, *, now: datetime) -> None:
    connection.execute(delete(LimitRow).where(LimitRow.ends_at < now))


def client_subject(address: str) -> str:
    """The subject of a client's limits; address: as `web.client` found it. What is no IP address counts as one client."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
