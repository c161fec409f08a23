"""`lyceum diff-access`: what the content as it lies here would change in who may read what."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from generator.cli import EXIT_CODES
from generator.cli.embedded import store_environment
from generator.cli.output import print_json, report_problems
from generator.cli.project import school_option
from generator.errors import AccessLossError, ContentError, LyceumError, SettingsError

if TYPE_CHECKING:
    from generator.release.access_diff import AccessDiff, AccessView


@click.command(epilog=EXIT_CODES)
@school_option
@click.option(
    "--against",
    metavar="COMMIT",
    default=None,
    help="Compare with the content of this git commit. Default: with the release that runs.",
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print a comment for a pull request.")
@click.option("--json", "as_json", is_flag=True, help="Print the difference as JSON.")
@click.option("--allow-loss", is_flag=True, help="Succeed even if somebody would lose access.")
def command(root: Path, against: str | None, as_markdown: bool, as_json: bool, allow_loss: bool) -> None:
    """Say which lessons and files would become free, member or paid, and for whom something would open or close.

    Nothing is built and nothing is changed. With --against no store and no secret is needed. How many readers are affected the gatekeeper
    says, where LYCEUM_FIGURES_KEY is set. Access that somebody would lose exits 5, unless --allow-loss.

    \b
    Examples:
      lyceum diff-access
      lyceum diff-access --against origin/main --markdown
    """
    from generator.cli.pipeline import moment, read_edition
    from generator.release.access_diff import view_of_edition
    from generator.release.access_report import as_markdown as markdown
    from generator.release.access_report import as_text

    if as_markdown and as_json:
        raise click.UsageError("--markdown and --json are two forms of the same; choose one")
    now = moment()
    edition, _ = read_edition(root, now)
    after = view_of_edition(edition)
    if against is None:
        name, before = _running(root)
    else:
        name, before = f"commit {against}", _committed(root, against, now)
    diff = compared(before, after, against=name, root=root)
    if as_json:
        print_json({**_as_json(diff)})
    else:
        click.echo(markdown(diff) if as_markdown else as_text(diff), nl=not as_markdown)
    if diff.losses and not allow_loss:
        raise AccessLossError(diff.losses)


def compared(before: AccessView, after: AccessView, *, against: str, root: Path) -> AccessDiff:
    """The difference with the gatekeeper's figures, as far as they can be had. root: the school, whose content has been read before."""
    from generator.release.access_diff import access_diff
    from generator.release.figures import FiguresAccess, fetch_figures
    from generator.release.settings import figures_key

    key = figures_key(os.environ)
    figures = fetch_figures(FiguresAccess(gatekeeper_url=gatekeeper_address(root) if key else "", key=key))
    return access_diff(before, after, against=against, owners=figures.owners, note=figures.note)


def gatekeeper_address(root: Path) -> str:
    """The gatekeeper's origin: from the environment, from school.yml, or else the site's own."""
    import yaml

    named = os.environ.get("LYCEUM_GATEKEEPER_URL", "").strip()
    if not named:
        school = yaml.safe_load((root / "content" / "school.yml").read_text(encoding="utf-8"))
        named = str(school.get("gatekeeper_url") or "")
        if not named:
            site = urlsplit(
                os.environ.get("LYCEUM_SITE_URL", "").strip() or str(school.get("base_url") or "")
            )
            named = f"{site.scheme}://{site.netloc}"
    return named.rstrip("/")


def _as_json(diff: AccessDiff) -> dict[str, object]:
    return {
        "against": diff.against,
        "losses": diff.losses,
        "lessons": diff.lessons,
        "files": diff.files,
        "products": diff.products,
        "readers": diff.readers,
        "readers_note": diff.readers_note,
    }


def _running(root: Path) -> tuple[str, AccessView]:
    from generator.release import ReleaseSettings, history, open_stores
    from generator.release.access_diff import NOTHING, view_of_manifest

    settings = ReleaseSettings.from_environment(
        store_environment(root, os.environ), needs_content_key=False, needs_release_key=False
    )
    private = open_stores(settings).private
    tip = history.tip(private)
    if tip.pointer is None:
        return "no release: nothing is published yet", NOTHING
    whole = history.manifest_of(private, tip.release)
    return f"release {tip.release}", view_of_manifest(whole, history.public_list(private, tip.release) or ())


def _committed(root: Path, commit: str, now: datetime) -> AccessView:
    """Who may read what in the content of `commit`. Raises SettingsError if git does not have it, LyceumError if it does not build."""
    from generator.cli.pipeline import read_edition
    from generator.release.access_diff import view_of_edition

    if commit.startswith("-"):
        raise SettingsError(f"{commit!r} is not a commit", hint="name a commit, branch or tag")
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "archive", "--format=tar", commit, "content"],
            capture_output=True,
            check=True,
            timeout=120,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", b"") or str(error).encode()
        lines = said.decode(errors="replace").strip().splitlines()
        raise SettingsError(
            f"git does not give the content of {commit}: {lines[0] if lines else 'no reason'}",
            where=str(root),
            hint="fetch the commit first; in CI, check out with the whole history (fetch-depth: 0)",
        ) from error
    with tempfile.TemporaryDirectory(prefix="lyceum-") as folder:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(folder, filter="data")
        try:
            edition, _ = read_edition(Path(folder), now)
        except ContentError as error:
            report_problems(error.problems)
            raise LyceumError(
                f"the content of {commit} has mistakes, so nothing can be compared with it",
                hint="name a commit that builds, with --against",
            ) from error
    return view_of_edition(edition)
