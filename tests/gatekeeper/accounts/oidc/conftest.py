"""One careful provider for the whole module and a GitHub for each test, which begins with the truth and an empty database.

Over SQLite alone, since what they try is what services say; `test_real_provider` goes the whole way on both engines.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import copy_migrated_sqlite
from tests.support.identity_servers import CLIENT, SECRET, CarefulProvider, Github, careful_provider, github
from tests.support.shop import Shop, open_shop


@pytest.fixture(scope="module")
def _provider() -> Iterator[CarefulProvider]:
    with careful_provider() as provider:
        yield provider


@pytest.fixture
def hub() -> Iterator[Github]:
    with github() as server:
        yield server


@pytest.fixture
def linked_shop(tmp_path: Path, _provider: CarefulProvider, hub: Github) -> Iterator[Shop]:
    """The service with both."""
    environ = {
        "LYCEUM_OIDC_PROVIDERS": "campus, github",
        "LYCEUM_OIDC_CAMPUS_ISSUER": _provider.issuer,
        "LYCEUM_OIDC_CAMPUS_CLIENT": CLIENT,
        "LYCEUM_OIDC_CAMPUS_SECRET": SECRET,
        "LYCEUM_OIDC_GITHUB_CLIENT": CLIENT,
        "LYCEUM_OIDC_GITHUB_SECRET": SECRET,
        "LYCEUM_OIDC_GITHUB_URL": hub.url,
        "LYCEUM_OIDC_GITHUB_API_URL": hub.url,
    }
    copy_migrated_sqlite(tmp_path / "shop.db")
    with open_shop(tmp_path, LYCEUM_DATABASE_URL=f"sqlite:///{tmp_path / 'shop.db'}", **environ) as shop:
        _provider.tell_the_truth(int(shop.clock().timestamp()))
        yield shop


@pytest.fixture
def campus(linked_shop: Shop, _provider: CarefulProvider) -> CarefulProvider:
    return _provider
