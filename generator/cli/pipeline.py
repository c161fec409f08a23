"""The stages strung together: catalogue → access → site → search → leak check. Every command that builds goes through here.

A stage is a value in, a value out; this module only hands them on, shows progress and prints one line a stage.
"""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from generator.cli.output import say, stage
from generator.errors import ContentError, Problem, Severity
from generator.site.cache import with_cache
from generator.site.incremental import Built, Run
from generator.site.project import Project

if TYPE_CHECKING:
    from generator.access.edition import Edition
    from generator.site.profiling import Profile

__all__ = ["Built", "build_school", "moment", "read_edition", "say_where", "source_commit"]


def moment(now: datetime | None = None) -> datetime:
    """The moment a command works at: UTC, whole seconds, as release ids and manifests print it."""
    return (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)


def read_edition(root: Path, now: datetime) -> tuple[Edition, tuple[Problem, ...]]:
    """Read and cut the school. Raises ContentError with every mistake of both stages that could be looked for."""
    from generator import access, catalogue

    school, warnings = catalogue.read(root / "content")
    edition = access.split(school, now)
    return edition, (*warnings, *edition.notices)


def build_school(
    project: Project,
    now: datetime,
    *,
    strict: bool = False,
    profile: Profile | None = None,
    settles: bool = False,
) -> Built:
    """Everything up to a proven site. Raises ContentError, LeakError; with `strict` warnings are errors too.

    profile: measures a build of everything in one process. settles: what to read next is brought up to the texts, whatever it costs.
    """
    built = with_cache(project.cache, lambda cache: _run(Run(project, cache, now, profile, settles=settles)))
    if strict and any(problem.severity is Severity.WARNING for problem in built.warnings):
        raise ContentError(tuple(Problem(p.where, p.what, p.hint) for p in built.warnings))
    return built


def _run(run: Run) -> Built:
    with stage("read") as line:
        line.facts = run.read()
    with stage("site") as line:
        line.facts = run.site(line)
    with stage("search") as line:
        line.facts = run.search()
    with stage("leaks") as line:
        line.facts = run.prove(line)
    return run.result()


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
