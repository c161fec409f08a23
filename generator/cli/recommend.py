"""`lyceum recommend`: which model a build would publish and why, what speaks for a lesson's list, and whether lists help."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import EXIT_CODES
from generator.cli.members import signals_option
from generator.cli.output import print_json, say, stage, table
from generator.cli.project import school_option
from generator.cli.uplift import command as uplift
from generator.errors import SettingsError

if TYPE_CHECKING:
    from generator.recommend.explaining import Explanation
    from generator.recommend.ranking import Ranked
    from generator.recommend.selection import Choice


@click.group(epilog=EXIT_CODES)
def command() -> None:
    """Look into the recommendations that a build makes. Nothing is changed.

    \b
    Examples:
      lyceum recommend evaluate
      lyceum recommend explain mini-db/hash-index
    """


command.add_command(uplift)


@command.command("evaluate", epilog=EXIT_CODES)
@school_option
@signals_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print the choice and every candidate's figures as JSON."
)
def evaluate(root: Path, folder: Path | None, as_json: bool) -> None:
    """Say how every model does on what readers did last, and which one a build publishes.

    NDCG@10 and Recall@20 rank all lessons for every judging reader; ABOVE is the lower end of the 95 % interval of NDCG@10 minus
    popularity's; SHOWN is the share of lessons that stand in anybody's first ten; LENGTH how many a reader's list holds.

    \b
    Examples:
      lyceum recommend evaluate
      lyceum recommend evaluate --signals ../signals --json
    """
    choice = _ranked(root, folder).choice
    if as_json:
        print_json(
            {
                "published": choice.verdict.published,
                "refused": choice.verdict.refused,
                "readers": choice.readers,
                "judges": choice.judges,
                "split": _split(choice),
                "models": choice.judged,
            }
        )
        return
    if choice.judged:
        headings = ("MODEL", "NDCG@10", "RECALL@20", "ABOVE", "SHOWN", "LENGTH")
        click.echo(
            table(
                headings,
                [
                    (
                        ("* " if one.name == choice.verdict.published else "  ") + one.name,
                        f"{one.ndcg:.4f}",
                        f"{one.recall:.4f}",
                        f"{one.lower:+.4f}",
                        f"{one.coverage:.1%}",
                        f"{one.length:.1f}",
                    )
                    for one in choice.judged
                ],
            )
        )
    click.echo(f"published: {choice.verdict.published}")
    for line in choice.verdict.refused:
        click.echo(f"  the best model is not: {line}")
    say(f"{choice.readers} readers, {choice.judges} of them judge, split {_split(choice)}")


@command.command("explain", epilog=EXIT_CODES)
@school_option
@signals_option
@click.option("--json", "as_json", is_flag=True, help="Print the evidence as JSON.")
@click.argument("lesson")
def explain(root: Path, folder: Path | None, as_json: bool, lesson: str) -> None:
    """Say what stands below LESSON (its id) and what speaks for it.

    READERS is how many took up both lessons, as far as they are five or more; BEHAVIOUR and TEXT how much each says, scaled so that a
    lesson's whole row is 1 on average.

    \b
    Examples:
      lyceum recommend explain mini-db/hash-index
      lyceum recommend explain mini-db/hash-index --json
    """
    from generator.recommend.explaining import explained

    found = explained(_ranked(root, folder), lesson)
    if as_json:
        print_json(found)
        return
    _show(found)


def _ranked(root: Path, folder: Path | None) -> Ranked:
    from generator.cli.pipeline import moment, read_edition
    from generator.recommend.sources import missing, source_of
    from generator.site.project import Project

    project = Project(root=root, behaviour=folder)
    source = source_of(project.behaviour, project.signals)
    if missing(source):
        raise SettingsError(
            "the libraries that models need are not installed",
            hint="pip install 'lyceum[recommend]'",
        )
    from generator.recommend.ranking import rank

    edition, _ = read_edition(root, moment())
    with stage("models") as line:
        found = rank(edition, source.interactions(), project.cache, said=line, remember=False)
        line.facts = f"{len(found.choice.judged)} models compared"
    return found


def _split(choice: Choice) -> str:
    return "by time" if choice.by_time else "by lot"


def _show(found: Explanation) -> None:
    click.echo(f"{found.lesson}: {found.readers} readers; the model is {found.model}")
    if not found.suggestions:
        click.echo("nothing stands below it")
        return
    click.echo(
        table(
            ("PLACE", "LESSON", "WHY", "READERS", "BEHAVIOUR", "TEXT"),
            [
                (
                    str(place),
                    one.lesson,
                    one.why + (" (to be tried)" if one.explored else ""),
                    str(one.readers) if one.readers else "",
                    f"{one.behaviour:.3f}" if one.behaviour else "",
                    f"{one.text:.3f}" if one.text else "",
                )
                for place, one in enumerate(found.suggestions, 1)
            ],
        )
    )
