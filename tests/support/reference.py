"""Writes docs/commands.md from the command lines themselves: `python -m tests.support.reference`.

A test compares the file with what this prints, so that no command, option or exit code can lack its documentation.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

PATH = Path(__file__).resolve().parents[2] / "docs" / "commands.md"
WIDTH = 100
HEAD = """\
# Commands

What `--help` prints, for every command. Data goes to standard output, progress and errors to standard error. An error is two lines, what happened (and where) and
a hint.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | failed |
| 2 | usage or settings |
| 3 | content wrong: every mistake is listed as `file:line: what`, with a hint |
| 4 | private text would become public; nothing was published |
| 5 | readers would lose access |
| 6 | store or provider unreachable, or another publisher was first |
| 130 | interrupted |
"""


def render() -> str:
    os.environ["COLUMNS"] = str(WIDTH)
    from gatekeeper import cli as gatekeeper_cli
    from generator import cli as generator_cli

    texts = [HEAD]
    for name, root in (("lyceum", generator_cli.cli), ("gatekeeper", gatekeeper_cli.cli)):
        for path, command in walk(name, root, None):
            context = click.Context(command, info_name=path, terminal_width=WIDTH, max_content_width=WIDTH)
            texts.append(f"## {path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "\n".join(texts)


def walk(
    path: str, command: click.Command, parent: click.Context | None
) -> Iterator[tuple[str, click.Command]]:
    """(full name, command) of a command and of everything below it."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path, parent=parent)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from walk(f"{path} {name}", below, context)


if __name__ == "__main__":
    PATH.write_text(render(), encoding="utf-8")
