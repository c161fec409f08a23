"""Lyceum's site is what a plain engine makes of the staged edition: every file, every byte."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from generator import access, catalogue
from generator.cli.pipeline import moment
from generator.site.leaks import Secrets
from generator.site.leaks.check import examine
from tests.generator.site.conftest import tree
from tests.generator.site.honest.schools import (
    OWN_STAGE,
    books,
    build,
    differences,
    environment,
    plain,
    sample,
    site,
)

Make = Callable[[Path], Path]
_GENERATOR = re.compile(rb'<meta name="generator" content="[^"]*">')


@pytest.fixture(scope="module", params=[sample, books], ids=["sample", "books"])
def school(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A school that Lyceum has built from nothing."""
    make: Make = request.param
    root = make(tmp_path_factory.mktemp(request.param.__name__))
    build(root)
    return root


def test_every_file_is_the_one_that_mkdocs_writes(school: Path, tmp_path: Path) -> None:
    """All but the search index, which is Lyceum's own."""
    theirs = plain("mkdocs", school, tmp_path / "site")
    assert len(theirs) > 60
    assert differences(site(school), theirs) == []
    extra = tree(school / "build" / "site").keys() - theirs.keys()
    assert {path.split("/")[0] for path in extra} <= {OWN_STAGE}


def test_properdocs_writes_the_same_but_for_its_own_name(school: Path, tmp_path: Path) -> None:
    """MkDocs' maintained fork prints its own version where MkDocs prints its own."""
    theirs = plain("properdocs", school, tmp_path / "site")
    named = [
        {path: _GENERATOR.sub(b"", body) for path, body in one.items()} for one in (site(school), theirs)
    ]
    assert differences(*named) == []


def test_zensical_builds_the_stage_and_has_nothing_private_to_tell(school: Path, tmp_path: Path) -> None:
    """R1: with its own theme, because the house's templates use what only Jinja knows; texts may differ."""
    configured = (school / "build" / "mkdocs.yml").read_text("utf-8")
    theme = school / "build" / "zensical-theme"
    theme.mkdir(exist_ok=True)
    for name in set(re.findall(r"(?m)^template: (\S+)$", _stage(school))):
        (theme / name).write_text('{% extends "main.html" %}\n')
    changed = re.sub(r"custom_dir: \S+", "custom_dir: zensical-theme", configured)
    changed = changed.replace("\nsite_dir: site\n", "\nsite_dir: zensical-site\n")
    (school / "build" / "zensical.yml").write_text(changed, "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from zensical.main import cli; cli()", "build", "-f", "build/zensical.yml"],
        cwd=school,
        capture_output=True,
        text=True,
        timeout=280,
        env=environment(),
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    made = school / "build" / "zensical-site"
    pages = list(made.rglob("*.html"))
    assert len(pages) >= len(list((school / "build" / "public").rglob("*.md")))
    read, _ = catalogue.read(school / "content")
    _, hits = examine(made, Secrets.of(access.split(read, moment()), {}))
    assert [str(hit) for hit in hits] == []


def _stage(school: Path) -> str:
    return "\n".join(page.read_text("utf-8") for page in (school / "build" / "public").rglob("*.md"))
