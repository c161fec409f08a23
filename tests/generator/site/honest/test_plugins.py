"""A school's own plugins do what they do under MkDocs, at the first build and at every later one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.generator.site.honest.schools import build, differences, plain, settings, site, tiny, write

SEARCH = "  search: {}\n"
TAGS = "  tags:\n    export: false\n"
META = "  meta: {}\n"
RSS = """\
  rss:
    use_git: false
    date_from_meta:
      as_creation: lyceum.updated
      as_update: lyceum.updated
      datetime_format: "%Y-%m-%d"
      default_time: "09:30"
"""
STAMP = "  stamp: {}\n"
PLUGIN = {
    "plugins/stamp_plugin.py": '''\
from mkdocs.plugins import BasePlugin


class Stamp(BasePlugin):
    """Writes into every page how long its text is, and afterwards how many pages it saw."""

    seen = 0

    def on_page_markdown(self, markdown, *, page, config, files):
        self.seen += 1
        return markdown + f"\\n\\nStamped: {len(markdown)} characters.\\n"

    def on_post_build(self, *, config):
        with open(config.site_dir + "/stamps.txt", "w") as file:
            file.write(f"{self.seen} pages\\n")
''',
    "plugins/stamp-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: stamp\nVersion: 1.0\n",
    "plugins/stamp-1.0.dist-info/entry_points.txt": "[mkdocs.plugins]\nstamp = stamp_plugin:Stamp\n",
}
HOOK = {
    "hooks/shout.py": """\
def on_page_content(html, *, page, config, files):
    return html.replace("door", "DOOR")
"""
}
HOOKS = "hooks:\n  - ../hooks/shout.py\n"

EDITS = (
    ("content/demo/01-open.md", "Everybody may read", "Whoever comes may read"),
    ("content/demo/03-last.md", "# Last door", "# Final door"),
    ("content/demo/02-locked.md", "tags: [doors]", "tags: [doors, locks]"),
    ("content/demo/02-locked.md", "CANARY-PAID-HALF", "CANARY-OTHER-HALF"),
)


@pytest.fixture(
    params=[SEARCH, SEARCH + TAGS + META + RSS, TAGS + STAMP], ids=["search", "all known", "unknown"]
)
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    root = tiny(tmp_path / "school")
    return write(
        root,
        {
            "mkdocs.yml": settings(request.param),
            "content/demo/.meta.yml": "description: From the folder.\n",
            **PLUGIN,
        },
    )


def same(root: Path, out: Path) -> None:
    path = str(root / "plugins")
    ours = site(root)
    assert differences(ours, plain("mkdocs", root, out, PYTHONPATH=_path(path))) == []
    assert not any(b"CANARY" in content for content in ours.values())


def made(root: Path) -> str:
    """Build; everything that was said."""
    done = build(root, "--json", PYTHONPATH=_path(str(root / "plugins")))
    return done.stderr + json.dumps(json.loads(done.stdout)["warnings"])


def _path(folder: str) -> str:
    from tests.generator.site.honest.schools import environment

    return f"{folder}:{environment()['PYTHONPATH']}"


def test_the_site_is_the_one_that_mkdocs_builds_now_and_after_every_edit(
    school: Path, tmp_path: Path
) -> None:
    made(school)
    same(school, tmp_path / "first")
    for path, old, new in EDITS:
        place = school / path
        text = place.read_text("utf-8")
        assert old in text
        place.write_text(text.replace(old, new), "utf-8")
        made(school)
    same(school, tmp_path / "last")


def test_nothing_changed_is_still_the_same_site(tmp_path: Path) -> None:
    root = write(tiny(tmp_path / "school"), {"mkdocs.yml": settings(SEARCH + TAGS + RSS)})
    made(root)
    made(root)
    same(root, tmp_path / "out")


def test_a_plugin_that_the_builder_does_not_know_is_named_every_time_and_sees_every_page(
    tmp_path: Path,
) -> None:
    root = write(tiny(tmp_path / "school"), {"mkdocs.yml": settings(STAMP), **PLUGIN})
    for _ in range(2):
        said = made(root)
        assert "warning" in said
        assert "stamp" in said
        stamps = (root / "build" / "site" / "stamps.txt").read_text()
        assert stamps == f"{len(list((root / 'build' / 'public').rglob('*.md')))} pages\n"


def test_a_hook_of_the_school_is_run_on_every_page_and_named(tmp_path: Path) -> None:
    root = write(tiny(tmp_path / "school"), {"mkdocs.yml": settings(TAGS, more=HOOKS), **HOOK})
    for out in ("first", "second"):
        said = made(root)
        assert "shout" in said
        same(root, tmp_path / out)
    assert b"Open DOOR" in site(root)["demo/open/index.html"]


def test_a_plugin_that_is_taken_away_leaves_no_trace(tmp_path: Path) -> None:
    root = write(tiny(tmp_path / "school"), {"mkdocs.yml": settings(STAMP), **PLUGIN})
    made(root)
    write(root, {"mkdocs.yml": settings(TAGS)})
    assert "stamp" not in made(root)
    same(root, tmp_path / "out")


def test_a_plugin_whose_code_changed_renders_every_page_anew(tmp_path: Path) -> None:
    root = write(tiny(tmp_path / "school"), {"mkdocs.yml": settings(STAMP), **PLUGIN})
    made(root)
    code = PLUGIN["plugins/stamp_plugin.py"].replace("Stamped:", "Marked:")
    write(root, {"plugins/stamp_plugin.py": code})
    made(root)
    same(root, tmp_path / "out")
    assert b"Marked:" in site(root)["demo/open/index.html"]
