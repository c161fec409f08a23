"""Includes (`--8<-- "path"`, pymdownx.snippets): put in place before a lesson is cut, so that no directive reaches a renderer.

The library expands line ranges, sections, block form and nesting. What may be included is decided here: text files of the lesson's own
course folder and of `content/includes/`, nothing else, no address of the network, and no text with a marker. Paths are looked up
relative to the lesson's folder, its course and `content/`, in this order. The escaped form (`;--8<--`) stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from markdown import Markdown
from pymdownx.snippets import SnippetExtension, SnippetMissingError, SnippetPreprocessor

from generator.catalogue import names, tree
from generator.catalogue.findings import Findings
from generator.catalogue.model import Lesson, School
from generator.errors import Severity

_SIGN = "8<-"
_MARKER_LIKE = re.compile(r"^[ ]*<!-- paywall -->[ ]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Included:
    """line: index, in the lesson's body, of the directive."""

    path: PurePosixPath
    line: int


@dataclass(slots=True)
class Expanded:
    """source: for each line the index of the line of the body that it comes from."""

    lines: list[str]
    source: list[int]
    included: list[Included] = field(default_factory=list)


def has_directive(text: str) -> bool:
    return _SIGN in text


def expand(lesson: Lesson, school: School, findings: Findings, severity: Severity) -> Expanded:
    """The lesson's body with every include in its place; refusals are reported and leave their directive out."""
    reader = _Reader(lesson, school)
    expanded = Expanded([], [])
    block: list[str] | None = None
    start = 0
    for index, line in enumerate(lesson.body.split("\n")):
        match = _Reader.RE_ALL_SNIPPETS.match(line) if _SIGN in line else None
        if match and match["escape"]:
            _put(expanded, [line], index)
        elif match and not match["inline_marker"]:
            if block is None:
                block, start = [line], index
            else:
                _take(reader, [*block, line], start, lesson, expanded, findings, severity)
                block = None
        elif block is not None:
            block.append(line)
        elif match:
            _take(reader, [line], index, lesson, expanded, findings, severity)
        elif _SIGN in line and (section := reader.RE_SNIPPET_SECTION.match(line)) and not section["escape"]:
            continue
        else:
            _put(expanded, [line], index)
    if block is not None:
        findings.note(
            severity,
            lesson.path,
            lesson.body_line + start,
            "a block of includes without an end",
            "close it: --8<--",
        )
    return expanded


def _put(expanded: Expanded, lines: Sequence[str], index: int) -> None:
    expanded.lines.extend(lines)
    expanded.source.extend([index] * len(lines))


def _take(
    reader: _Reader,
    directive: list[str],
    index: int,
    lesson: Lesson,
    expanded: Expanded,
    findings: Findings,
    severity: Severity,
) -> None:
    reader.seen = set()
    reader.read = []
    line = lesson.body_line + index
    try:
        lines = reader.parse_snippets(directive)
    except _RefusedError as error:
        findings.note(severity, lesson.path, line, error.what, error.hint)
        return
    except SnippetMissingError as error:
        findings.note(
            severity,
            lesson.path,
            line,
            f"include: {error}",
            "paths are relative to the lesson, its course, or content/",
        )
        return
    if _MARKER_LIKE.search("\n".join(lines)):
        findings.note(
            severity,
            lesson.path,
            line,
            "the included text holds a paywall marker",
            "the marker must stand in the lesson itself",
        )
        return
    if any(_Reader.RE_ALL_SNIPPETS.match(each) and not each.lstrip().startswith(";") for each in lines):
        findings.note(
            severity, lesson.path, line, "the included text makes a new include", "include that file directly"
        )
        return
    _put(expanded, lines, index)
    expanded.included.extend(Included(path, index) for path in reader.read)


class _RefusedError(Exception):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class _Reader(SnippetPreprocessor):  # type: ignore[misc]  # pymdownx has no types
    """The library's preprocessor, reading only what `allowed` lets it."""

    seen: set[str]

    def __init__(self, lesson: Lesson, school: School) -> None:
        config: dict[str, Any] = dict(SnippetExtension().getConfigs())
        config |= {"base_path": [str(school.root)], "check_paths": True, "url_download": False}
        super().__init__(config, Markdown())
        self._lesson = lesson
        self._school = school
        self.read: list[PurePosixPath] = []

    def get_snippet_path(self, path: str) -> str:
        """Overrides the library's look-up. Raises _RefusedError unless `path` is a text file that may be included."""
        if "://" in path:
            raise _RefusedError(
                f"the include '{path}' is on the network", "put a copy into the course or into includes/"
            )
        course = PurePosixPath(self._lesson.course)
        shared = PurePosixPath(names.INCLUDES)
        written = PurePosixPath(path)
        outside = written.is_absolute()
        for base in (self._lesson.path.parent, course, PurePosixPath()):
            found = within(base, written)
            outside = outside or found is None
            if found is None or any(part.startswith(".") for part in found.parts):
                continue
            if not (found.is_relative_to(course) or found.is_relative_to(shared)):
                outside = outside or self._is_file(found)
                continue
            if self._is_file(found) and found.name not in {"course.yml", "school.yml"}:
                if str(self._school.root / found) in self.seen or found == self._lesson.path:
                    raise _RefusedError(f"'{found}' includes itself", "take one of the includes out")
                self.read.append(found)
                return str(self._school.root / found)
        if outside:
            raise _RefusedError(
                f"the include '{path}' lies outside of the course and of includes/",
                "move the file, or copy it",
            )
        raise _RefusedError(
            f"there is no file '{path}' to include",
            "paths are relative to the lesson, its course, or content/",
        )

    def _is_file(self, path: PurePosixPath) -> bool:
        at = self._school.root
        for part in path.parts:
            at = at / part
            if at.is_symlink():
                return False
        return at.is_file()

    def read_lines(self, path: str) -> list[str]:
        findings = Findings()
        inside = PurePosixPath(Path(path).relative_to(self._school.root).as_posix())
        text = tree.text(self._school.root, inside, findings)
        if text is None:
            problem = findings.in_order()[0]
            raise _RefusedError(f"the include '{inside}': {problem.what}", problem.hint)
        return text.split("\n") if text else []

    def process_snippet_lines(self, lines: list[str], target: dict[str, Any]) -> list[str]:
        """Doubles the escape of escaped directives, as the library is going to take one off."""
        return [
            line.replace(";", ";;", 1)
            if _SIGN in line and (m := self.RE_ALL_SNIPPETS.match(line)) and m["escape"]
            else line
            for line in lines
        ]


def within(folder: PurePosixPath, written: PurePosixPath) -> PurePosixPath | None:
    """`written` seen from `folder`, by path parts; None when it leaves the content folder."""
    if written.is_absolute():
        return None
    parts = list(folder.parts)
    for part in written.parts:
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)


def has_unescaped(lines: Sequence[str]) -> bool:
    """Whether a directive is left that a renderer with snippets would follow."""
    return any(
        _SIGN in line and (match := _Reader.RE_ALL_SNIPPETS.match(line)) and not match["escape"]
        for line in lines
    )
