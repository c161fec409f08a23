"""docs/deploy/systemd: a unit that systemd understands, with commands that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gatekeeper.cli import cli
from gatekeeper.settings import Operations

UNIT = Path(__file__).resolve().parents[3] / "docs" / "deploy" / "systemd" / "lyceum-gatekeeper.service"
PROGRAM = "/opt/lyceum/.venv/bin/gatekeeper"


def test_the_unit_starts_commands_that_there_are_and_leaves_time_to_drain() -> None:
    text = UNIT.read_text("utf-8")
    commands = re.findall(rf"^ExecStart(?:Pre)?={PROGRAM} (\S+)$", text, re.MULTILINE)
    assert commands == ["migrate", "serve"]
    assert set(commands) <= set(cli.commands)
    stop = re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)
    assert stop is not None
    assert int(stop.group(1)) > Operations().drain_seconds


def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze here")
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text("utf-8").replace(PROGRAM, "/bin/true"), encoding="utf-8")
    verified = subprocess.run(
        [program, "verify", "--man=no", str(copy)], capture_output=True, text=True, timeout=60
    )
    told = [line for line in verified.stderr.splitlines() if UNIT.name in line]
    assert told == []
