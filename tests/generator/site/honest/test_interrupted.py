"""A build may be killed at any moment and another may run beside it: the next one is right all the same."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.generator.site.conftest import tree
from tests.generator.site.honest.changing import FIRST, School
from tests.generator.site.honest.schools import LYCEUM, build, differences, environment

KILLS = int(os.environ.get("LYCEUM_SOAK_EXAMPLES", "8"))
OTHER = FIRST.with_lesson("alpha", 0, None)
VERSIONS = (FIRST, OTHER)


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], ...]:
    """What a build from nothing makes of each version."""
    return tuple(made(tmp_path_factory.mktemp("clean"), version) for version in VERSIONS)


def made(root: Path, version: School) -> dict[str, bytes]:
    version.write(root)
    build(root)
    return tree(root / "build")


@contextmanager
def running(root: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A build in a process group of its own, which is gone afterwards."""
    with subprocess.Popen(
        [*LYCEUM, "build", *arguments],
        cwd=root,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.timeout(900)
def test_a_build_killed_at_any_moment_leaves_nothing_wrong(
    clean: tuple[dict[str, bytes], ...], tmp_path: Path
) -> None:
    root = tmp_path / "school"
    FIRST.write(root)
    started = time.monotonic()
    build(root)
    whole = time.monotonic() - started
    chance = random.Random(KILLS)
    for number in range(KILLS):
        version = (number + 1) % 2
        VERSIONS[version].write(root)
        with running(root):
            time.sleep(whole * chance.uniform(0.2, 1.0))  # the moment is what is tried, not waited for
        build(root)
        assert differences(tree(root / "build"), clean[version]) == []


def test_a_first_build_that_was_killed_is_no_hindrance(
    clean: tuple[dict[str, bytes], ...], tmp_path: Path
) -> None:
    for part in (0.3, 0.6, 0.9):
        root = tmp_path / str(part)
        FIRST.write(root)
        with running(root):
            time.sleep(2 * part)
        build(root)
        assert differences(tree(root / "build"), clean[0]) == []


@pytest.mark.parametrize("is_warm", [False, True], ids=["cold", "warm"])
def test_two_builds_at_once_both_succeed_and_agree(
    clean: tuple[dict[str, bytes], ...], tmp_path: Path, is_warm: bool
) -> None:
    root = tmp_path / "school"
    if is_warm:
        OTHER.write(root)
        build(root)
    FIRST.write(root)
    with running(root) as one, running(root) as other:
        assert (one.wait(120), other.wait(120)) == (0, 0)
    assert differences(tree(root / "build"), clean[0]) == []
    build(root)
    assert differences(tree(root / "build"), clean[0]) == []
