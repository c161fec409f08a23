"""`lyceum keys`: make the key that signs releases, and print its public half for the gatekeeper."""

from __future__ import annotations

import os
from pathlib import Path

import click

from generator.cli import EXIT_CODES
from generator.cli.embedded import write_key
from generator.cli.output import say
from generator.errors import SettingsError

NAME = "LYCEUM_RELEASE_KEY"


@click.group(epilog=EXIT_CODES)
def command() -> None:
    """Make the key that signs releases, and print its public half.

    The key itself belongs where the school is published (CI, the author's machine) and nowhere else; the gatekeeper needs the public half.

    \b
    Examples:
      lyceum keys new release.key
      LYCEUM_RELEASE_KEY_FILE=release.key lyceum keys public
    """


@command.command("new", epilog=EXIT_CODES)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def new(file: Path) -> None:
    """Write a new release key into FILE, readable by you alone, and print its public half.

    An Ed25519 seed (RFC 8032) as 64 hex digits. An existing file is never overwritten.

    \b
    Examples:
      lyceum keys new release.key
      lyceum keys new /etc/lyceum/release.key
    """
    try:
        text = write_key(file)
    except OSError as error:
        raise SettingsError(
            f"cannot write: {error.strerror or error}",
            where=str(file),
            hint="name a new file in a folder that you can write",
        ) from error
    say(f"wrote {file}; keep it secret: set {NAME}_FILE to it, or {NAME} to its text, where you publish")
    say("the gatekeeper needs the public half, LYCEUM_RELEASE_PUBLIC_KEYS:")
    click.echo(_public(text))


@command.command("public", epilog=EXIT_CODES)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
def public(file: Path | None) -> None:
    """Print the public half of the key in FILE, or of LYCEUM_RELEASE_KEY.

    \b
    Examples:
      lyceum keys public release.key
      lyceum keys public > release.pub
    """
    place = file or (Path(named) if (named := os.environ.get(f"{NAME}_FILE", "").strip()) else None)
    text = os.environ.get(NAME, "").strip()
    if place is not None:
        try:
            text = place.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise SettingsError(
                f"cannot be read: {reason}", where=str(place), hint="check its path and permissions"
            ) from error
    if not text:
        raise SettingsError("no key is named", hint=f"name its file, or set {NAME} or {NAME}_FILE")
    click.echo(_public(text))


def _public(text: str) -> str:
    from gatekeeper.contract.signature import private_key, public_text

    try:
        return public_text(private_key(text).public_key())
    except ValueError as error:
        raise SettingsError(
            f"the release key {error}", hint="make one with `lyceum keys new FILE`"
        ) from error
