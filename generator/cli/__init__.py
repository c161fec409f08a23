"""The author's command line: `lyceum`.

Commands hold no logic of their own; they string stages together and print what these return. Data goes to standard
output, progress and errors to standard error. A command's module is imported only when that command runs, so that
`lyceum --help` and the shell's completion stay quick.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from generator.cli.output import report_error
from generator.errors import LyceumError

EXIT_CODES = """\
\b
Exit codes: 0 done, 1 failed, 2 usage or settings, 3 content wrong,
4 private text would become public, 5 readers would lose access,
6 store unreachable or another publisher was first."""

# name → (module, one line for --help); in the order in which an author meets them
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("generator.cli.init", "Write a whole new school with its CI workflow."),
    "new": ("generator.cli.new", "Start a school, a course or a lesson."),
    "check": ("generator.cli.check", "Read the content and report every mistake; write nothing."),
    "build": (
        "generator.cli.build",
        "Build the public site and the private parts, and prove that nothing leaks.",
    ),
    "serve": ("generator.cli.serve", "Preview with live reload, as a stranger, a member or a buyer sees it."),
    "diff-access": (
        "generator.cli.diff_access",
        "Say who would gain or lose access to what, for a pull request.",
    ),
    "products": ("generator.cli.products", "Plan and apply products, prices and coupons."),
    "publish": ("generator.cli.publish", "Build, and make the result the school's current release."),
    "releases": ("generator.cli.releases", "List the releases in the store."),
    "rollback": (
        "generator.cli.rollback",
        "Go back to an earlier release, public and private half together.",
    ),
    "cache": (
        "generator.cli.cache",
        "Share the build cache through the store, for runners that start empty.",
    ),
    "verify": (
        "generator.cli.verify",
        "Fetch a published school as a stranger would, and prove which release it is.",
    ),
    "signals": ("generator.cli.signals", "Fetch what readers did, or bring it in from elsewhere."),
    "keys": ("generator.cli.keys", "Make the key that signs releases."),
    "recommend": ("generator.cli.recommend", "Which model recommends, why, and whether it helps."),
    "members": ("generator.cli.members", "How many readers stand where, and how sure that is."),
    "demo": (
        "generator.cli.demo",
        "Build, publish and serve this school on your own machine, shop included.",
    ),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101 - a mistake in COMMANDS, caught by the tests
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=LazyGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="lyceum", prog_name="lyceum")
def cli() -> None:
    """Publish paid programming courses from Markdown in git.

    \b
    Examples:
      lyceum check                    every mistake, with file and line
      lyceum serve --as owner:my-course
      lyceum publish --dry-run
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code; `arguments` defaults to the process's own."""
    try:
        code = cli.main(
            args=None if arguments is None else list(arguments), prog_name="lyceum", standalone_mode=False
        )
    except LyceumError as error:
        report_error(error)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)
