"""A PostgreSQL cluster of its own for tests: made in a temporary folder, on a free port, ended and removed afterwards.

Its programs are looked for in Debian's place and on the PATH. The server refuses to run as root; then it runs as `postgres` or `nobody`.
Without PostgreSQL or its driver the tests skip with that reason.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.gatekeeper import free_port


def postgres_programs() -> Path | None:
    """The folder with initdb and pg_ctl."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def why_not() -> str | None:
    """Why PostgreSQL cannot be used here; None if it can."""
    if importlib.util.find_spec("psycopg") is None:
        return "the PostgreSQL driver is not installed (extra `postgres`)"
    if postgres_programs() is None:
        return "PostgreSQL is not installed (Debian: apt install postgresql)"
    return None


@contextmanager
def postgres_cluster() -> Iterator[str]:
    """A running server; yields the URL of an empty database."""
    programs = postgres_programs()
    assert programs is not None
    user = _server_user()
    folder = Path(tempfile.mkdtemp(prefix="lyceum-pg-"))
    if user is not None:
        folder.chmod(0o755)
        shutil.chown(folder, user)
    data, port = folder / "data", free_port()

    def run(*command: str) -> None:
        subprocess.run(command, check=True, cwd=folder, user=user, capture_output=True, timeout=120)

    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c max_connections=120"
    try:
        run(
            str(programs / "initdb"),
            "-D",
            str(data),
            "-U",
            "lyceum",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
        )
        log = folder / "log"
        run(str(programs / "pg_ctl"), "-D", str(data), "-l", str(log), "-o", options, "-w", "start")
        try:
            yield f"postgresql://lyceum@127.0.0.1:{port}/postgres"
        finally:
            run(str(programs / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _server_user() -> str | None:
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
