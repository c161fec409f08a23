"""A shop with readers, orders of several ends and mails; and a second database of each engine to put its backup into."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gatekeeper.backup.take import take
from gatekeeper.storage.engine import Database, open_database
from tests.support.databases import Cluster
from tests.support.shop import START, Shop, open_shop

EMAILS = ("ada@example.org", "bob@example.org", "chloé@example.org")


@pytest.fixture(params=["into sqlite", "into postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "into sqlite":
        yield f"sqlite:///{tmp_path / 'target.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.empty() as url:
        yield url


@pytest.fixture
def other(target: str) -> Iterator[Database]:
    database = open_database(target)
    yield database
    database.close()


@pytest.fixture
def used(shop: Shop) -> Shop:
    """Each reader has bought something; one was refunded."""
    for email, product in zip(EMAILS, ("rust", "both", "all"), strict=True):
        reader = shop.browser()
        reader.sign_in(email)
        order = reader.buy(product)
        if product == "both":
            number = order.rpartition("/")[2]
            assert reader.post(f"/sandbox/refund/{number}", {}, form=order).status_code == 303
    return shop


@pytest.fixture
def open_other(tmp_path: Path) -> Iterator[Callable[[str], Shop]]:
    """Opens the service over another database."""
    with ExitStack() as open_ones:
        yield lambda url: open_ones.enter_context(open_shop(tmp_path / "other", LYCEUM_DATABASE_URL=url))


def taken(database: Database) -> io.BytesIO:
    """A backup, at its beginning."""
    file = io.BytesIO()
    take(database, file, now=START)
    file.seek(0)
    return file
