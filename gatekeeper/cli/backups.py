"""backup, verify-backup, restore: the database put away, looked at, and put back."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from gatekeeper.cli.opened import opened_database, settings_here, utc_now
from gatekeeper.cli.root import EXIT_CODES, cli

if TYPE_CHECKING:
    from gatekeeper.backup.form import Manifest
    from gatekeeper.stores.address import S3Account

IDENTITY = click.option(
    "--identity",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file with the age key that opens it.",
)


@cli.command(epilog=EXIT_CODES)
@click.argument("to")
@click.option(
    "--recipient", "recipients", multiple=True, metavar="age1…", help="Encrypt for this age public key."
)
@click.option(
    "--keep", type=click.IntRange(min=1), help="Remove all but the newest so many in that folder or bucket."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def backup(to: str, recipients: tuple[str, ...], keep: int | None, as_json: bool) -> None:
    """Write everything in the database to a file, a folder or s3://bucket/prefix. The service goes on meanwhile.

    \b
    Examples:
      gatekeeper backup /var/backups/lyceum/ --keep 30
      gatekeeper backup s3://school-backups/db --keep 30 --recipient age1…
    """
    from gatekeeper.backup import seal
    from gatekeeper.backup.form import Reading
    from gatekeeper.backup.place import Folder, forget_old, name_of, place_of
    from gatekeeper.backup.restore import verify
    from gatekeeper.backup.take import take

    settings, now = settings_here(), utc_now()
    place = place_of(to, settings.s3)
    if keep is not None and isinstance(place, Folder) and place.file is not None:
        raise click.UsageError("--keep needs a folder or a bucket; end the folder's name with a slash")
    with opened_database(settings) as database, tempfile.TemporaryFile() as plain:
        take(database, plain, now=now)
        plain.seek(0)
        manifest = verify(Reading(plain))  # read again before it counts

        def fill(file: IO[bytes]) -> None:
            plain.seek(0)
            if recipients:
                seal.seal(plain, file, recipients)
            else:
                while piece := plain.read(1 << 20):
                    file.write(piece)

        written = place.keep(name_of(now, is_sealed=bool(recipients)), fill)
    removed = forget_old(place, keep=keep) if keep is not None else []
    _say("written to", written, manifest, as_json=as_json)
    for name in removed:
        click.echo(f"removed {name}", err=True)


@cli.command("verify-backup", epilog=EXIT_CODES)
@click.argument("source", metavar="FROM")
@IDENTITY
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify_backup(source: str, identity: Path | None, as_json: bool) -> None:
    """Read a backup to its end: is every line there, as it was written? The database is not touched.

    \b
    Examples:
      gatekeeper verify-backup /var/backups/lyceum/lyceum-20261122T031500Z.backup
      gatekeeper verify-backup s3://school-backups/db/lyceum-20261122T031500Z.backup.age --identity key.txt
    """
    from gatekeeper.backup.form import Reading
    from gatekeeper.backup.restore import verify

    with _plain(source, identity, settings_here().s3) as file:
        manifest = verify(Reading(file))
    _say("whole:", source, manifest, as_json=as_json)


@cli.command(epilog=EXIT_CODES)
@click.argument("source", metavar="FROM")
@IDENTITY
@click.option("--force", "is_forced", is_flag=True, help="Throw away what the database holds now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def restore(source: str, identity: Path | None, is_forced: bool, as_json: bool) -> None:
    """Put a backup into the database that the settings name, SQLite or PostgreSQL. Stop the service first.

    The database must be empty, or --force given. Everything or nothing is done. A backup of an older version is migrated.

    \b
    Examples:
      gatekeeper restore /var/backups/lyceum/lyceum-20261122T031500Z.backup
      gatekeeper restore s3://school-backups/db/lyceum-20261122T031500Z.backup.age --identity key.txt
    """
    from gatekeeper.backup.form import Reading
    from gatekeeper.backup.restore import restore as put_back

    settings = settings_here()
    with (
        _plain(source, identity, settings.s3) as file,
        opened_database(settings, needs_schema=False) as database,
    ):
        manifest = put_back(database, Reading(file), is_forced=is_forced)
    _say("restored from", source, manifest, as_json=as_json)


@contextmanager
def _plain(source: str, identity: Path | None, account: S3Account | None) -> Iterator[IO[bytes]]:
    from gatekeeper.backup import place, seal

    with place.opened(source, account) as file, tempfile.TemporaryFile() as plain:
        if not seal.is_sealed(file):
            yield file
            return
        seal.unseal(file, plain, identity)
        plain.seek(0)
        yield plain


def _say(done: str, where: str, manifest: Manifest, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"where": where, **manifest.as_json()}, indent=2))
        return
    rows = sum(manifest.rows.values())
    click.echo(
        f"{done} {where}: {rows} rows of {len(manifest.rows)} tables, taken {manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    )
