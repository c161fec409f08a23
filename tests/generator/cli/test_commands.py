"""The commands as a person or a pipeline calls them: real processes, exit codes, standard output and standard error apart."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.cli import COMMANDS

SCHOOL = """\
format: 1
name: {en: Tiny}
summary: {en: A school of two lessons}
languages: [en]
base_url: http://127.0.0.1:8000/
access: free
authors: {me: {name: {en: Me}, bio: {en: Writes.}}}
products:
  - {id: whole, kind: course, title: {en: Whole}, grants: [demo], prices: {USD: 900}}
"""
COURSE = "title: Demo\nlanguage: en\nsummary: A demo.\nauthors: [me]\naccess: paid\n"
FREE = "---\naccess: free\nsummary: Free for all.\n---\n# Open door\n\nEverybody may read this lesson.\n"
PAID = "---\nsummary: Half of it.\n---\n# Locked door\n\nThe lead-in is here.\n\n<!-- paywall -->\n\nTHE-PAID-HALF of the lesson.\n"


@pytest.fixture
def school(tmp_path: Path) -> Path:
    root = tmp_path / "school"
    folder = root / "content" / "demo"
    folder.mkdir(parents=True)
    (root / "content" / "school.yml").write_text(SCHOOL)
    (folder / "course.yml").write_text(COURSE)
    (folder / "01-open.md").write_text(FREE)
    (folder / "02-locked.md").write_text(PAID)
    return root


def lyceum(
    *arguments: str, school: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LYCEUM_", "AWS_")) and name != "CI"
    }
    return subprocess.run(
        [sys.executable, "-c", "from generator.cli import main; main()", *arguments],
        cwd=school,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        env={**kept, **environment},
    )


def test_every_command_of_the_list_exists() -> None:
    for name in COMMANDS:
        done = lyceum(name, "--help")
        assert done.returncode == 0, done.stderr
        assert "Exit codes" in done.stdout


def test_help_is_quick_to_start() -> None:
    """Counted in CPU seconds over five runs; the bound is four times what it takes, so that a busy machine does not matter."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(5):
        assert lyceum("--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    loaded = subprocess.run(
        [
            sys.executable,
            "-c",
            "import generator.cli, sys; print(sorted({m.split('.')[0] for m in sys.modules}))",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert after.ru_utime > before.ru_utime
    for heavy in ("mkdocs", "markdown", "boto3", "numpy", "pydantic", "jinja2", "yaml"):
        assert f"'{heavy}'" not in loaded


def test_an_unknown_command_is_a_usage_error_with_a_suggestion() -> None:
    done = lyceum("pubish")
    assert done.returncode == 2
    assert "Did you mean 'publish'?" in done.stderr


def test_outside_a_school_the_way_in_is_named(tmp_path: Path) -> None:
    done = lyceum("check", school=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: no school")
    assert "lyceum new school" in done.stderr


def test_check_lists_every_mistake_at_once_and_exits_3(school: Path) -> None:
    (school / "content" / "demo" / "01-open.md").write_text(FREE.replace("access: free", "acess: free"))
    (school / "content" / "demo" / "02-locked.md").write_text(PAID + "\n<!-- paywall -->\n\nAgain.\n")
    done = lyceum("check", school=school)
    assert done.returncode == 3
    assert "demo/01-open.md:2: " in done.stderr
    assert "did you mean 'access'" in done.stderr
    assert done.stdout == ""
    as_json = lyceum("check", "--json", school=school)
    assert as_json.returncode == 3
    assert json.loads(as_json.stdout)["ok"] is False


def test_a_rename_that_loses_an_id_is_noticed_until_it_is_accepted(school: Path) -> None:
    assert lyceum("check", school=school).returncode == 0
    record = school / "content" / ".ids.json"
    assert set(json.loads(record.read_text())) == {"demo/open", "demo/locked"}
    (school / "content" / "demo" / "01-open.md").rename(school / "content" / "demo" / "01-opened.md")
    done = lyceum("check", school=school)
    assert done.returncode == 0
    assert "demo/open" in done.stderr
    assert "warning" in done.stderr
    assert lyceum("check", "--strict", school=school).returncode == 3
    assert lyceum("check", "--forget", school=school).returncode == 0
    assert set(json.loads(record.read_text())) == {"demo/opened", "demo/locked"}
    assert lyceum("check", "--strict", school=school).returncode == 0


def test_check_writes_nothing_in_ci(school: Path) -> None:
    assert lyceum("check", school=school, CI="1").returncode == 0
    assert not (school / "content" / ".ids.json").exists()


def test_a_broken_record_of_ids_is_an_error_with_a_hint(school: Path) -> None:
    (school / "content" / ".ids.json").write_text("[")
    done = lyceum("check", school=school)
    assert done.returncode == 3
    assert "hint: take it back from git" in done.stderr


def test_publish_plans_publishes_lists_and_rolls_back(school: Path) -> None:
    """The whole way of a release through the embedded store, data on standard output."""
    planned = lyceum("publish", "--dry-run", "--json", school=school)
    assert planned.returncode == 0, planned.stderr
    assert json.loads(planned.stdout)["current"] is None
    assert not (school / ".lyceum" / "store" / "current.json").exists()

    first = json.loads(lyceum("publish", "--json", school=school).stdout)
    assert "The lead-in is here" in (school / ".lyceum/site/site/demo/locked/index.html").read_text()
    again = json.loads(lyceum("publish", "--json", school=school).stdout)
    assert (again["release"], again["is_unchanged"]) == (first["release"], True)

    (school / "content" / "demo" / "01-open.md").write_text(FREE + "\nOne more line.\n")
    plan = lyceum("publish", "--dry-run", school=school).stdout
    assert "~ demo/open/index.html" in plan
    second = json.loads(lyceum("publish", "--json", school=school).stdout)
    assert second["previous"] == first["release"]
    rows = json.loads(lyceum("releases", "--json", school=school).stdout)
    assert [(row["release"], row["is_current"]) for row in rows] == [
        (second["release"], True),
        (first["release"], False),
    ]

    back = lyceum("rollback", "--json", school=school)
    assert json.loads(back.stdout)["release"] == first["release"]
    assert "One more line" not in (school / ".lyceum/site/site/demo/open/index.html").read_text()
    table = lyceum("releases", school=school).stdout
    assert any(line.startswith("*") and first["release"] in line for line in table.splitlines())
    assert lyceum("rollback", "20200101T000000Z-00000000", school=school).returncode != 0


def test_no_copy_of_the_source_is_published(school: Path) -> None:
    """L04, L12: no Markdown, no llms.txt, no configuration, no cache beside the pages; maps are Material's own."""
    assert lyceum("publish", school=school).returncode == 0
    published = [
        path.relative_to(school / ".lyceum/site/site") for path in (school / ".lyceum/site/site").rglob("*")
    ]
    assert Path("demo/locked/index.html") in published
    assert [
        path
        for path in published
        if path.suffix in (".md", ".yml", ".py") or path.name.startswith((".", "llms"))
    ] == []


def test_private_text_in_a_public_file_exits_4_and_publishes_nothing(school: Path) -> None:
    """L18: an author pastes a paid paragraph into the course's description."""
    paragraph = "Nine private words stand here in one long row."
    (school / "content" / "demo" / "02-locked.md").write_text(f"{PAID}\n{paragraph}\n")
    (school / "content" / "demo" / "files").mkdir()
    (school / "content" / "demo" / "files" / "notes.txt").write_text(f"From my notes: {paragraph}\n")
    (school / "content" / "demo" / "01-open.md").write_text(FREE + "\n[My notes](files/notes.txt)\n")
    done = lyceum("publish", school=school)
    assert done.returncode == 4, done.stderr
    assert "demo/02-locked.md" in done.stderr
    assert "demo/files/notes.txt" in done.stderr
    assert "nothing was published" in done.stderr
    assert not (school / ".lyceum" / "store" / "current.json").exists()


def test_strict_makes_warnings_fail(school: Path) -> None:
    (school / "content" / "demo" / "01-open.md").write_text(FREE + "\n[Gone](09-gone.md)\n")
    assert lyceum("build", school=school).returncode == 0
    strict = lyceum("build", "--strict", school=school)
    assert strict.returncode == 3
    assert "demo/01-open.md:" in strict.stderr


@pytest.fixture
def locked_folder(tmp_path: Path) -> Path:
    """A folder that even root cannot write: a file stands where its parent should be."""
    (tmp_path / "file").write_text("")
    return tmp_path / "file" / "store"


def test_an_unwritable_store_is_an_error_with_place_and_hint(school: Path, locked_folder: Path) -> None:
    done = lyceum(
        "publish",
        school=school,
        LYCEUM_STORE=locked_folder.as_uri(),
        LYCEUM_PUBLIC_STORE=(school / "public").as_uri(),
        LYCEUM_CONTENT_KEY="00112233445566778899aabbccddeeff",
        LYCEUM_RELEASE_KEY=bytes(range(32)).hex(),
    )
    assert done.returncode == 6, done.stderr
    assert "Traceback" not in done.stderr
    assert str(locked_folder) in done.stderr
    assert "hint:" in done.stderr


def test_missing_settings_are_named_together(school: Path) -> None:
    done = lyceum("publish", school=school, LYCEUM_STORE="s3://bucket")
    assert done.returncode == 2
    for name in ("LYCEUM_PUBLIC_STORE", "LYCEUM_CONTENT_KEY", "LYCEUM_RELEASE_KEY", "AWS_ACCESS_KEY_ID"):
        assert name in done.stderr


def test_plain_mkdocs_never_publishes_content(school: Path) -> None:
    """Rule R1: the stage does not exist yet, so MkDocs in the repository's own folder fails."""
    shutil.copy(Path(__file__).resolve().parents[3] / "mkdocs.yml", school)
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build"], cwd=school, capture_output=True, text=True, timeout=120
    )
    assert done.returncode != 0
    assert not (school / "build").exists()
