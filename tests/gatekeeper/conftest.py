"""The shop fixtures of the rooms below, each over SQLite and over PostgreSQL (attack case Z21).

A test that takes `shop`, `any_database`, `database_url` or `empty_database_url` runs once on each engine; where PostgreSQL is not
installed its half is skipped with that reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.ceph import ceph as ceph
from tests.support.databases import Cluster, copy_migrated_sqlite, postgres_server, why_not
from tests.support.shop import Shop, open_shop

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A server that lives as long as this process of the test run."""
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with postgres_server() as cluster:
        yield cluster


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database without rows."""
    with _migrated(request, tmp_path) as url:
        yield url


@pytest.fixture(params=ENGINES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.empty() as url:
        yield url


@pytest.fixture
def any_database(database_url: str) -> dict[str, str]:
    """The setting that names it."""
    return {"LYCEUM_DATABASE_URL": database_url}


@pytest.fixture
def shop(tmp_path: Path, any_database: dict[str, str]) -> Iterator[Shop]:
    """The service."""
    with open_shop(tmp_path, **any_database) as opened:
        yield opened


@pytest.fixture
def any_shop(shop: Shop) -> Shop:
    """The same, by its earlier name."""
    return shop


@pytest.fixture(scope="module", params=ENGINES)
def module_shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One service for many small requests that change nothing."""
    folder = tmp_path_factory.mktemp("shop")
    with _migrated(request, folder) as url, open_shop(folder, LYCEUM_DATABASE_URL=url) as opened:
        yield opened


@contextmanager
def _migrated(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if request.param == "sqlite":
        copy_migrated_sqlite(folder / "shop.db")
        yield f"sqlite:///{folder / 'shop.db'}"
        return
    cluster: Cluster = request.getfixturevalue("postgres_cluster")
    with cluster.migrated() as url:
        yield url
