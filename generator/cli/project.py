"""Which school a command works on: the nearest folder upwards that holds `content/school.yml`, or `--school`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from generator.errors import SettingsError

Command = TypeVar("Command", bound=Callable[..., Any])


def school_option(function: Command) -> Command:
    """Adds `--school FOLDER`; the command receives the school's root folder as `root`."""
    return click.option(
        "--school",
        "root",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="LYCEUM_SCHOOL",
        callback=lambda _context, _parameter, value: find_root(value),
        help="The school's folder (it holds content/school.yml). Default: this folder or the nearest above it.",
    )(function)


def find_root(given: Path | None) -> Path:
    """The school's root as an absolute path. Raises SettingsError when there is none."""
    if given is not None:
        if (given / "content" / "school.yml").is_file():
            return given.resolve()
        raise SettingsError(
            "no school here",
            where=str(given),
            hint="a school's folder holds content/school.yml; 'lyceum new school FOLDER' starts one",
        )
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "content" / "school.yml").is_file():
            return folder
    raise SettingsError(
        "no school in this folder or above it",
        where=str(here),
        hint="go to a folder that holds content/school.yml, name one with --school, or start one: lyceum new school FOLDER",
    )
