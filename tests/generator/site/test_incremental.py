"""What is made again after a change, and what is not; each time with the bytes of a build from nothing."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator.errors import ContentError, LyceumError
from generator.site import schedule
from generator.site.cache import Cache, with_cache
from generator.site.incremental import Built, Run
from generator.site.profiling import Profile
from generator.site.project import Project
from tests.generator.site.conftest import own_theme, tree
from tests.generator.site.honest.schools import HOUSE, settings, tiny, write

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def build(root: Path, *, now: datetime = NOW, profile: Profile | None = None) -> tuple[Built, str]:
    """A build, and what its steps said of themselves."""
    said: list[str] = []

    def run(cache: Cache) -> Built:
        one = Run(Project(root=root), cache, now, profile)
        said[:] = [one.read(), one.site(_silent), one.search(), one.prove(_silent)]
        return one.result()

    return with_cache(root / ".cache" / "lyceum", run), said[1]


def _silent(_what: str, _done: int, _total: int) -> None:
    pass


@pytest.fixture
def school(tmp_path: Path) -> Path:
    root = tiny(tmp_path / "school")
    build(root)
    return root


def change(root: Path, path: str, old: str, new: str) -> None:
    place = root / path
    text = place.read_text("utf-8")
    assert old in text
    place.write_text(text.replace(old, new), "utf-8")


def times(root: Path) -> dict[str, int]:
    return {str(place): place.stat().st_mtime_ns for place in root.rglob("*") if place.is_file()}


def clean(root: Path, place: Path) -> dict[str, bytes]:
    """The build folder of a build of the same school from nothing."""
    shutil.copytree(root, place, ignore=shutil.ignore_patterns("build", ".cache"))
    build(place)
    return tree(place / "build")


def test_a_build_of_nothing_new_writes_no_file_at_all(school: Path) -> None:
    before = times(school)
    _, said = build(school)
    assert said == "every page reused"
    assert times(school) == before


def test_a_lesson_whose_text_changed_is_made_without_reading_the_others(
    school: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(school, "content/demo/01-open.md", "Everybody may read", "All may read")
    monkeypatch.setattr("generator.catalogue.read", None)
    _, said = build(school)
    monkeypatch.undo()
    assert said == "1 rendered, all others reused"
    assert tree(school / "build") == clean(school, tmp_path / "clean")


def test_a_title_reaches_every_page_that_shows_it(school: Path, tmp_path: Path) -> None:
    before = times(school / "build" / "site")
    change(school, "content/demo/01-open.md", "# Open door", "# Wide door")
    _, said = build(school)
    after = times(school / "build" / "site")
    written = {
        Path(path).parent.name for path in after if path.endswith(".html") and before[path] != after[path]
    }
    assert written == {"demo", "open", "locked", "last", "tags"}
    assert said == "5 pages rendered, 1 reused"
    assert tree(school / "build") == clean(school, tmp_path / "clean")


def test_a_price_is_printed_anew_on_the_pages_that_show_it_and_on_no_other(
    school: Path, tmp_path: Path
) -> None:
    def pages() -> dict[str, bytes]:
        return {path: data for path, data in tree(school / "build" / "site").items() if path[-5:] == ".html"}

    before = pages()
    shown = {path for path, data in before.items() if b"$9" in data}
    assert len(before) > len(shown) > 1
    change(school, "content/school.yml", "USD: 900", "USD: 1250")
    _, said = build(school)
    after = pages()
    assert {path for path, data in after.items() if data != before[path]} == shown
    assert all(b"$12.50" in after[path] for path in shown)
    assert said.startswith(f"{len(shown)} pages rendered, ")
    assert tree(school / "build") == clean(school, tmp_path / "clean")


def test_an_hour_that_has_come_is_a_change(tmp_path: Path) -> None:
    root = tiny(tmp_path / "school")
    write(
        root,
        {
            "content/demo/04-soon.md": "---\nstatus: scheduled\npublish_at: 2026-11-22T12:00:00Z\naccess: free\n---\n# Soon\n"
        },
    )
    built, _ = build(root)
    assert built.due == datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
    assert not (root / "build/site/demo/soon/index.html").exists()
    built, _ = build(root, now=datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert (root / "build/site/demo/soon/index.html").exists()
    assert built.due is None


def test_a_link_in_the_build_folder_is_not_written_through_p16(school: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.html"
    secret.write_text("outside")
    page = school / "build" / "site" / "demo" / "open" / "index.html"
    page.unlink()
    page.symlink_to(secret)
    folder = school / "build" / "site" / "assets" / "more"
    folder.symlink_to(tmp_path)
    build(school)
    assert secret.read_text() == "outside"
    assert not page.is_symlink()
    assert not folder.is_symlink()
    assert b"Open door" in page.read_bytes()


def test_pages_come_back_from_the_cache_where_the_build_folder_is_gone(school: Path) -> None:
    before = tree(school / "build")
    shutil.rmtree(school / "build")
    _, said = build(school)
    assert said == "0 pages rendered, 6 reused"
    assert tree(school / "build") == before


def test_a_theme_that_shows_the_whole_navigation_is_built_by_mkdocs_as_a_whole(tmp_path: Path) -> None:
    root = tiny(tmp_path / "school")
    footer = own_theme(root, HOUSE / "theme") / "partials" / "footer.html"
    footer.write_text(
        footer.read_text("utf-8") + "{% for item in nav %}<i>{{ item.title }}</i>{% endfor %}", "utf-8"
    )
    built, said = build(root)
    assert [p.what for p in built.warnings if "asks for nav" in p.what]
    assert b"<i>Demo</i>" in (root / "build/site/demo/open/index.html").read_bytes()
    assert said == "6 pages rendered, 0 reused"


def test_with_an_extension_that_reads_files_every_page_is_made_anew(tmp_path: Path) -> None:
    root = tiny(tmp_path / "school")
    house = (HOUSE / "mkdocs.yml").read_text("utf-8")
    glossary = tmp_path / "glossary.md"
    glossary.write_text("*[door]: ONE WAY IN\n", "utf-8")
    extension = f"\n  - pymdownx.snippets: {{ auto_append: [{glossary}], base_path: [/] }}\n"
    (root / "mkdocs.yml").write_text(house.rstrip() + extension, "utf-8")
    build(root)
    glossary.write_text("*[door]: ANOTHER WAY\n", "utf-8")
    with (root / "content/demo/03-last.md").open("a") as lesson:
        lesson.write("\nMore.\n")
    build(root)
    assert b"ANOTHER WAY" in (root / "build/site/demo/open/index.html").read_bytes()


def test_a_profile_names_the_lessons_extensions_and_templates_that_took_longest(school: Path) -> None:
    profile = Profile()
    _, said = build(school, profile=profile)
    assert said == "6 pages rendered, 0 reused"
    lines = "\n".join(profile.lines())
    for name in ("demo/open.md", "lesson.html", "pymdownx.superfences"):
        assert f"ms  {name}" in lines
    assert build(school)[1] == "every page reused"


def test_what_a_page_is_made_of_is_remembered_with_the_tools_that_made_it(
    school: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.site.inputs._version", lambda name: f"{name} of tomorrow")
    assert build(school)[1] == "6 pages rendered, 0 reused"


def test_a_mistake_leaves_the_last_good_build_to_come_back_to(school: Path) -> None:
    good = (school / "content/demo/02-locked.md").read_text("utf-8")
    write(school, {"content/demo/02-locked.md": "---\naccess: sometimes\n---\n# X\n"})
    with pytest.raises(ContentError):
        build(school)
    write(school, {"content/demo/02-locked.md": good})
    assert build(school)[1] in {"every page reused", "1 rendered, all others reused"}


def test_settings_with_plugins_do_not_reuse_anything(tmp_path: Path) -> None:
    root = tiny(tmp_path / "school")
    (root / "mkdocs.yml").write_text(settings("  - tags\n"), "utf-8")
    build(root)
    change(root, "content/demo/01-open.md", "Everybody may read", "All may read")
    assert build(root)[1] == "6 pages rendered, 0 reused"


class TestWorkShared:
    def test_results_come_in_the_order_of_the_items(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LYCEUM_PROCESSES", "3")
        items = list(range(500))
        assert list(schedule.across(_square, items, few=0, at_once=7)) == [n * n for n in items]

    def test_it_is_really_shared_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LYCEUM_PROCESSES", "2")
        found = set(schedule.across(lambda _: os.getpid(), range(200), few=0, at_once=1))
        assert os.getpid() not in found
        assert len(found) > 1

    def test_few_items_are_done_here(self) -> None:
        assert set(schedule.across(lambda _: os.getpid(), range(5))) == {os.getpid()}

    def test_the_error_is_that_of_the_first_item_that_has_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LYCEUM_PROCESSES", "2")
        with pytest.raises(LyceumError, match="item 3"):
            list(schedule.across(_failing, range(100), few=0, at_once=1))

    def test_a_worker_that_is_ended_from_outside_is_an_error_and_no_wait(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LYCEUM_PROCESSES", "2")
        with pytest.raises(LyceumError, match="ended from outside"):
            list(schedule.across(_dying, range(100), few=0, at_once=1))

    @pytest.mark.parametrize("number", ["0", "-1", "many", "1.5", "1000"])
    def test_a_senseless_number_of_processes_is_refused(
        self, number: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LYCEUM_PROCESSES", number)
        with pytest.raises(LyceumError, match="LYCEUM_PROCESSES"):
            schedule.processes()


def _square(number: int) -> int:
    return number * number


def _failing(number: int) -> int:
    if number >= 3:
        raise LyceumError(f"item {number}")
    return number


def _dying(number: int) -> int:
    if number == 40:
        os._exit(9)
    return number
