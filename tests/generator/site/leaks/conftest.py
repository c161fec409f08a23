from __future__ import annotations

from pathlib import Path

import pytest

from tests.generator.site.leaks.observatory import Observatory, observatory


@pytest.fixture
def school(tmp_path: Path) -> Observatory:
    return observatory(tmp_path)
