"""Sites built with the house's own theme and settings; each is built once a session, or once a worker."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from generator.access.edition import Edition
from generator.site.build import Project, Site, build
from tests.generator.site.editions import write_files
from tests.support.browser import *  # noqa: F403 - fixtures are found by name

Built = tuple[Site, Project]
Builder = Callable[..., Built]

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>\n'


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Build an edition in a folder of its own; every file that it names is put there with a drawn dot in it."""

    def make(edition: Edition, settings: str | None = None, **fields: object) -> Built:
        root = tmp_path_factory.mktemp("school")
        if settings is not None:  # the school's own mkdocs.yml
            (root / "mkdocs.yml").write_text(settings, "utf-8")
        files = {path.as_posix(): SVG for path in (*edition.public_files, *edition.private_files)}
        (root / "content").mkdir()
        write_files(root / "content", files)
        project = Project(root=root, **fields)  # type: ignore[arg-type]
        return build(edition, project=project), project

    return make


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def own_theme(root: Path, source: Path) -> Path:
    """A copy of the house's theme as the school's own, to be changed by a test."""
    shutil.copytree(source, root / "theme")
    return root / "theme"
