"""serve, migrate, doctor: what a supervisor runs."""

from __future__ import annotations

import json
import logging
import os

import click

from gatekeeper.cli.opened import opened_database, reachable, settings_here, utc_now
from gatekeeper.cli.root import EXIT_CODES, cli


@cli.command(epilog=EXIT_CODES)
def serve() -> None:
    """Serve until a signal ends it. Address, store and secrets come from LYCEUM_… settings.

    \b
    Examples:
      gatekeeper serve
      gatekeeper serve 2> gatekeeper.log
    """
    from gatekeeper import server
    from gatekeeper.storage.engine import open_database
    from gatekeeper.storage.migrate import require_migrated

    settings = settings_here()
    if not settings.is_demo:  # said here once, rather than by each process
        database = open_database(settings.database_url.reveal_text())
        try:
            with reachable():
                require_migrated(database)
        finally:
            database.close()
    server.serve(settings)


@cli.command(epilog=EXIT_CODES)
def migrate() -> None:
    """Bring the database, and that of signals if it is another, to the schema of this version. Safe to repeat; make a backup first.

    \b
    Examples:
      gatekeeper migrate
      gatekeeper migrate && gatekeeper serve
    """
    from gatekeeper.storage.migrate import current_revision, upgrade

    settings = settings_here()
    places = {"": settings.database_url, "signals: ": settings.signals.database_url}
    for name, url in places.items():
        if url is None:
            continue
        with opened_database(settings, url=url, needs_schema=False) as database:
            before = current_revision(database)
            after = upgrade(database)
        said = f"already at {after}" if before == after else f"migrated from {before or 'nothing'} to {after}"
        click.echo(f"{name}{said}")


@cli.command(epilog=EXIT_CODES)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look at settings, secrets, database, store, signed URLs, mail and clock, and say how to mend what is wrong.

    \b
    Examples:
      gatekeeper doctor
      gatekeeper doctor --json | jq '.findings[] | select(.state != "ok")'
    """
    from gatekeeper import doctor as room

    logging.disable(logging.CRITICAL)  # the findings say it
    try:
        findings = room.examine(os.environ, now=utc_now())
    finally:
        logging.disable(logging.NOTSET)
    if as_json:
        click.echo(json.dumps({"findings": [finding.as_json() for finding in findings]}, indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.state.value:<7} {finding.name}: {finding.what}")
            if finding.fix:
                click.echo(f"        fix: {finding.fix}")
    ctx.exit(room.exit_code(findings))
