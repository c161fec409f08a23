"""The sample school in content/, as a new user builds it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator import access, catalogue
from generator.access.edition import Edition
from generator.site.build import Project, Site, build
from generator.site.search.probe import probe, probes_of
from tests.support.searching import index_site

HOUSE = Path(__file__).parents[3]
NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture(scope="module")
def edition() -> Edition:
    school, _ = catalogue.read(HOUSE / "content")
    return access.split(school, NOW)


@pytest.fixture(scope="module")
def site(edition: Edition, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return build(edition, project=Project(root=HOUSE, folder=tmp_path_factory.mktemp("sample")))


def test_it_builds_without_a_warning(site: Site) -> None:
    assert [str(problem) for problem in site.warnings] == []


def test_every_feature_works_before_and_after_the_paywall(site: Site, edition: Edition) -> None:
    features = {
        "code": 'class="language-python highlight"',
        "title": 'class="filename"',
        "tabs": "tabbed-set",
        "admonition": 'class="admonition',
        "collapsible": "<details",
        "table": "<table>",
        "task": "task-list-control",
        "footnote": "footnote-ref",
        "mermaid": 'class="lyceum-diagram"',
        "maths": 'class="arithmatex"',
        "picture": "<img ",
    }
    public = "".join(
        (site.public / one.lesson.url / "index.html").read_text("utf-8") for one in edition.lessons.values()
    )
    private = b"".join(site.parts.values()).decode()
    assert {name for name, mark in features.items() if mark not in public} == set()
    assert {name for name, mark in features.items() if mark not in private} == set()
    assert re.search(r'href="http://127\.0\.0\.1:8001/files/[^"]+\.zip"', private)


def test_no_id_stands_twice_on_an_unlocked_page(site: Site, edition: Edition) -> None:
    for lesson, part in site.parts.items():
        page = (site.public / edition.lessons[lesson].lesson.url / "index.html").read_text("utf-8")
        kept = page[: page.index('class="lyceum-part"')]
        found = re.findall(r'\sid="([^"]+)"', kept[kept.index("<article") :] + part.decode())
        assert len(found) == len(set(found)), (lesson, sorted(id_ for id_ in found if found.count(id_) > 1))


def test_the_search_finds_a_title_in_both_languages(site: Site, edition: Edition, tmp_path: Path) -> None:
    index_site(site.public, tmp_path)
    assert list(probes_of(edition)) == ["en", "zh"]
    assert probe(site.public, edition) == []
