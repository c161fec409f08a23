"""`lyceum new` writes schools, courses and lessons that the next command accepts, and never over what exists."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from generator import catalogue
from generator.cli import main


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    code = caught.value.code
    assert isinstance(code, int)
    return code


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_new_school_is_accepted_as_it_is(tmp_path: Path, language: str) -> None:
    assert run("new", "school", str(tmp_path / "school"), "--language", language) == 0
    school, warnings = catalogue.read(tmp_path / "school" / "content")
    assert warnings == ()
    assert [lesson.id for lesson in school.lessons] == ["first-course/first-lesson"]
    assert school.languages == (language,)


def test_a_school_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("new", "school", str(tmp_path))
    (tmp_path / "content" / "school.yml").write_text("mine")
    assert run("new", "school", str(tmp_path)) == 2
    assert (tmp_path / "content" / "school.yml").read_text() == "mine"
    assert "hint:" in capsys.readouterr().err


@pytest.mark.parametrize(
    "title", ["Traits and bounds", "true", 'Say "hello": a\\b', "接口与组合", "- dash", "#1"]
)
def test_a_lesson_keeps_its_title_whatever_signs_it_holds(tmp_path: Path, title: str) -> None:
    run("new", "school", str(tmp_path))
    assert (
        run("new", "lesson", "--slug", "second", "--school", str(tmp_path), "--", "first-course", title) == 0
    )
    text = (tmp_path / "content" / "first-course" / "02-second.md").read_text(encoding="utf-8")
    assert yaml.safe_load(text.split("---\n")[1])["title"] == title
    school, _ = catalogue.read(tmp_path / "content")
    assert school.lessons[1].title == title


def test_lessons_are_numbered_on_and_addressed_by_their_title(tmp_path: Path) -> None:
    run("new", "school", str(tmp_path))
    run("new", "lesson", "first-course", "Traits & Bounds", "--access", "free", "--school", str(tmp_path))
    text = (tmp_path / "content" / "first-course" / "02-traits-bounds.md").read_text()
    assert "access: free" in text
    assert "paywall" not in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("lesson", "no-such-course", "Title"),
        ("lesson", "first-course", "接口"),
        ("lesson", "first-course", "Title", "--slug", "Not A Slug"),
        ("course", "../outside"),
        ("course", "first-course"),
    ],
)
def test_what_cannot_be_made_is_an_error_with_a_hint(
    tmp_path: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    run("new", "school", str(tmp_path))
    before = sorted(tmp_path.rglob("*"))
    assert run("new", *arguments, "--school", str(tmp_path)) == 2
    assert "hint:" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_new_course_joins_the_school(tmp_path: Path) -> None:
    run("new", "school", str(tmp_path))
    assert (
        run(
            "new",
            "course",
            "go-jichu",
            "--title",
            "Go 语言基础",
            "--language",
            "zh",
            "--school",
            str(tmp_path),
        )
        == 0
    )
    school_yml = tmp_path / "content" / "school.yml"
    school_yml.write_text(
        school_yml.read_text()
        .replace("grants: [first-course]", "grants: [first-course, go-jichu]")
        .replace("languages: [en]", "languages: [en, zh]")
    )
    school, _ = catalogue.read(tmp_path / "content")
    assert [course.title for course in school.courses] == ["First course", "Go 语言基础"]
