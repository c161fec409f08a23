"""What a school says about signals, and that it says so to pages and to the gatekeeper."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from gatekeeper.contract import manifest
from gatekeeper.contract.signals import Privacy
from generator.site.contents import contents_of
from generator.site.project import Project
from generator.site.stage import Stager
from tests.gatekeeper.contract.values import EVERYTHING
from tests.generator.catalogue.building import SCHOOL, read, refused
from tests.generator.site.editions import edition


def test_a_school_that_says_nothing_collects_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, {}).signals is Privacy.NONE


@pytest.mark.parametrize("said", list(Privacy))
def test_a_school_says_what_its_pages_may_tell(tmp_path: Path, said: Privacy) -> None:
    text = f"{SCHOOL}privacy: {{signals: {said.value}}}\n"
    assert read(tmp_path, {"school.yml": text}).signals is said


@pytest.mark.parametrize("said", ["off", "yes", "Consent", "everything", "[consent]", ""])
def test_anything_else_is_a_mistake_with_its_line(tmp_path: Path, said: str) -> None:
    problems = refused(tmp_path, {"school.yml": f"{SCHOOL}privacy: {{signals: {said}}}\n"})
    assert [problem.where for problem in problems] == ["school.yml:8"]


@pytest.mark.parametrize("said", list(Privacy))
def test_pages_and_the_manifest_say_the_same(said: Privacy) -> None:
    shown = edition()
    shown = replace(shown, school=replace(shown.school, signals=said))
    contents = contents_of(shown, base_url="https://school.example/", parts={}, files={})
    assert Privacy.of(contents.get("signals")) is said
    plan = Stager(shown, Project(root=Path())).plan()
    assert yaml.safe_load(plan.settings)["extra"]["lyceum"]["signals"] == said.value


@pytest.mark.parametrize("said", list(Privacy))
def test_a_manifest_keeps_it_and_says_nothing_where_nothing_is_collected(said: Privacy) -> None:
    whole = replace(EVERYTHING, signals=said)
    data = manifest.dumps(whole)
    assert manifest.loads(data) == whole
    assert (b'"signals"' in data) is (said is not Privacy.NONE)


@pytest.mark.parametrize("said", ["all", 1, None, ["consent"], {"consent": True}])
def test_what_a_manifest_of_a_later_version_says_is_nothing(said: object) -> None:
    assert Privacy.of(said) is Privacy.NONE
