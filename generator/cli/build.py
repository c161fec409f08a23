"""`lyceum build`: the public site and the private parts in `build/`, with the proof that nothing private is public."""

from __future__ import annotations

from pathlib import Path

import click

from generator.cli import EXIT_CODES
from generator.cli.output import print_json, report_problems
from generator.cli.project import school_option


@click.command(epilog=EXIT_CODES)
@school_option
@click.option("--base-url", default=None, help="The public site's address instead of the one in school.yml.")
@click.option(
    "--gatekeeper-url", default=None, help="The gatekeeper's origin instead of the one in school.yml."
)
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option("--json", "as_json", is_flag=True, help="Print what was built as JSON.")
def command(
    root: Path, base_url: str | None, gatekeeper_url: str | None, strict: bool, as_json: bool
) -> None:
    """Build the public site into build/site and prove that nothing private is in it.

    \b
    Examples:
      lyceum build
      lyceum build --strict --json
    """
    from generator.cli.pipeline import build_school, moment, say_where
    from generator.site.project import Project

    project = Project(root=root, base_url=base_url, gatekeeper_url=gatekeeper_url)
    built = build_school(project, moment(), strict=strict)
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
    say_where(built.site.public)
