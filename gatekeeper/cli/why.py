"""why: from order to lesson, or why not."""

from __future__ import annotations

import json

import click

from gatekeeper.cli.opened import current_manifest, opened_database, settings_here, utc_now
from gatekeeper.cli.root import EXIT_CODES, cli

ANSWERED = f"""{EXIT_CODES}

\b
why leaves with 0 when it has an answer, whichever it is; with --check 1 means that
the reader may not read. 1 also means that there is no such lesson."""


@cli.command(epilog=ANSWERED)
@click.argument("reader")
@click.argument("lesson")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--check", "is_check", is_flag=True, help="Leave with 1 if the reader may not read.")
@click.pass_context
def why(ctx: click.Context, reader: str, lesson: str, as_json: bool, is_check: bool) -> None:
    """Say why a READER (an address or an id) may read a LESSON, or why not: rule, orders and their lines, what they came to, decision.

    \b
    Examples:
      gatekeeper why reader@example.org rust-course/traits
      gatekeeper why reader@example.org rust-course/traits --json --check
    """
    from gatekeeper.commerce.why import why as answer

    settings = settings_here()
    manifest = current_manifest(settings)
    with opened_database(settings) as database:
        found = answer(database, manifest, reader, lesson, now=utc_now())
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(found.lines()))
    ctx.exit(1 if is_check and not found.is_allowed else 0)
