"""`lyceum serve` in a real browser: each role sees its own page, and a saved lesson is on the screen by itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.generator.cli.test_commands import COURSE, FREE, PAID, SCHOOL
from tests.support.browser import NewContext, chromium, new_context

__all__ = ["chromium", "new_context"]

pytestmark = pytest.mark.browser


def start(root: Path, role: str) -> tuple[subprocess.Popen[str], str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from generator.cli import main; main()",
            "serve",
            "--as",
            role,
            "--port",
            str(port),
        ],
        cwd=root,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "Ctrl-C ends it" in line:
            return process, f"http://127.0.0.1:{port}"
    raise AssertionError("".join(lines))


Serve = Callable[[str], str]


@pytest.fixture
def school(tmp_path: Path) -> Path:
    folder = tmp_path / "content" / "demo"
    folder.mkdir(parents=True)
    (tmp_path / "content" / "school.yml").write_text(SCHOOL)
    (folder / "course.yml").write_text(COURSE)
    (folder / "01-open.md").write_text(FREE)
    (folder / "02-locked.md").write_text(PAID)
    return tmp_path


@pytest.fixture
def serve(school: Path) -> Iterator[Serve]:
    running = []

    def begin(role: str) -> str:
        process, url = start(school, role)
        running.append(process)
        return url

    yield begin
    for process in running:
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors


def test_each_role_sees_what_it_may_read(serve: Serve, new_context: NewContext) -> None:
    page = new_context().new_page()
    for role, is_open in (("anonymous", False), ("member", False), ("owner:whole", True)):
        page.goto(f"{serve(role)}/demo/locked/")
        expect(page.locator("article")).to_contain_text("The lead-in is here.")
        assert ("THE-PAID-HALF" in page.content()) is is_open


def test_a_saved_lesson_is_on_the_screen_by_itself(
    serve: Serve, new_context: NewContext, school: Path
) -> None:
    page = new_context().new_page()
    page.goto(f"{serve('owner:whole')}/demo/locked/")
    lesson = school / "content" / "demo" / "02-locked.md"
    for words in ("A first change.", "A second change."):
        lesson.write_text(PAID.replace("THE-PAID-HALF", words))
        expect(page.locator("article")).to_contain_text(words)


def test_a_mistake_leaves_the_last_good_page_and_is_mended_by_the_next_save(
    serve: Serve, new_context: NewContext, school: Path
) -> None:
    page = new_context().new_page()
    page.goto(f"{serve('anonymous')}/demo/open/")
    lesson = school / "content" / "demo" / "01-open.md"
    lesson.write_text("---\naccess: fre\n---\n# Broken\n")
    page.wait_for_timeout(1500)
    page.goto(page.url)
    expect(page.locator("article")).to_contain_text("Everybody may read this lesson.")
    lesson.write_text(FREE.replace("Everybody may read", "Everybody can read"))
    expect(page.locator("article")).to_contain_text("Everybody can read this lesson.")


def test_an_unknown_role_names_the_products(school: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from generator.cli import main; main()", "serve", "--as", "owner:nothing"],
        cwd=school,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "whole" in done.stderr
