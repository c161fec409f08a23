"""`lyceum members`: where readers stand, and how well that was told a month ago."""

from __future__ import annotations

from pathlib import Path

import click

from generator.cli import EXIT_CODES
from generator.cli.output import print_json, say, table
from generator.cli.project import school_option

signals_option = click.option(
    "--signals",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Where 'lyceum signals' left what readers did. Default: the engine that LYCEUM_SIGNALS_ENGINE_URL names, else .lyceum/signals in the school's folder.",
)


@click.group(epilog=EXIT_CODES)
def command() -> None:
    """Readers as a school sees them: counts and chances, nobody by name.

    \b
    Examples:
      lyceum members segments
      lyceum members segments --json
    """


@command.command("segments", epilog=EXIT_CODES)
@school_option
@signals_option
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON.")
def segments(root: Path, folder: Path | None, as_json: bool) -> None:
    """Say how many readers are new, active, at risk, lapsed or champions, and how well that tells the next 28 days.

    A chance to come is BG/NBD's for readers who came on two days or more; those who came once are judged by how many like them came back.
    The table of chances shows readers as they stood 28 days ago against what they then did.

    \b
    Examples:
      lyceum members segments
      lyceum members segments --signals ../signals --json
    """
    from generator.catalogue import read
    from generator.cli.pipeline import moment
    from generator.members.activity import activity_of
    from generator.members.report import report, sentence
    from generator.recommend.sources import source_of
    from generator.site.project import Project

    project = Project(root=root, behaviour=folder)
    settings = read(project.content)[0].members
    found = report(
        activity_of(source_of(project.behaviour, project.signals).events(), settings), moment(), settings
    )
    if as_json:
        print_json(found)
        return
    if not found.readers:
        say("no reader yet: 'lyceum signals export' or 'lyceum signals import' brings what they did")
    click.echo(
        table(
            ["segment", "readers", "came once", "mean score", "chance to come"],
            [
                [one.segment, str(one.readers), str(one.once), f"{one.score:.1f}", f"{one.returns:.0%}"]
                for one in found.segments
            ],
        )
    )
    if found.judgement is None:
        say("nobody was known 28 days ago, so nothing can be said of how well this tells what comes")
        return
    click.echo()
    for what, rows in (("segment", found.judgement.segments), ("chance", found.judgement.classes)):
        cells = [
            [
                row.name,
                str(row.readers),
                f"{row.expected:.0%}",
                f"{row.came:.0%}",
                f"{row.low:.0%} to {row.high:.0%}",
                f"{row.points:.1f}",
            ]
            for row in rows
            if row.readers
        ]
        click.echo(table([what, "readers", "expected", "came", "95 %", "mean points"], cells))
        click.echo()
    click.echo(sentence(found.judgement))
