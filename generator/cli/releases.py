"""`lyceum releases`: what has been published and what is current."""

from __future__ import annotations

import os
from pathlib import Path

import click

from generator.cli import EXIT_CODES
from generator.cli.embedded import store_environment
from generator.cli.output import print_json, table
from generator.cli.project import school_option


@click.command(epilog=EXIT_CODES)
@school_option
@click.option("--json", "as_json", is_flag=True, help="Print the releases as JSON.")
def command(root: Path, as_json: bool) -> None:
    """List the releases in the store, newest first.

    \b
    Examples:
      lyceum releases
      lyceum releases --json
    """
    from generator.release import ReleaseSettings, open_stores, releases

    settings = ReleaseSettings.from_environment(
        store_environment(root, os.environ), needs_content_key=False, needs_release_key=False
    )
    rows = releases(open_stores(settings))
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo("no release yet: 'lyceum publish' makes the first")
    else:
        cells = [
            [
                "*" if row.is_current else "",
                row.release,
                row.created,
                row.commit[:12],
                str(row.lessons),
                f"{row.size_bytes / 1e6:.1f} MB",
            ]
            for row in rows
        ]
        click.echo(table(["", "release", "created", "commit", "lessons", "size"], cells))
