"""Schools to build twice, with Lyceum and with a plain engine on the stage that Lyceum left, and ways to compare the two.

All commands run with one fixed date, because feeds print the moment of the build.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.generator.site.conftest import tree

HOUSE = Path(__file__).resolve().parents[4]
CORPORA = HOUSE.parent / "shared" / "corpora"
OWN_STAGE = "pagefind"  # Lyceum's one stage after MkDocs: the only folder of the site that no engine makes
LYCEUM = (sys.executable, "-c", "from generator.cli import main; main()")
DATE = "1795350000"

SCHOOL = """\
format: 1
name: {en: Tiny}
summary: {en: A school of three lessons}
languages: [en]
base_url: https://tiny.example/
access: free
authors: {me: {name: {en: Me}, bio: {en: Writes.}}}
products:
  - {id: whole, kind: course, title: {en: Whole}, grants: [demo], prices: {USD: 900}}
"""
BOOKS = """\
format: 1
name: {en: Two real books}
summary: {en: Real texts}
languages: [en, zh]
base_url: https://books.example/
access: free
authors: {}
products:
  - {id: rust, kind: course, title: {en: Rust}, grants: [rust-book], prices: {USD: 1000}}
  - {id: fastapi, kind: course, title: {en: FastAPI}, grants: [fastapi-zh], prices: {USD: 1000}}
"""
COURSE = "title: Demo\nlanguage: en\nsummary: A demo.\nauthors: [me]\naccess: paid\n"
OPEN = """\
---
access: free
summary: Free for all.
tags: [doors, open]
updated: 2026-11-01
---
# Open door

Everybody may read this lesson, and then [the locked one](02-locked.md).

```python
print("open")
```
"""
LOCKED = """\
---
summary: Half of it.
tags: [doors]
updated: 2026-11-02
---
# Locked door

The lead-in is here.

<!-- paywall -->

CANARY-PAID-HALF of the lesson.
"""
LAST = "---\naccess: free\nupdated: 2026-11-03\n---\n# Last door\n\nNothing behind it.\n"


def write(root: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return root


def tiny(root: Path) -> Path:
    return write(
        root,
        {
            "content/school.yml": SCHOOL,
            "content/demo/course.yml": COURSE,
            "content/demo/01-open.md": OPEN,
            "content/demo/02-locked.md": LOCKED,
            "content/demo/03-last.md": LAST,
        },
    )


def sample(root: Path) -> Path:
    shutil.copytree(HOUSE / "content", root / "content")
    return root


def books(root: Path) -> Path:
    """Both real corpora as paid courses; the first lessons of each are free, so that their whole text is on the pages."""
    if not CORPORA.is_dir():
        pytest.skip("the corpora in ../shared are absent")
    for name, course in (
        ("rust-book", "title: The Rust Programming Language\nlanguage: en\nlessons: SUMMARY.md\n"),
        ("fastapi-zh", "title: FastAPI 教程\nlanguage: zh\n"),
    ):
        folder = root / "content" / name
        shutil.copytree(CORPORA / name, folder, copy_function=shutil.copyfile)
        for place in (folder, *folder.rglob("*/")):
            place.chmod(0o755)
        (folder / "course.yml").write_text(f"{course}access: paid\nmissing_files: warn\n", "utf-8")
        for lesson in sorted(folder.rglob("*.md"))[:40]:
            text = lesson.read_text("utf-8")
            if lesson.name != "SUMMARY.md" and not text.startswith("---"):
                lesson.write_text(f"---\naccess: free\n---\n{text}", "utf-8")
    (root / "content" / "school.yml").write_text(BOOKS, "utf-8")
    return root


def settings(plugins: str, *, more: str = "") -> str:
    """The house's mkdocs.yml with these `plugins` (an indented YAML block) instead of its own."""
    house = (HOUSE / "mkdocs.yml").read_text("utf-8")
    without = re.sub(r"(?m)^plugins:.*\n(?:[ \t#].*\n|\n(?=[ \t]))*", "", house)
    return f"{without.rstrip()}\n\nplugins:\n{plugins}{more}"


def environment(**more: str) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LYCEUM_", "AWS_")) and name != "CI"
    }
    path = os.pathsep.join(filter(None, (str(HOUSE), kept.get("PYTHONPATH", ""))))
    return {**kept, "SOURCE_DATE_EPOCH": DATE, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": path, **more}


def build(root: Path, *arguments: str, code: int = 0, **more: str) -> subprocess.CompletedProcess[str]:
    """`lyceum build`, which must end with `code`."""
    done = subprocess.run(
        [*LYCEUM, "build", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=280,
        env=environment(**more),
    )
    assert done.returncode == code, done.stderr[-4000:]
    return done


def plain(engine: str, root: Path, out: Path, **more: str) -> dict[str, bytes]:
    """What `engine` makes of the stage in `root/build` without Lyceum, as path → bytes."""
    done = subprocess.run(
        [
            *(sys.executable, "-W", "ignore", "-m", engine),
            *("build", "-q", "-f", str(root / "build" / "mkdocs.yml"), "-d", str(out)),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=280,
        env=environment(**more),
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return tree(out)


def site(root: Path) -> dict[str, bytes]:
    """What Lyceum made, without the stage that only Lyceum has."""
    return {
        path: content
        for path, content in tree(root / "build" / "site").items()
        if path.split("/")[0] != OWN_STAGE
    }


def differences(ours: Mapping[str, bytes], theirs: Mapping[str, bytes]) -> list[str]:
    """Paths that only one side has, or that differ, so that a failing test names them."""
    return [
        f"{path}: {'differs' if path in ours and path in theirs else 'missing' if path in theirs else 'extra'}"
        for path in sorted(ours.keys() | theirs.keys())
        if ours.get(path) != theirs.get(path)
    ]
