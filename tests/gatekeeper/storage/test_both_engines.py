"""Z21: the same story ends the same on SQLite and on PostgreSQL. (Every test that takes the `shop` runs on both; this compares them.)"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from gatekeeper.accounts.tables import MailRow
from gatekeeper.commerce.tables import EntryRow, ProviderEventRow
from tests.support.databases import Cluster
from tests.support.shop import Shop, open_shop

ODD = ("ada@example.org", "b\u00fccher@ex\u00e4mple.org", "o'hara+x@example.org")


def story(shop: Shop) -> dict[str, Any]:
    """Three readers buy, are refunded and dispute; what is in the books afterwards, without what is drawn at random."""
    for email, product in zip(ODD, ("rust", "both", "all"), strict=True):
        reader = shop.browser()
        reader.sign_in(email)
        order = reader.buy(product, step="twice")
        number = order.rpartition("/")[2]
        if product == "both":
            reader.post(f"/sandbox/refund/{number}", {}, form=order)
        if product == "all":
            reader.post(f"/sandbox/dispute/{number}", {"step": "dispute"}, form=order)
        shop.clock.advance(minutes=7)
    with shop.database.read() as connection:
        return {
            "ledger": sorted(
                tuple(row)
                for row in connection.execute(
                    select(
                        EntryRow.at, EntryRow.product, EntryRow.kind, EntryRow.amount_minor, EntryRow.currency
                    )
                )
            ),
            "messages": sorted(connection.execute(select(ProviderEventRow.outcome)).scalars()),
            "mails": sorted(
                (row.key.partition(":")[0], row.recipient)
                for row in connection.execute(select(MailRow.key, MailRow.recipient))
            ),
            "owned": [
                sorted(
                    (product, held.state.value)
                    for product, held in shop.owned(email.lower()).holdings.items()
                )
                for email in ODD
            ],
        }


def test_z21_the_same_story_leaves_the_same_books(tmp_path: Path, postgres_cluster: Cluster) -> None:
    """Z21"""
    with open_shop(tmp_path / "sqlite") as shop:
        on_sqlite = story(shop)
    with (
        postgres_cluster.migrated() as url,
        open_shop(tmp_path / "postgresql", LYCEUM_DATABASE_URL=url) as shop,
    ):
        assert shop.database.engine.dialect.name == "postgresql"
        assert story(shop) == on_sqlite
    assert on_sqlite["owned"] == [
        [("rust", "active")],
        [("both", "refunded")],
        [("all", "disputed")],
    ]
