"""What Moodle and Ghost give out, as they give it out: `samples/` has their columns, their times and their ways of naming people."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.generator.signals.test_importing import Run, bring, kept, school

__all__ = ["bring", "school"]  # fixtures

SAMPLES = Path(__file__).parent / "samples"
# Course modules by number, and one by what the log calls it.
MAPPED = "643,rust-intro\n644,rust/life\nBook: Traits,rust/traits\n"


def at(day: int, hour: int, minute: int, second: int = 0) -> int:
    return int(datetime(2026, 9, day, hour, minute, second, tzinfo=UTC).timestamp())


@pytest.fixture
def lessons(tmp_path: Path) -> Path:
    file = tmp_path / "moodle-lessons.csv"
    file.write_text(MAPPED)
    return file


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The samples are of September 2026."""
    monkeypatch.setattr("generator.cli.pipeline.moment", lambda: datetime(2026, 11, 22, tzinfo=UTC))


def test_moodles_download_of_its_log_comes_in(school: Path, bring: Run, lessons: Path) -> None:
    code, found, _ = bring(SAMPLES / "moodle-log.csv", "--from", "moodle", "--lessons", lessons)
    assert code == 0
    assert kept(school) == [
        ("rust-intro", "finished", at(7, 21, 52, 3)),
        ("rust-intro", "view", at(7, 21, 40, 58)),
        ("rust/life", "finished", at(17, 8, 2, 11)),
        ("rust/traits", "view", at(17, 8, 2, 12)),
    ]
    assert found["readers"] == 2, "what a teacher ticked off for Ann is Ann's"
    assert found["other_kinds"] == {"Course viewed": 1, "by nobody": 1}
    assert found["unknown"] == {"Forum: News": 1}


def test_the_downloads_headings_may_be_in_any_language_and_have_the_course_first(
    school: Path, bring: Run, lessons: Path
) -> None:
    assert bring(SAMPLES / "moodle-log-zh.csv", "--from", "moodle", "--lessons", lessons)[1]["signals"] == 1
    assert kept(school) == [("rust-intro", "view", at(7, 21, 40, 58))]


def test_the_download_as_json_has_no_headings(school: Path, bring: Run, lessons: Path) -> None:
    assert bring(SAMPLES / "moodle-log.json", "--from", "moodle", "--lessons", lessons)[0] == 0
    assert kept(school) == [("rust-intro", "view", at(7, 21, 40, 58)), ("rust/traits", "view", at(17, 8, 2))]


def test_times_of_a_download_are_of_the_zone_and_form_that_are_named(
    school: Path, bring: Run, lessons: Path
) -> None:
    file = SAMPLES / "moodle-log-zh.csv"
    more = ["--time-zone", "Asia/Shanghai", "--time-format", "%m/%d/%y, %H:%M:%S"]
    assert bring(file, "--from", "moodle", "--lessons", lessons, *more)[0] == 0
    july = datetime(2026, 7, 9, 13, 40, 58, tzinfo=UTC)
    assert kept(school) == [("rust-intro", "view", int(july.timestamp()))]


def test_a_time_zone_that_is_none_is_said(bring: Run, lessons: Path) -> None:
    code, _, said = bring(SAMPLES / "moodle-log.csv", "--from", "moodle", "--time-zone", "Middle/Earth")
    assert code == 2
    assert "no time zone 'Middle/Earth'" in said


def test_moodles_table_comes_in_without_courses_nobody_and_what_was_undone(
    school: Path, bring: Run, lessons: Path
) -> None:
    code, found, _ = bring(
        SAMPLES / "mdl_logstore_standard_log.csv", "--from", "moodle", "--lessons", lessons
    )
    assert code == 0
    assert kept(school) == [
        ("rust-intro", "finished", 1788817923),
        ("rust-intro", "view", 1788817258),
        ("rust/life", "finished", 1789632131),
    ]
    assert found["readers"] == 2
    assert found["other_kinds"] == {"viewed course": 1, "not completed": 1, "by nobody": 2, "created": 1}


def test_both_shapes_of_moodles_log_name_a_reader_alike(school: Path, bring: Run, lessons: Path) -> None:
    """Their times agree where the download was made in UTC; then nothing counts twice."""
    bring(SAMPLES / "mdl_logstore_standard_log.csv", "--from", "moodle", "--lessons", lessons)
    found = bring(SAMPLES / "moodle-log.csv", "--from", "moodle", "--lessons", lessons)[1]
    assert (found["signals"], found["again"]) == (1, 3)


@pytest.mark.parametrize("name", ["ghost-analytics_events.ndjson", "ghost-hits.csv"])
def test_ghosts_page_hits_come_in_with_members_sessions_and_without_programs(
    school: Path, bring: Run, name: str
) -> None:
    code, found, _ = bring(SAMPLES / name, "--from", "ghost")
    assert code == 0
    assert kept(school) == [
        ("rust/traits", "view", at(7, 21, 40, 58)),
        ("rust/traits", "view", at(7, 21, 41, 10)),
        ("rust/traits", "view", at(7, 21, 44)),
    ]
    assert found["readers"] == 3, "'undefined' is nobody's name"
    if name.endswith("ndjson"):
        assert (found["other_kinds"], found["unknown"]) == ({"by a program": 1}, {"/about/": 1})


@pytest.mark.parametrize(
    ("name", "system", "what"),
    [
        ("ghost-members.csv", "ghost", "Ghost's list of members"),
        ("ghost-posts.csv", "ghost", "Ghost's table of posts"),
        ("moodle-log.csv", "ghost", "no page hits of Ghost's"),
        ("ghost-members.csv", "moodle", "neither Moodle's log table nor a download"),
    ],
)
def test_what_holds_no_events_is_refused_with_where_they_are(
    school: Path, bring: Run, name: str, system: str, what: str
) -> None:
    code, _, said = bring(SAMPLES / name, "--from", system)
    assert code == 1
    assert what in said
    assert re.search(r"hint: .*(--from log|mdl_logstore_standard_log)", said)
    assert kept(school) == []


@pytest.mark.parametrize(
    ("name", "body", "what"),
    [
        ("a.json", '{"db": []}', "no list of events"),
        ("a.json", '{"a": 1}\n{"a": 2}\n', "--format jsonl"),
        ("a.xlsx", "PK", "export it as CSV"),
    ],
)
def test_a_file_that_holds_no_list_says_so(
    tmp_path: Path, bring: Run, name: str, body: str, what: str
) -> None:
    (tmp_path / name).write_text(body)
    code, _, said = bring(tmp_path / name)
    assert code == 1
    assert what in said


def test_a_list_of_objects_comes_in(school: Path, tmp_path: Path, bring: Run) -> None:
    (tmp_path / "a.json").write_text(
        '[{"reader": "ann", "lesson": "rust/traits", "kind": "comment", "time": 1788817258}, 7]'
    )
    assert bring(tmp_path / "a.json", "--skip-wrong")[1]["signals"] == 1
    assert kept(school) == [("rust/traits", "comment", 1788817258)]
