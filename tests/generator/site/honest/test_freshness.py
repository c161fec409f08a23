"""Edits that a careless builder would take for none, and outputs that somebody else touched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.generator.site.conftest import tree
from tests.generator.site.honest.schools import SCHOOL, build, differences, tiny, write


@pytest.fixture
def school(tmp_path: Path) -> Path:
    """A school that was built."""
    root = tiny(tmp_path / "school")
    build(root)
    return root


def same_as_clean(root: Path, clean: Path) -> None:
    """Whether another build makes `root` the same as one from nothing."""
    build(root)
    shutil.copytree(root, clean, ignore=shutil.ignore_patterns("build", ".cache"))
    build(clean)
    assert differences(tree(root / "build"), tree(clean / "build")) == []


SLY = (
    ("content/demo/01-open.md", "Everybody", "Everyboby"),
    ("content/demo/02-locked.md", "CANARY-PAID-HALF", "CANARY-PAID-HALT"),
    ("content/school.yml", "USD: 900", "USD: 800"),
)


def test_edits_that_keep_size_and_time_are_seen(school: Path, tmp_path: Path) -> None:
    """As `cp -p`, rsync and some archives leave them."""
    for path, old, new in SLY:
        place = school / path
        status = place.stat()
        text = place.read_text("utf-8")
        assert old in text
        place.write_text(text.replace(old, new), "utf-8")
        os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
        assert place.stat().st_size == status.st_size
    same_as_clean(school, tmp_path / "clean")


def test_another_file_of_the_same_size_and_time_moved_over_it_is_seen(school: Path, tmp_path: Path) -> None:
    place = school / "content" / "demo" / "01-open.md"
    status = place.stat()
    other = tmp_path / "other.md"
    other.write_text(place.read_text("utf-8").replace("Everybody", "Everyboby"), "utf-8")
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(place)
    same_as_clean(school, tmp_path / "clean")


def test_a_file_that_was_only_touched_changes_nothing(school: Path, tmp_path: Path) -> None:
    before = {place: place.stat().st_mtime_ns for place in (school / "build" / "site").rglob("*.html")}
    for place in (school / "content").rglob("*"):
        os.utime(place)
    build(school)
    assert {
        place: place.stat().st_mtime_ns for place in (school / "build" / "site").rglob("*.html")
    } == before


def test_outputs_that_somebody_changed_removed_or_added_are_put_right(school: Path, tmp_path: Path) -> None:
    site = school / "build" / "site"
    for name in ("demo/open/index.html", "demo/locked/index.html", "sitemap.xml", "index.html"):
        (site / name).write_text("changed by hand")
    for name in ("demo/last/index.html", "404.html", "assets/images/seal.svg"):
        (site / name).unlink()
    for path in ("demo/extra.html", "extra/index.html", "assets/extra.js"):
        write(site, {path: "not ours"})
    same_as_clean(school, tmp_path / "clean")


@pytest.mark.parametrize("gone", ["build", ".cache"])
def test_without_its_outputs_or_its_cache_a_build_starts_anew(
    school: Path, tmp_path: Path, gone: str
) -> None:
    shutil.rmtree(school / gone)
    same_as_clean(school, tmp_path / "clean")


def test_a_damaged_cache_is_put_aside(school: Path, tmp_path: Path) -> None:
    for place in (school / ".cache").rglob("*"):
        if place.is_file():
            place.write_bytes(place.read_bytes()[: place.stat().st_size // 2] + b"damage")
    same_as_clean(school, tmp_path / "clean")


def test_a_deleted_lesson_leaves_nothing_behind(school: Path, tmp_path: Path) -> None:
    (school / "content" / "demo" / "02-locked.md").unlink()
    open_ = school / "content" / "demo" / "01-open.md"
    open_.write_text(open_.read_text("utf-8").replace("[the locked one](02-locked.md)", "no other"), "utf-8")
    same_as_clean(school, tmp_path / "clean")
    for path, content in tree(school / "build").items():
        assert "locked" not in path
        assert b"Locked door" not in content, path


def test_a_name_of_the_school_reaches_every_page(school: Path, tmp_path: Path) -> None:
    write(school, {"content/school.yml": SCHOOL.replace("{en: Tiny}", "{en: Great}")})
    same_as_clean(school, tmp_path / "clean")
    pages = [page for page in (school / "build" / "site").rglob("*.html") if "pagefind" not in page.parts]
    assert all(b"Tiny" not in page.read_bytes() for page in pages)


def test_warnings_are_said_again_for_pages_that_are_reused_and_strict_fails_on_them(school: Path) -> None:
    place = school / "content" / "demo" / "03-last.md"
    place.write_text(place.read_text("utf-8") + "\n[gone](04-gone.md)\n\n[no anchor](01-open.md#nowhere)\n")
    first, second = build(school), build(school)
    for what in ("04-gone.md", "nowhere"):
        assert what in first.stderr
        assert what in second.stderr
    strict = build(school, "--strict", code=3)
    assert "04-gone.md" in strict.stderr
