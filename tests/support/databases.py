"""Databases for tests: SQLite files and a PostgreSQL cluster of their own, both migrated once and then copied or emptied.

The cluster is made in a temporary folder, on a free port, one for each process of a test run; it ends with that process, also when
that is killed, and writes without waiting for the disk, which only tests may. Its programs are looked for in Debian's place and on
the PATH. The server refuses to run as root; then it runs as `postgres` or `nobody`. Without PostgreSQL or its driver the tests skip
with that reason.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from sqlalchemy.engine import make_url

from gatekeeper.storage.engine import open_database
from gatekeeper.storage.migrate import upgrade
from tests.support.gatekeeper import free_port

_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")
_SMALL = ("max_connections=150", "shared_buffers=32MB")
_START_SECONDS = 60
_EMPTY = """
DO $$ DECLARE one text; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', one);
    END LOOP;
    FOR one IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
        EXECUTE format('ALTER SEQUENCE %I RESTART', one);
    END LOOP;
END $$
"""


def postgres_programs() -> Path | None:
    """The folder with initdb and postgres."""
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


@dataclass
class Cluster:
    """A running server. url: of its first, empty database. Migrated databases are lent, emptied, and lent again."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]
    _free: list[str] = field(default_factory=list)
    _made: int = 0
    _has_template: bool = False

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """The URL of a migrated, empty database. Whoever changes its schema uses `empty` instead."""
        if not self._free:
            if not self._has_template:
                migrate(self._new("template"))
                self._has_template = True
            self._free.append(self._new(f"lent{self._made}", "TEMPLATE template"))
        url = self._free.pop()
        yield url
        self._run(url, _EMPTY)
        self._free.append(url)

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of a database without tables."""
        url = self._new(f"empty{self._made}")
        yield url
        name = make_url(url).database
        self._run(self.url, f'DROP DATABASE "{name}" WITH (FORCE)')

    def run(self, statement: str) -> None:
        """Runs it as the server's owner."""
        self._run(self.url, statement)

    def _new(self, name: str, more: str = "") -> str:
        self._made += 1
        self._run(self.url, f'CREATE DATABASE "{name}" {more}')
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def _run(self, url: str, statement: str) -> None:
        import psycopg

        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())


def migrate(url: str) -> None:
    database = open_database(url)
    upgrade(database)
    database.close()


@contextmanager
def postgres_server() -> Iterator[Cluster]:
    """A running server."""
    programs = postgres_programs()
    assert programs is not None
    user = _server_user()
    with ExitStack() as ends:
        folder = Path(tempfile.mkdtemp(prefix="lyceum-pg-"))
        ends.callback(shutil.rmtree, folder)
        if user is not None:
            folder.chmod(0o755)
            shutil.chown(folder, user)
        data, port = folder / "data", free_port()
        initdb = [str(programs / "initdb"), "-D", str(data), "-U", "lyceum", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*initdb, "--locale=C", "--no-sync"],
            check=True,
            cwd=folder,
            user=user,
            capture_output=True,
            timeout=120,
        )
        options = [f"-c{setting}" for setting in (*_QUICK, *_SMALL)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [
                    *_dying_with_us(),
                    str(programs / "postgres"),
                    *("-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", str(folder)),
                    *options,
                ],
                cwd=folder,
                user=user,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        ends.callback(_end, process)
        cluster = Cluster(
            url=f"postgresql://lyceum@127.0.0.1:{port}/postgres", folder=folder, process=process
        )
        _wait_until_ready(cluster)
        yield cluster


@contextmanager
def postgres_cluster() -> Iterator[str]:
    """A running server; yields the URL of an empty database."""
    with postgres_server() as cluster:
        yield cluster.url


def copy_migrated_sqlite(file: Path) -> None:
    """Makes a migrated, empty database file, unless the file is there: a copy of one that was migrated once in this process."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_migrated_sqlite())


@cache
def _migrated_sqlite() -> bytes:
    with tempfile.TemporaryDirectory(prefix="lyceum-sqlite-") as folder:
        file = Path(folder) / "x.db"
        migrate(f"sqlite:///{file}")
        return file.read_bytes()


def _wait_until_ready(cluster: Cluster) -> None:
    import psycopg

    until = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(cluster.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            log = (cluster.folder / "log").read_text("utf-8", "replace")
            assert cluster.process.poll() is None, log
            assert time.monotonic() < until, log
            time.sleep(0.02)
        else:
            return


def _dying_with_us() -> tuple[str, ...]:
    """What makes the kernel end the server when this process is gone; nothing where there is no such program."""
    return ("setpriv", "--pdeathsig", "QUIT") if shutil.which("setpriv") else ()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
    process.wait(30)


def _server_user() -> str | None:
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
