from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
import yaml
from mkdocs.structure.files import File

from generator.errors import ContentError
from generator.site import address, shelf
from generator.site.project import Project
from generator.site.stage import Stage, stage
from tests.generator.site.editions import BASE, DraftCourse, course, edition, lesson

PROJECT = Project(root=Path("/nowhere"))


def staged(*courses: DraftCourse, **fields: object) -> Stage:
    return stage(edition(*courses, **fields), PROJECT)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url", ["", "en/", "rust/", "rust/intro/", "rust/tools/cargo/", "rust/index/", "rust/README/", "书/一/"]
)
def test_a_staged_page_appears_at_its_url(url: str) -> None:
    page = address.page_at(url)
    file = File(page, src_dir=None, dest_dir="/site", use_directory_urls=True)
    assert file.url == address.url_of(page) or (url == "" and file.url == "./")
    assert file.dest_uri == f"{url}index.html"


def test_every_kind_of_page_is_staged_under_its_own_name() -> None:
    made = staged(
        course(
            "rust",
            lesson("01-intro.md", moved_from=("rust/start/", "old/intro")),
            lesson("02-t.md", "# T\n\nlead\n", "PRIVATE\n"),
            lesson("03-later.md", "# L\n\nNOT YET\n", status="scheduled", summary="Soon."),
            lesson("04-draft.md", "DRAFT", status="draft"),
            lesson("05-old.md", status="retired"),
        ),
        languages=("zh", "en"),
    )
    assert set(made.pages) == {
        "index.md",
        "en/index.md",
        "tags.md",
        "rust/index.md",
        "rust/intro.md",
        "rust/start.md",
        "old/intro.md",
        "rust/t.md",
        "rust/later.md",
        "rust/old.md",
    }
    assert made.pages["rust/later.md"].body == "Soon.\n"
    assert made.pages["rust/start.md"].meta["lyceum"] == {
        "kind": "redirect",
        "language": "en",
        "target": "rust/intro/",
    }
    assert made.halves["rust/t"].markdown == "PRIVATE\n"
    public = (
        b"".join(page.content for page in made.pages.values()) + b"".join(made.texts.values()) + made.config
    )
    for word in (b"PRIVATE", b"NOT YET", b"DRAFT", b"draft"):
        assert word not in public


def test_front_matter_survives_a_round_trip() -> None:
    nasty = "---\nx: [y]\n...\n# \"quoted\" 'and' : {a} 中文 & \u2028 end"
    made = staged(course("rust", lesson("01-a.md", title=nasty, summary="yes", tags=("2026-01-01", "on"))))
    from mkdocs.utils import meta

    body, read = meta.get_data(made.pages["rust/a.md"].content.decode())
    assert read["title"] == nasty
    assert read["description"] == "yes"
    assert read["tags"] == ["2026-01-01", "on"]
    assert read["lyceum"]["updated"] == "2026-11-01"
    assert body.lstrip("\n").startswith("# A lesson")


def test_the_navigation_holds_courses_sections_and_announced_lessons() -> None:
    config = yaml.safe_load(
        staged(
            course(
                "rust",
                lesson("01-a.md"),
                lesson("02-b.md", section="Part one"),
                lesson("03-c.md", section="Part one"),
                lesson("04-d.md", section="Part two", status="scheduled"),
                lesson("05-old.md", status="retired"),
            )
        ).config
    )
    assert config["nav"] == [
        "index.md",
        {
            "Rust": [
                "rust/index.md",
                "rust/a.md",
                {"Part one": ["rust/b.md", "rust/c.md"]},
                {"Part two": ["rust/d.md"]},
            ]
        },
        "tags.md",
    ]
    assert config["site_url"] == BASE
    facts = config["extra"]["lyceum"]
    assert facts["catalogues"] == {"en": ""}
    assert [feed["url"] for feed in facts["feeds"]] == ["feed.xml", "atom.xml"]


def test_overrides_of_the_project_win_over_school_yml() -> None:
    project = Project(root=Path("/nowhere"), base_url="http://127.0.0.1:9", gatekeeper_url="")
    made = stage(edition(course("rust", lesson("01-a.md"), lesson("02-b.md", "x", "y"))), project)
    config = yaml.safe_load(made.config)
    assert config["site_url"] == "http://127.0.0.1:9/"
    assert config["extra"]["lyceum"]["gatekeeper"] == ""
    facts = made.pages["rust/b.md"].meta["lyceum"]
    assert isinstance(facts, dict)
    assert facts["offers"][0]["buy"] == "/buy/rust?lesson=rust%2Fb"


def test_two_pages_at_one_address_stop_the_build() -> None:
    with pytest.raises(ContentError) as caught:
        staged(course("rust", lesson("01-a.md"), lesson("02-a.md", id="rust/other")))
    assert [problem.where for problem in caught.value.problems] == ["rust/02-a.md"]
    with pytest.raises(ContentError):
        staged(course("rust", lesson("01-a.md")), course("en", lesson("01-a.md")), languages=("zh", "en"))


def test_an_old_address_that_is_in_use_again_is_no_redirect_but_a_warning() -> None:
    made = staged(course("rust", lesson("01-a.md"), lesson("02-b.md", moved_from=("rust/a/",))))
    assert [problem.where for problem in made.problems] == ["rust/02-b.md"]
    assert made.pages["rust/a.md"].meta["template"] == "lesson.html"


def test_a_link_out_of_the_content_folder_is_not_followed_p16(tmp_path: Path) -> None:
    (tmp_path / "outside.png").write_bytes(b"not yours")
    files = tmp_path / "content" / "rust" / "files"
    files.mkdir(parents=True)
    (files / "a.png").symlink_to(tmp_path / "outside.png")
    with pytest.raises(ContentError) as caught:
        shelf.read_file(tmp_path / "content", PurePosixPath("rust/files/a.png"))
    assert caught.value.problems[0].where == "rust/files/a.png"


def test_a_missing_public_file_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    with pytest.raises(ContentError) as caught:
        shelf.read_file(tmp_path / "content", PurePosixPath("rust/files/a.png"))
    assert caught.value.problems[0].where == "rust/files/a.png"


def test_a_file_keeps_its_place() -> None:
    assert address.staged_file(PurePosixPath("rust/files/a.png")) == "rust/files/a.png"
    assert address.file_url(PurePosixPath("rust/files/图 1.png")) == "rust/files/%E5%9B%BE%201.png"
