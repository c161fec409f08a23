"""The stages strung together: catalogue → access → site → leak check. Every command that builds goes through here.

A stage is a value in, a value out; this module only hands them on, shows progress and prints one line a stage.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from generator import access, catalogue
from generator.access.edition import Edition
from generator.cli.output import say, stage
from generator.errors import ContentError, Problem, Severity
from generator.site.build import Site, build
from generator.site.leaks import Attestation, Secrets, check
from generator.site.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    edition: Edition
    site: Site
    attestation: Attestation
    warnings: tuple[Problem, ...]


def moment(now: datetime | None = None) -> datetime:
    """The moment a command works at: UTC, whole seconds, as release ids and manifests print it."""
    return (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)


def read_edition(root: Path, now: datetime) -> tuple[Edition, tuple[Problem, ...]]:
    """Read and cut the school. Raises ContentError with every mistake of both stages that could be looked for."""
    school, warnings = catalogue.read(root / "content")
    edition = access.split(school, now)
    return edition, (*warnings, *edition.notices)


def build_school(project: Project, now: datetime, *, strict: bool = False) -> Built:
    """Everything up to a proven site. Raises ContentError, LeakError; with `strict` warnings are errors too."""
    with stage("read") as line:
        edition, warnings = read_edition(project.root, now)
        line.facts = f"{len(edition.courses)} courses, {len(edition.lessons)} lessons"
    with stage("site") as line:
        site = build(edition, project=project, progress=line)
        line.facts = f"{len(site.parts)} private parts"
    with stage("leaks") as line:
        secrets = Secrets.of(edition, site.parts)
        attestation = check(site.public, secrets)
        line.facts = f"{attestation.files} public files, {attestation.phrases} private phrases, nothing found"
    warnings = (*warnings, *site.warnings)
    if strict and any(problem.severity is Severity.WARNING for problem in warnings):
        raise ContentError(tuple(Problem(p.where, p.what, p.hint) for p in warnings))
    return Built(edition=edition, site=site, attestation=attestation, warnings=warnings)


def source_commit(root: Path) -> str:
    """The commit the school is at, with `+` when the working tree differs from it; "" outside git."""
    try:
        head = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--", "content", "theme", "mkdocs.yml")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + ("+" if changed else "")


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, check=True, text=True, timeout=30
    )
    return done.stdout.strip()


def say_where(site: Path) -> None:
    say(f"the public site is in {site}; nothing has been published yet ('lyceum publish' does that)")
