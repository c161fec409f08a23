"""Every command, setting, field and exit code is documented; every picture and link of the documentation exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from tests.support import reference

ROOT = Path(__file__).resolve().parents[1]
DOCS = [
    ROOT / "README.md",
    ROOT / "README.zh-CN.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def test_the_command_reference_is_what_the_commands_say() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from tests.support.reference import render; print(render(), end='')"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert reference.PATH.read_text(encoding="utf-8") == done.stdout, (
        "renew it: python -m tests.support.reference"
    )


def commands() -> list[tuple[str, click.Command]]:
    from gatekeeper import cli as gatekeeper_cli
    from generator import cli as generator_cli

    return [
        *reference.walk("lyceum", generator_cli.cli, None),
        *reference.walk("gatekeeper", gatekeeper_cli.cli, None),
    ]


@pytest.mark.parametrize(("name", "command"), commands(), ids=[name for name, _ in commands()])
def test_help_ends_with_examples_and_exit_codes(name: str, command: click.Command) -> None:
    text = command.get_help(click.Context(command, info_name=name))
    assert "Exit codes:" in text
    if not isinstance(command, click.Group) or command.name in ("cli", "lyceum", "gatekeeper"):
        assert (
            len(re.findall(rf"^ +{name.split()[0]} ", text.partition("Examples:")[2], re.MULTILINE)) >= 2
        ), text


@pytest.mark.parametrize(
    "option", [(n, p) for n, c in commands() for p in c.params if isinstance(p, click.Option)], ids=str
)
def test_every_option_says_what_it_is(option: tuple[str, click.Option]) -> None:
    assert option[1].help, f"{option[0]} {option[1].opts}"


def test_every_setting_is_documented() -> None:
    """The names that either side's sources mention as environment variables."""
    documented = set(
        re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8"))
    )
    used = set()
    for package in ("generator", "gatekeeper"):
        for path in (ROOT / package).rglob("*.py"):
            used |= set(re.findall(r'"((?:LYCEUM|AWS)_[A-Z0-9_]+)"', path.read_text(encoding="utf-8")))
    used = {name.removesuffix("_FILE") for name in used}
    assert used - documented == set()
    assert {name for name in documented if name.startswith("LYCEUM")} - used == set(), (
        "documented but not read"
    )


def test_every_field_an_author_may_write_is_documented() -> None:
    from generator.catalogue import fields

    guide = (ROOT / "docs" / "authors.md").read_text(encoding="utf-8")
    named = {word for code in re.findall(r"`([^`\n]+)`", guide) for word in re.findall(r"[a-z_]+", code)}
    missing = {
        f"{model.__name__}.{field}"
        for model in vars(fields).values()
        if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == fields.__name__
        for field in model.model_fields
        if field not in named
    }
    assert missing == set()


@pytest.mark.parametrize("path", DOCS, ids=[path.relative_to(ROOT).as_posix() for path in DOCS])
def test_no_link_or_picture_dangles(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    local = [target for target in targets if target and not re.match(r"[a-z]+:", target)]
    assert [target for target in local if not (path.parent / target).exists()] == []


def test_the_table_of_attack_cases_is_what_the_tests_try() -> None:
    from tests.support import cases

    document = cases.PATH.read_text(encoding="utf-8")
    assert document == cases.render(document), "renew it: python -m tests.support.cases"


def test_every_attack_case_is_tried_or_says_why_not() -> None:
    from tests.support import cases

    tried = cases.tried()
    assert {case for case in cases.CASES if case not in tried and case not in cases.OPEN} == set()
    assert {case for case in cases.OPEN if case in tried} == set(), "tried after all: take them out of OPEN"
