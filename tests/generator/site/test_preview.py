"""`lyceum serve --as …`: what each role sees, and that a save renders what it concerns and nothing else."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from generator.access.edition import Edition
from generator.errors import LyceumError, SettingsError
from generator.site.compose import compose
from generator.site.preview import MARK, Preview, Role
from generator.site.project import Project
from tests.generator.site.conftest import SVG, tree
from tests.generator.site.editions import course, edition, lesson, product, write_files
from tests.support.searching import settings_with_materials_search


def school(**changed: Any) -> Edition:
    texts = {
        "lead": "# Traits\n\nLead-in.\n",
        "rest": "## Rest\n\nPAIDTEXT ![p](files/p.svg)\n",
        "title": "Traits",
    }
    texts |= changed
    return edition(
        course(
            "rust",
            lesson("01-intro.md", "# Intro\n\nOpen. [next](02-traits.md)\n", tags=("a",)),
            lesson("02-traits.md", texts["lead"], texts["rest"], title=texts["title"], tags=("a",),
                   private_files=["rust/files/p.svg"]),
            lesson("03-account.md", "# Account\n\nLead.\n", "MEMBERTEXT ![m](files/m.svg)\n", access="member",
                   private_files=["rust/files/m.svg"]),
        ),
        course("web", lesson("01-http.md", "# HTTP\n\nLead.\n", "WEBTEXT\n", private_files=["web/files/w.svg"])),
        products=[product("rust", ["rust"]), product("web", ["web"])],
    )  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Project:
    files = ("rust/files/p.svg", "rust/files/m.svg", "web/files/w.svg")
    write_files(tmp_path / "content", dict.fromkeys(files, SVG))
    return Project(root=tmp_path)


def preview(project: Project, role: str) -> Preview:
    return Preview(project, Role.parse(role, school().school))


@pytest.mark.parametrize(
    ("role", "texts", "files"),
    [
        ("anonymous", set(), set()),
        ("member", {"MEMBERTEXT"}, {"rust/files/m.svg"}),
        ("owner:rust", {"MEMBERTEXT", "PAIDTEXT"}, {"rust/files/m.svg", "rust/files/p.svg"}),
        ("owner:web", {"MEMBERTEXT", "WEBTEXT"}, {"rust/files/m.svg", "web/files/w.svg"}),
    ],
)
def test_each_role_sees_what_it_may_and_nothing_else(
    project: Project, role: str, texts: set[str], files: set[str]
) -> None:
    shown = preview(project, role)
    assert shown.show(school()).everything
    made = tree(shown.site)
    seen = {
        word
        for word in ("MEMBERTEXT", "PAIDTEXT", "WEBTEXT")
        for page in made.values()
        if word.encode() in page
    }
    assert seen == texts
    assert {path.removeprefix("files/") for path in made if path.startswith("files/")} == files
    if "PAIDTEXT" in texts:
        html = made["rust/traits/index.html"].decode()
        assert 'data-state="unlocked"' in html
        assert 'src="/files/rust/files/p.svg"' in html
        assert "lyceum-offer" not in html


def test_the_preview_is_never_the_build(project: Project) -> None:
    shown = preview(project, "owner:rust")
    shown.show(school())
    assert not project.build.exists()
    assert shown.site != project.site
    assert (shown.site.parent / MARK).is_file()


def test_a_save_renders_the_lesson_it_concerns_and_nothing_else(project: Project) -> None:
    shown = preview(project, "owner:rust")
    shown.show(school())

    done = shown.show(school(rest="## Rest\n\nNEWPAID\n"))
    assert (done.everything, done.pages) == (False, ("rust/traits/",))
    html = (shown.site / "rust/traits/index.html").read_text("utf-8")
    assert "NEWPAID" in html
    assert "PAIDTEXT" not in html.replace("NEWPAID", "")

    assert shown.show(school(rest="## Rest\n\nNEWPAID\n")).pages == ()
    lead = shown.show(school(lead="# Traits\n\nNEWLEAD\n", rest="## Rest\n\nNEWPAID\n"))
    assert lead.pages == ("rust/traits/",)


def test_a_renamed_lesson_renders_the_pages_that_show_its_title(project: Project) -> None:
    shown = preview(project, "anonymous")
    shown.show(school())
    renamed = shown.show(school(title="Renamed"))
    assert renamed.pages == ("rust/", "rust/account/", "rust/intro/", "rust/traits/", "tags/")
    assert "Renamed" in (shown.site / "rust/intro/index.html").read_text("utf-8")
    assert not renamed.everything


def test_a_refreshed_preview_equals_a_new_one(tmp_path: Path, project: Project) -> None:
    copy = _copy(project.root, tmp_path / "copy")
    for root in (project.root, copy):
        (root / "mkdocs.yml").write_text(settings_with_materials_search(), "utf-8")
    after = school(lead="# Traits\n\n## Bounds\n\nNEWWORD\n", rest="## Bounds\n\nNEWPAID\n")
    shown = preview(project, "owner:rust")
    shown.show(school())
    shown.show(after)
    fresh = preview(replace(project, root=copy), "owner:rust")
    fresh.show(after)
    one, two = tree(shown.site), tree(fresh.site)
    index = "search/search_index.json"
    entries, others = (json.loads(made.pop(index))["docs"] for made in (one, two))
    assert sorted(entries, key=lambda e: str(e["location"])) == sorted(
        others, key=lambda e: str(e["location"])
    )
    assert any("NEWWORD" in entry["text"] for entry in entries)
    assert one.keys() == two.keys()
    assert [path for path in one if one[path] != two[path]] == []


def test_warnings_follow_each_save(project: Project) -> None:
    shown = preview(project, "anonymous")
    assert shown.show(school()).warnings == ()
    broken = shown.show(school(lead="# Traits\n\n[x](gone.md) [y](#gone)\n", rest="[z](away.md)\n"))
    assert [(w.where, w.what.split("'")[1]) for w in broken.warnings] == [
        ("rust/02-traits.md:7", "#gone"),
        ("rust/02-traits.md:7", "gone.md"),
        ("rust/02-traits.md:50", "away.md"),
    ]
    kept = shown.show(school(lead="# Traits\n\n[x](gone.md)\n", rest="fine\n"))
    assert [w.what.split("'")[1] for w in kept.warnings] == ["gone.md"]
    assert shown.show(school()).warnings == ()


def test_a_changed_template_or_access_makes_everything_anew(project: Project) -> None:
    shutil.copytree(project.theme, project.root / "theme")
    shown = preview(project, "anonymous")
    shown.show(school())
    assert not shown.show(school()).everything
    footer = project.root / "theme" / "partials" / "footer.html"
    footer.write_text(footer.read_text("utf-8") + "<!-- changed -->", "utf-8")
    assert shown.show(school()).everything
    assert "<!-- changed -->" in (shown.site / "rust/intro/index.html").read_text("utf-8")
    freed = school()
    opened = replace(
        freed.lessons["rust/traits"], private_markdown=None, public_markdown="# Traits\n\nPAIDTEXT\n"
    )
    free = shown.show(replace(freed, lessons=dict(freed.lessons) | {"rust/traits": opened}))
    assert "rust/traits/" in free.pages
    assert "PAIDTEXT" in (shown.site / "rust/traits/index.html").read_text("utf-8")


def test_a_failed_save_does_not_spoil_the_next(project: Project) -> None:
    shown = preview(project, "anonymous")
    shown.show(school())
    with pytest.raises(LyceumError):
        shown.show(replace(school(), public_files=frozenset({Path("rust/files/none.svg")})))  # type: ignore[arg-type]
    again = shown.show(school())
    fresh = preview(replace(project, root=_copy(project.root, project.root.parent / "copy")), "anonymous")
    fresh.show(school())
    assert again.warnings == ()
    assert tree(shown.site) == tree(fresh.site)


def test_a_picture_that_changed_is_copied(project: Project) -> None:
    it = edition(course("rust", lesson("01-a.md", "![p](files/p.svg)\n", public_files=["rust/files/p.svg"])))
    shown = Preview(project, Role.parse("anonymous", it.school))
    shown.show(it)
    (project.content / "rust/files/p.svg").write_bytes(b"<svg/>")
    assert not shown.show(it).everything
    assert (shown.site / "rust/files/p.svg").read_bytes() == b"<svg/>"


@pytest.mark.parametrize("text", ["", "owner", "owner:", "owner:nothing", "admin", "member:rust"])
def test_an_unknown_role_is_refused_with_the_known_products(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Role.parse(text, school().school)
    assert "rust, web" in caught.value.hint


def test_a_part_takes_the_place_of_all_that_its_placeholder_holds() -> None:
    page = (
        '<section class="other"></section><section class="lyceum-part" data-state="anonymous" data-lesson="a">'
        "<section><p>offer</p></section><p>outline</p></section><p>after</p>"
    )
    assert compose(page, "<p>half</p>\n", where="a.md") == (
        '<section class="other"></section><section class="lyceum-part" data-state="unlocked" data-lesson="a">'
        '<div class="md-typeset">\n<p>half</p>\n</div></section><p>after</p>'
    )
    for broken in ("<p>no place</p>", '<section class="lyceum-part"><p>never closed</p>'):
        with pytest.raises(LyceumError):
            compose(broken, "x", where="a.md")


def _copy(source: Path, target: Path) -> Path:
    write_files(target, {f"content/{path}": data for path, data in tree(source / "content").items()})
    return target
