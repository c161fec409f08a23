"""`lyceum cache` as a pipeline calls it: real processes, exit codes, what is said."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gatekeeper.contract import keys
from tests.generator.cli.test_commands import lyceum, school
from tests.generator.site.conftest import tree

__all__ = ["school"]


@pytest.fixture
def runner(school: Path, tmp_path: Path) -> Path:
    """A second machine: the same school, the same embedded store, nothing else."""
    root = tmp_path / "runner"
    shutil.copytree(school / "content", root / "content")
    return root


def share(school: Path, runner: Path) -> dict[str, str]:
    """Settings of a store that both machines reach."""
    key = "00112233445566778899aabbccddeeff"
    folder = school.parent / "shared"
    return {
        "LYCEUM_STORE": (folder / "private").as_uri(),
        "LYCEUM_PUBLIC_STORE": (folder / "public").as_uri(),
        "LYCEUM_CONTENT_KEY": key,
        "LYCEUM_UNSIGNED_RELEASES": "allow",  # signing is tried elsewhere
    }


def test_a_runner_that_starts_empty_gets_the_cache_and_builds_the_same_site(
    school: Path, runner: Path
) -> None:
    settings = share(school, runner)
    assert lyceum("build", school=school).returncode == 0
    pushed = lyceum("cache", "push", "--json", school=school, **settings)
    assert pushed.returncode == 0, pushed.stderr
    pulled = lyceum("cache", "pull", "--json", school=runner, **settings)
    assert pulled.returncode == 0, pulled.stderr
    assert json.loads(pulled.stdout)["snapshot"] == json.loads(pushed.stdout)["snapshot"]
    warm = lyceum("build", school=runner)
    assert warm.returncode == 0, warm.stderr
    assert " 0 pages rendered" in warm.stderr or "every page reused" in warm.stderr, warm.stderr
    assert tree(runner / "build" / "site") == tree(school / "build" / "site")


def test_a_cache_of_ones_own_stays_unless_it_shall_go(school: Path, runner: Path) -> None:
    settings = share(school, runner)
    for root, text in ((school, "shared"), (runner, "own")):
        (root / ".cache" / "lyceum").mkdir(parents=True)
        (root / ".cache" / "lyceum" / "file").write_text(text)
    assert lyceum("cache", "push", school=school, **settings).returncode == 0
    done = lyceum("cache", "pull", school=runner, **settings)
    assert done.returncode == 0
    assert "kept" in done.stderr
    assert (runner / ".cache" / "lyceum" / "file").read_text() == "own"
    assert lyceum("cache", "pull", "--replace", school=runner, **settings).returncode == 0
    assert (runner / ".cache" / "lyceum" / "file").read_text() == "shared"


def test_a_missing_damaged_or_unreachable_cache_stops_no_pipeline(school: Path, runner: Path) -> None:
    settings = share(school, runner)
    missing = lyceum("cache", "pull", school=runner, **settings)
    assert (missing.returncode, "no shared cache yet" in missing.stderr) == (0, True)
    (school / ".cache" / "lyceum").mkdir(parents=True)
    (school / ".cache" / "lyceum" / "file").write_text("x")
    assert lyceum("cache", "push", school=school, **settings).returncode == 0
    for place in (school.parent / "shared" / "private" / keys.CACHE_PACKS).iterdir():
        place.write_bytes(b"damaged")
    damaged = lyceum("cache", "pull", "--json", school=runner, **settings)
    assert (damaged.returncode, damaged.stdout) == (0, "null\n")
    assert "warning: no shared cache is used" in damaged.stderr
    assert "hint: " in damaged.stderr
    unreachable = lyceum(
        "cache",
        "pull",
        school=runner,
        **settings
        | {
            "LYCEUM_STORE": "s3://bucket-nowhere/private",
            "LYCEUM_S3_ENDPOINT": "http://127.0.0.1:9",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "b",
        },
    )
    assert unreachable.returncode == 0, unreachable.stderr
    assert "warning: no shared cache is used" in unreachable.stderr
    assert not (runner / ".cache" / "lyceum").exists()


def test_a_push_that_fails_says_so(school: Path, runner: Path) -> None:
    settings = share(school, runner)
    done = lyceum("cache", "push", school=school, **settings)
    assert done.returncode == 1
    assert "no build cache yet" in done.stderr
    done = lyceum("cache", "push", school=school, **settings | {"LYCEUM_CONTENT_KEY": "short"})
    assert done.returncode == 2


def test_the_shared_cache_is_in_the_private_store_and_no_manifest_names_it(school: Path) -> None:
    """Rule R2: what the manifest does not list is denied."""
    settings = share(school, school)
    assert lyceum("publish", school=school, **settings).returncode == 0
    (school / ".cache" / "lyceum").mkdir(parents=True, exist_ok=True)
    (school / ".cache" / "lyceum" / "file").write_text("THE-PAID-HALF")
    assert lyceum("cache", "push", school=school, **settings).returncode == 0
    assert lyceum("publish", school=school, **settings).returncode == 0
    shared = school.parent / "shared"
    stored = tree(shared / "private")
    assert any(path.startswith(keys.CACHE_PACKS) for path in stored)
    manifests = [body for path, body in stored.items() if path.endswith("manifest.json")]
    assert manifests
    for manifest in manifests:
        assert b"cache/" not in manifest
    assert not any("cache" in path.split("/") for path in tree(shared / "public"))
