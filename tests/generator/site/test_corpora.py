"""Real course texts: two books written for other engines, and the sample school."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element

import pytest
import yaml
from markdown import Markdown
from markdown.treeprocessors import Treeprocessor

from generator import access, catalogue
from generator.access.edition import Edition
from generator.site.build import Project, Site, build
from generator.site.links import find

HOUSE = Path(__file__).parents[3]
CORPORA = HOUSE.parent / "shared" / "corpora"
NOW = datetime(2026, 11, 20, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason=f"the real course texts are not here: {CORPORA}")


def course_yml(title: str, language: str) -> str:
    return yaml.safe_dump(
        {
            "title": title,
            "language": language,
            "summary": title,
            "description": title,
            "authors": ["a"],
            "level": "beginner",
            "order": 1,
            "access": "paid",
            "outline": "public",
            "missing_files": "warn",
        },
        allow_unicode=True,
    )


SCHOOL = {
    "format": 1,
    "name": {"en": "Corpora", "zh": "语料"},
    "summary": {"en": "Two books", "zh": "两本书"},
    "languages": ["en", "zh"],
    "base_url": "https://books.example/",
    "gatekeeper_url": "https://gate.books.example",
    "authors": {"a": {"name": {"en": "A", "zh": "甲"}, "bio": {"en": "Writes.", "zh": "写作"}}},
    "products": [
        {
            "id": name,
            "kind": "course",
            "title": {"en": name, "zh": name},
            "summary": {"en": name, "zh": name},
            "includes": {"en": ["All"], "zh": ["全部"]},
            "grants": [name],
            "prices": {"CNY": 9900, "USD": 1500},
            "refund_days": 14,
        }
        for name in ("rust-book", "fastapi-zh")
    ],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    content = tmp_path_factory.mktemp("corpora") / "content"
    for name, language in (("rust-book", "en"), ("fastapi-zh", "zh")):
        for source in (CORPORA / name).rglob("*"):
            if source.is_file():
                target = content / name / source.relative_to(CORPORA / name)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)
        (content / name / "course.yml").write_text(course_yml(name, language), "utf-8")
    (content / "school.yml").write_text(yaml.safe_dump(SCHOOL, allow_unicode=True), "utf-8")
    return Project(root=content.parent)


@pytest.fixture(scope="module")
def edition(project: Project) -> Edition:
    school, _ = catalogue.read(project.content)
    return access.split(school, NOW)


@pytest.fixture(scope="module")
def site(project: Project, edition: Edition) -> Site:
    return build(edition, project=project)


def test_both_books_are_built_whole(site: Site, edition: Edition) -> None:
    assert len(edition.lessons) > 220
    assert len(site.parts) == sum(one.private_markdown is not None for one in edition.lessons.values())
    for shown in edition.lessons.values():
        assert (site.public / shown.lesson.url / "index.html").is_file()


def test_only_links_that_really_dangle_are_reported(site: Site) -> None:
    """Those to mdBook's library documentation, and to pages that the translation lacks."""
    said = [problem.what for problem in site.warnings]
    kept = [
        what for what in said if not re.search(r"'(\.\./(std|reference|nomicon|unstable-book)/|/img/)", what)
    ]
    assert kept == [
        "the link '../release-notes.md' leads nowhere",
        "the link 'newsletter.md' leads nowhere",
    ]


def test_unlocked_lessons_look_right(site: Site) -> None:
    """No mark of Markdown is left in the text: fences, blocks, tabs and attribute lists all became HTML."""
    left = re.compile(r"(?m)^(```|~~~|/// ?|!!! |=== )|\]\(\S|<p>\||\{ ?#[\w-]+ ?\}")
    for lesson, part in site.parts.items():
        text = re.sub(r"<(pre|code|script|style)\b.*?</\1>", "", part.decode(), flags=re.DOTALL)
        assert not left.search(text), (lesson, left.search(text))
    match = site.parts["rust-book/ch06-02-match"].decode()
    assert '<div class="language-rust highlight">' in match
    assert 'href="../ch19-00-patterns/"' in match
    first = site.parts["fastapi-zh/tutorial/first-steps"].decode()
    assert 'class="admonition' in first


def test_private_pictures_come_from_the_gatekeeper(site: Site) -> None:
    assert site.files
    for path in site.files:
        address = f"https://gate.books.example/files/{path}".encode()
        assert any(address in part for part in site.parts.values()), path
        assert not (site.public / path).exists()


class _Destinations(Treeprocessor):
    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        self.found: set[str] = set()

    def run(self, root: Element) -> None:
        self.found |= {
            element.get("href") or element.get("src") or ""
            for element in root.iter()
            if element.tag in {"a", "img"}
        }


def test_the_links_found_are_those_that_markdown_makes(edition: Edition) -> None:
    """`links.find` reads positions from the text; Markdown itself says what really is a link."""
    from generator.access.engine import EXTENSIONS

    checked = 0
    for shown in edition.lessons.values():
        text = shown.private_markdown or shown.public_markdown
        md = Markdown(
            extensions=list(EXTENSIONS),
            extension_configs={name: dict(config) for name, config in EXTENSIONS.items()},
        )
        seen = _Destinations(md)
        md.treeprocessors.register(seen, "destinations", 1)
        md.convert(text)
        real = {url for url in seen.found if _is_ours(url)}
        found = {link.destination for link in find(text) if _is_ours(link.destination)}
        unseen = {url for url in real - found if url not in md.references}
        assert not unseen, (shown.lesson.path, unseen)
        checked += len(real)
    assert checked > 300


def _is_ours(url: str) -> bool:
    return not re.match(r"[a-z]+:|//|#|/|\x02|$", url) and PurePosixPath(url.partition("#")[0]).suffix in {
        ".md",
        ".html",
        ".png",
        ".svg",
    }
