"""The option `--purge-file` of the commands that switch: which addresses a CDN must forget, one a line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.errors import LyceumError

if TYPE_CHECKING:
    from generator.release import Published

purge_option = click.option(
    "--purge-file",
    "purge_file",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write every public URL that changed or went to this file ('-': standard output), for purging a CDN.",
)


def write_purge_list(done: Published, place: Path | None) -> None:
    """One URL a line, an empty file when nothing changed. Raises LyceumError if it cannot be written; the switch is done then."""
    from generator.release.purge import purge_list

    if place is None:
        return
    text = "".join(f"{url}\n" for url in purge_list(done))
    if str(place) == "-":
        click.echo(text, nl=False)
        return
    try:
        place.write_text(text, "utf-8")
    except OSError as error:
        raise LyceumError(
            f"the switch is done, but its purge list cannot be written: {error.strerror or error}",
            where=str(place),
            hint="purge the whole site",
        ) from error
