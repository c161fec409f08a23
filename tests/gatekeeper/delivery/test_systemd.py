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


def test_the_backup_unit_runs_a_command_with_options_that_there_are() -> None:
    text = (UNIT.parent / "lyceum-backup.service").read_text("utf-8")
    [line] = re.findall(rf"^ExecStart={PROGRAM} (.+)$", text, re.MULTILINE)
    name, *words = line.split()
    known = {option for parameter in cli.commands[name].params for option in parameter.opts}
    assert {word for word in words if word[:2] == "--"} <= known
    assert re.findall(r"--keep (\d+)", line) == [
        "30"
    ]  # readers are promised that none is kept longer than 30 days


@pytest.mark.parametrize(
    "name", ["lyceum-gatekeeper.service", "lyceum-backup.service", "lyceum-backup.timer"]
)
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path, name: str) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze here")
    for unit in UNIT.parent.iterdir():  # a timer wants its service beside it
        text = unit.read_text("utf-8").replace(PROGRAM, "/bin/true")
        (tmp_path / unit.name).write_text(text, encoding="utf-8")
    copy = tmp_path / name
    verified = subprocess.run(
        [program, "verify", "--man=no", str(copy)], capture_output=True, text=True, timeout=60
    )
    told = [line for line in verified.stderr.splitlines() if name in line]
    assert told == []
