"""Edition → Site, in order: stage, pages, private halves, warnings. The scheduling of a build and nothing else.

The public site is finished before the first private half is rendered.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from generator.access.edition import Edition
from generator.errors import ContentError, Problem
from generator.site import parts as private
from generator.site import reports, shelf
from generator.site.engine import Engine, Progress
from generator.site.project import Project
from generator.site.stage import Stage, stage

__all__ = ["Project", "Site", "build"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A finished build.

    public: the folder that anybody may host. parts: lesson id → HTML of its private half, UTF-8.
    files: path in the manifest → the private file on disk; who may have it says the edition.
    """

    public: Path
    parts: Mapping[str, bytes]
    files: Mapping[str, Path]
    warnings: tuple[Problem, ...]


def build(edition: Edition, *, project: Project, progress: Progress | None = None) -> Site:
    """Stage and compile the public site, render the private halves.

    progress: called with a step's name (`stage`, `pages`, `parts`), what is done and the total.
    Raises ContentError for two pages at one address, a file that cannot be read and, where mkdocs.yml says `strict: true`,
    for warnings; SettingsError for a wrong mkdocs.yml; LyceumError when an extension or template fails.
    """
    report = progress or _silent
    report("stage", 0, 1)
    staged = stage(edition, project)
    shelf.write(staged, project)
    report("stage", 1, 1)
    engine = Engine(project, chinese=speaks_chinese(edition))
    engine.build(report)
    rendered = render_parts(staged, engine, report)
    warnings = warnings_of(staged, engine, rendered)
    if engine.strict and warnings:
        raise ContentError([Problem(p.where, p.what, p.hint) for p in warnings])
    return Site(
        public=project.site,
        parts={lesson: part.html for lesson, part in rendered.items()},
        files={
            path.as_posix(): project.content.joinpath(*path.parts) for path in sorted(edition.private_files)
        },
        warnings=warnings,
    )


def render_parts(staged: Stage, engine: Engine, report: Progress) -> dict[str, private.Part]:
    pages = engine.pages
    rendered: dict[str, private.Part] = {}
    for lesson, half in staged.halves.items():
        rendered[lesson] = private.render(half, engine, pages[half.page])
        report("parts", len(rendered), len(staged.halves))
    return rendered


def warnings_of(staged: Stage, engine: Engine, rendered: Mapping[str, private.Part]) -> tuple[Problem, ...]:
    """Every warning of a build, each once, in the order of files and lines."""
    found = [
        *staged.problems,
        *reports.of_messages(engine.messages, staged),
        *reports.of_parts(rendered, staged),
        *reports.of_anchors(engine.pages, rendered, staged),
    ]
    return tuple(sorted(dict.fromkeys(found), key=_by_place))


def speaks_chinese(edition: Edition) -> bool:
    return any(course.language == "zh" for course in edition.courses) or "zh" in edition.school.languages


def _by_place(problem: Problem) -> tuple[str, int, str]:
    path, _, line = problem.where.rpartition(":")
    return (path, int(line), problem.what) if line.isdigit() else (problem.where, 0, problem.what)


def _silent(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""
