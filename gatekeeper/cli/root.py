"""The group that every command joins, and how an error leaves: two lines and its exit code."""

from __future__ import annotations

import sys

import click

from gatekeeper.errors import GatekeeperError

EXIT_CODES = """\
\b
Exit codes: 0 done, 1 failed, 2 usage or settings, 3 content wrong,
4 private text would become public, 5 readers would lose access,
6 store or provider unreachable."""

HELP = {"help_option_names": ["-h", "--help"]}


class _Group(click.Group):
    """Prints our errors as two lines, and leaves with their exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except GatekeeperError as error:
            _print_error(error)
            ctx.exit(error.exit_code)


@click.group(cls=_Group, epilog=EXIT_CODES, context_settings=HELP)
@click.version_option(package_name="lyceum", prog_name="gatekeeper")
def cli() -> None:
    """Run and look after the service that readers sign in to, buy from, and read through.

    \b
    Examples:
      gatekeeper migrate && gatekeeper serve
      gatekeeper doctor --json
    """


def _print_error(error: GatekeeperError) -> None:
    print(f"error: {error}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"hint: {line}", file=sys.stderr)
