from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.shop import Shop, open_shop


@pytest.fixture(scope="module")
def module_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One service for many small requests that change nothing."""
    with open_shop(tmp_path_factory.mktemp("shop")) as opened:
        yield opened
