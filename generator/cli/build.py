"""`lyceum build`: the public site and the private parts in `build/`, with the proof that nothing private is public."""

from __future__ import annotations

from pathlib import Path

import click

from generator.cli import EXIT_CODES
from generator.cli.output import print_json, report_problems, say
from generator.cli.project import school_option


@click.command(epilog=EXIT_CODES)
@school_option
@click.option("--base-url", default=None, help="The public site's address instead of the one in school.yml.")
@click.option(
    "--gatekeeper-url", default=None, help="The gatekeeper's origin instead of the one in school.yml."
)
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option(
    "--profile",
    "is_profiled",
    is_flag=True,
    help="Make everything anew in one process and print the slowest lessons, extensions and templates.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was built as JSON.")
def command(
    root: Path,
    base_url: str | None,
    gatekeeper_url: str | None,
    strict: bool,
    is_profiled: bool,
    as_json: bool,
) -> None:
    """Build the public site into build/site and prove that nothing private is in it.

    Only what depends on a change since the last build is made anew; what is remembered lies in .cache/lyceum, which may be deleted at
    any time. LYCEUM_PROCESSES says how many processes may work at once (else one for each core).

    \b
    Examples:
      lyceum build
      lyceum build --strict --json
      lyceum build --profile
    """
    from generator.cli.pipeline import build_school, moment, say_where
    from generator.site.project import Project

    project = Project(root=root, base_url=base_url, gatekeeper_url=gatekeeper_url)
    profile = None
    if is_profiled:
        from generator.site.profiling import Profile

        profile = Profile()
    built = build_school(project, moment(), strict=strict, profile=profile)
    if as_json:
        print_json(
            {
                "site": built.site.public,
                "lessons": built.lessons,
                "parts": len(built.site.parts),
                "attestation": built.attestation,
                "warnings": built.warnings,
            }
        )
    else:
        report_problems(built.warnings)
    for line in profile.lines() if profile else ():
        say(line)
    say_where(built.site.public)
