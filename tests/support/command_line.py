"""Commands in a school's folder, as a person or a CI runner starts them: with nothing of this machine's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

Done = subprocess.CompletedProcess[str]


def clean_environment() -> dict[str, str]:
    """Without settings of Lyceum, a store's account, git or CI; with a name for git."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LYCEUM_", "AWS_", "GIT_", "GITHUB_", "CI_")) and name != "CI"
    }
    for who in ("AUTHOR", "COMMITTER"):
        kept |= {f"GIT_{who}_NAME": "Ada", f"GIT_{who}_EMAIL": "ada@example.org"}
    return kept


def run(
    *command: str,
    folder: Path,
    expect: int = 0,
    settings: Mapping[str, str] | None = None,
    **environment: str,
) -> Done:
    """Run a command in `folder`; expect: the exit code that it must have. settings, environment: what is set beside the rest."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**clean_environment(), **(settings or {}), **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == expect, (
        f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    )
    return done


def lyceum(
    *arguments: str,
    folder: Path,
    expect: int = 0,
    settings: Mapping[str, str] | None = None,
    **environment: str,
) -> Done:
    program = "from generator.cli import main; main()"
    command = (sys.executable, "-c", program, *arguments)
    return run(*command, folder=folder, expect=expect, settings=settings, **environment)
