"""The lock stays small enough to be read in one sitting."""

from __future__ import annotations

from pathlib import Path

import gatekeeper.gate


def test_the_gate_is_read_in_half_an_hour() -> None:
    folder = Path(gatekeeper.gate.__file__).parent
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in folder.rglob("*.py"))
    assert lines <= 1000
