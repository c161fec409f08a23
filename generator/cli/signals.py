"""`lyceum signals`: what readers did, fetched from the gatekeeper or brought in from elsewhere."""

from __future__ import annotations

import csv
import dataclasses
import os
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from generator.cli import EXIT_CODES
from generator.cli.output import print_json, report_problems, say, stage
from generator.cli.project import school_option
from generator.errors import ContentError, LyceumError, SettingsError

if TYPE_CHECKING:
    from generator.signals.arriving import Arrived, Columns

out_option = click.option(
    "--out",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=None,
    help="Where the signals lie. Default: .lyceum/signals in the school's folder.",
)


@click.group(epilog=EXIT_CODES)
def command() -> None:
    """What readers did: fetch it from the gatekeeper, or bring it in from another system.

    \b
    Examples:
      lyceum signals export
      lyceum signals import --from moodle --lessons moodle-lessons.csv log.csv
    """


@command.command("export", epilog=EXIT_CODES)
@school_option
@out_option
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="Only this day and later ones. Default: every day.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was fetched as JSON.")
def export_command(root: Path, folder: Path | None, since: datetime | None, as_json: bool) -> None:
    """Fetch the days that have changed as Parquet, readers under pseudonyms, and remove what the gatekeeper no longer keeps.

    The gatekeeper gives them to the holder of LYCEUM_SIGNALS_KEY.

    \b
    Examples:
      lyceum signals export
      lyceum signals export --since 2026-11-01 --out ../signals
    """
    from generator.cli.diff_access import gatekeeper_address
    from generator.release.settings import signals_key
    from generator.signals.export import SignalsAccess, export
    from generator.site.project import Project

    access = SignalsAccess(gatekeeper_url=gatekeeper_address(root), key=signals_key(os.environ))
    target = folder or Project(root=root).signals
    with stage("signals") as line:
        done = export(
            access,
            target,
            since=None if since is None else date(since.year, since.month, since.day),
            progress=line,
        )
        line.facts = (
            f"{len(done.fetched)} days fetched, {len(done.unchanged)} unchanged, {len(done.removed)} removed; "
            f"{done.signals} signals"
        )
    if as_json:
        print_json(done)


@command.command("import", epilog=EXIT_CODES)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@school_option
@out_option
@click.option(
    "--from",
    "system",
    type=click.Choice(["lyceum", "ghost", "moodle", "log"]),
    default=None,
    help="Whose columns these are; the options below override each. Default: log for what is no .csv, .json, .jsonl or .parquet.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "jsonl", "parquet", "log"]),
    help="Default: by the file's name.",
)
@click.option("--reader-column", metavar="NAME", help="Default: reader.")
@click.option("--lesson-column", metavar="NAME", help="An id, a path or an address. Default: lesson.")
@click.option("--kind-column", metavar="NAME", help="Default: kind.")
@click.option("--time-column", metavar="NAME", help="Default: time.")
@click.option("--kind", "every_kind", metavar="KIND", help="Of lines that do not say theirs. Default: view.")
@click.option(
    "--kinds",
    metavar="THEIRS=OURS,…",
    help="What their words for kinds mean: viewed=view,completed=finished.",
)
@click.option(
    "--time-format",
    metavar="FORM",
    help="Like '%d.%m.%Y %H:%M'; '|' between several. Default: seconds or milliseconds since 1970, ISO 8601, a log's; of Moodle's download '%d/%m/%y, %H:%M:%S'.",
)
@click.option(
    "--time-zone",
    "zone",
    metavar="NAME",
    help="Of times that do not say theirs, like Asia/Shanghai. Default: UTC.",
)
@click.option(
    "--lessons",
    "lessons_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A CSV of two columns without a heading: their name of a lesson, and ours (id or path).",
)
@click.option(
    "--skip-wrong", is_flag=True, help="Leave wrong lines out. Default: with a wrong line nothing is written."
)
@click.option("--dry-run", is_flag=True, help="Only say what would come in.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def import_command(
    files: tuple[Path, ...],
    root: Path,
    folder: Path | None,
    system: str | None,
    form: str | None,
    reader_column: str | None,
    lesson_column: str | None,
    kind_column: str | None,
    time_column: str | None,
    every_kind: str | None,
    kinds: str | None,
    time_format: str | None,
    zone: str | None,
    lessons_file: Path | None,
    skip_wrong: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Bring in (reader, lesson, kind, time) from CSV, JSON, JSON lines, Parquet or an access log, so that recommendations start warm.

    Readers' names become keyed hashes before anything is written. Bringing a file in again changes nothing; lines that another file brought
    in already count once.

    \b
    Examples:
      lyceum signals import history.csv --dry-run
      lyceum signals import --from log access.log access.log.1
    """
    from generator.catalogue import read
    from generator.cli.pipeline import moment
    from generator.signals.arriving import KNOWN, arrive
    from generator.signals.lessons import LessonNames
    from generator.signals.reading import form_of
    from generator.site.project import Project

    project = Project(root=root)
    names = LessonNames(read(project.content)[0], _others(lessons_file))
    given = {
        "reader": reader_column,
        "lesson": lesson_column,
        "kind": kind_column,
        "time": time_column,
        "every_kind": every_kind,
        "kinds": _kinds(kinds),
        "time_format": time_format,
        "zone": None if zone is None else _zone(zone),
    }
    found: list[Arrived] = []
    for file in files:
        is_log = (form or form_of(file)) == "log"
        columns: Columns = dataclasses.replace(
            KNOWN[system or ("log" if is_log else "lyceum")],
            **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
        )
        found.append(
            arrive(
                file,
                folder or project.signals,
                names,
                columns,
                now=moment(),
                form="log" if system == "log" and form is None else form,
                is_dry=dry_run,
                skips_wrong=skip_wrong,
            )
        )
    if as_json:
        print_json({"files": found, "dry_run": dry_run})
    else:
        for one in found:
            _tell(one)
    if dry_run:
        say("nothing was written; leave out --dry-run to bring it in")
    wrong = [problem for one in found for problem in one.wrong]
    if wrong and not skip_wrong:
        count = sum(one.wrong_lines for one in found)
        if count > len(wrong):
            say(f"{count} lines are wrong; the first of them:")
        raise ContentError(wrong)
    report_problems(wrong)


def _tell(one: Arrived) -> None:
    click.echo(
        f"{one.file}: {one.lines} lines, {one.signals} new signals of {one.readers} readers on {one.lessons} lessons"
    )
    facts = [
        (one.again, "brought in before, or twice"),
        (one.unknown_lines, "about lessons that this school does not have"),
        (sum(one.other_kinds.values()), f"of other kinds: {', '.join(map(repr, one.other_kinds))}"),
        (one.without_time, "without a time"),
        (one.wrong_lines, "wrong"),
    ]
    for count, what in facts:
        if count:
            click.echo(f"  {count} {what}")
    for name, count in one.unknown.items():
        click.echo(f"    {count} × {name!r}")
    if one.unknown:
        click.echo("  hint: --lessons FILE says which lesson of ours each name means", err=True)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"there is no time zone '{name}'", where="--time-zone", hint="name it like Europe/Berlin or UTC"
        ) from error


def _kinds(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(sign for _, sign, _ in pairs):
        raise click.UsageError("--kinds is written theirs=ours,theirs=ours")
    return {theirs.strip(): ours.strip() for theirs, _, ours in pairs}


def _others(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = [row for row in csv.reader(opened) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LyceumError(
            "the list of lessons cannot be read", where=str(file), hint="write a CSV in UTF-8"
        ) from error
    for number, row in enumerate(rows, 1):
        if len(row) != 2:
            raise SettingsError(
                f"line {number} has {len(row)} columns",
                where=str(file),
                hint="two columns: their name, our lesson",
            )
    return {theirs.strip(): ours.strip() for theirs, ours in rows}
