"""`lyceum recommend uplift`: what the recommendations changed, from the browsers that by lot see the popularity list."""

from __future__ import annotations

from pathlib import Path

import click

from generator.cli import EXIT_CODES
from generator.cli.members import signals_option
from generator.cli.output import print_json
from generator.cli.project import school_option


@click.command("uplift", epilog=EXIT_CODES)
@school_option
@signals_option
@click.option(
    "--worth",
    type=click.FloatRange(0.005, 1.0),
    default=0.10,
    show_default=True,
    help="The smallest effect worth knowing, as a share of the held-out readers' activity.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every figure as JSON.")
def command(root: Path, folder: Path | None, worth: float, as_json: bool) -> None:
    """Say whether recommendations help: the effect on the next 28 days' activity, by lot, with its interval.

    One browser in ten sees the popularity list. Readers are compared by what their lot says, not by whether they clicked, with their activity
    before it as a covariate. With too few readers to see an effect of --worth four times in five, nothing is claimed.

    \b
    Examples:
      lyceum recommend uplift
      lyceum recommend uplift --worth 0.05 --json
    """
    from generator.catalogue import read
    from generator.cli.pipeline import moment
    from generator.members.activity import activity_of
    from generator.recommend.holdout import trial_of
    from generator.recommend.sources import source_of
    from generator.recommend.uplift import analyse
    from generator.recommend.uplift_text import lines
    from generator.site.project import Project

    project = Project(root=root, behaviour=folder)
    events = source_of(project.behaviour, project.signals).events()
    activity = activity_of(events, read(project.content)[0].members)
    found = analyse(trial_of(events, activity, int(moment().timestamp())), worth=worth)
    if as_json:
        print_json(found)
        return
    for line in lines(found):
        click.echo(line)
