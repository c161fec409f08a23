"""A file is public exactly if public text refers to it (rules R1 to R4, case L10)."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatekeeper.contract.access import MEMBER, NOBODY, products_rule
from generator.access.edition import Edition
from generator.access.engine import addresses
from generator.access.fences import fences, normalized
from generator.access.references import around_addresses
from tests.generator.access.splitting import PNG, notices, one, refused, split
from tests.generator.catalogue.building import COURSE, SCHOOL

CUT = "\n\n<!-- paywall -->\n\n"


def names(paths: frozenset[PurePosixPath]) -> set[str]:
    return {path.name for path in paths}


REFERENCES = [
    "![x]({0})",
    '![x]({0} "title"){{ width="640" }}',
    "![x](<{0}>)",
    "[download]({0}){{ .md-button }}",
    "![x][ref]\n\n[ref]: {0}",
    "[ref]\n\n[ref]: <{0}> 'title'",
    '<img src="{0}">',
    "<img src={0}>",
    '<p>\n<IMG SRC="{0}">\n</p>',
    '<video poster="{0}"></video>',
    '<img srcset="{0} 2x">',
    '<object data="{0}"></object>',
    '<div style="background: url({0})">x</div>',
    "- item\n\n    ![x]({0})",
    "!!! note\n    ![x]({0})",
    "/// tip\n![x]({0})\n///",
    '=== "Tab"\n\n    ![x]({0})',
    "| a | ![x]({0}) |\n|---|---|\n| b | c |",
    "> ![x]({0})",
    "term\n\n:   ![x]({0})",
    "note[^1]\n\n[^1]: ![x]({0})",
    "text\n![x]({0}?v=1#frag)",
    "[![x]({0})](https://example.org)",
    "![x](./part/../{0})",
    "<div markdown>\n\n![x]({0})\n\n</div>",
]

MENTIONS = [
    "`![x]({0})`",
    "```\n![x]({0})\n```",
    "    ![x]({0})",
    "- a\n\n        ![x]({0})",
    "~~~ html\n<img src='{0}'>\n~~~",
    "\\![x]\\({0})",
    "<!-- ![x]({0}) -->",
    "<!--\n<img src='{0}'>\n-->",
    "[ref]: {0}",
    "`<img src='{0}'>` and {0}",
    "<pre>\n![x]({0})\n</pre>",
    "`` ` ![x]({0}) ` ``",
]


@pytest.mark.parametrize("reference", REFERENCES)
def test_what_public_text_refers_to_is_public(tmp_path: Path, reference: str) -> None:
    text = "# T\n\n" + reference.format("files/a.png") + CUT + "Rest ![x](files/a.png) ![y](files/b.png)\n"
    edition = split(tmp_path, {"rust/01-first.md": text, "rust/files/a.png": PNG, "rust/files/b.png": PNG})
    assert names(edition.public_files) == {"a.png"}
    assert edition.private_files == {PurePosixPath("rust/files/b.png"): products_rule(["rust"])}
    lesson = edition.lessons["rust/first"]
    assert (names(lesson.public_files), names(lesson.private_files)) == ({"a.png"}, {"b.png"})


@pytest.mark.parametrize("reference", REFERENCES)
def test_l10_what_only_private_text_refers_to_is_private(tmp_path: Path, reference: str) -> None:
    """L10"""
    text = "# T\n\nLead." + CUT + reference.format("files/a.png") + "\n"
    edition = split(tmp_path, {"rust/01-first.md": text, "rust/files/a.png": PNG})
    assert edition.public_files == frozenset()
    assert edition.private_files == {PurePosixPath("rust/files/a.png"): products_rule(["rust"])}


@pytest.mark.parametrize("mention", MENTIONS)
@pytest.mark.parametrize("lead", [True, False])
def test_a_mention_in_code_or_a_comment_is_no_reference(tmp_path: Path, mention: str, lead: bool) -> None:
    """Neither does it publish a file, nor is a file missed that is only written about."""
    said = mention.format("files/a.png") + "\n\n" + mention.format("files/none.png")
    text = f"# T\n\nLead.\n\n{said if lead else ''}{CUT}![x](files/a.png)\n\n{'' if lead else said}\n"
    edition = split(tmp_path, {"rust/01-first.md": text, "rust/files/a.png": PNG})
    assert edition.public_files == frozenset()
    assert names(frozenset(edition.private_files)) == {"a.png"}


def test_a_mention_in_a_free_lesson_publishes_nothing(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "rust/01-first.md": "---\naccess: free\n---\n# T\n\nWrite `![x](files/a.png)`.\n",
        "rust/02-second.md": "# S\n\n![x](files/a.png)\n",
        "rust/files/a.png": PNG,
    }
    edition = split(tmp_path, files)
    assert (edition.public_files, names(frozenset(edition.private_files))) == (frozenset(), {"a.png"})


def test_a_file_of_several_private_halves_has_the_loosest_rule(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "school.yml": SCHOOL
        + "  - {id: two, kind: course, title: T, grants: [rust/second], prices: {USD: 1}}\n",
        "rust/01-first.md": "# A\n\n![x](files/both.png) ![x](files/all.png)\n",
        "rust/02-second.md": "---\nproducts: [two]\n---\n# B\n\n![x](files/both.png)\n",
        "rust/03-third.md": "---\naccess: member\n---\n# C\n\n![x](files/all.png)\n",
        "rust/files/both.png": PNG,
        "rust/files/all.png": PNG,
    }
    assert split(tmp_path, files).private_files == {
        PurePosixPath("rust/files/all.png"): MEMBER,
        PurePosixPath("rust/files/both.png"): products_rule(["rust", "two"]),
    }


def test_another_lesson_s_public_text_makes_a_file_public_for_all(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "rust/01-first.md": "# A\n\n![x](files/a.png)\n",
        "rust/02-second.md": "---\naccess: free\n---\n# B\n\n![x](files/a.png)\n",
        "rust/files/a.png": PNG,
    }
    edition = split(tmp_path, files)
    assert names(edition.public_files) == {"a.png"}
    assert edition.private_files == {}
    assert edition.lessons["rust/first"].private_files == frozenset()


def test_cover_and_description_are_public(tmp_path: Path) -> None:
    course = (
        COURSE + "cover: files/cover.svg\ndescription: |\n  See ![x](files/a.png) and `![y](files/b.png)`.\n"
    )
    files: dict[str, str | bytes] = {f"rust/files/{name}": PNG for name in ("cover.svg", "a.png", "b.png")}
    files |= {"rust/course.yml": course.encode()}
    edition = split(tmp_path, files)
    assert names(edition.public_files) == {"cover.svg", "a.png"}
    assert names(edition.unused_files) == {"b.png"}


def test_a_file_that_nothing_refers_to_is_published_nowhere_and_reported(tmp_path: Path) -> None:
    edition = split(tmp_path, {"rust/01-first.md": "---\nsummary: S\n---\n# T\n", "rust/files/old.zip": PNG})
    assert edition.unused_files == {PurePosixPath("rust/files/old.zip")}
    assert (edition.public_files, edition.private_files) == (frozenset(), {})
    assert notices(edition) == [
        ("rust/files/old.zip", "no lesson refers to this file; it is published nowhere")
    ]


def test_files_of_drafts_are_published_nowhere_and_not_complained_about(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "rust/01-first.md": "---\nsummary: S\n---\n# T\n",
        "rust/02-draft.md": "---\nstatus: draft\naccess: free\n---\n# D\n\n![x](files/a.png)\n",
        "rust/files/a.png": PNG,
    }
    edition = split(tmp_path, files)
    assert (edition.public_files, edition.private_files, notices(edition)) == (frozenset(), {}, [])
    assert names(edition.unused_files) == {"a.png"}


@pytest.mark.parametrize(
    ("reference", "what"),
    [
        ("![x](files/none.png)", "there is no file 'files/none.png'"),
        ("[x](files/none.zip)", "there is no file 'files/none.zip'"),
        ('<img src="files/none.png">', "there is no file 'files/none.png'"),
        ("![x](../../outside.png)", "'../../outside.png' leads out of the content folder"),
        ("![x](%2e%2e/%2e%2e/outside.png)", "'%2e%2e/%2e%2e/outside.png' leads out of the content folder"),
        ("![x](..\\outside.png)", "'..\\outside.png' leads out of the content folder"),
        ("![x](/files/a.png)", "'/files/a.png' is an absolute address"),
        ("[x](course.yml)", "'course.yml' is configuration and never published"),
        ("[x](../school.yml)", "'../school.yml' is configuration and never published"),
        ("[x](../includes/part.md)", "'../includes/part.md' is a Markdown file that is no lesson"),
        ("[x](files/A.png)", "there is no file 'files/A.png'"),
    ],
)
@pytest.mark.parametrize("lead", [True, False])
def test_a_reference_to_what_is_not_there_is_refused_at_its_line(
    tmp_path: Path, reference: str, what: str, lead: bool
) -> None:
    (tmp_path / "outside.png").write_bytes(PNG)
    text = f"# T\n\nLead.\n\n{reference if lead else 'x'}{CUT}{'x' if lead else reference}\n"
    files: dict[str, str | bytes] = {
        "rust/01-first.md": text,
        "rust/files/a.png": PNG,
        "includes/part.md": "x",
    }
    (problem,) = refused(tmp_path, files)
    assert (problem.where, problem.what) == (f"rust/01-first.md:{5 if lead else 9}", what)
    assert problem.hint


def test_missing_files_are_warnings_where_the_course_says_so(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "rust/course.yml": COURSE + "missing_files: warn\n",
        "rust/01-first.md": "# T\n\n![x](files/none.png) ![y](/img/none.png)\n",
    }
    edition = split(tmp_path, files)
    assert [what for _, what in notices(edition)][1:] == [
        "'/img/none.png' is an absolute address",
        "there is no file 'files/none.png'",
    ]


@pytest.mark.parametrize(
    ("link", "what"),
    [
        ("02-second.md", ""),
        ("02-second.md#part", ""),
        ("02-second.html#part", ""),
        ("#here", ""),
        ("https://example.org/x.png", ""),
        ("//example.org/x.png", ""),
        ("mailto:a@example.org", ""),
        ("data:image/png;base64,AA", ""),
        ("03-draft.md", "'03-draft.md' leads to a lesson that is not published"),
        ("04-scheduled.md", "'04-scheduled.md' leads to a lesson that is not published"),
        ("05-retired.md", ""),
        ("09-gone.md", "there is no lesson '09-gone.md'"),
        ("../go/01-x.md", "there is no lesson '../go/01-x.md'"),
        ("../second/", "'../second/' leads to no lesson"),
    ],
)
def test_links_to_lessons_that_readers_cannot_open_are_warned_of(
    tmp_path: Path, link: str, what: str
) -> None:
    files: dict[str, str | bytes] = {
        "rust/01-first.md": f"---\naccess: free\n---\n# T\n\n`[x](gone.md)`\n\n[x]({link})\n",
        "rust/02-second.md": "---\naccess: free\n---\n# S\n",
        "rust/03-draft.md": "---\naccess: free\nstatus: draft\n---\n# D\n",
        "rust/04-scheduled.md": "---\naccess: free\nstatus: scheduled\npublish_at: 2030-01-01T00:00:00Z\n---\n# D\n",
        "rust/05-retired.md": "---\naccess: free\nstatus: retired\n---\n# D\n",
    }
    assert notices(split(tmp_path, files)) == ([("rust/01-first.md:8", what)] if what else [])


def test_the_same_name_in_a_sibling_folder_is_another_file(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "rust/01-first.md": "---\naccess: free\n---\n# T\n\n![x](files/a.png)\n",
        "rust/files/a.png": PNG,
        "rust/files/a.png.bak": PNG,
        "rust/files-old/a.png": PNG,
    }
    edition = split(tmp_path, files)
    assert edition.public_files == {PurePosixPath("rust/files/a.png")}
    assert len(edition.unused_files) == 2


def _everything(edition: Edition) -> list[PurePosixPath]:
    return [*edition.public_files, *edition.private_files, *edition.unused_files]


def test_every_file_is_on_exactly_one_side(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "rust/01-first.md": f"# T\n\n![x](files/a.png){CUT}![x](files/a.png) ![x](files/b.png)\n",
        **{f"rust/files/{name}.png": PNG for name in "abc"},
    }
    edition = split(tmp_path, files)
    assert sorted(_everything(edition)) == sorted(edition.school.files)
    assert NOBODY not in edition.private_files.values()


def test_a_lesson_without_files_is_never_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the engine was asked")

    monkeypatch.setattr("generator.access.engine._tree", never)
    text = f"# T\n\nLead with `code`, a < b and [a link](02-second.md) to [x](https://x.example).\n\n- list{CUT}## Rest\n\nText [a].\n\n[a]: https://a.example\n"
    assert one(tmp_path, text, **{"rust/02-second.md": "# S\n"}).private_markdown


_PIECES = st.sampled_from(
    [
        *(reference.format(name) for reference in REFERENCES for name in ("a.png", "b.png")),
        *(mention.format("c.png") for mention in MENTIONS),
        *(
            "Text.",
            "- item",
            "    indented",
            "term",
            ":   text",
            "# Heading",
            "> quote",
            "<div>",
            "</div>",
            "/// tip",
            "///",
            "!!! x",
        ),
    ]
)


@given(st.lists(_PIECES, max_size=8), st.booleans())
@settings(max_examples=400, deadline=None)
def test_rendering_only_what_surrounds_addresses_finds_the_same(pieces: list[str], close: bool) -> None:
    lines = normalized(("\n" if close else "\n\n").join(pieces))
    mask = fences(lines).mask(len(lines))
    prose = "\n".join("" if code else line for line, code in zip(lines, mask, strict=True))
    assert _local(addresses(around_addresses(prose))) == _local(addresses(prose))


def _local(found: set[str]) -> set[str]:
    return {address for address in found if not address.startswith("#")}
