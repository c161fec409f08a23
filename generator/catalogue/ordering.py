"""Which files of a course are lessons, in what order, and under which headings.

By default every Markdown file is a lesson, ordered by the leading numbers of its path's parts, and a nested folder is a section.
`lessons:` in course.yml, a list or `SUMMARY.md`, gives the order instead; a SUMMARY.md beside course.yml is used by itself. A Markdown
file that such a list does not name is a mistake: it would silently be in nobody's course.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from pydantic import ValidationError

from generator.catalogue import names, summary
from generator.catalogue.document import Document
from generator.catalogue.fields import LessonGroup
from generator.catalogue.findings import Findings, did_you_mean
from generator.catalogue.tree import Tree, text


@dataclass(frozen=True, slots=True)
class Place:
    """A lesson file's place in its course. section: None where the file's folder decides. title: the list's, or ""."""

    path: PurePosixPath
    section: str | None = None
    title: str = ""


def lesson_files(tree: Tree, folder: PurePosixPath, findings: Findings) -> list[PurePosixPath]:
    """The Markdown files of the course in `folder` that may be lessons; those among attachments are mistakes."""
    found = []
    for path in tree.markdown.get(folder.name, []):
        inside = path.relative_to(folder)
        if inside.parts[0] == names.INCLUDES and len(inside.parts) > 1:
            continue
        if names.ATTACHMENTS in inside.parts[:-1]:
            findings.error(
                path,
                0,
                "a Markdown file among the attachments",
                f"move it out of {names.ATTACHMENTS}/ to make it a lesson, into {names.INCLUDES}/ to include it, or name it .txt",
            )
            continue
        if path.suffix != ".md":
            findings.error(path, 0, f"the ending '{path.suffix}'", f"name it {path.stem}.md")
        found.append(path)
    return found


def places(
    tree: Tree, folder: PurePosixPath, listed: object, document: Document, findings: Findings
) -> list[Place]:
    """The course's lessons in reading order. listed: the field `lessons` of course.yml, or None."""
    files = lesson_files(tree, folder, findings)
    summary_path = folder / summary.NAME
    if listed is None and summary_path not in files:
        files.sort(key=lambda path: names.order(path.relative_to(folder)))
        return [Place(path) for path in files]
    if listed is None or listed == summary.NAME:
        if summary_path not in files:
            findings.error(
                document.path,
                document.line("lessons"),
                f"there is no {summary_path}",
                "write it, or list the files",
            )
            return []
        chosen = _from_summary(tree, summary_path, files, findings)
        source = str(summary_path)
    else:
        chosen = _from_list(folder, listed, files, document, findings)
        source = f"'lessons' in {document.path}"
    named = {place.path for place in chosen} | {summary_path}
    for path in files:
        if path not in named:
            findings.error(
                path, 0, f"not named by {source}", "name it there, or move the file out of the course"
            )
    return chosen


def _from_summary(
    tree: Tree, path: PurePosixPath, files: list[PurePosixPath], findings: Findings
) -> list[Place]:
    written = text(tree.root, path, findings)
    if written is None:
        return []
    chosen = _Chosen(path.parent, files, findings)
    for chapter in summary.chapters(written, path, findings):
        if chapter.target:
            chosen.add(chapter.target, chapter.section, chapter.title, path, chapter.line)
    return chosen.places


def _from_list(
    folder: PurePosixPath, listed: object, files: list[PurePosixPath], document: Document, findings: Findings
) -> list[Place]:
    chosen = _Chosen(folder, files, findings)
    hint = f"write a list of files, of groups {{section: …, lessons: […]}}, or {summary.NAME}"
    if not isinstance(listed, list):
        findings.error(
            document.path, document.line("lessons"), "lessons: neither a list nor SUMMARY.md", hint
        )
        return []
    for index, item in enumerate(listed):
        line = document.line("lessons", index)
        if isinstance(item, str):
            chosen.add(item, None, "", document.path, line)
        elif isinstance(item, dict):
            try:
                group = LessonGroup.model_validate(item)
            except ValidationError:
                findings.error(document.path, line, "lessons: not a group", hint)
                continue
            for inner, target in enumerate(group.lessons):
                chosen.add(
                    target,
                    group.section,
                    "",
                    document.path,
                    document.line("lessons", index, "lessons", inner),
                )
        else:
            findings.error(document.path, line, f"lessons: '{item}' is not a file name", hint)
    return chosen.places


class _Chosen:
    def __init__(self, folder: PurePosixPath, files: Iterable[PurePosixPath], findings: Findings) -> None:
        self.places: list[Place] = []
        self._folder = folder
        self._files = {path.relative_to(folder).as_posix(): path for path in files}
        self._seen: dict[PurePosixPath, int] = {}
        self._findings = findings

    def add(self, target: str, section: str | None, title: str, where: PurePosixPath, line: int) -> None:
        path = self._files.get(target.removeprefix("./"))
        if path is None or path.name == summary.NAME:
            hint = did_you_mean(target, self._files, otherwise=f"paths are relative to {self._folder}/")
            self._findings.error(where, line, f"there is no lesson '{target}'", hint)
        elif path in self._seen:
            self._findings.error(
                where, line, f"'{target}' is named twice", f"the first is in line {self._seen[path]}"
            )
        else:
            self._seen[path] = line
            self.places.append(Place(path, section, title))
