"""The page of a free trial, at the address where other products are bought (see `routes`)."""

from __future__ import annotations

from flask import Response

from gatekeeper.accounts import limits
from gatekeeper.accounts.entitlement_cookie import owned_by, set_entitlement
from gatekeeper.accounts.sessions import SignedIn
from gatekeeper.commerce import trials
from gatekeeper.commerce.offers import is_covered, lesson_address, opened_lessons, title_of
from gatekeeper.contract import routes
from gatekeeper.contract.manifest import Manifest, ProductEntry
from gatekeeper.web.language import language
from gatekeeper.web.pages import page
from gatekeeper.web.service import service


def show(
    manifest: Manifest, product: str, entry: ProductEntry, who: SignedIn, *, lesson: str | None
) -> Response:
    served = service()
    owned = owned_by(who.reader.id)
    with served.database.read() as connection:
        is_taken = trials.is_taken(connection, product, reader=who.reader.id)
    holding = owned.holdings.get(product)
    back = lesson if lesson is not None else next(iter(entry.grants), None)
    return page(
        "commerce/trial.html",
        title=title_of(manifest, product, language()),
        days=entry.days,
        lessons=[
            {"title": found.title, "url": manifest.site + found.url}
            for found in opened_lessons(manifest, product).values()
        ],
        action=routes.buy_path(product, lesson),
        back=lesson_address(manifest, back),
        is_taken=is_taken,
        is_open=product in owned.active,
        until=None if holding is None else holding.until,
        is_covered=is_covered(manifest, product, set(owned.active) - {product}),
        who=who,
    )


def take(
    manifest: Manifest, product: str, entry: ProductEntry, who: SignedIn, *, lesson: str | None
) -> Response:
    served = service()
    now = served.clock()
    with served.database.write() as connection:
        limits.count(connection, served.marker, [(limits.ORDERS_BY_READER, who.reader.id)], now=now)
    with served.database.write() as connection:
        trials.take(connection, entry, product, reader=who.reader.id, now=now)
    response = show(manifest, product, entry, who, lesson=lesson)
    set_entitlement(response, who)
    return response
