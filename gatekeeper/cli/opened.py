"""What commands work on: the settings of the environment, the database, the current release."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gatekeeper.errors import GatekeeperError

if TYPE_CHECKING:
    from gatekeeper.accounts.post.letters import LetterWriter
    from gatekeeper.contract.manifest import Manifest
    from gatekeeper.secrets import Secret
    from gatekeeper.settings import Settings
    from gatekeeper.storage.engine import Database


def settings_here() -> Settings:
    from gatekeeper.environment import read_settings

    return read_settings(os.environ)


@contextmanager
def opened_database(
    settings: Settings, *, url: Secret | None = None, needs_schema: bool = True
) -> Iterator[Database]:
    """url: of another database than the common one."""
    from gatekeeper.storage.engine import open_database
    from gatekeeper.storage.migrate import require_migrated, upgrade

    database = open_database((url or settings.database_url).reveal_text())
    try:
        with reachable():
            if needs_schema:
                if settings.is_demo:
                    upgrade(database)
                require_migrated(database)
            yield database
    finally:
        database.close()


@contextmanager
def reachable() -> Iterator[None]:
    """Turns a database that is away or locked into an error to read."""
    from sqlalchemy.exc import OperationalError

    from gatekeeper.storage.engine import DatabaseAwayError

    try:
        yield
    except OperationalError as error:
        raise DatabaseAwayError.from_driver(error) from error


def current_manifest(settings: Settings) -> Manifest:
    from gatekeeper.gate.library import Library
    from gatekeeper.stores.reader import reader_of
    from gatekeeper.stores.shown import shown_release

    library = Library(
        reader_of(settings.store, settings.s3),
        settings.release_keys,
        shown=shown_release(settings.public_store),
    )
    library.refresh()
    if library.manifest is None:
        raise GatekeeperError("the store holds no release", hint="publish one with `lyceum publish`")
    return library.manifest


def letter_writer(settings: Settings) -> LetterWriter:
    """Writes letters in the name of the school, as far as the store tells it; a store that is away holds nothing up."""
    from gatekeeper.accounts.post.letters import LetterWriter
    from gatekeeper.web.service import school_name
    from gatekeeper.web.texts import Texts

    try:
        manifest = current_manifest(settings)
    except GatekeeperError:
        manifest = None
    return LetterWriter(Texts.load(), lambda language: school_name(manifest, language))


def known_product(manifest: Manifest, product: str) -> None:
    if product in manifest.products:
        return
    import difflib

    near = difflib.get_close_matches(product, manifest.products, n=1)
    known = ", ".join(sorted(manifest.products)) or "none"
    raise GatekeeperError(
        f"there is no product {product!r}",
        where=f"release {manifest.release}",
        hint=f"did you mean {near[0]}?" if near else f"products: {known}",
    )


def utc_now() -> datetime:
    return datetime.now(UTC)
