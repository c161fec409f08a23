"""The lessons that every engine is given: real sections of two books, put together by `shared/bench/make_school.py`.

Every heading is given its lesson's number. A thousand lessons out of a few hundred sections use the same headings side by side
in some table of contents and in some private half, which is what a leak looks like.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.build.measure import CommandFailed

ROOT = Path(__file__).resolve().parents[3]
MAKER = ROOT.parent / "shared" / "bench" / "make_school.py"
PAYWALL = "<!-- paywall -->"


def write(folder: Path, lessons: int, per_course: int, *, is_paid: bool) -> Path:
    """`lessons` lessons in `folder`, made once. is_paid: two of three have a paywall; the text is the same otherwise."""
    done = folder / ".complete"
    if done.is_file():
        return folder
    if not MAKER.is_file():
        raise CommandFailed(f"the lessons' maker is not here: {MAKER}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    subprocess.run(
        [
            *(sys.executable, str(MAKER), str(folder)),
            *("--lessons", str(lessons), "--per-course", str(per_course)),
            *(["--paywall"] if is_paid else []),
        ],
        check=True,
    )
    for number, lesson in enumerate(lessons_in(folder), start=1):
        lesson.write_text(numbered(lesson.read_text("utf-8"), number), "utf-8")
    done.touch()
    return folder


def numbered(text: str, number: int) -> str:
    """With the number at the end of every heading of level 2, in a form that stands nowhere else."""
    lines, fence = [], False
    for line in text.split("\n"):
        if line.lstrip().startswith("```"):
            fence = not fence
        lines.append(f"{line} (L{number})" if line.startswith("## ") and not fence else line)
    return "\n".join(lines)


def courses(folder: Path) -> list[Path]:
    return sorted(place for place in folder.iterdir() if place.is_dir())


def lessons_in(folder: Path) -> list[Path]:
    return [lesson for course in courses(folder) for lesson in sorted(course.glob("*.md"))]


def title_of(text: str) -> str:
    return text.partition("\n")[0].removeprefix("# ").replace("`", "").replace('"', "'").replace("\\", "")
