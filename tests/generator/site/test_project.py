from __future__ import annotations

from pathlib import Path

import pytest

from generator.errors import SettingsError
from generator.site import project
from generator.site.project import Project


def test_a_school_without_settings_and_theme_takes_the_houses(tmp_path: Path) -> None:
    house = Path(__file__).parents[3]
    assert Project(root=tmp_path).settings == house / "mkdocs.yml"
    assert Project(root=tmp_path).theme == house / "theme"


def test_a_schools_own_settings_and_theme_come_first(tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").touch()
    (tmp_path / "theme").mkdir()
    own = Project(root=tmp_path)
    assert (own.settings, own.theme) == (tmp_path / "mkdocs.yml", tmp_path / "theme")
    assert own.relative_to_build(own.theme) == "../theme"


def test_the_installed_package_brings_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packaged = tmp_path / "default"
    packaged.mkdir()
    (packaged / "mkdocs.yml").touch()
    monkeypatch.setattr(project, "_PACKAGED", packaged)
    assert Project(root=tmp_path / "school").settings == packaged / "mkdocs.yml"
    assert Project(root=tmp_path / "school").theme == packaged / "theme"


def test_an_incomplete_installation_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(project, "_PACKAGED", tmp_path / "a")
    monkeypatch.setattr(project, "_CHECKOUT", tmp_path / "b")
    with pytest.raises(SettingsError):
        _ = Project(root=tmp_path).settings


def test_the_preview_and_the_build_have_folders_of_their_own(tmp_path: Path) -> None:
    here = Project(root=tmp_path)
    assert here.site == tmp_path / "build" / "site"
    assert here.staged == tmp_path / "build" / "public"
    assert Project(root=tmp_path, folder=tmp_path / "other").site == tmp_path / "other" / "site"
