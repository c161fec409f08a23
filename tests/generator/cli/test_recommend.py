"""`lyceum recommend` as an author calls it, on a school whose readers were made up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from generator.cli import cli
from generator.cli.pipeline import read_edition
from generator.errors import SettingsError
from generator.recommend import rehearsal

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("school")
    (root / "content").mkdir()
    (root / "content" / "school.yml").write_text(
        "name: {en: Tiny}\nlanguages: [en]\nbase_url: http://127.0.0.1:8000/\naccess: free\n"
        "authors: {me: {name: {en: Me}}}\n"
    )
    for course in ("rust", "sql", "go"):
        folder = root / "content" / course
        folder.mkdir()
        (folder / "course.yml").write_text(f"title: {course}\nauthors: [me]\n")
        for number in range(1, 9):
            (folder / f"{number:02}-part-{number}.md").write_text(f"# Part {number}\n\nText of {course}.\n")
    rehearsal.write(root / ".lyceum" / "signals", read_edition(root, NOW)[0], NOW, readers=150)
    return root


def lyceum(*arguments: str, school: Path) -> Result:
    return CliRunner().invoke(cli, ["recommend", *arguments, "--school", str(school)])


def test_evaluate_prints_every_model_and_marks_the_published_one(school: Path) -> None:
    done = lyceum("evaluate", school=school)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    marked = [line for line in lines if line.startswith("* ")]
    assert len(marked) == 1
    published = next(line for line in lines if line.startswith("published: ")).partition(": ")[2]
    assert marked[0].startswith(f"* {published} ")
    assert "readers, " in done.stderr
    assert not (school / ".cache" / "lyceum" / "recommend").exists()  # looking changes nothing


def test_evaluate_as_json_has_the_same_figures(school: Path) -> None:
    found = json.loads(lyceum("evaluate", "--json", school=school).stdout)
    assert found["split"] == "by time"
    assert found["judges"] >= 20
    families = {one["family"] for one in found["models"]}
    assert {
        "popularity",
        "course order",
        "ItemKNN",
        "RP3beta",
        "EASE",
        "fsSLIM",
        "content",
        "blend",
    } <= families
    assert found["published"] in {one["name"] for one in found["models"]}
    figures = [one["ndcg"] for one in found["models"]]
    assert figures == sorted(figures, reverse=True)


def test_explain_prints_the_evidence_for_each_place(school: Path) -> None:
    table = lyceum("explain", "rust/part-2", school=school)
    assert table.exit_code == 0, table.output
    assert "next in this course" in table.stdout
    found = json.loads(lyceum("explain", "rust/part-2", "--json", school=school).stdout)
    assert found["suggestions"][0]["lesson"] == "rust/part-3"
    assert all(one["lesson"] in table.stdout for one in found["suggestions"])


def test_explain_of_a_lesson_that_is_not_there_exits_with_two(school: Path) -> None:
    done = lyceum("explain", "rust/part-22", school=school)
    assert isinstance(done.exception, SettingsError)
    assert done.exception.exit_code == 2
    assert "rust/part-2" in done.exception.hint


def test_without_signals_nothing_is_judged_and_course_order_stands(school: Path, tmp_path: Path) -> None:
    done = lyceum("evaluate", "--signals", str(tmp_path), school=school)
    assert done.exit_code == 0, done.output
    assert "published: course order" in done.stdout
    assert "20 are needed" in done.stdout


def test_without_the_libraries_it_says_what_to_install(school: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    done = lyceum("evaluate", school=school)
    assert isinstance(done.exception, SettingsError)
    assert "lyceum[recommend]" in done.exception.hint
