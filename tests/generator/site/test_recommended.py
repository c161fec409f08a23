"""The recommend stage of a build: worked out when something that it is made of changes, kept otherwise, and never a page with an old list."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator.cli.pipeline import read_edition
from generator.errors import Problem, SettingsError
from generator.recommend import rehearsal
from generator.recommend.engine_address import URL
from generator.site.cache import Cache, with_cache
from generator.site.incremental import Run
from generator.site.project import Project
from tests.generator.site.conftest import tree
from tests.generator.site.honest.schools import write

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
TOPICS = ("memory", "memory", "loops", "loops", "memory", "loops")


def school_of(root: Path) -> Path:
    """Six lessons in two courses."""
    files = {
        "content/school.yml": "name: {en: School}\nlanguages: [en]\nbase_url: https://school.example/\naccess: free\n"
    }
    for course in ("one", "two"):
        files[f"content/{course}/course.yml"] = f"title: Course {course}\nlanguage: en\n"
        for number in range(1, 7):
            words = f"Paragraph {number} of course {course} about {TOPICS[number - 1]}."
            files[f"content/{course}/{number:02}-{course}{number}.md"] = (
                f"---\ntags: [{TOPICS[number - 1]}]\n---\n# {course.title()} {number}\n\n{words}\n"
            )
    return write(root, files)


def build(root: Path, *, settles: bool = False) -> str:
    """What the build said of its pages."""

    def run(cache: Cache) -> str:
        one = Run(Project(root=root), cache, NOW, settles=settles)
        one.read()
        said = one.site(lambda _what, _done, _total: None)
        one.search()
        one.prove(lambda _what, _done, _total: None)
        return said

    return with_cache(root / ".cache" / "lyceum", run)


def clean(root: Path, place: Path) -> dict[str, bytes]:
    shutil.copytree(root, place, ignore=shutil.ignore_patterns("build", ".cache"))
    build(place)
    return tree(place / "build")


def rehearse(root: Path, seed: int) -> None:
    edition, _ = read_edition(root, NOW)
    rehearsal.write(Project(root=root).signals, edition, NOW, readers=120, seed=seed)


def change(root: Path, path: str, old: str, new: str) -> None:
    place = root / "content" / path
    text = place.read_text("utf-8")
    assert old in text
    place.write_text(text.replace(old, new), "utf-8")


def listed(root: Path, page: str) -> list[str]:
    html = (root / "build/site" / page / "index.html").read_text("utf-8")
    return re.findall(r'<a href="([^"]+)" data-lyceum-place', html)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = school_of(tmp_path_factory.mktemp("read") / "school")
    rehearse(root, 1)
    build(root)
    return root


@pytest.fixture
def school(built: Path, tmp_path: Path) -> Path:
    """A school with readers that has been built."""
    root = tmp_path / "school"
    shutil.copytree(built, root)  # times of files and all
    build(root)
    return root


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often recommendations were worked out since."""
    from generator.recommend import stage

    worked_out = stage.recommend
    calls: list[object] = []

    def counted(*arguments: object) -> object:
        calls.append(arguments)
        return worked_out(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(stage, "recommend", counted)
    return lambda: len(calls)


def test_readers_make_lists_rows_and_a_report(school: Path) -> None:
    assert listed(school, "one/one1")[0] == "../one2/"
    rows = list((school / "build/site/assets/recommend/rows").rglob("*.bin"))
    assert rows
    assert all(place.stat().st_size <= 500 for place in rows)
    assert (school / "build/reports/members.md").read_text("utf-8").startswith("# Members on 2026-11-22")
    assert not list((school / "build/site").rglob("members*"))


def test_nothing_changed_is_not_worked_out_again(school: Path, count: Callable[[], int]) -> None:
    assert build(school) == "every page reused"
    assert build(school, settles=True) == "every page reused"
    assert count() == 0


def test_a_changed_text_is_made_alone_with_the_list_as_it_was(school: Path, count: Callable[[], int]) -> None:
    before = listed(school, "one/one3")
    change(school, "one/03-one3.md", "Paragraph", "Sentence")
    assert build(school) == "1 rendered, all others reused"
    assert count() == 0
    assert listed(school, "one/one3") == before != []


def test_publishing_brings_the_lists_up_to_the_texts(
    school: Path, tmp_path: Path, count: Callable[[], int]
) -> None:
    change(school, "one/03-one3.md", "Paragraph", "Sentence")
    build(school)
    build(school, settles=True)
    assert count() == 1
    assert build(school, settles=True) == "every page reused"
    assert count() == 1
    assert tree(school / "build") == clean(school, tmp_path / "clean")


def test_other_readers_make_other_lists_as_a_clean_build_does(
    school: Path, tmp_path: Path, count: Callable[[], int]
) -> None:
    before = {f"one/one{number}": listed(school, f"one/one{number}") for number in range(1, 7)}
    rehearse(school, 2)
    build(school)
    assert count() == 1
    assert before != {page: listed(school, page) for page in before}
    assert tree(school / "build") == clean(school, tmp_path / "clean")


def test_a_title_reaches_the_lists_that_name_it(school: Path) -> None:
    change(school, "one/02-one2.md", "# One 2", "# Another name")
    build(school)
    assert "Another name</a></h3>" in (school / "build/site/one/one1/index.html").read_text("utf-8")


def test_a_lesson_that_is_gone_is_in_no_list_whatever_its_readers_did(school: Path, tmp_path: Path) -> None:
    (school / "content/one/02-one2.md").unlink()
    build(school)
    site = school / "build/site"
    assert not any("one/one2" in place.read_text("utf-8") for place in site.rglob("*.html"))
    assert b"one/one2" not in (site / "assets/recommend/school.json").read_bytes()
    assert not (site / "assets/recommend/rows/one/one2.bin").exists()
    assert tree(school / "build") == clean(school, tmp_path / "clean")


def test_a_renamed_lesson_keeps_its_readers(school: Path) -> None:
    """Signals name it by its id, or by the address that it had."""
    (school / "content/one/02-one2.md").rename(school / "content/one/02-renamed.md")
    change(school, "one/02-renamed.md", "---\ntags", "---\nmoved_from: one/one2/\ntags")
    build(school)
    assert (school / "build/site/assets/recommend/rows/one/renamed.bin").exists()


def test_readers_who_are_taken_away_leave_the_lists_of_a_school_without_any(school: Path) -> None:
    shutil.rmtree(school / ".lyceum")
    build(school)
    assert not (school / "build/site/assets/recommend/rows").exists()
    page = (school / "build/site/one/one1/index.html").read_text("utf-8")
    assert "Readers who finished this lesson" not in page.partition("<template")[0]


@pytest.fixture
def engine(school: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """The school's readers are in an engine, and no longer in its folder. Runs a statement there."""
    import duckdb

    file, told = school.parent / "signals.duckdb", school / ".lyceum" / "signals" / rehearsal.NAME

    def run(statement: str) -> None:
        with duckdb.connect(str(file)) as database:
            database.execute(statement)

    run(f"CREATE TABLE signals AS SELECT * FROM read_parquet('{told}')")
    shutil.rmtree(school / ".lyceum")
    monkeypatch.setenv(URL, f"duckdb://{file}")
    return run


@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
def test_readers_in_an_engine_make_the_lists_that_their_files_made_and_make_them_once(
    school: Path, engine: Callable[[str], None], count: Callable[[], int]
) -> None:
    before = tree(school / "build/site")
    build(school)
    assert tree(school / "build/site") == before
    assert count() == 1, "it was not known before that they are the same"
    assert build(school) == "every page reused"
    change(school, "one/03-one3.md", "# One 3", "# Another name")
    build(school)
    assert count() == 2, "a title is part of it"
    build(school, settles=True)
    assert count() == 2, "publishing asks the engine, which has nothing new"


@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")
def test_what_comes_into_an_engine_is_seen_when_the_school_is_published(
    school: Path, engine: Callable[[str], None], count: Callable[[], int]
) -> None:
    build(school)
    engine("DELETE FROM signals")
    assert build(school) == "every page reused", "nobody asks a warehouse whenever a page is built"
    build(school, settles=True)
    assert count() == 2
    assert not (school / "build/site/assets/recommend/rows").exists()


def test_an_engine_that_is_away_is_a_wrong_setting_and_no_page_is_lost(
    school: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(school / "build/site")
    monkeypatch.setenv(URL, "duckdb:///nowhere/signals.duckdb")
    with pytest.raises(SettingsError, match="cannot be reached"):
        build(school)
    assert tree(school / "build/site") == before


def without(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == library else find(name))


def warnings_of(root: Path) -> list[Problem]:
    def run(cache: Cache) -> list[Problem]:
        one = Run(Project(root=root), cache, NOW)
        one.read()
        one.site(lambda _what, _done, _total: None)
        one.search()
        one.prove(lambda _what, _done, _total: None)
        return list(one.result().warnings)

    return with_cache(root / ".cache" / "lyceum", run)


def test_signals_without_the_libraries_make_plain_lists_and_one_warning_until_they_are_installed(
    school: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = tree(school / "build/site")
    with monkeypatch.context() as patch:
        without(patch, "scipy")
        for _ in range(2):  # also when nothing is built
            (told,) = warnings_of(school)
            assert "libraries" in told.what
            assert told.hint == "pip install 'lyceum[recommend]'"
    plain = tmp_path / "plain"
    shutil.copytree(school, plain, ignore=shutil.ignore_patterns("build", ".cache", ".lyceum"))
    build(plain)
    assert tree(school / "build/site") == tree(plain / "build/site")
    assert warnings_of(school) == []
    assert tree(school / "build/site") == before


def test_a_school_without_readers_loads_no_library_for_them(tmp_path: Path) -> None:
    root = school_of(tmp_path / "school")
    program = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path;"
        "from generator.cli.pipeline import build_school; from generator.site.project import Project;"
        f"build_school(Project(root=Path({str(root)!r})), datetime(2026, 11, 22, tzinfo=UTC));"
        "print(sorted({'scipy', 'sklearn', 'duckdb', 'pyarrow', 'pandas', 'ibis'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert listed(root, "one/one1")
