"""`lyceum check`: read and cut the content, report every mistake and every doubt, publish nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import EXIT_CODES
from generator.cli.output import print_json, report_problems, say
from generator.cli.project import school_option
from generator.errors import ContentError, Problem, Severity

if TYPE_CHECKING:
    from generator.access.edition import Edition
    from generator.site.project import Project


@click.command(epilog=EXIT_CODES)
@school_option
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option("--forget", is_flag=True, help="Take ids that no lesson has any more out of content/.ids.json.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(root: Path, strict: bool, forget: bool, as_json: bool) -> None:
    """Read the content and report every mistake.

    When the school has been built, its search index is asked for one of its own titles in each language; a search that does not find
    it is a mistake, too.

    Ids of new lessons are added to content/.ids.json (commit it), so that a rename that would lose an id is noticed. With
    CI set in the environment nothing is written.

    \b
    Examples:
      lyceum check
      lyceum check --strict --json
    """
    from generator.catalogue.coupons import over
    from generator.cli.identities import lost_identities, read_record, update_record
    from generator.cli.pipeline import moment, read_edition
    from generator.site.project import Project

    now = moment()
    content = root / "content"
    try:
        record = read_record(content)
        edition, warnings = read_edition(root, now)
    except ContentError as error:
        if as_json:
            print_json({"ok": False, "problems": error.problems})
        raise
    asked = _asked_of_search(Project(root=root), edition)
    if any(problem.severity is Severity.ERROR for problem in asked):
        if as_json:
            print_json({"ok": False, "problems": asked})
        raise ContentError(asked)
    warnings = (*warnings, *over(edition.school.coupons, now).values(), *asked)
    if not forget:
        warnings = (*lost_identities(record, edition.school), *warnings)
    failed = strict and bool(warnings)
    if as_json:
        print_json({"ok": not failed, "problems": warnings})
    if failed:
        raise ContentError(warnings)
    if not as_json:
        report_problems(warnings)
    if not os.environ.get("CI"):
        changed = update_record(content, record, edition.school, forget=forget)
        if changed:
            say(f"{changed} ids changed in content/.ids.json; commit it with the content")
    say(
        f"{len(edition.courses)} courses, {len(edition.lessons)} lessons, {len(edition.private_files)} private files: "
        + (f"{len(warnings)} warnings" if warnings else "no mistake")
    )


def _asked_of_search(project: Project, edition: Edition) -> list[Problem]:
    """What the built search does not find, as errors, and what could not be asked of it, as warnings."""
    from generator.site.search.probe import probe

    if not (project.site / "index.html").is_file():
        say("the search is asked for the school's titles once 'lyceum build' has made it")
        return []
    return probe(project.site, edition)
