"""The sample school keeps its promises: its programs run and print what the lesson says, and it shows every feature."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

CONTENT = Path(__file__).resolve().parents[2] / "content"
LESSONS = sorted(CONTENT.glob("*/[0-9]*.md"))
MARKER = "<!-- paywall -->"

_FENCE = re.compile(r"^```(?P<info>[^`\n]*)\n(?P<code>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
_OUTPUT_TITLES = ("Output", "输出")

FEATURES = {
    "code with a title": r'^```python title="',
    "admonition": r"^!!! ",
    "collapsible": r"^\?\?\?\+? ",
    "tabs": r'^=== "',
    "table": r"^\|[ :|-]+\|[ \t]*$",
    "task list": r"^ *- \[[ x]\] ",
    "footnote": r"\[\^[^\]]+\](?!:)",
    "diagram": r"^```mermaid",
    "maths": r"\\\(|\$\$|(?<![\\$\w])\$[^$\s][^$\n]*\$",
    "picture": r"!\[[^\]]*\]\(files/",
}


def front_matter(text: str) -> dict[str, object]:
    loaded = yaml.safe_load(text.split("\n---\n", 1)[0].removeprefix("---\n"))
    assert isinstance(loaded, dict)
    return loaded


def programs() -> list[tuple[str, str, str | None]]:
    """Every complete program: (where, code, what it must print or None)."""
    found = []
    for path in LESSONS:
        text = path.read_text(encoding="utf-8")
        fences = list(_FENCE.finditer(text))
        for place, fence in enumerate(fences):
            title = _TITLE.search(fence["info"])
            if not fence["info"].startswith("python") or title is None or not title[1].endswith(".py"):
                continue
            output = None
            if place + 1 < len(fences):
                following = fences[place + 1]
                following_title = _TITLE.search(following["info"])
                between = text[fence.end() : following.start()]
                if following_title and following_title[1] in _OUTPUT_TITLES and not between.strip():
                    output = following["code"]
            found.append((f"{path.parent.name}/{path.name}:{title[1]}", fence["code"], output))
    return found


PROGRAMS = programs()


@pytest.mark.parametrize(("where", "code", "output"), PROGRAMS, ids=[where for where, _, _ in PROGRAMS])
def test_every_program_runs_and_prints_what_its_lesson_says(
    where: str, code: str, output: str | None, tmp_path: Path
) -> None:
    (tmp_path / "program.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    if output is not None:
        assert done.stdout == output


def test_the_lessons_hold_programs_whose_output_is_shown() -> None:
    shown = [where for where, _, output in PROGRAMS if output is not None]
    assert len(shown) >= 30


@pytest.mark.parametrize("course", ["async-python", "mini-db"])
def test_each_course_has_twelve_published_lessons_and_every_kind_of_access(course: str) -> None:
    fields = [
        front_matter(path.read_text(encoding="utf-8")) for path in LESSONS if path.parent.name == course
    ]
    published = [field for field in fields if field.get("status", "published") == "published"]
    assert len(published) >= 12
    assert {field.get("access", "paid") for field in published} == {"free", "member", "paid"}
    assert any(field.get("status") == "draft" for field in fields)


def test_the_school_has_a_scheduled_lesson_two_single_products_a_bundle_and_a_subscription() -> None:
    states = [front_matter(path.read_text(encoding="utf-8")).get("status") for path in LESSONS]
    school = yaml.safe_load((CONTENT / "school.yml").read_text(encoding="utf-8"))
    assert "scheduled" in states
    assert sorted(product["kind"] for product in school["products"]) == [
        "bundle",
        "course",
        "course",
        "subscription",
    ]


@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature_is_shown_in_public_and_in_paid_text(feature: str) -> None:
    public, private = [], []
    for path in LESSONS:
        lead_in, _, rest = path.read_text(encoding="utf-8").partition(f"\n{MARKER}\n")
        public.append(lead_in)
        private.append(rest)
    pattern = re.compile(FEATURES[feature], re.MULTILINE)
    assert any(pattern.search(text) for text in public), "not in any public half"
    assert any(pattern.search(text) for text in private), "not in any paid half"


def words(text: str) -> int:
    """Words of prose: Latin words, and Chinese characters at 1.7 to a word; code and front matter left out."""
    prose = _FENCE.sub("", text.split("\n---\n", 1)[1])
    return len(re.findall(r"[A-Za-z][A-Za-z'’-]*", prose)) + int(
        len(re.findall("[\u4e00-\u9fff]", prose)) / 1.7
    )


@pytest.mark.parametrize("path", LESSONS, ids=[f"{path.parent.name}/{path.name}" for path in LESSONS])
def test_every_published_lesson_has_600_words(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if front_matter(text).get("status", "published") == "published":
        assert words(text) >= 600


@pytest.mark.parametrize("course", ["async-python", "mini-db"])
def test_the_archive_opens_and_is_offered_only_to_owners(course: str) -> None:
    name = f"{course}-code.zip"
    with zipfile.ZipFile(CONTENT / course / "files" / name) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) >= 5
    for path in LESSONS:
        lead_in, marker, _ = path.read_text(encoding="utf-8").partition(f"\n{MARKER}\n")
        assert name not in lead_in or not marker
