"""`lyceum init`: one command, and the school checks, builds and can be published; and `lyceum keys`."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from gatekeeper.contract import signature
from tests.support.command_line import lyceum, run


@pytest.mark.parametrize(("language", "ci"), [("en", "github"), ("zh", "gitlab")])
def test_a_new_school_is_checked_built_and_could_be_published(tmp_path: Path, language: str, ci: str) -> None:
    done = lyceum("init", "school", "--language", language, "--ci", ci, "--git", folder=tmp_path)
    assert "Next:" in done.stderr
    school = tmp_path / "school"
    assert run("git", "status", "--porcelain", folder=school).stdout == ""
    assert run("git", "log", "--format=%s", folder=school).stdout == "A new school\n"
    lyceum("check", "--strict", folder=school, CI="true")
    lyceum("build", "--strict", folder=school)
    assert "upload" in lyceum("publish", "--dry-run", folder=school).stdout
    assert run("git", "status", "--porcelain", folder=school).stdout == "", "what commands make is ignored"
    workflow = school / (".github/workflows/lyceum.yml" if ci == "github" else ".gitlab-ci.yml")
    assert yaml.safe_load(workflow.read_text(encoding="utf-8"))


def test_a_school_without_a_workflow_or_git_is_just_that(tmp_path: Path) -> None:
    lyceum("init", "school", "--ci", "none", folder=tmp_path)
    assert sorted(path.name for path in (tmp_path / "school").iterdir()) == [".gitignore", "content"]


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    workflow = tmp_path / "school" / ".github" / "workflows" / "lyceum.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text("mine")
    done = lyceum("init", "school", folder=tmp_path, expect=2)
    assert "there is a workflow already" in done.stderr
    assert not (tmp_path / "school" / "content").exists()
    (tmp_path / "school" / ".gitignore").write_text("mine")
    lyceum("init", "school", "--ci", "gitlab", folder=tmp_path)
    assert workflow.read_text() == (tmp_path / "school" / ".gitignore").read_text() == "mine"
    assert (
        "there is a school already"
        in lyceum("init", "school", "--ci", "none", folder=tmp_path, expect=2).stderr
    )


def test_git_without_a_name_is_told_with_a_way_out(tmp_path: Path) -> None:
    nobody = {f"GIT_{who}_{what}": "" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    alone = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    done = lyceum("init", "school", "--git", folder=tmp_path, expect=2, settings={**nobody, **alone})
    assert "git config user.name" in done.stderr
    assert (tmp_path / "school" / "content" / "school.yml").is_file()


def test_a_release_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    made = lyceum("keys", "new", "release.key", folder=tmp_path)
    place = tmp_path / "release.key"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    seed = place.read_text().strip()
    assert seed not in made.stdout + made.stderr
    public = made.stdout.strip()
    assert public == signature.public_text(signature.private_key(seed).public_key())
    for settings in ({"LYCEUM_RELEASE_KEY": seed}, {"LYCEUM_RELEASE_KEY_FILE": str(place)}):
        assert lyceum("keys", "public", folder=tmp_path, settings=settings).stdout.strip() == public
    assert lyceum("keys", "public", "release.key", folder=tmp_path).stdout.strip() == public
    assert "hint:" in lyceum("keys", "new", "release.key", folder=tmp_path, expect=2).stderr
    assert place.read_text().strip() == seed


@pytest.mark.parametrize("text", ["", "geheim", "00" * 32])
def test_a_key_that_is_none_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.key").write_text(text)
    done = lyceum("keys", "public", "bad.key", folder=tmp_path, expect=2)
    assert "hint:" in done.stderr
    assert not text or text not in done.stderr
    lyceum("keys", "public", folder=tmp_path, expect=2)
    lyceum("keys", "public", "nowhere.key", folder=tmp_path, expect=2)


def test_verify_has_an_exit_code_for_each_end(tmp_path: Path) -> None:
    """0 proven, 1 not its release, 2 no address, 4 something private answers, 6 away."""
    from generator.cli.site_host import SiteHost

    lyceum("init", "school", "--ci", "none", folder=tmp_path)
    school = tmp_path / "school"
    host = SiteHost(school / ".lyceum" / "site" / "site", "127.0.0.1", 0)
    host.start()
    try:
        lyceum("publish", folder=school, LYCEUM_SITE_URL=host.url)
        good = lyceum("verify", host.url, "--store", folder=school)
        assert "signed by" in good.stdout
        assert "note: the release was made for" not in good.stderr
        page = school / ".lyceum" / "site" / "site" / "index.html"
        text = page.read_bytes()
        page.unlink()  # it is a hard link to the store's own copy
        page.write_bytes(text + b"<p>more")
        changed = lyceum("verify", host.url, "--json", folder=school, expect=1)
        assert '"kind": "changed"' in changed.stdout
        assert "hint:" in changed.stderr
        [key] = list((school / ".lyceum" / "store" / "private").iterdir())
        (page.parent / "private").mkdir()
        (page.parent / "private" / key.name).write_bytes(b"paid")
        leak = lyceum("verify", host.url, "--store", folder=school, expect=4)
        assert "private content answers strangers at 1 address" in leak.stderr
    finally:
        host.stop()
    assert (
        "is not the address of a site" in lyceum("verify", "school.example", folder=school, expect=2).stderr
    )
    lyceum("verify", host.url, folder=school, expect=6)
