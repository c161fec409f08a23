"""A whole school through stage, MkDocs and parts, with the house's theme."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import html5lib
import pytest

from generator.access.edition import Edition
from generator.errors import ContentError, LyceumError, SettingsError
from generator.site.build import Project, Site, build
from tests.generator.site.conftest import Builder, Built, own_theme, tree
from tests.generator.site.editions import course, edition, lesson, product, write_files

HOUSE = Path(__file__).parents[3]

LEAD = """# Traits

Lead-in with a note[^a] and `code`.

## Example

=== "One"

    first

=== "Two"

    second

[^a]: The lead-in's note.
"""

PRIVATE = """## Example

CANARYTEXT with a note[^a], another[^b], and the first again[^a].

### CANARYHEADING

=== "One"

    third

=== "Two"

    fourth

```python title="CANARYTITLE.py" linenums="1"
CANARYCODE = 1
```

![CANARYALT](files/CANARYPICTURE.svg) [source](files/CANARYARCHIVE.zip)
[next](03-free.md#here) [lead](#example) [public picture](files/map.svg)

```mermaid
graph LR
  CANARYNODE --> B
```

\\(CANARYMATHS\\)

*[GIL]: CANARYABBREVIATION

The GIL.

[^a]: CANARYNOTE
[^b]: Second.
"""


def school() -> Edition:
    return edition(
        course(
            "rust",
            lesson("01-intro.md", "# Intro\n\n[on](02-traits.md#example_1) ![map](files/map.svg)\n", tags=("basics",),
                   moved_from=("rust/start/",), public_files=["rust/files/map.svg"]),
            lesson("02-traits.md", LEAD, PRIVATE, outline=[(2, "Example")], tags=("traits", "类型"),
                   private_files=["rust/files/CANARYPICTURE.svg", "rust/files/CANARYARCHIVE.zip", "rust/files/map.svg"]),
            lesson("03-free.md", "# Free\n\n## Here\n\n:material-lock: :smile:\n"),
            lesson("04-later.md", "# CANARYLATER\n\nCANARYBODY\n", title="Announced", status="scheduled",
                   publish_at=datetime(2027, 3, 1, 9, tzinfo=UTC)),
            lesson("05-CANARYFILE.md", "# CANARYDRAFT\n", title="CANARYDRAFTTITLE", summary="CANARYDRAFTSUMMARY",
                   tags=("CANARYTAG",), status="draft", moved_from=("rust/CANARYMOVED/",)),
            lesson("06-old.md", "# Old\n\nOnce.\n", "CANARYRETIRED\n", status="retired", tags=("retiredtag",)),
            lesson("07-blind.md", "A paid lesson without a lead-in.\n", "CANARYWHOLE\n"),
            description="Learn **traits**. Begin with [the intro](01-intro.md).\n",
            cover=PurePosixPath("rust/files/cover.svg"),
        ),
        course(
            "shu",
            lesson("01-biao.md", "# 数据库的表\n\n一张表由许多行组成。\n", title="数据库的表", tags=("类型",)),
            language="zh",
            title="数据库",
        ),
        products=[
            product("rust", ["rust"]),
            product("all", ["*"], {"CNY": 2900, "USD": 500}, kind="subscription", interval="month"),
        ],
        languages=("zh", "en"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def built(builder: Builder) -> Built:
    return builder(school())


@pytest.fixture(scope="module")
def site(built: Built) -> Site:
    return built[0]


def page(site: Site, url: str) -> str:
    return (site.public / url / "index.html").read_text("utf-8")


def parse(html: str) -> Any:
    return html5lib.parse(html, treebuilder="etree", namespaceHTMLElements=False)


def ids(html: str) -> list[str]:
    return [element.get("id") for element in parse(html).iter() if element.get("id")]


def json_ld(html: str) -> dict[str, Any]:
    blocks = [e.text for e in parse(html).iter("script") if e.get("type") == "application/ld+json"]
    assert len(blocks) == 1
    value = json.loads(blocks[0])
    assert isinstance(value, dict)
    return value


def test_no_public_byte_holds_private_text_l01_l02_l07_l09(built: Built) -> None:
    site, project = built
    for folder in (site.public, project.staged):
        for path, content in tree(folder).items():
            assert b"CANARY" not in content, path
            assert "CANARY" not in path
    assert "CANARY" not in project.config.read_text("utf-8")


def test_the_private_half_is_rendered_with_the_sites_own_markdown(site: Site) -> None:
    html = site.parts["rust/traits"].decode()
    for word in ("TEXT", "HEADING", "TITLE", "CODE", "ALT", "NODE", "MATHS", "ABBREVIATION", "NOTE"):
        assert f"CANARY{word}" in html
    assert 'class="arithmatex"' in html
    assert 'class="lyceum-diagram"' in html
    assert 'class="headerlink"' in html
    assert set(site.parts) == {"rust/traits", "rust/old", "rust/blind"}


def test_links_of_the_private_half_lead_from_its_page(site: Site) -> None:
    html = site.parts["rust/traits"].decode()
    assert 'href="../free/#here"' in html
    assert 'src="https://gate.example/files/rust/files/CANARYPICTURE.svg"' in html
    assert 'href="https://gate.example/files/rust/files/CANARYARCHIVE.zip"' in html
    assert 'href="../files/map.svg"' in html
    assert (site.public / "rust/files/map.svg").is_file()


def test_private_files_are_handed_on_from_where_they_lie(built: Built) -> None:
    site, project = built
    assert set(site.files) == {"rust/files/CANARYARCHIVE.zip", "rust/files/CANARYPICTURE.svg"}
    assert all(path.is_file() and path.is_relative_to(project.content) for path in site.files.values())


def test_ids_of_the_half_and_its_page_are_all_different(site: Site) -> None:
    together = ids(page(site, "rust/traits")) + ids(site.parts["rust/traits"].decode())
    assert len(together) == len(set(together))
    assert {"example", "example_1", "fn:a", "fn:part-a", "fnref:part-a", "__tabbed_part-1_1"} <= set(together)


def test_inner_links_of_the_half_lead_to_its_own_ids(site: Site) -> None:
    root = parse(site.parts["rust/traits"].decode())
    known = {element.get("id") for element in root.iter()}
    inner = {
        element.get("href")[1:] for element in root.iter("a") if (element.get("href") or "").startswith("#")
    }
    assert inner - known == {"example"}  # the lead-in's heading
    labels = {element.get("for") for element in root.iter("label")}
    assert labels <= known
    assert {element.get("name") for element in root.iter("input")} == {"__tabbed_part-1"}


def test_footnotes_are_counted_through_the_whole_lesson(site: Site) -> None:
    root = parse(site.parts["rust/traits"].decode())
    numbers = [element.text for element in root.iter("a") if element.get("class") == "footnote-ref"]
    assert numbers == ["2", "3", "2"]
    assert [element.get("start") for element in root.iter("ol") if element.get("start")] == ["2"]


def test_an_explicit_id_in_both_halves_is_reported(builder: Builder) -> None:
    site, _ = builder(
        edition(course("rust", lesson("01-a.md", "# A\n\n## B { #x }\n", "## C { #x }\n\n[c](#x)\n")))
    )
    assert [(p.where, "'x'" in p.what) for p in site.warnings] == [("rust/01-a.md", True)]
    assert 'id="x_1"' in site.parts["rust/a"].decode()


def test_a_link_into_a_private_half_is_right_and_a_dangling_one_is_reported(builder: Builder) -> None:
    site, _ = builder(
        edition(
            course(
                "rust",
                lesson(
                    "01-a.md",
                    "# A\n\n[in](02-b.md#inside)\n\n[self](#nope)\n\n[out](02-b.md#gone)\n\n[no](x.md)\n",
                ),
                lesson(
                    "02-b.md",
                    "# B\n",
                    "## Inside\n\n[back](01-a.md#a)\n\n[bad](01-a.md#z) ![](files/q.png)\n",
                ),
            )
        )
    )
    assert [(problem.where, re.findall(r"'[^']*'", problem.what)) for problem in site.warnings] == [
        ("rust/01-a.md:9", ["'#nope'"]),
        ("rust/01-a.md:11", ["'02-b.md#gone'"]),
        ("rust/01-a.md:13", ["'x.md'"]),
        ("rust/02-b.md:54", ["'01-a.md#z'"]),
        ("rust/02-b.md:54", ["'files/q.png'"]),
    ]


def test_the_sample_has_no_warnings(site: Site) -> None:
    assert [str(problem) for problem in site.warnings] == []


def test_a_locked_page_has_one_placeholder_and_an_open_one_none(site: Site) -> None:
    def placeholders(url: str) -> list[Any]:
        return [e for e in parse(page(site, url)).iter("section") if e.get("class") == "lyceum-part"]

    locked = placeholders("rust/traits")
    assert len(locked) == 1
    assert locked[0].get("data-lesson") == "rust/traits"
    assert locked[0].get("data-gatekeeper") == "https://gate.example"
    assert set(locked[0].get("data-products").split()) == {"rust", "all"}
    assert locked[0].get("data-state") == "anonymous"
    assert placeholders("rust/intro") == placeholders("rust/later") == []
    assert len(placeholders("rust/old")) == len(placeholders("rust/blind")) == 1


def test_json_ld_is_on_the_pages(site: Site) -> None:
    assert json_ld(page(site, "rust"))["@type"] == "Course"
    locked = json_ld(page(site, "rust/traits"))
    assert locked["isAccessibleForFree"] is False
    assert locked["hasPart"]["cssSelector"] == ".lyceum-part"
    assert json_ld(page(site, "rust/intro"))["isAccessibleForFree"] is True
    assert json_ld(page(site, ""))["@type"] == "ItemList"


def test_an_old_address_leads_on(site: Site) -> None:
    html = page(site, "rust/start")
    assert re.search(r'http-equiv="refresh" content="0; ?url=\.\./intro/"', html)
    assert "noindex" in html
    assert "rust/start" not in (site.public / "sitemap.xml").read_text()


def test_each_page_speaks_its_own_language(site: Site) -> None:
    assert parse(page(site, "shu/biao")).get("lang") == "zh"
    assert parse(page(site, "rust/intro")).get("lang") == "en"
    assert parse(page(site, "")).get("lang") == "zh"
    assert parse(page(site, "en")).get("lang") == "en"
    assert "书架" in page(site, "") or "课程" in page(site, "")


def test_the_tag_page_lists_published_and_announced_lessons_by_tag(site: Site) -> None:
    html = page(site, "tags")
    for tag in ("tag:basics", "tag:traits", "tag:类型"):
        assert f'id="{tag}"' in html
    assert "retiredtag" not in html
    links = {element.get("href") for element in parse(html).iter("a")}
    assert {"../rust/traits/", "../shu/biao/"} <= links


def test_the_sitemap_is_ours_and_has_no_compressed_twin(site: Site) -> None:
    text = (site.public / "sitemap.xml").read_text()
    assert "https://school.example/rust/traits/" in text
    assert not {"start", "old", "later"} & set(re.findall(r"rust/(\w+)/", text))
    assert not (site.public / "sitemap.xml.gz").exists()


def test_nothing_is_fetched_from_anybody(site: Site) -> None:
    """No address of another host in what a browser loads by itself."""
    loading = {
        "script": "src",
        "link": "href",
        "img": "src",
        "iframe": "src",
        "source": "src",
        "video": "src",
    }
    passive = {"canonical", "alternate", "prev", "next"}
    for path in site.public.rglob("*.html"):
        for element in parse(path.read_text("utf-8")).iter():
            address = element.get(loading.get(element.tag, ""), "") if isinstance(element.tag, str) else ""
            if set((element.get("rel") or "").split()) & passive:
                continue
            assert not re.match(r"(https?:)?//", address), f"{path}: {address}"


def test_icons_are_in_the_page_and_emoji_are_characters(site: Site) -> None:
    html = page(site, "rust/free")
    assert "😄" in html
    assert re.search(r'class="twemoji"><svg', html)


def test_the_same_edition_built_twice_gives_the_same_bytes_z27(built: Built, builder: Builder) -> None:
    first, second = built[0], builder(school())[0]
    one, two = tree(first.public), tree(second.public)
    assert one.keys() == two.keys()
    assert [path for path in one if one[path] != two[path]] == []
    assert first.parts == second.parts


def test_a_rebuild_leaves_nothing_of_the_edition_before(builder: Builder) -> None:
    _, project = builder(edition(course("rust", lesson("01-a.md"), lesson("02-b.md"))))
    rebuilt = build(edition(course("rust", lesson("01-a.md"))), project=project)
    assert not (rebuilt.public / "rust/b").exists()


@pytest.mark.parametrize("engine", ["mkdocs", "properdocs"])
def test_the_stage_alone_gives_the_same_site(built: Built, tmp_path: Path, engine: str) -> None:
    """R1: another engine on the same stage has the same text to publish, and MkDocs the same bytes."""
    site, project = built
    out = tmp_path / "site"
    subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            engine,
            "build",
            "-q",
            "-f",
            str(project.config),
            "-d",
            str(out),
        ],
        check=True,
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(HOUSE), "NO_MKDOCS_2_WARNING": "1"},
        cwd=project.root,
    )
    ours, theirs = tree(site.public), tree(out)
    assert ours.keys() == theirs.keys()
    differing = [path for path in ours if ours[path] != theirs[path]]
    if engine == "mkdocs":
        assert differing == []
    assert not any(b"CANARY" in content for content in theirs.values())
    assert all(path.endswith(".html") for path in differing)


@pytest.mark.parametrize("engine", ["mkdocs", "properdocs"])
def test_an_engine_run_before_the_stage_exists_publishes_nothing(tmp_path: Path, engine: str) -> None:
    """R1: docs_dir is the stage, never content/."""
    (tmp_path / "mkdocs.yml").write_bytes((HOUSE / "mkdocs.yml").read_bytes())
    (tmp_path / "theme").symlink_to(HOUSE / "theme")
    write_files(tmp_path / "content", {"rust/01-secret.md": b"# Secret\n"})
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", engine, "build", "-f", "mkdocs.yml"],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(HOUSE), "NO_MKDOCS_2_WARNING": "1"},
        cwd=tmp_path,
    )
    assert done.returncode != 0
    assert "docs_dir" in done.stderr
    assert not list(tmp_path.rglob("*.html")) or not (tmp_path / "build").exists()


def test_strict_makes_warnings_stop_the_build(tmp_path: Path) -> None:
    settings = (HOUSE / "mkdocs.yml").read_text().replace("strict: false", "strict: true")
    (tmp_path / "mkdocs.yml").write_text(settings)
    (tmp_path / "content").mkdir()
    with pytest.raises(ContentError) as caught:
        build(edition(course("rust", lesson("01-a.md", "[x](gone.md)\n"))), project=Project(root=tmp_path))
    assert [problem.where for problem in caught.value.problems] == ["rust/01-a.md:5"]


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").write_text((HOUSE / "mkdocs.yml").read_text() + "\n  - no.such.extension\n")
    (tmp_path / "content").mkdir()
    with pytest.raises(SettingsError) as caught:
        build(edition(course("rust", lesson("01-a.md"))), project=Project(root=tmp_path))
    assert "no.such.extension" in str(caught.value)


def test_a_broken_template_is_named_with_its_line(tmp_path: Path) -> None:
    theme = own_theme(tmp_path, HOUSE / "theme")
    (theme / "lesson.html").write_text(
        '{% extends "main.html" %}\n{% block content %}\n{{ nobody.knows }}\n{% endblock %}\n'
    )
    (tmp_path / "content").mkdir()
    with pytest.raises(LyceumError) as caught:
        build(edition(course("rust", lesson("01-a.md"))), project=Project(root=tmp_path))
    assert caught.value.where.endswith("lesson.html:3")


def test_progress_reaches_its_total_in_every_step(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    seen: dict[str, list[tuple[int, int]]] = {}
    build(
        edition(course("rust", lesson("01-a.md", "x\n", "y\n"))),
        project=Project(root=tmp_path),
        progress=lambda step, done, total: seen.setdefault(step, []).append((done, total)),
    )
    assert list(seen) == ["plan", "pages"]
    for calls in seen.values():
        assert calls[-1][0] == calls[-1][1]
        assert [done for done, _ in calls] == sorted(done for done, _ in calls)
