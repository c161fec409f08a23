from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

import gatekeeper.accounts.life.tables
import gatekeeper.accounts.tables
import gatekeeper.commerce.gifts.tables
import gatekeeper.commerce.sandbox.tables
import gatekeeper.commerce.seats.tables
import gatekeeper.commerce.tables
import gatekeeper.limits.tables  # noqa: F401  (tables register themselves)
from gatekeeper.app import create_app
from gatekeeper.gate.library import Library
from gatekeeper.storage.columns import Base
from gatekeeper.storage.engine import open_database
from gatekeeper.storage.migrate import (
    SchemaError,
    current_revision,
    require_migrated,
    upgrade,
    wanted_revision,
)
from tests.support.shop import Shop, live_environ, settings_for


def test_the_migrations_make_exactly_the_tables_that_the_code_knows(any_shop: Shop) -> None:
    with any_shop.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    database = open_database(empty_database_url)
    assert current_revision(database) is None
    assert upgrade(database) == upgrade(database) == wanted_revision() == current_revision(database)
    require_migrated(database)
    database.close()


def test_two_processes_that_migrate_at_once_both_succeed(empty_database_url: str) -> None:
    url = empty_database_url
    done = []

    def migrate() -> None:
        database = open_database(url)
        done.append(upgrade(database))
        database.close()

    threads = [threading.Thread(target=migrate) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert done == [wanted_revision()] * 4


def test_the_service_does_not_start_on_a_database_that_is_not_migrated(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, **live_environ(tmp_path))
    library = cast(Library, SimpleNamespace(manifest=None))
    with pytest.raises(SchemaError) as caught:
        create_app(settings, library, with_background=False)
    assert "gatekeeper migrate" in caught.value.hint


def test_an_older_version_does_not_touch_a_newer_database(empty_database_url: str) -> None:
    database = open_database(empty_database_url)
    upgrade(database)
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaError, match="9999") as caught:
        require_migrated(database)
    assert "newer version" in caught.value.hint
    database.close()


def test_a_migration_that_fails_leaves_the_schema_as_it_was(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Z20: killed midway means rolled back."""
    database = open_database(empty_database_url)
    from alembic.operations import Operations

    whole = Operations.create_index
    monkeypatch.setattr(
        Operations, "create_index", lambda *_, **__: (_ for _ in ()).throw(RuntimeError("killed"))
    )
    with pytest.raises(RuntimeError, match="killed"):
        upgrade(database)
    with database.read() as connection:
        assert inspect(connection).get_table_names() == []
    monkeypatch.setattr(Operations, "create_index", whole)
    upgrade(database)
    require_migrated(database)
    database.close()
