"""grant, revoke, sign-out, readers: what an operator does for and to readers. What cannot be undone happens only with --apply."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TextIO

import click

from gatekeeper.cli.opened import current_manifest, known_product, opened_database, settings_here, utc_now
from gatekeeper.cli.root import EXIT_CODES, cli


@cli.command(epilog=EXIT_CODES)
@click.argument("email")
@click.argument("product")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day of access, UTC. Default: for good."
)
def grant(email: str, product: str, until: datetime | None) -> None:
    """Give a reader a product, without an order. A reader who has never signed in finds it when they do.

    \b
    Examples:
      gatekeeper grant reader@example.org rust-course
      gatekeeper grant reader@example.org all-access --until 2027-06-30
    """
    from gatekeeper import operator

    settings = settings_here()
    manifest = current_manifest(settings)
    known_product(manifest, product)
    with opened_database(settings) as database:
        end = operator.grant(database, email, product, last_day=until, now=utc_now())
    click.echo(f"granted {product} {'for good' if end is None else f'until {end:%Y-%m-%d %H:%M} UTC'}")


@cli.command(epilog=EXIT_CODES)
@click.argument("email")
@click.argument("product")
def revoke(email: str, product: str) -> None:
    """End a reader's access to a product, however it began. Tokens in use die within seconds. No money moves.

    \b
    Examples:
      gatekeeper revoke reader@example.org rust-course
      gatekeeper revoke reader@example.org all-access
    """
    from gatekeeper import operator

    with opened_database(settings_here()) as database:
        operator.revoke(database, email, product, now=utc_now())
    click.echo(f"revoked {product}")


@cli.command("sign-out", epilog=EXIT_CODES)
@click.argument("email")
def sign_out(email: str) -> None:
    """End every session of a reader, on all devices: after a stolen laptop, or before a ban. Tokens die within seconds.

    \b
    Examples:
      gatekeeper sign-out reader@example.org
      gatekeeper revoke reader@example.org rust-course && gatekeeper sign-out reader@example.org
    """
    from gatekeeper import operator

    with opened_database(settings_here()) as database:
        count = operator.sign_out(database, email, now=utc_now())
    click.echo(f"ended {count} sessions")


@cli.group(epilog=EXIT_CODES)
def readers() -> None:
    """Accounts: join two, delete one."""


@readers.command("merge", epilog=EXIT_CODES)
@click.argument("survivor")
@click.argument("other")
@click.option("--apply", "is_applied", is_flag=True, help="Join them. Default: only say what would be.")
def readers_merge(survivor: str, other: str, is_applied: bool) -> None:
    """Make the account of OTHER (an address) part of the one of SURVIVOR. Make sure first that both belong to the person who asks.

    Orders and the ledger stay as they are; what the other bought is the survivor's from then on. The other's sessions end, its password
    goes, its address leads to the survivor. Both addresses get a letter. It cannot be undone.

    \b
    Examples:
      gatekeeper readers merge ada@example.org ada@work.example
      gatekeeper readers merge ada@example.org ada@work.example --apply
    """
    from gatekeeper.accounts.life import by_operator
    from gatekeeper.cli.opened import letter_writer

    settings, now = settings_here(), utc_now()
    with opened_database(settings) as database:
        for email in (survivor, other):
            click.echo(by_operator.standing(database, email, now=now).line())
        if not is_applied:
            click.echo("nothing was changed; repeat with --apply to join them", err=True)
            return
        by_operator.join(
            database,
            survivor,
            other,
            letters=letter_writer(settings),
            origin=settings.gatekeeper_url,
            now=now,
        )
    click.echo("joined")


@readers.command("delete", epilog=EXIT_CODES)
@click.argument("email", required=False)
@click.option(
    "--again", type=click.File(), help="Delete once more the ids in this file, after restoring a backup."
)
@click.option("--apply", "is_applied", is_flag=True, help="Delete. Default: only say what would be.")
def readers_delete(email: str | None, again: TextIO | None, is_applied: bool) -> None:
    """Delete the account with this address, as its reader could: who it was goes, the books keep numbers. It cannot be undone.

    \b
    Examples:
      gatekeeper readers delete ada@example.org --apply
      gatekeeper readers deleted > deleted.txt; gatekeeper restore …; gatekeeper readers delete --again deleted.txt --apply
    """
    from gatekeeper.accounts.life import by_operator
    from gatekeeper.cli.opened import letter_writer

    if (email is None) == (again is None):
        raise click.UsageError("name an address, or a file with --again")
    settings, now = settings_here(), utc_now()
    with opened_database(settings) as database:
        if again is not None:
            ids = [line.split()[0] for line in again if line.strip()]
            if is_applied:
                click.echo(f"deleted {by_operator.delete_again(database, ids, now=now)} again")
            else:
                click.echo(f"{len(ids)} ids in the file")
        elif email is not None:
            found = by_operator.standing(database, email, now=now)
            click.echo(found.line())
            if is_applied:
                by_operator.delete(database, email, letters=letter_writer(settings), now=now)
                click.echo("deleted")
    if not is_applied:
        click.echo("nothing was changed; repeat with --apply to delete", err=True)


@readers.command("deleted", epilog=EXIT_CODES)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def readers_deleted(as_json: bool) -> None:
    """Print the ids of deleted readers and when they went, the oldest first: to be kept beside backups.

    \b
    Examples:
      gatekeeper readers deleted > deleted.txt
      gatekeeper readers deleted --json
    """
    from gatekeeper.accounts.life import deletion

    with opened_database(settings_here()) as database, database.read() as connection:
        found = deletion.deleted(connection)
    if as_json:
        click.echo(json.dumps([{"reader": id_, "at": at.isoformat()} for id_, at in found], indent=2))
        return
    for id_, at in found:
        click.echo(f"{id_} {at:%Y-%m-%dT%H:%M:%SZ}")
