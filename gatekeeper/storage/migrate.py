"""Brings a database to the schema that this version speaks, and says when it is not there.

The service never changes a schema on its own, except in demo mode: with several processes the operator decides when.
Migrations are Alembic scripts inside the package (`migrations/versions/`), each in one transaction.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from gatekeeper.errors import GatekeeperError
from gatekeeper.storage.engine import Database

PATIENCE_SECONDS = 60
_FOLDER = Path(__file__).parent / "migrations"


class SchemaError(GatekeeperError):
    """The database's schema is not the one this version speaks."""


def wanted_revision() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise SchemaError("the package holds no migrations", hint="install it again")
    return head


def current_revision(database: Database) -> str | None:
    """The revision the database is at; None for one that was never migrated."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database) -> str:
    """Migrates to the newest schema in one transaction; safe to repeat, and when two processes start together."""
    with database.write() as connection:
        upgrade_within(connection)
    return wanted_revision()


def upgrade_within(connection: Connection, revision: str = "head") -> None:
    """Migrates to this revision inside the caller's transaction. Raises SchemaError for one that this version does not know."""
    if connection.dialect.name == "postgresql":
        # A migration waits longer than a request: for the process that migrates already, and for answers under way.
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {PATIENCE_SECONDS * 1000}")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7239157120463)")  # any fixed number
    config = _config()
    if revision != "head" and revision not in _known(config):
        raise _unknown(revision)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def require_migrated(database: Database) -> None:
    """Raises SchemaError, with what to do, unless the database is at the wanted revision."""
    current, wanted = current_revision(database), wanted_revision()
    if current == wanted:
        return
    if current is not None and current not in _known(_config()):
        raise _unknown(current)
    raise SchemaError(
        "the database is not migrated"
        if current is None
        else f"the database is at revision {current}, not {wanted}",
        hint="run `gatekeeper migrate`",
    )


def _known(config: Config) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def _unknown(revision: str) -> SchemaError:
    return SchemaError(
        f"the schema is at revision {revision}, which this version does not know",
        hint="a newer version has migrated it; install that version, or restore the backup from before",
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
