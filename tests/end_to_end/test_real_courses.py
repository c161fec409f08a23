"""Two real books become two paid courses by a school.yml and one course.yml each, on the command line, leak check included."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora in ../shared are absent")

SCHOOL = """\
format: 1
name: {en: Two real books}
summary: {en: Real texts}
languages: [en, zh]
base_url: http://127.0.0.1:8000/
access: free
authors: {}
products:
  - {id: rust, kind: course, title: {en: Rust}, grants: [rust-book], prices: {USD: 1000}}
  - {id: fastapi, kind: course, title: {en: FastAPI}, grants: [fastapi-zh], prices: {USD: 1000}}
"""


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("books")
    for name, course in (
        ("rust-book", "title: The Rust Programming Language\nlanguage: en\nlessons: SUMMARY.md\n"),
        ("fastapi-zh", "title: FastAPI 教程\nlanguage: zh\n"),
    ):
        shutil.copytree(CORPORA / name, root / "content" / name, copy_function=shutil.copyfile)
        for folder in (root / "content" / name, *(root / "content" / name).rglob("*/")):
            folder.chmod(0o755)
        (root / "content" / name / "course.yml").write_text(
            f"{course}access: paid\nmissing_files: warn\n", encoding="utf-8"
        )
    (root / "content" / "school.yml").write_text(SCHOOL, encoding="utf-8")
    return root


def test_both_books_build_without_an_error_and_nothing_leaks(school: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from generator.cli import main; main()",
            "build",
            "--json",
            "--school",
            str(school),
        ],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "CI": "1"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    built = json.loads(done.stdout)
    assert built["parts"] >= 230
    assert built["attestation"]["hits"] == 0
    assert built["attestation"]["phrases"] > 300_000  # different windows of eight words


def test_the_public_pages_hold_titles_and_no_text(school: Path) -> None:
    page = (school / "build" / "site" / "rust-book" / "ch04-01-what-is-ownership" / "index.html").read_text(
        encoding="utf-8"
    )
    assert "What Is Ownership?" in page
    assert "set of rules that govern how a Rust program manages memory" not in page
    page = (school / "build" / "site" / "fastapi-zh" / "tutorial" / "first-steps" / "index.html").read_text(
        encoding="utf-8"
    )
    assert "第一步" in page
    assert "最简单的 FastAPI 文件可能像下面这样" not in page
