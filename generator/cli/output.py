"""How the command line speaks: errors as two lines, problems as `file:line: what`, figures as a table or as JSON.

Standard output carries data only, so that it can be piped; everything else goes to standard error.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Protocol

import click

from generator.errors import ContentError, LeakError, LyceumError, Problem, Severity


def say(text: str) -> None:
    """A line for the person at the terminal."""
    click.echo(text, err=True)


def report_problems(problems: Iterable[Problem]) -> None:
    for problem in problems:
        label = "" if problem.severity is Severity.ERROR else "warning: "
        colour = "red" if problem.severity is Severity.ERROR else "yellow"
        click.secho(f"{problem.where}: ", bold=True, nl=False, err=True)
        click.secho(label, fg=colour, nl=False, err=True)
        click.echo(problem.what, err=True)
        if problem.hint:
            click.echo(f"  hint: {problem.hint}", err=True)


def report_error(error: LyceumError) -> None:
    if isinstance(error, ContentError):
        report_problems(error.problems)
    if isinstance(error, LeakError):
        for hit in error.hits:
            click.echo(hit, err=True)
    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(str(error), err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)


def print_json(value: object) -> None:
    click.echo(json.dumps(plain(value), ensure_ascii=False, indent=2))


def plain(value: object) -> object:
    """Dataclasses, enums, dates, paths and tuples as what JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, AbstractSet):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns padded to their widest cell, as wide as a terminal shows them (a Chinese character takes two places)."""
    from unicodedata import east_asian_width

    def width(text: str) -> int:
        return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)

    lines = [list(headings), *[list(row) for row in rows]]
    widths = [max(width(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell + " " * (widths[column] - width(cell)) for column, cell in enumerate(line)).rstrip()
        for line in lines
    )


class Progress(Protocol):
    """What a stage calls as it goes on: what it is doing, how many of how many are done."""

    def __call__(self, what: str, done: int, total: int, /) -> None: ...


@contextlib.contextmanager
def stage(name: str) -> Iterator[Stage]:
    """Run a stage under one progress bar, and close it with one line: name, facts, seconds."""
    running = Stage(name)
    try:
        yield running
    except BaseException:
        running.clear()
        raise
    running.finish()


class Stage:
    """A stage's line on the terminal. The bar shows only when standard error is a terminal."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.facts = ""
        self._started = time.perf_counter()
        self._shown = 0.0
        self._tty = sys.stderr.isatty()

    def __call__(self, what: str, done: int, total: int, /) -> None:
        now = time.perf_counter()
        if not self._tty or (done < total and now - self._shown < 0.1):
            return
        self._shown = now
        filled = 24 * done // total if total else 0
        click.echo(
            f"\r\033[K{self.name:<9} [{'█' * filled}{'·' * (24 - filled)}] {done}/{total} {what}",
            nl=False,
            err=True,
        )

    def clear(self) -> None:
        if self._shown:
            click.echo("\r\033[K", nl=False, err=True)

    def finish(self) -> None:
        self.clear()
        say(f"{self.name:<9} {self.facts:<60} {time.perf_counter() - self._started:6.2f} s")
