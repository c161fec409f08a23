"""From real files through the real catalogue and access stages: no canary of a private field in any public byte (L01)."""

from __future__ import annotations

import gzip
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator import access, catalogue
from generator.site.build import Project, Site, build
from tests.generator.site.conftest import tree

SCHOOL = Path(__file__).parents[2] / "sites" / "site-canaries"
CANARY = re.compile(rb"canary(?!\.example)\w+")
NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("canaries")
    shutil.copytree(SCHOOL / "content", root / "content")
    return Project(root=root)


@pytest.fixture(scope="module")
def site(project: Project) -> Site:
    school, _ = catalogue.read(project.content)
    return build(access.split(school, NOW), project=project)


def test_every_private_field_is_planted(site: Site) -> None:
    """The test below proves nothing about a field without a canary."""
    planted = {word for path in SCHOOL.rglob("*.md") for word in CANARY.findall(path.read_bytes())}
    assert len(planted) > 45
    private = b"".join(site.parts.values())
    kept = {word for word in planted if not re.search(rb"draft|scheduled|notice|unused|label", word)}
    assert kept <= {*CANARY.findall(private)}


def test_no_canary_stands_in_a_public_byte_or_name_l01_l02_l03_l05_l06_l07_l09_l10_l11_l20(
    project: Project, site: Site
) -> None:
    for folder in (site.public, project.staged):
        for path, content in tree(folder).items():
            assert not CANARY.search(path.encode()), path
            data = gzip.decompress(content) if path.endswith(".gz") else content
            assert not CANARY.search(data.lower()), (path, CANARY.search(data.lower()))
    assert not CANARY.search(project.config.read_bytes())


def test_drafts_scheduled_and_retired_lessons_are_listed_nowhere(site: Site) -> None:
    for path, content in tree(site.public).items():
        if path.endswith((".xml", ".txt")) or path == "index.html" or path == "vault/index.html":
            assert b"vault/retired" not in content, path
    assert not (site.public / "vault" / "canarydraftfile").exists()
    assert (site.public / "vault" / "retired" / "index.html").is_file()


def test_a_link_to_a_draft_leads_to_the_course_and_the_author_is_told(site: Site) -> None:
    html = (site.public / "vault/open/index.html").read_text("utf-8")
    assert '<a href="../">one that is not out</a>' in html
    assert any("not published" in problem.what for problem in site.warnings)


def test_private_files_are_not_public_l10(site: Site) -> None:
    public = {path for path in tree(site.public) if path.startswith("vault/files/")}
    assert public == {"vault/files/cover.svg", "vault/files/plan.svg"}
    assert set(site.files) == {
        "vault/files/canarypicture.svg",
        "vault/files/canaryarchive.zip",
        "vault/files/canarymember.svg",
    }
