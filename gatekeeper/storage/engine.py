"""Opens the database and hands out transactions.

- SQLite: WAL, `synchronous=FULL` (a committed payment survives a power cut), foreign keys on, five seconds of patience with
  another writer, and `BEGIN IMMEDIATE` for every transaction that writes, so that a read never has to become a write and fail
  halfway (attack case Z08).
- PostgreSQL: READ COMMITTED; whatever must happen once rests on a unique constraint or a locked row, never on isolation. The same
  five seconds of patience with whoever holds a lock, and with a server that does not answer (Z09).
- An error never shows the values of a statement: they would put addresses into the log.
- A database that stays locked, or is away, raises `sqlalchemy.exc.OperationalError`; the web side answers it with 503.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from gatekeeper.errors import GatekeeperError, SettingsError

BUSY_SECONDS = 5
# A request uses one connection at a time; these are enough for 32 threads. Waiting longer than the lock would only hide trouble.
POOL: dict[str, Any] = {"pool_size": 8, "max_overflow": 24, "pool_timeout": BUSY_SECONDS}
_WRITES = "lyceum_writes"


class DatabaseAwayError(GatekeeperError):
    """The database could not be reached, or stayed locked."""

    exit_code = 6

    @classmethod
    def from_driver(cls, error: OperationalError) -> DatabaseAwayError:
        return cls(
            f"the database cannot be used: {type(error.orig).__name__}",
            hint="check LYCEUM_DATABASE_URL, that the server runs, and that no other process holds the file's lock",
        )


class Database:
    """One engine and its transactions. Close it when done; it may be shared by threads, never across a fork.

    Transactions do not nest: a second one inside the first waits for a connection, or for the first one's lock.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(**{_WRITES: True})

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only looks. It waits for no writer."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A transaction that sees the whole database as it is at its first look, and blocks nobody: for backups."""
        options = (
            {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            if self.engine.dialect.name == "postgresql"
            else {}  # what a transaction of SQLite sees is one moment's
        )
        with self.engine.connect().execution_options(**options) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that commits at the end, and rolls back when an error leaves it."""
        with self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str) -> Database:
    """The database at `url`, a SQLAlchemy URL. It connects at the first use; a folder for SQLite's file is made.

    Raises SettingsError for a URL that names no engine of ours.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError(
            [
                "LYCEUM_DATABASE_URL is not a database URL: write sqlite:////abs/file or postgresql://user@host/name"
            ]
        ) from None
    name = parsed.get_backend_name()
    if name == "sqlite":
        return _open_sqlite(url, parsed.database)
    if name == "postgresql":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        return _open_postgresql(parsed)
    raise SettingsError(
        [f"LYCEUM_DATABASE_URL names {name}: only sqlite and postgresql keep the ledger's promises"]
    )


def _open_postgresql(url: URL) -> Database:
    patience = {} if "connect_timeout" in url.query else {"connect_timeout": BUSY_SECONDS}
    engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=patience, **POOL)
    event.listen(engine, "connect", _prepare_postgresql)
    event.listen(engine, "handle_error", _without_details)
    return Database(engine)


def _without_details(context: ExceptionContext) -> None:
    """PostgreSQL's errors repeat values of the row in lines below the first one."""
    first = str(context.original_exception).partition("\n")[0]
    context.original_exception.args = (first,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({type(context.original_exception).__name__}) {first}",)


def _prepare_postgresql(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET lock_timeout = {BUSY_SECONDS * 1000}")
    cursor.close()
    connection.commit()  # or the first rollback would take the setting back


def _open_sqlite(url: str, file: str | None) -> Database:
    if not file or file == ":memory:":
        raise SettingsError(
            [
                "LYCEUM_DATABASE_URL names no file: an order must outlive the process; write sqlite:////abs/file"
            ]
        )
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True, **POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return Database(engine)


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    raw: Any = connection
    raw.isolation_level = None  # transactions begin where `_begin_sqlite` says, not where the driver guesses
    cursor = raw.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_SECONDS * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    is_write = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_write else "BEGIN")
