"""signals rotate: what an operator does about the signals of readers."""

from __future__ import annotations

import click

from gatekeeper.cli.opened import opened_database, settings_here, utc_now
from gatekeeper.cli.root import EXIT_CODES, cli


@cli.group(epilog=EXIT_CODES)
def signals() -> None:
    """What pages tell of their readers."""


@signals.command("rotate", epilog=EXIT_CODES)
def signals_rotate() -> None:
    """Give every reader another pseudonym. Nobody can say afterwards which of the old ones was whose.

    Exports are fetched anew with the next `lyceum signals export`; copies that were made elsewhere keep the old names.

    \b
    Examples:
      gatekeeper signals rotate
      gatekeeper signals rotate && lyceum signals export
    """
    from gatekeeper.signals import pseudonyms

    settings = settings_here()
    with (
        opened_database(settings, url=settings.signals.database_url) as database,
        database.write() as connection,
    ):
        salt = pseudonyms.rotate(connection, now=utc_now())
    click.echo(f"pseudonyms are of generation {salt.generation} now")
