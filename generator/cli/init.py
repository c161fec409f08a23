"""`lyceum init`: a whole new school in one command: a course and a lesson to write on, and the workflow that publishes it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import click

from generator.cli import EXIT_CODES
from generator.cli.new import TEXTS, write_file, write_school
from generator.cli.output import say
from generator.errors import LyceumError, SettingsError

# Where a service looks for its workflow, and the file in docs/deploy/ci that it gets.
WORKFLOWS = {
    "github": (".github/workflows/lyceum.yml", "github-actions.yml"),
    "gitlab": (".gitlab-ci.yml", "gitlab-ci.yml"),
}
_PACKAGED = Path(__file__).parent / "workflows"
_CHECKOUT = Path(__file__).parents[2] / "docs" / "deploy" / "ci"


@click.command(epilog=EXIT_CODES)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--language",
    type=click.Choice(sorted(TEXTS)),
    default="en",
    show_default=True,
    help="The first language.",
)
@click.option(
    "--ci",
    type=click.Choice([*sorted(WORKFLOWS), "none"]),
    default="github",
    show_default=True,
    help="Whose workflow checks, publishes and verifies the school.",
)
@click.option("--git", "with_git", is_flag=True, help="Make the folder a git repository with a first commit.")
def command(folder: Path, language: str, ci: str, with_git: bool) -> None:
    """Write a new school into FOLDER: one course, one lesson, .gitignore and the workflow that publishes it.

    FOLDER must not hold a school yet. The workflow's settings are explained in docs/deploy/ci.md.

    \b
    Examples:
      lyceum init my-school --git
      lyceum init 书院 --language zh --ci gitlab
    """
    workflow = None
    if ci != "none":
        target, source = WORKFLOWS[ci]
        workflow = folder / target
        if workflow.exists():
            raise SettingsError(
                "there is a workflow already", where=str(workflow), hint="take it away, or use --ci none"
            )
    write_school(folder, language)
    if workflow is not None:
        write_file(workflow, workflow_text(source))
    if with_git:
        _commit(folder)
    say(
        f"\nNext: cd {folder}, then 'lyceum demo' shows it, shop included; 'lyceum publish --dry-run' says what would be published."
    )


def workflow_text(name: str) -> str:
    """The workflow file `name` as docs/deploy/ci has it."""
    place = next((base / name for base in (_PACKAGED, _CHECKOUT) if (base / name).is_file()), None)
    if place is None:
        raise LyceumError("the workflow is not installed", where=name, hint="install Lyceum again")
    return place.read_text(encoding="utf-8")


def _commit(folder: Path) -> None:
    try:
        for arguments in (
            ["init", "--quiet", "--initial-branch", "main"],
            ["add", "--all"],
            ["commit", "--quiet", "--message", "A new school"],
        ):
            subprocess.run(
                ["git", "-C", str(folder), *arguments], check=True, capture_output=True, text=True, timeout=60
            )
    except FileNotFoundError as error:
        raise SettingsError("git is not installed", hint="install git, or leave --git out") from error
    except subprocess.SubprocessError as error:
        said = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise SettingsError(
            f"git failed: {said[-1] if said else error}",
            where=str(folder),
            hint="the school is written; tell git your name (git config user.name, user.email) and commit it yourself",
        ) from error
    say(f"committed {folder}")
