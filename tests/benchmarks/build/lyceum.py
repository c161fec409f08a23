"""Lyceum at its command line: a school of the common lessons, the four builds that are measured, bytes, and save to screen."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.build import texts
from tests.benchmarks.build.measure import CommandFailed, Sample, fingerprint, run, written
from tests.support.browser import ARGUMENTS, chromium_path

SEARCH = "search"  # the stage that lies outside some bars
_STAGE = re.compile(r"(?m)^(\w+) .*? +([0-9.]+) s$")
_SCHOOL = """\
format: 1
name: {{en: Benchmark, zh: 测试}}
summary: {{en: Real sections}}
languages: [en, zh]
base_url: https://bench.example/
access: free
authors: {{}}
products:
{products}"""
_PRODUCT = "  - {{id: buy-{course}, kind: course, title: {{en: {course}}}, grants: [{course}], prices: {{USD: 1000}}}}\n"
_COURSE = "title: {course}\nlanguage: {language}\naccess: paid\nmissing_files: warn\norder: {order}\n"


def command(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("lyceum")), *arguments]


class School:
    """A school in `folder`, of lessons as `texts.write` made them with paywalls."""

    def __init__(self, folder: Path, lessons: Path) -> None:
        self.folder = folder
        self._edits = 0
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(lessons, folder / "content", ignore=shutil.ignore_patterns(".complete"))
        names = [course.name for course in texts.courses(folder / "content")]
        products = "".join(_PRODUCT.format(course=name) for name in names)
        (folder / "content" / "school.yml").write_text(_SCHOOL.format(products=products), "utf-8")
        for order, name in enumerate(names, start=1):
            settings = _COURSE.format(course=name, language=name[-2:], order=order)
            (folder / "content" / name / "course.yml").write_text(settings, "utf-8")
        self.lessons = texts.lessons_in(folder / "content")
        self.paid = [lesson for lesson in self.lessons if texts.PAYWALL in lesson.read_text("utf-8")]
        self.free = sorted(set(self.lessons) - set(self.paid))
        for lesson in self.free:
            lesson.write_text(f"---\naccess: free\n---\n{lesson.read_text('utf-8')}", "utf-8")

    def build(self) -> Sample:
        environment = {name: value for name, value in os.environ.items() if name != "CI"}
        sample, said = run(command("build"), cwd=self.folder, env=environment)
        return replace(sample, stages={name: float(seconds) for name, seconds in _STAGE.findall(said)})

    def cold(self) -> Sample:
        for output in (".cache", "build"):
            shutil.rmtree(self.folder / output, ignore_errors=True)
        return self.build()

    def after_public_edit(self) -> Sample:
        """A word more in the body of a free lesson."""
        return self._after_edit(self.free)

    def after_private_edit(self) -> Sample:
        """A word more in the private half of a paid lesson."""
        return self._after_edit(self.paid)

    def unchanged(self) -> Sample:
        folders = (self.folder / "build", self.folder / ".cache")
        before = fingerprint(*folders)
        sample = self.build()
        return replace(sample, files_written=written(before, fingerprint(*folders)))

    def page_bytes(self, lessons: int) -> tuple[float, float]:
        """(bytes of the first `lessons` lessons' pages, of everything but assets and the index) for each lesson."""
        site = self.folder / "build" / "site"
        pages = sorted(site.glob("course-*/*/index.html"))[:lessons]
        everything = sum(
            place.stat().st_size
            for place in site.rglob("*")
            if place.is_file() and place.relative_to(site).parts[0] not in {"assets", "pagefind"}
        )
        return sum(page.stat().st_size for page in pages) / len(pages), everything / len(self.lessons)

    def _after_edit(self, lessons: Sequence[Path]) -> Sample:
        self._edits += 1
        lesson = lessons[len(lessons) * self._edits // 7 % len(lessons)]
        append(lesson, f"One more remark, number {self._edits}.")
        return self.build()


def append(lesson: Path, sentence: str) -> None:
    lesson.write_text(f"{lesson.read_text('utf-8').rstrip()}\n\n{sentence}\n", "utf-8")


def save_to_screen(school: School, saves: int) -> list[float]:
    """Seconds from saving a free lesson to its new text on the screen of a real browser, each time."""
    from playwright.sync_api import sync_playwright

    path = chromium_path()
    if path is None:
        raise CommandFailed("no Chromium found to measure save to screen in")
    lesson = school.free[len(school.free) // 2]
    url = f"{lesson.parent.name}/{lesson.stem.partition('-')[2]}"
    numbered = f"{lesson.parent.name}/{lesson.stem}"
    seconds = []
    with _serving(school.folder) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=list(ARGUMENTS))
        try:
            page = browser.new_page()
            answer = page.goto(f"{address}{url}/")
            if answer is None or answer.status == 404:
                page.goto(f"{address}{numbered}/")
            for number in range(saves + 1):
                page.wait_for_timeout(700)  # a person does not save while the page is still loading
                sentence = f"Saved to the screen as number {number}."
                started = time.perf_counter()
                append(lesson, sentence)
                page.wait_for_function(
                    "text => document.body && document.body.innerText.includes(text)",
                    arg=sentence,
                    polling="raf",
                    timeout=60_000,
                )
                seconds.append(time.perf_counter() - started)
        finally:
            browser.close()
    return seconds[1:]  # the first save finds cold templates


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (folder / ".serve").open("wb")
    process = subprocess.Popen(
        command("serve", "--port", str(port)), cwd=folder, stdout=log, stderr=log, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 600
        while True:
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if process.poll() is not None or time.monotonic() > deadline:
                raise CommandFailed(f"lyceum serve did not start:\n{(folder / '.serve').read_text()[-3000:]}")
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/"
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()
