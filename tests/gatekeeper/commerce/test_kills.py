"""The service is killed while payment messages pour in. The benchmark `tests/benchmarks/commerce/kills.py` does it 200 times."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.databases import why_not

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_z07_a_killed_service_loses_nothing_it_had_acknowledged_and_does_nothing_twice(engine: str) -> None:
    """In a process of its own, which forks: the test's has threads."""
    if engine == "postgresql" and (reason := why_not()) is not None:
        pytest.skip(reason)
    more = ["--postgres"] if engine == "postgresql" else []
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.commerce.kills", "--kills", "6", *more],
        cwd=ROOT,
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr.decode()
    result = json.loads(done.stdout)
    assert result["kills"] == 6
    assert result["acknowledged before the last kill"] > 0
    assert result["acknowledged and lost"] == []
    assert result["wrong"] == []
