"""Two real books become paid courses by adding one course.yml each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from generator import access, catalogue
from generator.access.edition import Edition
from generator.access.marker import MARKER
from generator.errors import Severity
from tests.generator.access.splitting import NOW

CORPORA = Path(__file__).resolve().parents[4] / "shared" / "corpora"
SCHOOL = """\
name: Books
languages: [en, zh]
base_url: https://books.example/
products:
  - {id: book, kind: course, title: Book, grants: ["*"], prices: {USD: 1900}}
"""

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="../shared/corpora is not here")


def book(root: Path, name: str, language: str) -> tuple[Path, Path]:
    content = root / "content"
    shutil.copytree(CORPORA / name, content / name)
    (content / "school.yml").write_text(SCHOOL)
    (content / name / "course.yml").write_text(
        f"title: Book\nlanguage: {language}\naccess: paid\noutline: public\nmissing_files: warn\n"
    )
    return content, content / name


def edition(content: Path) -> Edition:
    school, warnings = catalogue.read(content)
    assert all(warning.severity is Severity.WARNING for warning in warnings)
    return access.split(school, NOW)


def test_the_rust_book_reads_and_splits(tmp_path: Path) -> None:
    found = edition(book(tmp_path, "rust-book", "en")[0])
    lessons = found.courses[0].lessons
    assert len(lessons) == 111
    assert [lesson.slug for lesson in lessons[:4]] == [
        "title-page",
        "foreword",
        "ch00-00-introduction",
        "ch01-00-getting-started",
    ]
    installation = found.lessons["rust-book/ch01-01-installation"]
    assert (installation.lesson.title, installation.lesson.section) == ("Installation", "Getting Started")
    assert installation.public_markdown == "## Installation\n"
    assert "rustup" in (installation.private_markdown or "")
    assert {path.name for path in found.lessons["rust-book/ch04-01-what-is-ownership"].private_files} >= {
        "trpl04-01.svg"
    }
    assert found.public_files == frozenset()


def test_fastapi_in_chinese_reads_and_splits(tmp_path: Path) -> None:
    found = edition(book(tmp_path, "fastapi-zh", "zh")[0])
    lessons = {lesson.slug: lesson for lesson in found.courses[0].lessons}
    assert len(lessons) == 122
    assert lessons["tutorial/first-steps"].title == "第一步"
    assert lessons["tutorial"].section == lessons["tutorial/first-steps"].section == lessons["tutorial"].title
    assert found.lessons["fastapi-zh/tutorial/first-steps"].outline


@pytest.mark.parametrize(("name", "language"), [("rust-book", "en"), ("fastapi-zh", "zh")])
def test_a_marker_before_any_second_heading_cuts_there(tmp_path: Path, name: str, language: str) -> None:
    """The marker is put above a `##` line of every real lesson that has one, outside of code, and nothing is refused."""
    content, folder = book(tmp_path, name, language)
    marked: list[Path] = []
    for path in sorted(folder.rglob("*.md")):
        lines = path.read_text(encoding="utf-8").split("\n")
        inside = False
        for index, line in enumerate(lines):
            inside ^= line.lstrip().startswith("```")
            if index > 5 and not inside and line.startswith(("## ", "### ")) and path.name != "SUMMARY.md":
                path.write_text("\n".join([*lines[:index], MARKER, "", *lines[index:]]), encoding="utf-8")
                marked.append(path)
                break
    found = edition(content)
    assert len(marked) > 70
    by_path = {content / one.lesson.path: one for one in found.lessons.values()}
    for path in marked:
        assert (by_path[path].private_markdown or "").startswith("##"), path
        assert len(by_path[path].public_markdown.split("\n")) > 3, path
    assert all(
        MARKER not in one.public_markdown + (one.private_markdown or "") for one in found.lessons.values()
    )
