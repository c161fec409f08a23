"""Private halves: ids, numbers and titles beside those of the page around them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.site.engine import Engine
from generator.site.parts import Part, render
from generator.site.project import Project
from generator.site.shelf import put
from generator.site.slugs import slugify
from generator.site.stage import stage
from tests.generator.site.editions import course, edition, lesson

Halved = Callable[..., tuple[str, Part]]


@pytest.fixture
def halved(tmp_path: Path) -> Halved:
    """A function: lead-in, private half → the public page's HTML and the rendered part."""

    def make(lead: str, private: str, title: str = "Lesson") -> tuple[str, Part]:
        (tmp_path / "content").mkdir(exist_ok=True)
        project = Project(root=tmp_path)
        staged = stage(edition(course("c", lesson("01-a.md", lead, private, title=title))), project)
        put(project.config, staged.config)
        for path, one in staged.pages.items():
            put(project.staged / path, one.content)
        for path, text in staged.texts.items():
            put(project.staged / path, text)
        engine = Engine(project, chinese=False)
        engine.build()
        half = staged.halves["c/a"]
        page = engine.pages[half.page]
        return page.content or "", render(half, engine, page)

    return make


def ids(html: str) -> list[str]:
    return re.findall(r'\sid="([^"]+)"', html)


def test_everything_with_an_id_twice_gets_another(halved: Halved) -> None:
    text = (
        '## Same\n\n## Same\n\nnote[^n] again[^n]\n\n=== "A"\n\n    a\n\n=== "B"\n\n    b\n\n'
        '//// tab | C\nc\n////\n\n```python linenums="1"\nx = 1\n```\n\n- [ ] task\n\n[^n]: Note.\n'
    )
    page, part = halved(f"# Lesson\n\n{text}", text)
    public, private = ids(page), ids(part.html.decode())
    assert len(public) == len(set(public))
    assert len(private) == len(set(private))
    assert not set(public) & set(private)
    assert {"same_2", "same_3", "fn:part-n", "fnref:part-n", "fnref2:part-n"} <= set(private)
    assert part.problems == ()
    assert set(private) <= part.ids


def test_back_links_of_footnotes_stay_in_the_half(halved: Halved) -> None:
    _, part = halved("# L\n\na[^x]\n\n[^x]: X.\n", "b[^x]\n\n[^x]: X again.\n")
    html = part.html.decode()
    assert 'href="#fn:part-x">2<' in html
    assert 'href="#fnref:part-x"' in html
    assert "footnote 2 in the text" in html
    assert '<ol start="2">' in html


def test_a_half_without_footnotes_before_it_counts_from_one(halved: Halved) -> None:
    _, part = halved("# L\n\nlead\n", "b[^x]\n\n[^x]: X.\n")
    assert 'href="#fn:part-x">1<' in part.html.decode()
    assert "<ol start" not in part.html.decode()


def test_a_footnote_of_the_authors_own_called_part_does_not_collide(halved: Halved) -> None:
    page, part = halved("# L\n\na[^part-x]\n\n[^part-x]: X.\n", "b[^x]\n\n[^x]: Y.\n")
    assert not set(ids(page)) & set(ids(part.html.decode()))


def test_an_id_in_raw_html_of_both_halves_is_reported(halved: Halved) -> None:
    _, part = halved('# L\n\n<div id="box">a</div>\n', '<div id="box">b</div>\n')
    assert ["'box'" in problem.what for problem in part.problems] == [True]


def test_the_title_is_not_shown_twice_when_all_of_a_lesson_is_private(halved: Halved) -> None:
    _, part = halved(
        "Summary.\n",
        "## The `match` Construct\n\nText.\n\n## The match Construct\n",
        title="The match construct",
    )
    html = part.html.decode()
    assert html.count("<h2") == 1
    assert 'id="the-match-construct"' in html
    assert html.index('id="the-match-construct"') < html.index("Text.") < html.index("<h2")


def test_another_first_heading_stays(halved: Halved) -> None:
    _, part = halved("# Lesson\n", "## Part two\n\nText.\n")
    assert "<h2" in part.html.decode()


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Shared Access to Mutex<T>", "shared-access-to-mutext"),
        ("事件循环 API", "事件循环-api"),
        ("What's new, in 3.11?", "whats-new-in-311"),
        ("a - b", "a---b"),
        ("snake_case", "snake_case"),
        ("Ａ e\u0301", "ａ-é"),
    ],
)
def test_a_headings_id_is_githubs(text: str, slug: str) -> None:
    assert slugify(text, "-") == slug
