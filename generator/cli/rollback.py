"""`lyceum rollback`: an earlier release becomes current again, public and private half together."""

from __future__ import annotations

import os
from pathlib import Path

import click

from generator.cli import EXIT_CODES
from generator.cli.embedded import store_environment
from generator.cli.output import print_json, say, stage
from generator.cli.project import school_option
from generator.cli.purging import purge_option, write_purge_list
from generator.cli.who import publisher


@click.command(epilog=EXIT_CODES)
@school_option
@click.argument("release", required=False)
@click.option(
    "--look",
    is_flag=True,
    help="Look for every object of the release first; always done where the store is a folder.",
)
@purge_option
@click.option("--json", "as_json", is_flag=True, help="Print what is current now as JSON.")
def command(root: Path, release: str | None, look: bool, purge_file: Path | None, as_json: bool) -> None:
    """Make RELEASE the current one again; without it, the one that was current before.

    Nothing is built and nothing is uploaded: the store has every object of every release that it lists.

    \b
    Examples:
      lyceum rollback
      lyceum rollback 20261122T160501Z-1a2b3c4d --purge-file purge.txt
    """
    from generator.release import ReleaseSettings, open_stores, rollback
    from generator.release.memory import memory_folder

    settings = ReleaseSettings.from_environment(store_environment(root, os.environ), needs_content_key=False)
    with stage("rollback") as line:
        published = rollback(
            open_stores(settings, memory_folder(root)),
            release,
            by=publisher(os.environ),
            look=look,
            tell=purge_file is not None,
            progress=line,
        )
        line.facts = f"{published.release} instead of {published.previous}"
    write_purge_list(published, purge_file)
    if as_json:
        print_json(published)
    else:
        say(f"{published.release} is the current release")
