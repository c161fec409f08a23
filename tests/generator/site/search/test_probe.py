"""The self-test finds what a reader would find, and fails on an index that lacks it."""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import cbor2
import pytest

from generator.access.edition import Edition
from generator.errors import LyceumError, Severity
from generator.site.build import Site
from generator.site.search.probe import probe, probes_of
from generator.site.search.reading import SIGNATURE, Index, opened
from tests.generator.site.conftest import Builder
from tests.generator.site.editions import course, edition, lesson
from tests.support.searching import index_site


def school(chinese: str = "预写日志与恢复", english: str = "Queues of promises") -> Edition:
    return edition(
        course(
            "shu",
            lesson("01-rizhi.md", "# 预写日志与恢复\n\n断电以后。\n", title=chinese),
            language="zh",
            title="数据库",
        ),
        course(
            "loop",
            lesson("01-queues.md", "# Queues of promises\n\nThey wait.\n", "PRIVATE\n", title=english),
            lesson(
                "02-hidden.md",
                "# Deliberately undiscoverable\n",
                title="Deliberately undiscoverable",
                search_exclude=True,
            ),
            lesson("03-old.md", "# Old\n", title="Anachronistically retired", status="retired"),
        ),
        languages=("zh", "en"),
    )


@pytest.fixture(scope="module")
def site(builder: Builder, tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = builder(school())[0]
    index_site(site.public, tmp_path_factory.mktemp("cache"))
    return site


@pytest.fixture
def public(site: Site, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    shutil.copytree(site.public, tmp_path / "site")
    return tmp_path / "site"


def test_one_title_in_each_language_is_asked_for() -> None:
    asked = [(language, one.query, one.lesson.id) for language, (one, *_) in probes_of(school()).items()]
    assert asked == [("en", "promises", "loop/queues"), ("zh", "预写日志与恢", "shu/rizhi")]


def test_a_sound_index_finds_both(site: Site) -> None:
    assert probe(site.public, school()) == []


def test_a_school_of_one_language_is_asked_in_that_language() -> None:
    only = edition(course("loop", lesson("01-queues.md", title="Queues")))
    assert list(probes_of(only)) == ["en"]


@pytest.mark.parametrize(
    ("lost", "where"), [("预写日志", "shu/01-rizhi.md"), ("promises", "loop/01-queues.md")]
)
def test_an_index_that_lacks_a_title_fails(
    site: Site, public: Path, tmp_path: Path, lost: str, where: str
) -> None:
    """Pages that show it, and an index of pages that do not: a build of another day, or another cut."""
    for page in public.rglob("*.html"):
        page.write_text(page.read_text("utf-8").replace(lost, "else"), "utf-8")
    index_site(public, tmp_path / "cache")
    for page in site.public.rglob("*.html"):
        (public / page.relative_to(site.public)).write_bytes(page.read_bytes())
    (problem,) = probe(public, school())
    assert problem.where == where
    assert "finds nothing" in problem.what
    assert problem.severity is Severity.ERROR


def test_an_index_that_knows_the_words_from_another_page_only_fails(site: Site, public: Path) -> None:
    shutil.copytree(public / "shu/rizhi", public / "shu/elsewhere")
    moved = school()
    (lesson_, *_) = (shown.lesson for shown in moved.lessons.values() if shown.lesson.course == "shu")
    lessons = dict(moved.lessons)
    lessons[lesson_.id] = replace(lessons[lesson_.id], lesson=replace(lesson_, slug="elsewhere"))
    (problem,) = probe(public, replace(moved, lessons=lessons))
    assert "does not find this lesson" in problem.what


@pytest.mark.parametrize(
    ("changed", "where"),
    [({"chinese": "崩溃之后的恢复"}, "shu/01-rizhi.md"), ({"english": "Backpressure"}, "loop/01-queues.md")],
)
def test_a_title_that_is_not_built_yet_is_not_asked_for(
    site: Site, changed: dict[str, str], where: str
) -> None:
    (problem,) = probe(site.public, school(**changed))
    assert (problem.where, problem.severity) == (where, Severity.WARNING)
    assert "lyceum build" in problem.hint


def test_a_title_with_signs_is_asked_for(builder: Builder, tmp_path: Path) -> None:
    signs = edition(
        course("c", lesson("01-a.md", '# <T> isn\'t "R&D" alone\n', title='<T> isn\'t "R&D" alone'))
    )
    site = builder(signs)[0]
    index_site(site.public, tmp_path)
    assert probe(site.public, signs) == []


def test_without_a_site_nothing_is_tried(tmp_path: Path) -> None:
    assert {problem.severity for problem in probe(tmp_path / "site", school())} == {Severity.WARNING}


def test_a_school_with_materials_search_is_not_asked(public: Path) -> None:
    shutil.rmtree(public / "pagefind")
    (public / "search").mkdir()
    (public / "search" / "search_index.json").write_text("{}")
    assert probe(public, school()) == []


def test_an_index_of_another_cut_fails_in_chinese(site: Site, public: Path, tmp_path: Path) -> None:
    """Pagefind over the pages as they are, which cuts no Chinese: its words are whole sentences."""
    from pagefind.service import get_executable

    shutil.rmtree(public / "pagefind")
    command = [str(get_executable()), "--site", str(public), "--force-language", "en", "--silent"]
    subprocess.run([*command, "--output-subdir", "pagefind/0"], check=True, cwd=tmp_path)
    (public / "pagefind" / "parts.json").write_text("[0]")
    # A beginning of a sentence is found; a word within it is not.
    assert Index(public / "pagefind").find("日志") == []
    assert Index(site.public / "pagefind").find("日志") == ["/shu/rizhi/"]


def test_a_missing_or_damaged_index_fails(public: Path) -> None:
    (meta,) = (public / "pagefind" / "0").glob("*.pf_meta")
    whole = meta.read_bytes()
    for damage in (b"", whole[:40], gzip.compress(b"something else"), gzip.compress(SIGNATURE + b"\xff")):
        meta.write_bytes(damage)
        (problem,) = probe(public, school())
        assert problem.where == "pagefind/"
    shutil.rmtree(public / "pagefind")
    (problem,) = probe(public, school())
    assert "missing" in problem.what


def test_a_damaged_chunk_fails(public: Path) -> None:
    for chunk in (public / "pagefind" / "0" / "index").iterdir():
        chunk.write_bytes(gzip.compress(SIGNATURE + b"\x81\x81"))
    assert len(probe(public, school())) == 1


def test_an_index_of_nothing_fails(builder: Builder, tmp_path: Path) -> None:
    """A theme that marks no text: Pagefind has nothing to read."""
    site = builder(school())[0]
    for page in site.public.rglob("*.html"):
        page.write_text(page.read_text("utf-8").replace("data-pagefind-body", ""), "utf-8")
    assert index_site(site.public, tmp_path).pages == 0
    (problem,) = probe(site.public, school())
    assert problem.where == "pagefind/"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("日志", ["/shu/rizhi/"]),
        ("写日志与", ["/shu/rizhi/"]),
        ("志", ["/shu/rizhi/"]),
        ("日志 断电", ["/shu/rizhi/"]),
        ("日志 queues", []),
        ("queue", ["/loop/queues/"]),
        ("QUEUES promise", ["/loop/queues/"]),
        ("prom", ["/loop/queues/"]),
        ("断志", []),
        ("PRIVATE", []),
        ("undiscoverable", []),
        ("", []),
        ("，。", []),
    ],
)
def test_the_index_is_asked_as_a_reader_asks(site: Site, query: str, found: list[str]) -> None:
    assert Index(site.public / "pagefind").find(query) == found


def test_words_beyond_a_chunk_are_looked_for_in_the_right_one(tmp_path: Path) -> None:
    """More words than one chunk holds; each is found, and an unknown one is not."""
    body = '<html><body><article data-pagefind-body data-label="T"><h1>T</h1>{}</article></body></html>'
    site = tmp_path / "site"
    for number in range(60):
        (site / f"p{number}").mkdir(parents=True)
        text = " ".join(hashlib.sha256(f"{number}-{n}".encode()).hexdigest()[:9] + "z" for n in range(900))
        (site / f"p{number}" / "index.html").write_text(body.format(f"<p>{text}</p>"))
    index_site(site, tmp_path / "cache")
    found = Index(site / "pagefind")
    assert len(list((site / "pagefind" / "0" / "index").iterdir())) > 2
    for chunk in (site / "pagefind" / "0" / "index").iterdir():
        (held,) = cbor2.loads(opened(chunk))
        for word, *_ in (held[0], held[len(held) // 2], held[-1]):
            assert found.find(word), word
    assert found.find("zzzzzz") == []


def test_reading_a_folder_without_an_index_says_so(tmp_path: Path) -> None:
    with pytest.raises(LyceumError, match="missing"):
        Index(tmp_path)
