"""The entitlement token in its cookie: what the gate believes for ten minutes, derived afresh from the ledger each time."""

from __future__ import annotations

from datetime import timedelta

from flask import Response

from gatekeeper.accounts.current import ENTITLEMENT
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce import ledger
from gatekeeper.commerce.entitlements import Owned, State, entitlements
from gatekeeper.gate.token import MAXIMUM_LIFETIME_SECONDS, mint
from gatekeeper.web.cookies import set_cookie
from gatekeeper.web.service import service


def owned_by(reader: str) -> Owned:
    """What the reader owns now."""
    served = service()
    with served.database.read() as connection:
        entries = ledger.of_reader(connection, reader)
    return entitlements(entries, served.clock())


def set_entitlement(response: Response, who: SignedIn, owned: Owned | None = None) -> None:
    """Puts a fresh token into the answer's cookies. A subscription that has ended stays in it, so that the gate can say so."""
    served = service()
    settings = served.settings
    held = owned if owned is not None else owned_by(who.reader.id)
    ended = {
        id_: int(holding.until.timestamp())
        for id_, holding in held.holdings.items()
        if holding.state is State.EXPIRED and holding.until is not None
    }
    token = mint(
        served.keyring.keys,
        reader=who.reader.id,
        session=who.handle,
        products={**ended, **held.ends},
        now=int(served.clock().timestamp()),
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        lifetime_seconds=MAXIMUM_LIFETIME_SECONDS,
    )
    set_cookie(response, ENTITLEMENT, token, lifetime=timedelta(seconds=MAXIMUM_LIFETIME_SECONDS))
