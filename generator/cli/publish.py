"""`lyceum publish`: build, prove, and make the result the school's current release."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import EXIT_CODES
from generator.cli.access_guard import AccessGuard
from generator.cli.embedded import store_environment
from generator.cli.output import print_json, report_problems, say, stage
from generator.cli.project import school_option
from generator.cli.purging import purge_option, write_purge_list
from generator.cli.who import publisher

if TYPE_CHECKING:
    from generator.cli.pipeline import Built
    from generator.release import Plan, Published, Release, ReleaseSettings
    from generator.release.history import Tip
    from generator.release.known import Known
    from generator.site.project import Project


@click.command(epilog=EXIT_CODES)
@school_option
@click.option(
    "--dry-run", is_flag=True, help="Build, and print what a publish would do; change nothing in the stores."
)
@click.option("--strict", is_flag=True, help="Warnings fail too.")
@click.option(
    "--recheck",
    is_flag=True,
    help="Look for every object in the store and publish even what is current; for a store that lost something.",
)
@click.option("--allow-loss", is_flag=True, help="Publish even if somebody loses access to something.")
@purge_option
@click.option("--json", "as_json", is_flag=True, help="Print what was done, or would be, as JSON.")
def command(
    root: Path,
    dry_run: bool,
    strict: bool,
    recheck: bool,
    allow_loss: bool,
    purge_file: Path | None,
    as_json: bool,
) -> None:
    """Build the school and make the result its current release.

    Uploads what the stores lack, verifies it, puts the public site in place and then moves one pointer. Stores and secrets come from
    the environment (LYCEUM_STORE, LYCEUM_PUBLIC_STORE, LYCEUM_CONTENT_KEY, LYCEUM_RELEASE_KEY; see docs/settings.md); where no store is named, a folder
    beside the school is used.

    A publish by which somebody would lose access to something stops and exits 5, unless --allow-loss.

    \b
    Examples:
      lyceum publish --dry-run
      lyceum publish --strict --purge-file purge.txt
    """
    from generator.cli.pipeline import build_school, moment
    from generator.release import ReleaseSettings, open_stores, plan
    from generator.release.memory import memory_folder
    from generator.site.project import Project

    settings = ReleaseSettings.from_environment(
        store_environment(root, os.environ), needs_release_key=not dry_run
    )
    project = Project(root=root, base_url=settings.base_url, gatekeeper_url=settings.gatekeeper_url)
    now = moment()
    built = build_school(project, now, strict=strict, settles=True)
    if not as_json:
        report_problems(built.warnings)
    if dry_run:
        release = bundled(built, project, settings, now)
        guard = AccessGuard(release.manifest, release.public, project.root)
        planned = plan(release, open_stores(settings, memory_folder(project.root)), compare=guard.compare)
        if as_json:
            print_json(planned)
        else:
            click.echo(describe_plan(planned))
        if not allow_loss:
            guard.refuse_loss()
        return
    published = publish_built(built, project, settings, now, recheck=recheck, allow_loss=allow_loss)
    write_purge_list(published, purge_file)
    if as_json:
        print_json(published)
    elif published.is_unchanged:
        say(f"nothing changed: {published.release} is the current release")
    else:
        say(
            f"{published.release} is the current release"
            + (f"; before it was {published.previous}" if published.previous else "")
        )


def bundled(built: Built, project: Project, settings: ReleaseSettings, now: datetime) -> Release:
    from generator.cli.pipeline import source_commit
    from generator.products import sources
    from generator.release import bundle

    assert settings.content_key is not None  # noqa: S101 - asked for where the settings are read
    made_of = sources.digests(
        {path: stamp.sha256 for path, stamp in built.sources.items()},
        {path: stamp.sha256 for path, stamp in built.around.items()},
        (project.content / sources.SCHOOL).read_bytes(),
    )
    return bundle(
        built.site,
        content_key=settings.content_key,
        now=now,
        commit=source_commit(project.root),
        attestation=built.attestation,
        sources=made_of,
    )


def publish_built(
    built: Built,
    project: Project,
    settings: ReleaseSettings,
    now: datetime,
    *,
    recheck: bool = False,
    allow_loss: bool = False,
    check: Callable[[Release, Tip, Known], None] | None = None,
) -> Published:
    """Bundle what was built and proven, and make it current. Raises AccessLossError, before anything is changed, unless `allow_loss`.

    check: looks at the release and at the running one before; raises an error to stop.
    """
    from generator.release import open_stores, publish
    from generator.release.memory import memory_folder

    with stage("publish") as line:
        release = bundled(built, project, settings, now)
        guard = AccessGuard(release.manifest, release.public, project.root)

        def approve(tip: Tip, before: Known) -> None:
            if check is not None:
                check(release, tip, before)
            if not allow_loss:
                guard.approve(tip, before)

        published = publish(
            release,
            open_stores(settings, memory_folder(project.root)),
            by=publisher(os.environ),
            recheck=recheck,
            approve=None if allow_loss and check is None else approve,
            progress=line,
        )
        line.facts = f"{published.uploaded} objects uploaded ({published.uploaded_bytes / 1e6:.1f} MB), {len(published.removed)} removed"
    return published


def describe_plan(plan: Plan) -> str:
    from generator.release.access_report import as_text

    if plan.is_unchanged:
        return f"nothing would change: {plan.release} is the current release"
    lines = [
        f"upload    {len(plan.objects)} objects, {plan.upload_bytes / 1e6:.1f} MB",
        f"site      {len(plan.added)} new, {len(plan.changed)} changed files, {plan.site_bytes / 1e6:.1f} MB",
        f"delete    {len(plan.removed)} files from the site, {plan.removed_bytes / 1e6:.1f} MB",
        f"switch    to {plan.release} from {plan.current or 'nothing'}, pointer {plan.number}",
    ]
    for sign, paths in (("+", plan.added), ("~", plan.changed), ("-", plan.removed)):
        lines += [f"  {sign} {path}" for path in paths[:20]]
        if len(paths) > 20:
            lines.append(f"  {sign} … {len(paths) - 20} more")
    if plan.access is not None:
        lines.append(as_text(plan.access))
    return "\n".join(lines)
