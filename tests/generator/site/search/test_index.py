"""When the index is made, that it is the same for the same text, and what is left behind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from generator.errors import LyceumError, SettingsError
from generator.site.search import build_index, index
from generator.site.search.reading import Index
from tests.generator.site.conftest import tree
from tests.support.searching import digests, index_site

PAGE = (
    '<html lang="zh"><body><nav>{frame}</nav><main><article data-pagefind-body data-course="C" data-label="{title}" '
    'data-access="free" data-language="zh" data-pagefind-filter="course[data-course], label[data-label]">'
    "<h1>{title}</h1>{text}</article></main></body></html>"
)


def write(site: Path, url: str, text: str, *, title: str = "题目", frame: str = "menu") -> None:
    (site / url).mkdir(parents=True, exist_ok=True)
    (site / url / "index.html").write_text(PAGE.format(title=title, text=text, frame=frame), "utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    write(site, "a", "<p>一致性哈希</p>")
    write(site, "b", "<p>Queues and promises</p>")
    (site / "index.html").write_text("<html><body>catalogue</body></html>")
    return site


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Every start of Pagefind."""
    seen: list[object] = []
    real = subprocess.run

    def run(*arguments: Any, **options: Any) -> Any:
        seen.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr("generator.site.search.index.subprocess.run", run)
    return seen


def times(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_pages_with_a_text_are_in_the_index(site: Path, tmp_path: Path) -> None:
    report = index_site(site, tmp_path / "cache")
    assert (report.pages, report.reused) == (2, False)
    found = Index(site / "pagefind")
    assert found.find("哈希") == ["/a/"]
    assert found.find("queue") == ["/b/"]


def test_cells_of_a_table_are_words_of_their_own(site: Path, tmp_path: Path) -> None:
    write(site, "t", "<table><tr><th>alpha</th><th>beta</th></tr>\n<tr><td>甲</td><td>乙</td></tr></table>")
    index_site(site, tmp_path / "cache")
    found = Index(site / "pagefind")
    for query in ("alpha", "beta", "甲", "乙"):
        assert found.find(query) == ["/t/"], query
    assert found.find("alphabeta") == []
    assert found.find("甲乙") == []


def test_the_report_names_every_file_of_the_index_with_its_digest(site: Path, tmp_path: Path) -> None:
    from hashlib import sha256

    report = index_site(site, tmp_path / "cache")
    there = {f"pagefind/{path}": sha256(data).hexdigest() for path, data in tree(site / "pagefind").items()}
    assert report.files == there
    assert not any("ui" in path or "worker" in path or "highlight" in path for path in there)


def test_nothing_changed_runs_nothing_and_writes_nothing(
    site: Path, tmp_path: Path, runs: list[object]
) -> None:
    first = index_site(site, tmp_path / "cache")
    before = times(tmp_path)
    again = index_site(site, tmp_path / "cache")
    assert len(runs) == 1
    assert again.reused
    assert again.files == first.files
    assert times(tmp_path) == before


def test_a_change_outside_the_text_does_not_run_pagefind(
    site: Path, tmp_path: Path, runs: list[object]
) -> None:
    index_site(site, tmp_path / "cache")
    write(site, "a", "<p>一致性哈希</p>", frame="another menu")
    report = index_site(site, tmp_path / "cache")
    assert report.reused
    assert len(runs) == 1


@pytest.mark.parametrize("change", ["text", "title", "new", "gone"])
def test_a_changed_text_gives_what_a_first_build_gives(site: Path, tmp_path: Path, change: str) -> None:
    index_site(site, tmp_path / "cache")
    if change == "gone":
        shutil.rmtree(site / "b")
    else:
        write(
            site, "c" if change == "new" else "a", "<p>事务</p>", title="新" if change == "title" else "题目"
        )
    assert not index_site(site, tmp_path / "cache").reused
    kept = tree(site / "pagefind")
    shutil.rmtree(site / "pagefind")
    index_site(site, tmp_path / "another")
    assert tree(site / "pagefind") == kept
    assert Index(site / "pagefind").find("哈希") == (["/a/"] if change == "gone" or change == "new" else [])


def test_the_same_text_gives_the_same_bytes_z27(site: Path, tmp_path: Path) -> None:
    for number in range(40):
        write(site, f"n{number}", f"<p>number {number} 的课 {number * 7}</p>")
    index_site(site, tmp_path / "one")
    first = tree(site / "pagefind")
    shutil.rmtree(site / "pagefind")
    index_site(site, tmp_path / "two")
    assert tree(site / "pagefind") == first


def test_a_site_that_was_emptied_gets_its_index_back_without_pagefind(
    site: Path, tmp_path: Path, runs: list[object]
) -> None:
    index_site(site, tmp_path / "cache")
    before = tree(site / "pagefind")
    shutil.rmtree(site / "pagefind")
    assert index_site(site, tmp_path / "cache").reused
    assert tree(site / "pagefind") == before
    assert len(runs) == 1


def test_a_disk_without_second_names_gets_copies(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    index_site(site, tmp_path / "cache")
    before = tree(site / "pagefind")
    shutil.rmtree(site / "pagefind")
    monkeypatch.setattr("generator.site.search.index.os.link", refuse)
    index_site(site, tmp_path / "cache")
    assert tree(site / "pagefind") == before


def test_a_foreign_file_in_the_index_is_taken_away(site: Path, tmp_path: Path) -> None:
    index_site(site, tmp_path / "cache")
    (site / "pagefind" / "old.pf_index").write_text("left over")
    index_site(site, tmp_path / "cache")
    assert not (site / "pagefind" / "old.pf_index").exists()


def test_a_site_without_a_text_has_no_index(site: Path, tmp_path: Path) -> None:
    index_site(site, tmp_path / "cache")
    for name in ("a", "b"):
        shutil.rmtree(site / name)
    report = index_site(site, tmp_path / "cache")
    assert (report.pages, dict(report.files)) == (0, {})
    assert not (site / "pagefind").exists()


@pytest.mark.parametrize("moment", ["extracted", "indexed"])
def test_a_build_that_was_killed_is_believed_in_nothing(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """The author takes the change back before the next build."""
    cache = tmp_path / "cache"
    index_site(site, cache)
    whole = tree(site / "pagefind")
    write(site, "a", "<p>事务</p>")
    with monkeypatch.context() as patch:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(index, "_pagefind" if moment == "extracted" else "_write_state", killed)
        with pytest.raises(KeyboardInterrupt):
            index_site(site, cache)
    write(site, "a", "<p>一致性哈希</p>")
    index_site(site, cache)
    assert tree(site / "pagefind") == whole


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_PART_PAGES", 4)


@pytest.mark.usefixtures("small_parts")
def test_one_changed_page_costs_one_part(site: Path, tmp_path: Path, runs: list[object]) -> None:
    for number in range(17):
        write(site, f"n{number}", f"<p>课程 {number}</p>")
    index_site(site, tmp_path / "cache")
    first = len(runs)
    assert first > 2
    assert len(list((site / "pagefind").glob("*/pagefind.js"))) == first
    before = tree(site / "pagefind")
    write(site, "n3", "<p>事务</p>")
    assert not index_site(site, tmp_path / "cache").reused
    assert len(runs) == first + 1
    after = tree(site / "pagefind")
    assert {path.split("/")[0] for path in after if after[path] != before.get(path)} == {
        str(index.part_of("n3/index.html", 5))
    }
    found = Index(site / "pagefind")
    assert found.pages == 19
    assert found.find("事务") == ["/n3/"]
    assert len(found.find("课程")) == 16


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("count", [3, 30])
def test_another_number_of_parts_gives_what_a_first_build_gives(
    site: Path, tmp_path: Path, count: int
) -> None:
    for number in range(14):
        write(site, f"n{number}", f"<p>课程 {number}</p>")
    index_site(site, tmp_path / "cache")
    for number in range(14):
        if number >= count:
            shutil.rmtree(site / f"n{number}")
    for number in range(14, count):
        write(site, f"n{number}", f"<p>课程 {number}</p>")
    index_site(site, tmp_path / "cache")
    after = tree(site / "pagefind")
    shutil.rmtree(site / "pagefind")
    index_site(site, tmp_path / "another")
    assert tree(site / "pagefind") == after
    assert len(Index(site / "pagefind").find("课程")) == count


def test_a_lost_cache_is_made_again(site: Path, tmp_path: Path) -> None:
    index_site(site, tmp_path / "cache")
    before = tree(site / "pagefind")
    shutil.rmtree(tmp_path / "cache" / "search" / "index")
    index_site(site, tmp_path / "cache")
    (tmp_path / "cache" / "search" / "state.json").write_text("{")
    index_site(site, tmp_path / "cache")
    assert tree(site / "pagefind") == before


def test_two_builds_at_once_take_turns(site: Path, tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    other = tmp_path / "other"
    write(other, "x", "<p>另一个学堂</p>")
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(index_site, folder, tmp_path / "cache") for folder in (site, other) * 3]:
            done.result()
    assert Index(site / "pagefind").find("哈希") == ["/a/"]
    assert Index(other / "pagefind").find("学堂") == ["/x/"]


def test_settings_of_pagefind_that_lie_about_change_nothing(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_site(site, tmp_path / "one")
    before = tree(site / "pagefind")
    monkeypatch.setenv("PAGEFIND_ROOT_SELECTOR", "footer")
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "pagefind.yml").write_text("root_selector: footer\n")
    monkeypatch.chdir(tmp_path / "here")
    shutil.rmtree(site / "pagefind")
    index_site(site, tmp_path / "two")
    assert tree(site / "pagefind") == before


def test_a_missing_pagefind_is_the_operators_mistake(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pagefind.service.get_executable", lambda: None)
    with pytest.raises(SettingsError, match="not installed"):
        index_site(site, tmp_path / "cache")
    monkeypatch.setattr("pagefind.service.get_executable", lambda: tmp_path / "none")
    with pytest.raises(SettingsError, match="cannot be started"):
        index_site(site, tmp_path / "cache")


def test_a_failing_pagefind_fails_the_build(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho out of wits >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setattr("pagefind.service.get_executable", lambda: broken)
    with pytest.raises(LyceumError, match="out of wits"):
        build_index(site, digests(site), cache=tmp_path / "cache")
