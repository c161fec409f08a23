"""Bringing in what readers did elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pytest
from pyarrow import parquet

from generator.cli import main
from generator.recommend.counting import load_events, load_interactions
from generator.recommend.interactions import NO_TIME

SCHOOL = "name: S\nlanguages: [en]\nbase_url: https://example.org/school/\naccess: free\n"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0"
AT = 1_763_800_200  # 2025-11-22T08:30:00Z


@pytest.fixture
def school(tmp_path: Path) -> Path:
    course = tmp_path / "school" / "content" / "rust"
    course.mkdir(parents=True)
    (course.parent / "school.yml").write_text(SCHOOL)
    (course / "course.yml").write_text("title: Rust\n")
    (course / "01-intro.md").write_text("---\nid: rust-intro\n---\n# Intro\n\nText.\n")
    (course / "02-traits.md").write_text("---\nmoved_from: rust/old-traits/\n---\n# Traits\n\nText.\n")
    (course / "03-life.md").write_text("# Life\n\nText.\n")
    return tmp_path / "school"


Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def bring(school: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str | Path) -> tuple[int, dict[str, Any], str]:
        with pytest.raises(SystemExit) as ended:
            main(["signals", "import", "--school", str(school), "--json", *map(str, arguments)])
        said = capsys.readouterr()
        found = json.loads(said.out)["files"][0] if said.out else {}
        return int(ended.value.code or 0), found, said.err

    return run


def kept(school: Path) -> list[tuple[str, str, int]]:
    """Lesson, kind and time of everything that came in."""
    rows = [
        row
        for path in sorted((school / ".lyceum" / "signals").glob("*.parquet"))
        for row in parquet.read_table(path).to_pylist()
    ]
    return sorted(
        (row["lesson"], row["kind"], row["at"] if row["at"] is not None else NO_TIME) for row in rows
    )


def test_a_table_comes_in_and_is_counted(school: Path, tmp_path: Path, bring: Run) -> None:
    file = tmp_path / "history.csv"
    file.write_text(
        f"reader,lesson,kind,time\nann@example.org,rust-intro,finished,{AT}\n"
        f"ann@example.org,rust/traits,view,2025-11-22T08:30:00Z\nbob,rust/traits,,\n"
    )
    code, found, _ = bring(file)
    assert code == 0
    assert (found["lines"], found["signals"], found["readers"], found["without_time"]) == (3, 3, 2, 1)
    assert kept(school) == [
        ("rust-intro", "finished", AT), ("rust/traits", "view", NO_TIME), ("rust/traits", "view", AT),
    ]  # fmt: skip
    assert load_interactions(school / ".lyceum" / "signals").reader_count == 2
    assert len(load_events(school / ".lyceum" / "signals")) == 2
    everything = b"".join(path.read_bytes() for path in (school / ".lyceum" / "signals").iterdir())
    assert b"example.org" not in everything, "no address is kept"
    assert (school / ".lyceum" / "signals" / "import.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "name",
    [
        "rust/traits", "/rust/traits/", "rust/traits/index.html", "/school/rust/traits/", "/school/rust/traits/?ref=mail#top",
        "https://example.org/school/rust/traits/", "rust/old-traits/", "/school/rust/old-traits", "theirs",
    ],
)  # fmt: skip
def test_a_lesson_is_known_by_its_id_its_address_and_its_old_address(
    school: Path, tmp_path: Path, bring: Run, name: str
) -> None:
    file, others = tmp_path / "a.csv", tmp_path / "lessons.csv"
    file.write_text(f"reader,lesson,kind,time\nann,{name},view,{AT}\n")
    others.write_text("theirs,rust/traits\n")
    assert bring(file, "--lessons", others)[0] == 0
    assert kept(school) == [("rust/traits", "view", AT)]


def test_an_address_may_be_percent_encoded(school: Path, tmp_path: Path, bring: Run) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"reader,lesson,kind,time\nann,/school/rust/%6Cife/,view,{AT}\n")
    assert bring(file)[1]["signals"] == 1


def test_lessons_of_elsewhere_are_counted_and_left_out(school: Path, tmp_path: Path, bring: Run) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        f"reader,lesson,kind,time\nann,go/intro,view,{AT}\nbob,go/intro,view,{AT}\nbob,,view,{AT}\n"
    )
    code, found, _ = bring(file)
    assert (code, found["signals"], found["unknown"]) == (0, 0, {"go/intro": 2, "": 1})
    assert kept(school) == []


def test_bringing_a_file_in_again_changes_nothing_and_what_files_share_counts_once(
    school: Path, tmp_path: Path, bring: Run
) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    line = f"ann,rust-intro,view,{AT}\n"
    first.write_text("reader,lesson,kind,time\n" + line * 2)
    second.write_text("reader,lesson,kind,time\n" + line + f"ann,rust/traits,view,{AT}\n")
    assert bring(first)[1]["again"] == 1
    before = kept(school)
    assert bring(first)[1]["signals"] == 1
    assert kept(school) == before
    found = bring(second)[1]
    assert (found["signals"], found["again"]) == (1, 1)
    assert len(kept(school)) == 2
    assert load_interactions(school / ".lyceum" / "signals").reader_count == 1, "one name in both files"


def test_wrong_lines_are_named_and_nothing_is_written_unless_they_may_be_skipped(
    school: Path, tmp_path: Path, bring: Run
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        f"reader,lesson,kind,time\nann,rust-intro,view,{AT}\nann,rust-intro\n,rust-intro,view,{AT}\n"
        "ann,rust-intro,view,yesterday\nann,rust-intro,view,4000000000\nann,rust-intro,view,1\n"
    )
    code, found, said = bring(file)
    assert (code, found["wrong_lines"]) == (3, 5)
    for number, what in (
        (3, "2 columns instead of 4"),
        (4, "no reader"),
        (5, "'yesterday'"),
        (6, "future"),
        (7, "'1'"),
    ):
        assert f"a.csv:{number}: " in said
        assert what in said
    assert "hint: give its form" in said
    assert kept(school) == []
    assert bring(file, "--skip-wrong")[0] == 0
    assert len(kept(school)) == 1


def test_a_dry_run_says_the_same_and_writes_nothing(school: Path, tmp_path: Path, bring: Run) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"reader,lesson,kind,time\nann,rust-intro,view,{AT}\nann,nowhere,view,{AT}\n")
    _, found, said = bring(file, "--dry-run")
    assert (found["signals"], found["unknown_lines"]) == (1, 1)
    assert "nothing was written" in said
    assert not (school / ".lyceum").exists()


def test_other_systems_columns_kinds_and_times_can_be_named(school: Path, tmp_path: Path, bring: Run) -> None:
    file = tmp_path / "a.csv"
    file.write_text(
        "Nutzer;Seite;Was;Wann\nann;rust-intro;gelesen;22.11.2025 08:30\nann;rust-intro;geputzt;22.11.2025 08:30\n"
    )
    code, found, _ = bring(
        file, "--reader-column", "Nutzer", "--lesson-column", "Seite", "--kind-column", "Was", "--time-column", "Wann",
        "--kinds", "gelesen=finished", "--time-format", "%d.%m.%Y %H:%M",
    )  # fmt: skip
    assert (code, found["other_kinds"]) == (0, {"geputzt": 1})
    assert kept(school) == [("rust-intro", "finished", AT)]


def test_a_column_that_is_not_there_is_said_with_those_that_are(tmp_path: Path, bring: Run) -> None:
    file = tmp_path / "a.csv"
    file.write_text("user,lesson\nann,rust-intro\n")
    code, _, said = bring(file)
    assert code == 1
    assert "no column 'reader'" in said
    assert "there are: user, lesson" in said


@pytest.mark.parametrize(
    "time",
    [str(AT), f"{AT}000", f"{AT}000000", f"{AT}.75", "2025-11-22 08:30:00", "2025-11-22T16:30:00+08:00", "22/Nov/2025:16:30:00 +0800"],
)  # fmt: skip
def test_times_are_understood_as_systems_write_them(
    school: Path, tmp_path: Path, bring: Run, time: str
) -> None:
    file = tmp_path / "a.csv"
    file.write_text(f"reader,lesson,kind,time\nann,rust-intro,view,{time}\n")
    assert bring(file)[0] == 0
    assert kept(school) == [("rust-intro", "view", AT)]


def test_json_lines_of_ghost_come_in(school: Path, tmp_path: Path, bring: Run) -> None:
    file = tmp_path / "events.jsonl"
    lines: list[object] = [
        {"member_id": "6421", "pathname": "/school/rust/traits/", "timestamp": "2025-11-22T08:30:00.000Z", "x": {"y": 1}},
        [1],
    ]  # fmt: skip
    file.write_text("\n".join(map(json.dumps, lines)) + "\n{broken\n")
    code, _, said = bring(file, "--from", "ghost")
    assert code == 3
    assert "events.jsonl:2: no JSON object" in said
    assert "events.jsonl:3: no JSON" in said
    assert bring(file, "--from", "ghost", "--skip-wrong")[1]["signals"] == 1
    assert kept(school) == [("rust/traits", "view", AT)]


def test_moodles_log_comes_in_as_parquet(school: Path, tmp_path: Path, bring: Run) -> None:
    file, others = tmp_path / "log.parquet", tmp_path / "lessons.csv"
    columns = {
        "userid": [7, 7, 8],
        "contextinstanceid": [41, 41, 41],
        "action": ["viewed", "completed", "deleted"],
        "timecreated": [AT] * 3,
    }
    parquet.write_table(arrow.table(columns), file)
    others.write_text("41,rust-intro\n")
    code, found, _ = bring(file, "--from", "moodle", "--lessons", others)
    assert (code, found["other_kinds"]) == (0, {"deleted": 1})
    assert kept(school) == [("rust-intro", "finished", AT), ("rust-intro", "view", AT)]


def test_an_access_log_comes_in_without_programs_pictures_and_misses(
    school: Path, tmp_path: Path, bring: Run
) -> None:
    def line(
        path: str, *, status: int = 200, method: str = "GET", agent: str = FIREFOX, host: str = "203.0.113.9"
    ) -> str:
        return (
            f'{host} - - [22/Nov/2025:16:30:00 +0800] "{method} {path} HTTP/1.1" {status} 512 "-" "{agent}"\n'
        )

    file = tmp_path / "access.log"
    file.write_text(
        line("/school/rust/traits/")
        + line("/school/rust/traits/", host="203.0.113.10")
        + line("/school/rust/traits/", agent="Googlebot/2.1")
        + line("/school/rust/traits/", agent="-")
        + line("/school/rust/traits/", status=404)
        + line("/school/rust/traits/", method="POST")
        + line("/school/rust/traits/cover.png")
        + line("/school/assets/x.css")
    )
    code, found, _ = bring(file)
    assert (code, found["signals"], found["readers"], found["unknown_lines"]) == (0, 2, 2, 0)
    everything = b"".join(path.read_bytes() for path in (school / ".lyceum" / "signals").iterdir())
    assert b"203.0.113" not in everything


@pytest.mark.parametrize(
    ("name", "body"), [("a.parquet", b"no parquet"), ("a.csv", b"reader,lesson\n\xff\xfe,a\n")]
)
def test_a_file_that_cannot_be_read_is_named_with_a_way_out(
    tmp_path: Path, bring: Run, name: str, body: bytes
) -> None:
    (tmp_path / name).write_bytes(body)
    code, _, said = bring(tmp_path / name)
    assert code == 1
    assert name in said
    assert "hint: " in said


def test_thousands_of_wrong_lines_are_counted_and_the_first_are_told(tmp_path: Path, bring: Run) -> None:
    file = tmp_path / "a.csv"
    file.write_text("reader,lesson,kind,time\n" + "ann,rust-intro,view,never\n" * 3000)
    code, found, said = bring(file)
    assert (code, found["wrong_lines"], len(found["wrong"])) == (3, 3000, 20)
    assert "3000 lines are wrong" in said
