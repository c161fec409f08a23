"""Includes are put in place before the cut, from the course and from includes/ only (case L15)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generator.access.splitting import notices, one, refused, split

TEXT = "# T\n\n{lead}\n\n<!-- paywall -->\n\n{rest}\n"


def test_every_form_of_include_is_expanded(tmp_path: Path) -> None:
    lead = "\n".join(
        [
            '--8<-- "includes/shared.md"',
            '--8<-- "code/app.py:2:3"',
            '    --8<-- "code/app.py:greet"',
            "--8<--",
            "code/one.txt",
            "; code/none.txt",
            "",
            "code/app.py:1",
            "--8<--",
            "```python",
            '-8<- "code/one.txt"',
            "```",
        ]
    )
    found = one(
        tmp_path,
        TEXT.format(lead=lead, rest='--8<-- "part.txt"'),
        **{
            "includes/shared.md": '\ufeffShared\r\n--8<-- "includes/nested.md"\r\n',
            "includes/nested.md": "Nested\n",
            "rust/code/app.py": "a = 1\nb = 2\nc = 3\n# --8<-- [start:greet]\ndef greet():\n    pass\n# --8<-- [end:greet]\n",
            "rust/code/one.txt": "1",
            "rust/part.txt": "Private part.",
        },
    )
    assert found.public_markdown == (
        "# T\n\nShared\nNested\n\n\nb = 2\nc = 3\n    def greet():\n        pass\n1\n\na = 1\nb = 2\nc = 3\ndef greet():\n    pass\n\n```python\n1\n```\n"
    )
    assert found.private_markdown == "Private part.\n"


def test_the_escaped_form_stays_as_it_is(tmp_path: Path) -> None:
    lead = ';--8<-- "includes/x.md"\n\n--8<-- "includes/how.md"\n\n```\n;--8<--\n```'
    found = one(tmp_path, TEXT.format(lead=lead, rest="R"), **{"includes/how.md": ';--8<-- "y.md"\n'})
    assert (
        found.public_markdown == '# T\n\n;--8<-- "includes/x.md"\n\n;--8<-- "y.md"\n\n\n```\n;--8<--\n```\n'
    )


def test_paths_are_relative_to_lesson_course_and_content(tmp_path: Path) -> None:
    lead = '--8<-- "near.txt"\n--8<-- "code/x.txt"\n--8<-- "../code/x.txt"\n--8<-- "rust/code/x.txt"'
    files = {
        "rust/part/01-a.md": TEXT.format(lead=lead, rest="R"),
        "rust/part/near.txt": "near",
        "rust/code/x.txt": "x",
    }
    assert split(tmp_path, files).lessons["rust/part/a"].public_markdown == "# T\n\nnear\nx\nx\nx\n"


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("gone.txt", "there is no file 'gone.txt' to include"),
        ("../go/secret.txt", "the include '../go/secret.txt' lies outside of the course and of includes/"),
        ("go/secret.txt", "the include 'go/secret.txt' lies outside of the course and of includes/"),
        ("../../outside.txt", "the include '../../outside.txt' lies outside of the course and of includes/"),
        ("/etc/hostname", "the include '/etc/hostname' lies outside of the course and of includes/"),
        ("https://example.org/x.md", "the include 'https://example.org/x.md' is on the network"),
        ("course.yml", "there is no file 'course.yml' to include"),
        ("../school.yml", "the include '../school.yml' lies outside of the course and of includes/"),
        (".hidden", "there is no file '.hidden' to include"),
        ("link.txt", "there is no file 'link.txt' to include"),
        ("01-first.md", "'rust/01-first.md' includes itself"),
        ("includes/loop.md", "'includes/loop.md' includes itself"),
        ("latin.txt", "the include 'rust/latin.txt': not UTF-8 text"),
        ("code.py:none", "include: Snippet section 'none' could not be located"),
        ("includes/marker.md", "the included text holds a paywall marker"),
        ("", "include: Snippet at path '' could not be found"),
    ],
)
def test_an_include_that_may_not_be_is_refused_at_its_line(tmp_path: Path, path: str, what: str) -> None:
    """P16, L15"""
    files: dict[str, str | bytes] = {
        "rust/01-first.md": TEXT.format(lead=f'Lead.\n\n--8<-- "{path or " "}"', rest="R"),
        "go/course.yml": "title: G\naccess: free\n",
        "go/secret.txt": "secret",
        "rust/.hidden": "hidden",
        "rust/latin.txt": b"\xff",
        "rust/code.py": "x",
        "includes/loop.md": '--8<-- "includes/loop.md"\n',
        "includes/marker.md": "a\n\n<!-- paywall -->\n",
    }
    (tmp_path / "outside.txt").write_text("outside")
    if path == "link.txt":
        # Reading refuses symbolic links; one that appears afterwards must not be followed either.
        from generator import access, catalogue
        from generator.errors import ContentError
        from tests.generator.access.splitting import NOW
        from tests.generator.catalogue.building import write

        content = write(tmp_path, files)
        school, _ = catalogue.read(content)
        (content / "rust" / "link.txt").symlink_to(tmp_path / "outside.txt")
        with pytest.raises(ContentError) as caught:
            access.split(school, NOW)
        problems = [problem for problem in caught.value.problems if problem.severity == "error"]
    else:
        problems = refused(tmp_path, files)
    assert [(problem.where, problem.what) for problem in problems] == [("rust/01-first.md:5", what)]


def test_a_block_of_includes_without_an_end_is_refused(tmp_path: Path) -> None:
    (problem,) = refused(tmp_path, {"rust/01-first.md": "# T\n\n--8<--\ncode.py\n\n<!-- paywall -->\n\nR\n"})
    assert (problem.where, problem.what) == ("rust/01-first.md:3", "a block of includes without an end")


@pytest.mark.parametrize("access", ["free", "paid"])
def test_l15_private_text_of_a_lesson_cannot_be_included_in_public_text(tmp_path: Path, access: str) -> None:
    """L15"""
    files = {
        "rust/01-first.md": f'---\naccess: {access}\n---\n# T\n\nLead.\n\n--8<-- "02-second.md:4:4"\n'
        + ("" if access == "free" else "\n<!-- paywall -->\n\nR\n"),
        "rust/02-second.md": "# S\n\nLead.\n\nSecret.\n",
    }
    (problem,) = refused(tmp_path, files)
    assert (problem.where, problem.what) == (
        "rust/01-first.md:8",
        "the public half includes the lesson rust/02-second.md, which others may not read whole",
    )


@pytest.mark.parametrize("status", ["status: draft", "status: scheduled\npublish_at: 2030-01-01T00:00:00Z"])
def test_l15_a_lesson_that_is_not_out_yet_cannot_be_included(tmp_path: Path, status: str) -> None:
    """L15"""
    files = {
        "rust/01-first.md": '# T\n\nLead.\n\n<!-- paywall -->\n\n--8<-- "02-second.md"\n',
        "rust/02-second.md": f"---\naccess: free\n{status}\n---\n# S\n",
    }
    (problem,) = refused(tmp_path, files)
    assert problem.where == "rust/01-first.md:7"


def test_l15_a_private_half_may_include_what_its_readers_have(tmp_path: Path) -> None:
    """L15"""
    files = {
        "rust/01-first.md": '# T\n\nLead.\n\n<!-- paywall -->\n\n--8<-- "02-second.md:3"\n',
        "rust/02-second.md": "# S\n\nText of the second.\n",
    }
    assert "Text of the second." in (
        split(tmp_path / "same", files).lessons["rust/first"].private_markdown or ""
    )
    other = '  - {id: other, kind: course, title: O, grants: ["*"], prices: {USD: 1}}\n'
    from tests.generator.catalogue.building import SCHOOL

    files |= {
        "school.yml": SCHOOL + other,
        "rust/02-second.md": "---\nproducts: [other]\n---\n# S\n\nText of the second.\n",
    }
    (problem,) = refused(tmp_path / "other", files)
    assert "the private half includes the lesson" in problem.what


def test_l15_a_private_file_cannot_be_included_in_public_text(tmp_path: Path) -> None:
    """L15"""
    files = {
        "rust/01-first.md": '# T\n\n--8<-- "files/solution.py"\n\n<!-- paywall -->\n\n[The solution](files/solution.py)\n',
        "rust/files/solution.py": "answer = 42\n",
    }
    (problem,) = refused(tmp_path, files)
    assert (problem.where, problem.what) == (
        "rust/01-first.md:3",
        "the public half includes rust/files/solution.py, which only private text refers to",
    )


def test_a_file_that_is_only_included_is_not_called_unused(tmp_path: Path) -> None:
    edition = split(
        tmp_path,
        {
            "rust/01-first.md": TEXT.format(lead='--8<-- "code.py"', rest="R"),
            "rust/code.py": "x = 1\n",
            "rust/old.py": "y\n",
        },
    )
    assert notices(edition) == [("rust/old.py", "no lesson refers to this file; it is published nowhere")]


def test_places_behind_an_include_are_still_lines_of_the_file(tmp_path: Path) -> None:
    text = '# T\n\n--8<-- "long.txt"\n\nLead.\n\n<!-- paywall -->\n\n## Rest\n\n![gone](files/gone.png)\n'
    files = {"rust/01-first.md": text, "rust/long.txt": "line\n" * 50}
    (problem,) = refused(tmp_path, files)
    assert problem.where == "rust/01-first.md:11"
    files["rust/01-first.md"] = text.replace("![gone](files/gone.png)", "")
    assert split(tmp_path / "b", files).lessons["rust/first"].private_line == 9


def test_a_description_cannot_include(tmp_path: Path) -> None:
    course = 'title: R\naccess: paid\ndescription: |\n  --8<-- "01-first.md"\n'
    (problem,) = refused(tmp_path, {"rust/course.yml": course})
    assert (problem.where, problem.what) == ("rust/course.yml", "description: an include")
