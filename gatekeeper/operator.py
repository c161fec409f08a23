"""What an operator does to accounts from the command line: grants, revocations, codes, and the answer to "why".

Each grant and revocation is a line of the ledger with a random event id; nothing is changed or removed (rule R8).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from gatekeeper.accounts import readers, sessions
from gatekeeper.accounts.address import AddressError, normal_address
from gatekeeper.accounts.marks import Marker, new_id
from gatekeeper.accounts.readers import Reader
from gatekeeper.commerce import codes, ledger
from gatekeeper.commerce.entitlements import Holding, Owned, entitlements
from gatekeeper.commerce.ledger import Entry, Kind
from gatekeeper.contract.access import (
    Allowed,
    Entitlements,
    Reason,
    Rule,
    RuleKind,
    decide,
)
from gatekeeper.contract.manifest import Manifest
from gatekeeper.errors import GatekeeperError
from gatekeeper.secrets import Secret, derive
from gatekeeper.storage.engine import Database

log = logging.getLogger(__name__)

MARKS = "marks"  # the purpose under which the key of marks is derived


def marker(secret_key: Secret) -> Marker:
    """The marks of this installation."""
    return Marker(derive(secret_key, MARKS))


def grant(
    database: Database, email: str, product: str, *, last_day: datetime | None, now: datetime
) -> datetime | None:
    """Gives the product to the reader with this address, who is made if need be. Returns the end, or None for good."""
    end = _end_of_day(last_day)
    if end is not None and end <= now:
        raise GatekeeperError("that day is over", hint="name a day in the future")
    with database.write() as connection:
        reader = readers.find_by_address(connection, _address(email)) or readers.find_or_create(
            connection, _address(email), language="en", now=now
        )
        _append(connection, Kind.GRANTED, reader, product, until=end, now=now)
    return end


def revoke(database: Database, email: str, product: str, *, now: datetime) -> None:
    """Closes everything of this product that the reader has up to now. Raises if they have nothing of it."""
    with database.write() as connection:
        reader = _reader(connection, email)
        owned = entitlements(ledger.of_reader(connection, reader.id), now)
        if product not in owned.active:
            has = ", ".join(owned.active) or "nothing"
            raise GatekeeperError(f"this reader does not own {product!r}", hint=f"they own: {has}")
        _append(connection, Kind.REVOKED, reader, product, until=None, now=now)


def sign_out(database: Database, email: str, *, now: datetime) -> int:
    """Ends every session of the reader with this address, and the tokens with them; how many there were."""
    with database.write() as connection:
        reader = _reader(connection, email)
        ended = sessions.end_all(connection, reader=reader.id, now=now)
    log.info("operator signed out reader=%s sessions=%d", reader.id, ended)
    return ended


def new_codes(
    database: Database,
    secret_key: Secret,
    *,
    product: str,
    interval: str | None,
    count: int,
    last_day: datetime | None,
    now: datetime,
) -> list[str]:
    """New redemption codes, in the form to print."""
    with database.write() as connection:
        return codes.create(
            connection,
            marker(secret_key),
            product=product,
            interval=interval,
            count=count,
            now=now,
            expires_at=_end_of_day(last_day),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The chain from the ledger to the decision. entries: the reader's lines for products that matter here."""

    lesson: str
    rule: Rule
    reader: Reader | None
    entries: tuple[Entry, ...]
    holdings: tuple[Holding, ...]
    reason: Reason | None

    @property
    def is_allowed(self) -> bool:
        return self.reason is None

    def lines(self) -> list[str]:
        rule = self.rule.kind.value + (
            f" ({' or '.join(sorted(self.rule.products))})" if self.rule.products else ""
        )
        lines = [f"lesson   {self.lesson}: {rule}"]
        lines.append(f"reader   {self.reader.id}" if self.reader else "reader   has never signed in")
        lines += [
            f"ledger   {entry.at:%Y-%m-%d %H:%M} {entry.kind.value} {entry.product} {entry.order or entry.source}".rstrip()
            for entry in self.entries
        ]
        for holding in self.holdings:
            end = "for good" if holding.until is None else f"until {holding.until:%Y-%m-%d %H:%M}"
            lines.append(
                f"owns     {holding.product}: {holding.state.value}, {end}, by {', '.join(holding.origins)}"
            )
        lines.append("decision allowed" if self.is_allowed else f"decision refused: {self.reason}")
        return lines

    def as_json(self) -> dict[str, object]:
        return {
            "lesson": self.lesson,
            "rule": self.rule.kind.value,
            "products": sorted(self.rule.products),
            "reader": self.reader.id if self.reader else None,
            "ledger": [
                {
                    "at": entry.at.isoformat(),
                    "kind": entry.kind.value,
                    "product": entry.product,
                    "order": entry.order,
                    "source": entry.source,
                }
                for entry in self.entries
            ],
            "holdings": [
                {
                    "product": holding.product,
                    "state": holding.state.value,
                    "until": holding.until.isoformat() if holding.until else None,
                    "origins": list(holding.origins),
                }
                for holding in self.holdings
            ],
            "allowed": self.is_allowed,
            "reason": self.reason.value if self.reason else None,
        }


def why(database: Database, manifest: Manifest, email: str, lesson: str, *, now: datetime) -> Why:
    """Why the reader may read the lesson, or why not. Raises for an unknown lesson or a text that is no address."""
    entry = manifest.lessons.get(lesson)
    if entry is None:
        raise GatekeeperError(f"there is no lesson {lesson!r}", where=f"release {manifest.release}")
    with database.read() as connection:
        reader = readers.find_by_address(connection, _address(email))
        entries = ledger.of_reader(connection, reader.id) if reader is not None else []
    owned = entitlements(entries, now) if reader is not None else Owned(holdings={}, pending=())
    known = Entitlements(reader=reader.id, products=owned.ends) if reader is not None else None
    decision = decide(entry.access, known, int(now.timestamp()))
    matters = entry.access.products if entry.access.kind is RuleKind.PRODUCTS else frozenset[str]()
    return Why(
        lesson=lesson,
        rule=entry.access,
        reader=reader,
        entries=tuple(line for line in entries if line.product in matters),
        holdings=tuple(holding for id_, holding in owned.holdings.items() if id_ in matters),
        reason=None if isinstance(decision, Allowed) else decision.reason,
    )


def _append(
    connection: Connection, kind: Kind, reader: Reader, product: str, *, until: datetime | None, now: datetime
) -> None:
    ledger.append(
        connection,
        kind=kind,
        reader=reader.id,
        product=product,
        source=ledger.OPERATOR,
        event=new_id(),
        until=until,
        at=now,
        now=now,
    )
    log.info("operator %s reader=%s product=%s", kind.value, reader.id, product)


def _reader(connection: Connection, email: str) -> Reader:
    reader = readers.find_by_address(connection, _address(email))
    if reader is None:
        raise GatekeeperError("nobody has this address", hint="check the spelling")
    return reader


def _address(email: str) -> str:
    try:
        return normal_address(email)
    except AddressError as error:
        raise GatekeeperError(
            "that is not an e-mail address", hint="write it like reader@example.org"
        ) from error


def _end_of_day(day: datetime | None) -> datetime | None:
    """The end of a UTC day, which is still part of it."""
    return None if day is None else day.replace(tzinfo=UTC) + timedelta(days=1)
