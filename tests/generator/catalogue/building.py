"""Small schools written by tests: files by name, the rest filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from generator import catalogue
from generator.catalogue.model import Lesson, School
from generator.errors import ContentError, Problem, Severity

SCHOOL = """\
name: Test School
languages: [en, zh]
base_url: https://school.example/
authors:
  ada: {name: Ada}
products:
  - {id: rust, kind: course, title: Rust, grants: [rust], prices: {USD: 1900}}
"""
COURSE = "title: Rust\naccess: paid\n"
LESSON = "# First\n\nLead-in.\n"


def write(root: Path, files: Mapping[str, str | bytes], *, base: bool = True) -> Path:
    """A content folder below `root`. base: fill in school.yml and the course `rust` where `files` has none."""
    content = root / "content"
    every: dict[str, str | bytes] = dict(files)
    if base:
        every = {"school.yml": SCHOOL, "rust/course.yml": COURSE, **every}
        if not any(name.startswith("rust/") and name.endswith(".md") for name in every):
            every["rust/01-first.md"] = LESSON
    for name, text in every.items():
        path = content / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return content


def read(root: Path, files: Mapping[str, str | bytes]) -> School:
    school, _ = catalogue.read(write(root, files))
    return school


def lesson(root: Path, text: str, **files: str) -> Lesson:
    """The only lesson of a school, `rust/01-first.md`, with this text."""
    return read(root, {"rust/01-first.md": text, **files}).lessons[0]


def refused(root: Path, files: Mapping[str, str | bytes], *, base: bool = True) -> list[Problem]:
    """The errors with which reading a school with these files is refused."""
    with pytest.raises(ContentError) as caught:
        catalogue.read(write(root, files, base=base))
    assert caught.value.exit_code == 3
    return [problem for problem in caught.value.problems if problem.severity is Severity.ERROR]


def only(problems: list[Problem]) -> Problem:
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]
