"""`lyceum releases`, `releases prune`, and the purge lists of what switches, as real processes."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from generator.cli.who import publisher
from generator.release import publish
from tests.generator.cli.test_commands import lyceum
from tests.generator.release.made import folders, made, pages_of, shown


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A school's folder whose embedded-like stores hold three releases; nothing needs to be built for what is tried here."""
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "school.yml").write_text("format: 1\n")
    stores = folders(tmp_path)
    for number in (1, 2, 3):
        publish(made(tmp_path, number, commit=f"{number}" * 12), stores, by="the tester")
    return tmp_path


def settings(root: Path) -> dict[str, str]:
    return {
        "LYCEUM_STORE": (root / "private").as_uri(),
        "LYCEUM_PUBLIC_STORE": (root / "public").as_uri(),
        "LYCEUM_UNSIGNED_RELEASES": "allow",
    }


def age(root: Path, days: int) -> None:
    """Everything in the store was put there so many days ago."""
    moment = time.time() - days * 86400
    for place in (root / "private").rglob("*"):
        if place.is_file():
            os.utime(place, (moment, moment))


def test_the_list_shows_who_published_what_and_when(published: Path) -> None:
    done = lyceum("releases", school=published, **settings(published))
    assert done.returncode == 0, done.stderr
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["release", "published", "by", "commit", "lessons", "size"]
    assert rows[0].split()[0] == "*"
    assert all("the tester" in row and "2026-11-22T16:00:0" in row for row in rows)
    listed = json.loads(lyceum("releases", "--json", school=published, **settings(published)).stdout)
    assert [row["is_current"] for row in listed] == [True, False, False]
    assert {row["by"] for row in listed} == {"the tester"}


def test_pruning_says_first_and_does_when_told(published: Path) -> None:
    age(published, 3)
    dry = lyceum("releases", "prune", "--keep", "2", school=published, **settings(published))
    assert dry.returncode == 0, dry.stderr
    assert dry.stdout.split() == ["-", made(published, 1).id]
    assert "dry run" in dry.stderr
    assert len(json.loads(lyceum("releases", "--json", school=published, **settings(published)).stdout)) == 3
    done = lyceum(
        "releases", "prune", "--keep", "2", "--delete", "--json", school=published, **settings(published)
    )
    assert json.loads(done.stdout)["is_done"]
    assert len(json.loads(lyceum("releases", "--json", school=published, **settings(published)).stdout)) == 2
    assert lyceum("releases", "prune", "--keep", "0", school=published, **settings(published)).returncode == 2
    assert lyceum("releases", "prune", school=published, **settings(published)).returncode == 2


def test_a_rollback_lists_what_a_cdn_must_forget(published: Path) -> None:
    done = lyceum("rollback", "--purge-file", "-", school=published, **settings(published))
    assert done.returncode == 0, done.stderr
    urls = done.stdout.splitlines()
    assert urls == sorted(urls)
    assert "https://school.example/demo/only-3/" in urls
    assert "https://school.example/demo/only-2/" in urls
    assert "https://school.example/demo/" not in urls  # it did not change
    assert shown(folders(published)) == pages_of(made(published, 2, commit="2" * 12))
    refused = lyceum(
        "rollback", "--purge-file", "no/such/folder/list", school=published, **settings(published)
    )
    assert refused.returncode == 1
    assert "purge the whole site" in refused.stderr


def test_who_publishes_is_taken_from_the_environment_without_an_address() -> None:
    assert publisher({"LYCEUM_PUBLISHER": "Ada", "GITHUB_ACTOR": "octo"}) == "Ada"
    assert publisher({"GITHUB_ACTOR": "octo"}) == "octo"
    assert publisher({"GITLAB_USER_LOGIN": "root@example.org"}) == "root"
    assert " on " in publisher({})
    assert publisher({"LYCEUM_PUBLISHER": "a\nb" * 100}) == ("ab" * 100)[:80]
