"""The ready workflows of docs/deploy/ci: each step is run in its order, as the service's own shell would, in a school of its own.

What a shell cannot have is stood in for: the checkout (the school lies there), the set-up of Python and the installation (a program of
that name is on the PATH), and `gh` and `curl`, which write down what they were told to send.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.contract import signature
from generator.cli.init import WORKFLOWS, workflow_text
from generator.cli.site_host import SiteHost
from generator.release.access_report import MARK
from tests.support.command_line import Done, lyceum, run

ROOT = Path(__file__).resolve().parents[3]
SEED = bytes(range(32))
COURSE = "content/first-course/course.yml"


@dataclass
class Runner:
    """A machine of the service: the school, its stores, the settings that an operator made, and the stand-ins."""

    folder: Path
    school: Path
    settings: Mapping[str, str]
    host: SiteHost
    sent: Path = field(init=False)

    def __post_init__(self) -> None:
        self.sent = self.folder / "sent"
        programs = self.folder / "programs"
        programs.mkdir()
        python = sys.executable
        self._program(
            programs / "python",
            f'if [ "$1 $2 $3" = "-m pip install" ]; then echo "$@" >> "{self.sent}"; exit 0; fi\nexec {python} "$@"',
        )
        self._program(programs / "lyceum", f'exec {python} -c "from generator.cli import main; main()" "$@"')
        for name in ("gh", "curl"):
            self._program(
                programs / name,
                f'echo "{name} $*" >> "{self.sent}"\nfor one in "$@"; do case "$one" in *access.md) cat access.md >> "{self.sent}";; esac; done',
            )
        self.path = f"{programs}:/usr/local/bin:/usr/bin:/bin"

    def shell(self, script: str, *options: str, expect: int = 0, **environment: str) -> Done:
        return run(
            "bash",
            "--noprofile",
            "--norc",
            *options,
            "-c",
            script,
            folder=self.school,
            expect=expect,
            settings={**environment, "PATH": self.path, "CI": "true"},
        )

    def commit(self, message: str) -> None:
        run("git", "commit", "--quiet", "--allow-empty", "--all", "--message", message, folder=self.school)

    def access(self, level: str) -> None:
        place = self.school / COURSE
        text = re.sub(r"(?m)^access: \w+", f"access: {level}", place.read_text(encoding="utf-8"))
        place.write_text(text, encoding="utf-8")

    def releases(self) -> list[dict[str, Any]]:
        found = lyceum("releases", "--json", folder=self.school, settings=self.settings).stdout
        rows: list[dict[str, Any]] = json.loads(found)
        return rows

    @staticmethod
    def _program(place: Path, script: str) -> None:
        place.write_text(f"#!/bin/sh\n{script}\n")
        place.chmod(0o755)


@pytest.fixture(params=sorted(WORKFLOWS))
def service(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def runner(service: str, tmp_path: Path) -> Iterator[Runner]:
    school = tmp_path / "school"
    lyceum("init", str(school), "--ci", service, folder=tmp_path)
    run("git", "init", "--quiet", "--initial-branch", "main", folder=school)
    run("git", "add", "--all", folder=school)
    host = SiteHost(tmp_path / "public" / "site", "127.0.0.1", 0)
    host.start()
    settings = {
        "LYCEUM_STORE": (tmp_path / "private").as_uri(),
        "LYCEUM_PUBLIC_STORE": (tmp_path / "public").as_uri(),
        "LYCEUM_SITE_URL": host.url,
        "LYCEUM_GATEKEEPER_URL": "http://127.0.0.1:9",
        "LYCEUM_CONTENT_KEY": bytes(range(16)).hex(),
        "LYCEUM_RELEASE_KEY": SEED.hex(),
    }
    made = Runner(folder=tmp_path, school=school, settings=settings, host=host)
    made.access("member")
    made.commit("A new school")
    run("git", "update-ref", "refs/remotes/origin/main", "HEAD", folder=school)
    yield made
    host.stop()


class GitHub:
    """Runs the steps of a job as GitHub's runner does: each in a shell of its own, `bash -e`, until one fails."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._workflow = yaml.safe_load((runner.school / WORKFLOWS["github"][0]).read_text(encoding="utf-8"))
        self.summary = runner.folder / "summary.md"

    def job(self, name: str, *, failing: str = "", expect: int = 0, **context: str) -> list[str]:
        """The names of the steps that were run. failing: the step that must end with `expect`."""
        job, done = self._workflow["jobs"][name], []
        for step in job["steps"]:
            if "run" not in step:
                assert "uses" in step
                continue
            environment = {**self._workflow["env"], **job.get("env", {}), **step.get("env", {})}
            chosen = {key: self._said(str(value), context) for key, value in environment.items()}
            is_last = step["name"] == failing
            chosen["GITHUB_STEP_SUMMARY"] = str(self.summary)
            self._runner.shell(step["run"], "-e", expect=expect if is_last else 0, **chosen)
            done.append(step["name"])
            if is_last:
                break
        return done

    def _said(self, text: str, context: Mapping[str, str]) -> str:
        """`${{ … }}` as GitHub fills it in; what nobody has set is empty."""
        secrets = {f"secrets.{name}": value for name, value in self._runner.settings.items() if "KEY" in name}
        variables = {
            f"vars.{name}": value for name, value in self._runner.settings.items() if "KEY" not in name
        }
        known = {**secrets, **variables, **context}
        return re.sub(r"\$\{\{\s*([^}\s]+)\s*\}\}", lambda found: known.get(found[1], ""), text)


class GitLab:
    """Runs a job as GitLab's runner does: before_script and script in one shell, which ends at the first failure."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._workflow = yaml.safe_load((runner.school / WORKFLOWS["gitlab"][0]).read_text(encoding="utf-8"))

    def job(self, name: str, *, expect: int = 0, secrets: bool, **environment: str) -> Done:
        """secrets: whether this branch is protected, so that the job has them: as files, `…_FILE`."""
        job = self._workflow[name]
        lines = [*self._workflow["default"]["before_script"], *job["script"]]
        chosen = {key: str(value) for key, value in self._workflow["variables"].items()} | environment
        if secrets:
            for key, value in self._runner.settings.items():
                if "KEY" in key:
                    place = self._runner.folder / key
                    place.write_text(value)
                    chosen[f"{key}_FILE"] = str(place)
                else:
                    chosen[key] = value
        return self._runner.shell("\n".join(lines), "-eo", "pipefail", expect=expect, **chosen)


def publish(service: str, runner: Runner, *, before: str, expect: int = 0) -> None:
    if service == "github":
        failing = "Publish" if expect else ""
        GitHub(runner).job("publish", failing=failing, expect=expect, **{"github.event.before": before})
    else:
        GitLab(runner).job("publish", secrets=True, expect=expect, CI_COMMIT_BEFORE_SHA=before)


def check(service: str, runner: Runner, *, expect: int = 0) -> str:
    """What was sent as a comment."""
    if service == "github":
        failing = "Refuse a loss of access that nobody announced" if expect else ""
        github = GitHub(runner)
        github.job(
            "check",
            failing=failing,
            expect=expect,
            **{
                "github.base_ref": "main",
                "github.event.pull_request.number": "7",
                "github.repository": "a/b",
            },
        )
        assert MARK in github.summary.read_text(encoding="utf-8")
    else:
        run("git", "clone", "--quiet", "--bare", ".", str(runner.folder / "origin.git"), folder=runner.school)
        run("git", "remote", "add", "origin", str(runner.folder / "origin.git"), folder=runner.school)
        GitLab(runner).job(
            "check",
            secrets=False,
            expect=expect,
            CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main",
            CI_API_V4_URL="https://gitlab.example/api/v4",
            CI_PROJECT_ID="5",
            CI_MERGE_REQUEST_IID="7",
            LYCEUM_COMMENT_TOKEN="token",
        )
        run("git", "remote", "remove", "origin", folder=runner.school)
    return runner.sent.read_text(encoding="utf-8")


def test_a_push_is_checked_built_published_and_verified(service: str, runner: Runner) -> None:
    publish(service, runner, before="0" * 40)
    [first] = runner.releases()
    assert first["is_current"]
    assert "install --quiet lyceum[generator]" in runner.sent.read_text(encoding="utf-8")
    assert list((runner.folder / "private" / "cache").iterdir())  # the shared build cache
    said = lyceum(
        "verify",
        runner.host.url,
        "--key",
        signature.public_text(Ed25519PrivateKey.from_private_bytes(SEED).public_key()),
        "--release",
        first["release"],
        folder=runner.school,
    )
    assert "signed by" in said.stdout


def test_a_push_that_takes_access_away_is_published_only_when_a_commit_says_so(
    service: str, runner: Runner
) -> None:
    lyceum("publish", folder=runner.school, settings=runner.settings)
    before = run("git", "rev-parse", "HEAD", folder=runner.school).stdout.strip()
    runner.access("paid")
    runner.commit("Sell it")
    publish(service, runner, before=before, expect=5)
    assert len(runner.releases()) == 1
    runner.commit("Sell it, as announced\n\nAccess-Loss: allowed")
    runner.commit("another commit of the same push")
    publish(service, runner, before=before)
    assert len(runner.releases()) == 2


def test_a_pull_request_is_told_who_may_read_what_and_stopped_by_a_loss(service: str, runner: Runner) -> None:
    """Without a single secret: a fork's pull request has none."""
    run("git", "checkout", "--quiet", "-b", "sell", folder=runner.school)
    runner.access("paid")
    runner.commit("Sell it")
    sent = check(service, runner, expect=5)
    assert MARK in sent
    assert "**1 lost to somebody who can read it now.**" in sent
    assert ("gh pr comment 7 " in sent) or ("merge_requests/7/notes" in sent)


def test_a_pull_request_that_announces_its_loss_passes(service: str, runner: Runner) -> None:
    run("git", "checkout", "--quiet", "-b", "sell", folder=runner.school)
    runner.access("paid")
    runner.commit("Sell it\n\naccess-loss: ALLOWED")
    assert MARK in check(service, runner)


def test_the_workflow_of_a_new_school_is_the_one_in_the_documentation(service: str, runner: Runner) -> None:
    target, source = WORKFLOWS[service]
    text = (ROOT / "docs" / "deploy" / "ci" / source).read_text(encoding="utf-8")
    assert (runner.school / target).read_text(encoding="utf-8") == text == workflow_text(source)


def test_no_pull_request_sees_a_secret() -> None:
    """The job that runs what strangers wrote names none, and secrets come from a protected environment."""
    workflow = yaml.safe_load(workflow_text("github-actions.yml"))
    assert "secrets." not in json.dumps(workflow["jobs"]["check"])
    assert "pull_request_target" not in workflow[True]  # YAML reads `on` as true
    assert workflow["jobs"]["publish"]["environment"]
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        [checkout] = [
            step for step in job["steps"] if str(step.get("uses", "")).split("@")[0] == "actions/checkout"
        ]
        assert checkout["with"]["persist-credentials"] is False
        for step in job["steps"]:  # nothing that a stranger chooses is pasted into a script
            assert "${{" not in step.get("run", "")
