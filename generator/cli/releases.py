"""`lyceum releases`: what has been published, what is current, and making room."""

from __future__ import annotations

import os
from pathlib import Path

import click

from generator.cli import EXIT_CODES
from generator.cli.embedded import store_environment
from generator.cli.output import print_json, say, stage, table
from generator.cli.project import school_option


@click.group(epilog=EXIT_CODES, invoke_without_command=True)
@school_option
@click.option("--json", "as_json", is_flag=True, help="Print the releases as JSON.")
@click.pass_context
def command(context: click.Context, root: Path, as_json: bool) -> None:
    """List the releases in the store, newest first.

    \b
    Examples:
      lyceum releases
      lyceum releases --json
    """
    from generator.release import ReleaseSettings, open_stores, releases

    if context.invoked_subcommand is not None:
        return
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
                row.published or row.created,
                row.by,
                row.commit[:12],
                str(row.lessons),
                f"{row.size_bytes / 1e6:.1f} MB",
            ]
            for row in rows
        ]
        click.echo(table(["", "release", "published", "by", "commit", "lessons", "size"], cells))


@command.command("prune", epilog=EXIT_CODES)
@school_option
@click.option(
    "--keep",
    type=click.IntRange(1),
    required=True,
    help="How many releases stay, counted from the last that was current.",
)
@click.option("--delete", is_flag=True, help="Do it. Without this option it is only said what would go.")
@click.option("--json", "as_json", is_flag=True, help="Print what goes as JSON.")
def prune_command(root: Path, keep: int, delete: bool, as_json: bool) -> None:
    """Delete old releases, and the objects that no kept release names.

    Nothing younger than a day is touched, nor the release that runs. A release that is gone cannot be rolled back to; it can be
    published again from its commit.

    \b
    Examples:
      lyceum releases prune --keep 10
      lyceum releases prune --keep 10 --delete
    """
    from generator.cli.pipeline import moment
    from generator.release import ReleaseSettings, open_stores
    from generator.release.prune import prune

    settings = ReleaseSettings.from_environment(
        store_environment(root, os.environ), needs_content_key=False, needs_release_key=False
    )
    with stage("prune") as line:
        done = prune(open_stores(settings), keep=keep, now=moment(), is_dry_run=not delete, progress=line)
        line.facts = (
            f"{len(done.releases)} releases, {len(done.objects)} objects, {done.size_bytes / 1e6:.1f} MB"
        )
    if as_json:
        print_json(done)
        return
    for release in done.releases:
        click.echo(f"- {release}")
    if done.young:
        say(f"{done.young} objects that no kept release names are younger than a day and stay")
    if not done.is_done:
        say("nothing was deleted: this was a dry run; 'lyceum releases prune --keep … --delete' does it")
