"""`lyceum check` asks the built search, in both languages, and its answer decides the exit code."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.site.search.reading import SIGNATURE

SCHOOL = """\
format: 1
name: {en: Tiny, zh: 小书院}
summary: {en: Two courses, zh: 两门课}
languages: [en, zh]
base_url: http://127.0.0.1:8000/
access: free
"""


def lyceum(command: str, root: Path) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", "from generator.cli import main; main()", command, "--school", str(root)]
    return subprocess.run(program, capture_output=True, text=True, encoding="utf-8", timeout=200, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("school")
    for id_, language, title in (("queues", "en", "Queues of promises"), ("shu", "zh", "预写日志与恢复")):
        folder = root / "content" / id_
        folder.mkdir(parents=True)
        (folder / "course.yml").write_text(f"title: {title}\nlanguage: {language}\n", "utf-8")
        (folder / "01-first.md").write_text(f"# {title}\n\ntext\n", "utf-8")
    (root / "content" / "school.yml").write_text(SCHOOL, "utf-8")
    done = lyceum("build", root)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def school(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    shutil.copytree(built, tmp_path / "copy")
    return tmp_path / "copy"


def check(root: Path) -> subprocess.CompletedProcess[str]:
    return lyceum("check", root)


def test_a_built_school_passes(built: Path) -> None:
    assert check(built).returncode == 0


def test_a_school_that_is_not_built_passes(school: Path) -> None:
    shutil.rmtree(school / "build")
    assert check(school).returncode == 0


def test_a_lost_index_fails(school: Path) -> None:
    shutil.rmtree(school / "build/site/pagefind")
    assert check(school).returncode == 3


@pytest.mark.parametrize("lesson", ["queues/first", "shu/first"])
def test_an_index_that_does_not_name_a_lesson_fails(school: Path, lesson: str) -> None:
    (fragment,) = (
        path
        for path in (school / "build/site/pagefind").glob("*/fragment/*")
        if lesson in gzip.decompress(path.read_bytes()).decode()
    )
    page = json.loads(gzip.decompress(fragment.read_bytes())[len(SIGNATURE) :])
    page["url"] = "/somewhere/else/"
    fragment.write_bytes(gzip.compress(SIGNATURE + json.dumps(page).encode()))
    done = check(school)
    assert done.returncode == 3
    assert f"{lesson.split('/')[0]}/01-first.md" in done.stderr
