"""`lyceum products`: what school.yml sells, against what the running school sells, and made so without touching a lesson."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import EXIT_CODES
from generator.cli.embedded import store_environment
from generator.cli.output import print_json, report_problems, say
from generator.cli.project import school_option
from generator.cli.purging import purge_option, write_purge_list
from generator.errors import AccessLossError, ContentError, LyceumError, Severity

if TYPE_CHECKING:
    from gatekeeper.contract.manifest import Manifest
    from generator.access.edition import Edition
    from generator.products.diff import Sold, SoldDiff
    from generator.release import Release
    from generator.release.access_diff import AccessDiff
    from generator.release.history import Tip
    from generator.release.known import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """against: the running release in words. obstacles: why it cannot be applied by itself, in words."""

    against: str
    running: Manifest | None
    diff: SoldDiff
    access: AccessDiff
    obstacles: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "against": self.against,
            "products": self.diff.products,
            "coupons": self.diff.coupons,
            "access": {
                "losses": self.access.losses,
                "lessons": self.access.lessons,
                "files": self.access.files,
                "products": self.access.products,
                "readers": self.access.readers,
                "readers_note": self.access.readers_note,
            },
            "obstacles": self.obstacles,
        }

    def as_text(self) -> str:
        from generator.products.report import as_text
        from generator.release.access_report import as_text as access_text

        lines = [as_text(self.diff, against=self.against), access_text(self.access)]
        if not self.diff.is_empty:
            state = "possible: 'lyceum products apply'" if not self.obstacles else "not by itself:"
            lines += [f"apply     {state}", *(f"  {obstacle}" for obstacle in self.obstacles)]
        return "\n".join(lines)


@click.group(epilog=EXIT_CODES)
def command() -> None:
    """Plan and apply what school.yml sells: products, prices and coupons.

    \b
    Examples:
      lyceum products plan
      lyceum products apply --dry-run
    """


@command.command("plan", epilog=EXIT_CODES)
@school_option
@click.option("--allow-loss", is_flag=True, help="Succeed even if somebody would lose access.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON.")
def plan_command(root: Path, allow_loss: bool, as_json: bool) -> None:
    """Say what the products and coupons in school.yml would change in the running school, and for whom.

    Nothing is built and nothing is changed. How many readers would gain or lose something the gatekeeper says, where LYCEUM_FIGURES_KEY is
    set. Access that somebody would lose exits 5, unless --allow-loss.

    \b
    Examples:
      lyceum products plan
      lyceum products plan --json
    """
    from generator.cli.pipeline import moment

    planned = _planned(root, moment())
    if as_json:
        print_json(planned.as_json())
    else:
        click.echo(planned.as_text())
    if planned.access.losses and not allow_loss:
        raise AccessLossError(planned.access.losses)


@command.command("apply", epilog=EXIT_CODES)
@school_option
@click.option(
    "--dry-run", is_flag=True, help="Build and compare, and print what would be done; change nothing."
)
@click.option("--allow-loss", is_flag=True, help="Apply even if somebody loses access to something.")
@purge_option
@click.option("--json", "as_json", is_flag=True, help="Print what was done, or would be, as JSON.")
def apply_command(
    root: Path, dry_run: bool, allow_loss: bool, purge_file: Path | None, as_json: bool
) -> None:
    """Publish a release that differs from the running one only in what is sold: products, coupons, and the pages that print them.

    When anything else differs, nothing is done, and what differs is named; 'lyceum publish' then publishes everything. A release made
    by this is a release as any other: 'lyceum rollback' goes back.

    \b
    Examples:
      lyceum products apply --dry-run
      lyceum products apply --allow-loss --purge-file purge.txt
    """
    from generator.cli.pipeline import build_school, moment
    from generator.cli.publish import bundled, describe_plan, publish_built
    from generator.release import ReleaseSettings, open_stores, plan
    from generator.release.memory import memory_folder
    from generator.site.project import Project

    settings = ReleaseSettings.from_environment(
        store_environment(root, os.environ), needs_release_key=not dry_run
    )
    project = Project(root=root, base_url=settings.base_url, gatekeeper_url=settings.gatekeeper_url)
    now = moment()
    planned = _planned(root, now)
    if planned.diff.is_empty:
        if as_json:
            print_json(planned.as_json())
        say(f"nothing to apply: what is sold is as in {planned.against}")
        return
    if not as_json:
        click.echo(planned.as_text())
    _refuse(planned.obstacles)
    if planned.access.losses and not allow_loss:
        raise AccessLossError(planned.access.losses)
    built = build_school(project, now)
    if not as_json:
        report_problems(built.warnings)
    if dry_run:
        release = bundled(built, project, settings, now)
        found = plan(
            release,
            open_stores(settings, memory_folder(root)),
            compare=lambda tip, before: _checked(release, tip, before, planned.access),
        )
        if as_json:
            print_json(planned.as_json() | {"release": found})
        else:
            click.echo(describe_plan(found))
        return
    published = publish_built(built, project, settings, now, allow_loss=allow_loss, check=_check)
    write_purge_list(published, purge_file)
    if as_json:
        print_json(planned.as_json() | {"release": published})
    else:
        say(f"{published.release} is the current release; before it was {published.previous}")


def _planned(root: Path, now: datetime) -> _Planned:
    """Raises ContentError for mistakes in the content, StoreError when the store cannot be read."""
    from generator.cli.diff_access import compared
    from generator.cli.pipeline import read_edition
    from generator.products.diff import NOTHING, Sold, sold_diff
    from generator.release import ReleaseSettings, history, open_stores
    from generator.release.access_diff import NOTHING as NOBODY_READS
    from generator.release.access_diff import view_of_edition, view_of_manifest

    edition, _ = read_edition(root, now)
    after = _sold_here(edition)
    settings = ReleaseSettings.from_environment(
        store_environment(root, os.environ), needs_content_key=False, needs_release_key=False
    )
    private = open_stores(settings).private
    tip = history.tip(private)
    if tip.pointer is None:
        running, before, view = None, NOTHING, NOBODY_READS
        name = "no release: nothing is published yet"
        obstacles: tuple[str, ...] = ("nothing is published yet; `lyceum publish` does that",)
    else:
        running = history.manifest_of(private, tip.release)
        before = Sold(products=running.products, coupons=running.coupons)
        view = view_of_manifest(running, history.public_list(private, tip.release) or ())
        name = f"release {tip.release}"
        obstacles = _source_obstacles(root, running)
    _refuse_old_coupons(edition, before.coupons, now)
    return _Planned(
        against=name,
        running=running,
        diff=sold_diff(before, after),
        access=compared(view, view_of_edition(edition), against=name, root=root),
        obstacles=obstacles,
    )


def _sold_here(edition: Edition) -> Sold:
    from gatekeeper.contract.products import coupon_from_json, product_from_json
    from generator.products.diff import Sold
    from generator.site.contents import for_sale

    stated = for_sale(edition.school)
    return Sold(
        products={id_: product_from_json(entry) for id_, entry in stated["products"].items()},
        coupons={code: coupon_from_json(entry) for code, entry in stated.get("coupons", {}).items()},
    )


def _source_obstacles(root: Path, running: Manifest) -> tuple[str, ...]:
    from generator.products import sources
    from generator.products.fit import source_obstacles
    from generator.site import inputs
    from generator.site.project import Project

    project = Project(root=root)
    here = sources.digests(
        {path: inputs.stamp_of(project.content / path).sha256 for path in inputs.below(project.content)},
        {path: inputs.stamp_of(root / path).sha256 for path in inputs.surroundings(project)},
        (project.content / sources.SCHOOL).read_bytes(),
    )
    return source_obstacles(running.sources, here)


def _refuse_old_coupons(edition: Edition, running: Mapping[str, object], now: datetime) -> None:
    """Raises ContentError for a coupon that is new and whose time is over already; one that runs may well be over."""
    from generator.catalogue.coupons import over

    found = [problem for code, problem in over(edition.school.coupons, now).items() if code not in running]
    if found:
        raise ContentError(tuple(replace(problem, severity=Severity.ERROR) for problem in found))


def _check(release: Release, tip: Tip, before: Known) -> None:
    """Raises LyceumError unless the release differs from the running one in what is sold alone."""
    from gatekeeper.contract.manifest import ManifestError, loads
    from generator.products.fit import release_obstacles, source_obstacles

    try:
        running = loads(before.described)
    except ManifestError as error:
        raise LyceumError(
            f"release {tip.release} cannot be read, so nobody can say what would change",
            hint="run `lyceum publish`",
        ) from error
    _refuse(
        (
            *source_obstacles(running.sources, release.manifest.sources),
            *release_obstacles(running, before.public, release.manifest, release.public),
        )
    )


def _checked(release: Release, tip: Tip, before: Known, access: AccessDiff) -> AccessDiff:
    _check(release, tip, before)
    return access


def _refuse(obstacles: tuple[str, ...]) -> None:
    if obstacles:
        raise LyceumError(
            "more than products and coupons would change: " + "; ".join(obstacles),
            hint="run `lyceum publish`, which publishes everything as it lies here",
        )
