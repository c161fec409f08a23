"""The shop fixtures of the rooms below."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import postgres_cluster, why_not
from tests.support.shop import Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """The service over SQLite."""
    with open_shop(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty database of a server that lives as long as the test run."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with postgres_cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def any_shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """The service over SQLite, and once more over PostgreSQL: for what must hold under parallel requests on both."""
    if request.param == "sqlite":
        with open_shop(tmp_path) as opened:
            yield opened
        return
    from sqlalchemy import create_engine

    url: str = request.getfixturevalue("postgres_url")
    name = f"shop_{abs(hash(request.node.nodeid)):x}"
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    with open_shop(tmp_path, LYCEUM_DATABASE_URL=url.replace("/postgres", f"/{name}")) as opened:
        yield opened
