from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gatekeeper.signals.telling import collecting
from tests.support.shop import Shop


@pytest.fixture
def school(tmp_path: Path, any_database: dict[str, str]) -> Iterator[Shop]:
    """A school that collects signals with consent, on each engine."""
    with collecting(tmp_path, **any_database) as shop:
        yield shop


@pytest.fixture
def quick_school(tmp_path: Path) -> Iterator[Shop]:
    """The same on SQLite alone, for what no engine has a say in."""
    with collecting(tmp_path) as shop:
        yield shop
