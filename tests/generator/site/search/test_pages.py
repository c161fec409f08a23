"""What of a built page is to be found, and what is not."""

from __future__ import annotations

import re

import pytest

from generator.site.build import Site
from generator.site.search.pages import extract
from tests.generator.site.conftest import Builder
from tests.generator.site.editions import course, edition, lesson
from tests.support.searching import settings_with_materials_search

BODY = '<article data-pagefind-body data-label="T" data-course="C">{}</article>'


def text_of(html: str | None) -> str:
    assert html is not None
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.fixture(scope="module")
def site(builder: Builder) -> Site:
    return builder(
        edition(
            course(
                "rust",
                lesson("01-intro.md", "# Intro\n\nOPENWORD `code`\n\n## Deeper\n\nmore\n"),
                lesson("02-paid.md", "# Paid\n\nLEADWORD\n", "PRIVATEWORD\n", outline=[(2, "OUTLINEWORD")]),
                lesson("03-hidden.md", "# Hidden\n", search_exclude=True),
                lesson("04-old.md", "# Old\n", status="retired"),
                lesson(
                    "05-other.md",
                    "# Shown heading\n\ntext\n",
                    title="Listed title",
                    moved_from=("rust/before/",),
                ),
                title="Rust course",
                outcomes=("OUTCOMEWORD",),
                description="DESCRIPTIONWORD\n",
            ),
            languages=("en", "zh"),
        )
    )[0]


def page(site: Site, url: str) -> str:
    return (site.public / url / "index.html").read_text("utf-8")


def test_a_lessons_own_text_title_and_outline_are_found(site: Site) -> None:
    assert {"Intro", "OPENWORD", "code", "Deeper"} <= set(text_of(extract(page(site, "rust/intro"))).split())
    assert {"LEADWORD", "OUTLINEWORD"} <= set(text_of(extract(page(site, "rust/paid"))).split())


def test_nothing_of_the_frame_is_found(site: Site) -> None:
    """No header, navigation, breadcrumb, fact, offer, neighbour or footer: their words stand on every page."""
    assert text_of(extract(page(site, "rust/intro"))) == "Intro OPENWORD code Deeper more"
    assert text_of(extract(page(site, "rust/paid"))) == "Paid LEADWORD OUTLINEWORD"


def test_a_course_is_found_by_its_own_words(site: Site) -> None:
    assert text_of(extract(page(site, "rust"))) == "Rust course About rust. OUTCOMEWORD DESCRIPTIONWORD"


@pytest.mark.parametrize("url", ["", "zh", "tags", "rust/hidden", "rust/old", "rust/before"])
def test_catalogues_tags_redirects_retired_and_excluded_pages_are_not_found(site: Site, url: str) -> None:
    assert extract(page(site, url)) is None


def test_an_error_page_is_not_found(site: Site) -> None:
    assert extract((site.public / "404.html").read_text("utf-8")) is None


def test_a_page_says_its_course_title_access_and_language(site: Site) -> None:
    made = extract(page(site, "rust/paid"))
    assert made is not None
    for fact in (
        'data-course="Rust course"',
        'data-label="Paid"',
        'data-access="paid"',
        'data-language="en"',
    ):
        assert fact in made


def test_a_lesson_is_found_by_the_title_that_lists_show(site: Site) -> None:
    assert '<h1 data-pagefind-meta="title">Listed title</h1>' in (extract(page(site, "rust/other")) or "")
    assert "pagefind-meta" not in (extract(page(site, "rust/intro")) or "")


def test_the_extract_changes_with_the_text_and_with_nothing_else() -> None:
    before = extract(BODY.format('<h1 id="t">T</h1><p class="a">one <a href="x/">two</a></p>'))
    assert before == extract(
        BODY.format('<h1 id="t">T</h1><p class="b">one <a href="y/" title="z">two</a></p>')
    )
    assert before != extract(BODY.format('<h1 id="t">T</h1><p class="a">one <a href="x/">three</a></p>'))
    assert before != extract(BODY.format('<h1 id="u">T</h1><p class="a">one <a href="x/">two</a></p>'))


def test_what_is_ignored_ends_with_its_own_element() -> None:
    made = extract(BODY.format("<h1>T</h1>a<div data-pagefind-ignore><div>no</div>no<br></div>b<div>c</div>"))
    assert text_of(made).split() == ["T", "a", "b", "c"]


def test_a_text_about_the_marks_is_a_text() -> None:
    made = extract(BODY.format('<h1>T</h1><p>a <code>class="headerlink" data-pagefind-ignore</code> b</p>'))
    assert text_of(made) == 'T a class="headerlink" data-pagefind-ignore b'


def test_tags_are_found_although_pagefind_skips_navigation() -> None:
    made = extract(
        BODY.format('<h1>T</h1><nav class="lyceum-tags"><ul><li><a href="x">wal</a></li></ul></nav>')
    )
    assert "<nav" not in (made or "")
    assert text_of(made).split() == ["T", "wal"]


def test_code_keeps_its_words_whole_and_loses_line_numbers_and_drawings() -> None:
    made = extract(
        BODY.format(
            '<h1>T</h1><div class="linenos">1</div><pre><code><span class="n">asyncio</span><span>.</span><span>run</span>'
            '</code></pre><pre class="lyceum-diagram"><code>A--&gt;B</code></pre><svg><title>no</title></svg>'
        )
    )
    assert text_of(made).split() == ["T", "asyncio.run"]


def test_words_of_two_cells_or_lines_are_two_words() -> None:
    made = extract(
        BODY.format(
            "<h1>T</h1><table><tr><th>one</th><th>two</th></tr>\n<tr><td>a</td>\n<td>b</td></tr></table>"
            "<ul>\n<li>c</li>\n<li>d</li></ul>"
        )
    )
    assert "one </th>" in (made or "")
    assert "</td>\n<td>" in (made or "")
    assert text_of(made).split() == ["T", "one", "two", "a", "b", "c", "d"]


def test_the_number_of_a_footnote_joins_no_word() -> None:
    made = extract(
        BODY.format('<h1>T</h1><p>mode<sup id="r"><a class="footnote-ref" href="#n">2</a></sup>: x</p>')
    )
    assert text_of(made).split() == ["T", "mode", ":", "x"]


def test_chinese_runs_through_emphasis_and_stops_at_the_end_of_a_paragraph() -> None:
    made = extract(BODY.format("<h1>T</h1><p>数<em>据</em>库</p><p>事务</p>"))
    assert text_of(made).split() == ["T", "数据", "据库", "库〆", "事务", "务〆"]


def test_a_school_with_materials_search_has_no_extract(builder: Builder) -> None:
    site = builder(edition(course("rust", lesson("01-a.md"))), settings=settings_with_materials_search())[0]
    assert extract(page(site, "rust/a")) is None
    assert "lyceum-search" not in page(site, "rust/a")
    assert "md-search__input" in page(site, "rust/a")
