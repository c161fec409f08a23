"""`lyceum diff-access` and what `lyceum publish` says and refuses: on a school in git, with a store in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from generator.release.access_report import MARK
from tests.support.command_line import lyceum, run

LESSON = "content/first-course/01-first-lesson.md"
COURSE = "content/first-course/course.yml"


@pytest.fixture
def school(tmp_path: Path) -> Path:
    folder = tmp_path / "school"
    lyceum("init", str(folder), "--ci", "none", "--git", folder=tmp_path)
    return folder


def change(school: Path, path: str, old: str, new: str) -> None:
    place = school / path
    text = place.read_text(encoding="utf-8")
    assert old in text
    place.write_text(text.replace(old, new), encoding="utf-8")


def test_against_a_commit_no_store_and_no_secret_is_needed(school: Path) -> None:
    assert (
        "nothing changes, against commit HEAD"
        in lyceum("diff-access", "--against", "HEAD", folder=school).stdout
    )
    change(school, COURSE, "access: paid", "access: member")
    opened = lyceum("diff-access", "--against", "HEAD", folder=school)
    assert "+ first-course/first-lesson: paid: first-course → member" in opened.stdout
    run("git", "commit", "-qam", "open it", folder=school)
    change(school, COURSE, "access: member", "access: paid")
    closed = lyceum("diff-access", "--against", "HEAD", "--markdown", folder=school, expect=5)
    assert closed.stdout.startswith(MARK)
    assert "**1 lost to somebody who can read it now.**" in closed.stdout
    assert "readers would lose access: first-course/first-lesson" in closed.stderr
    assert "--allow-loss" in closed.stderr
    allowed = lyceum("diff-access", "--against", "HEAD", "--json", "--allow-loss", folder=school)
    said = json.loads(allowed.stdout)
    assert said["losses"] == ["first-course/first-lesson"]
    assert said["lessons"][0]["before"] == "member"
    assert said["readers"] is None
    assert not (school / ".lyceum").exists()


def test_a_lesson_that_keeps_its_id_may_move_and_one_that_does_not_is_lost(school: Path) -> None:
    run("git", "mv", LESSON, "content/first-course/07-renamed.md", folder=school)
    lost = lyceum("diff-access", "--against", "HEAD", folder=school, expect=5)
    assert "! first-course/first-lesson: paid: first-course → gone" in lost.stdout
    assert "+ first-course/renamed: new → paid: first-course" in lost.stdout
    change(
        school,
        "content/first-course/07-renamed.md",
        "---\ntitle",
        "---\nid: first-course/first-lesson\ntitle",
    )
    kept = lyceum("diff-access", "--against", "HEAD", folder=school)
    assert "nothing changes" in kept.stdout


def test_a_product_that_grants_less_takes_access_away(school: Path) -> None:
    two = """\
  - id: everything
    kind: bundle
    title: { en: "Everything" }
    summary: { en: "All of it" }
    grants: ["*"]
    prices: { USD: 2900 }
"""
    place = school / "content" / "school.yml"
    place.write_text(place.read_text(encoding="utf-8") + two, encoding="utf-8")
    run("git", "commit", "-qam", "sell everything", folder=school)
    lyceum("new", "course", "other", folder=school)
    change(school, "content/school.yml", 'grants: ["*"]', "grants: [other]")
    said = lyceum("diff-access", "--against", "HEAD", folder=school, expect=5).stdout
    assert "! first-course/first-lesson: paid: everything, first-course → paid: first-course" in said
    assert (
        "product everything: grants other instead of *; opens other/first-lesson; no longer opens first-course/first-lesson"
        in said
    )


def test_a_commit_that_is_not_there_or_has_mistakes_is_told_with_a_hint(school: Path) -> None:
    for name in ("nowhere", "--output=x", "HEAD~9"):
        done = lyceum("diff-access", f"--against={name}", folder=school, expect=2)
        assert "hint:" in done.stderr
        assert "Traceback" not in done.stderr
    change(school, COURSE, "access: paid", "access: sometimes")
    run("git", "commit", "-qam", "a mistake", folder=school)
    change(school, COURSE, "access: sometimes", "access: paid")
    done = lyceum("diff-access", "--against", "HEAD", folder=school, expect=1)
    assert "cannot be compared" in done.stderr or "has mistakes" in done.stderr


def test_two_forms_at_once_are_a_usage_error(school: Path) -> None:
    lyceum("diff-access", "--json", "--markdown", folder=school, expect=2)


def test_a_publish_that_takes_access_away_stops_before_anything_is_changed(school: Path) -> None:
    assert "+ first-course/first-lesson" in lyceum("publish", "--dry-run", folder=school).stdout
    first = json.loads(lyceum("publish", "--json", folder=school).stdout)["release"]
    change(school, COURSE, "access: paid", "access: member")
    member = json.loads(lyceum("publish", "--json", folder=school).stdout)["release"]
    assert member != first
    change(school, COURSE, "access: member", "access: paid")
    planned = lyceum("publish", "--dry-run", "--json", folder=school, expect=5)
    plan = json.loads(planned.stdout)
    assert plan["current"] == member
    assert plan["access"]["lessons"][0]["loses"] is True
    assert plan["upload_bytes"] > 0
    assert plan["site_bytes"] > 0
    refused = lyceum("publish", folder=school, expect=5)
    assert "! first-course/first-lesson: member → paid: first-course" in refused.stderr
    running = json.loads(lyceum("releases", "--json", folder=school).stdout)
    assert [row["release"] for row in running if row["is_current"]] == [member]
    assert "member → paid" in lyceum("diff-access", folder=school, expect=5).stdout
    lyceum("publish", "--dry-run", "--allow-loss", folder=school)
    lyceum("publish", "--allow-loss", folder=school)
    assert "nothing changes" in lyceum("diff-access", folder=school).stdout


def test_before_the_first_publish_everything_is_new_and_nothing_is_lost(school: Path) -> None:
    said = lyceum("diff-access", folder=school).stdout
    assert "nothing is published yet" in said
    assert "not counted (LYCEUM_FIGURES_KEY is not set)" in said
