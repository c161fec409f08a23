"""codes new, list, cancel: redemption codes."""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from gatekeeper.cli.opened import current_manifest, known_product, opened_database, settings_here, utc_now
from gatekeeper.cli.root import EXIT_CODES, cli
from gatekeeper.contract import routes
from gatekeeper.errors import GatekeeperError

if TYPE_CHECKING:
    from gatekeeper.commerce.codes import NewBatch

LONGEST_NOTE = 200


@cli.group(epilog=EXIT_CODES)
def codes() -> None:
    """Redemption codes."""


@codes.command("new", epilog=EXIT_CODES)
@click.argument("product")
@click.option("--count", type=click.IntRange(1, 10_000), default=1, show_default=True, help="How many.")
@click.option(
    "--interval",
    type=click.Choice(["month", "year", "for-good"]),
    help="How long a code opens the product. Default: as long as the product is sold for.",
)
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Last day to redeem, UTC. Default: never.")
@click.option("--note", default="", help="What they are for; stands in `codes list`.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, path_type=str),
    help="Write a table with codes and links there; `-` for standard output.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def codes_new(
    product: str,
    count: int,
    interval: str | None,
    expires: datetime | None,
    note: str,
    csv_file: str | None,
    as_json: bool,
) -> None:
    """Make redemption codes for a product and print them, one a line. They are shown this once: only their keyed hashes are kept.

    \b
    Examples:
      gatekeeper codes new rust-course --count 50 --note "spring fair" --csv codes.csv
      gatekeeper codes new all-access --interval month --expires 2027-01-31
    """
    from gatekeeper.commerce import codes as room
    from gatekeeper.operator import marker

    if as_json and csv_file is not None:
        raise click.UsageError("--json and --csv are two forms of the same; choose one")
    if len(note) > LONGEST_NOTE:
        raise click.BadParameter(f"at most {LONGEST_NOTE} signs", param_hint="--note")
    settings = settings_here()
    manifest = current_manifest(settings)
    known_product(manifest, product)
    ends = None if expires is None else expires.replace(tzinfo=UTC) + timedelta(days=1)
    if ends is not None and ends <= utc_now():
        raise GatekeeperError("that day is over", hint="name a day in the future")
    opens = manifest.products[product].interval if interval is None else interval
    opens = None if opens == "for-good" else opens
    with opened_database(settings) as database, _sheet(csv_file) as sheet, database.write() as connection:
        made = room.create(
            connection,
            marker(settings.secret_key),
            product=product,
            interval=opens,
            count=count,
            now=utc_now(),
            expires_at=ends,
            note=note,
        )
        if sheet is not None:  # before the commit: codes that could not be written down are not made
            _write_table(sheet, made, product, opens, ends, settings.gatekeeper_url)
    if as_json:
        printed = [{"id": one.id, "code": one.code} for one in made.codes]
        click.echo(
            json.dumps(
                {
                    "batch": made.id,
                    "product": product,
                    "interval": opens,
                    "expires": ends.isoformat() if ends else None,
                    "codes": printed,
                }
            )
        )
        return
    if csv_file is None:
        click.echo("\n".join(one.code for one in made.codes))
    click.echo(f"batch {made.id}", err=True)


@codes.command("list", epilog=EXIT_CODES)
@click.argument("batch", required=False)
@click.option("--product", help="Only batches for this product.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def codes_list(batch: str | None, product: str | None, as_json: bool) -> None:
    """List batches of codes and how many of each were redeemed; with a BATCH its codes by their ids. The codes themselves are nowhere.

    \b
    Examples:
      gatekeeper codes list
      gatekeeper codes list B-20261122-7K3F --json
    """
    from gatekeeper.commerce import batches

    with opened_database(settings_here()) as database, database.read() as connection:
        if batch is None:
            found = batches.batches(connection, product=product)
            if as_json:
                click.echo(json.dumps({"batches": [one.as_json() for one in found]}, indent=2))
                return
            for one in found:
                ends = f"until {one.expires_at:%Y-%m-%d}" if one.expires_at else "-"
                click.echo(
                    f"{one.id or '-':<16} {one.product:<20} {one.redeemed}/{one.total} redeemed, {one.cancelled} cancelled  "
                    f"made {one.created_at:%Y-%m-%d}  {ends}  {one.note}".rstrip()
                )
            if not found:
                click.echo("no codes")
            return
        single = batches.codes_of(connection, batch, now=utc_now())
    if not single:
        raise GatekeeperError(f"there is no batch {batch!r}", hint="`gatekeeper codes list` names them")
    if as_json:
        click.echo(json.dumps({"batch": batch, "codes": [one.as_json() for one in single]}, indent=2))
        return
    for code in single:
        by = f"  {code.redeemed_at:%Y-%m-%d %H:%M} reader {code.reader}" if code.redeemed_at else ""
        click.echo(f"{code.id}  {code.state.value}{by}")


@codes.command("cancel", epilog=EXIT_CODES)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def codes_cancel(name: str, as_json: bool) -> None:
    """Cancel what was not redeemed of a batch, or one code, named by its id or by itself. What was redeemed stays; see `gatekeeper revoke`.

    \b
    Examples:
      gatekeeper codes cancel B-20261122-7K3F
      gatekeeper codes cancel 7K3F-9QXW-2M4T
    """
    from gatekeeper.commerce import batches
    from gatekeeper.operator import marker

    settings = settings_here()
    with opened_database(settings) as database, database.write() as connection:
        done = batches.cancel(connection, marker(settings.secret_key), name, now=utc_now())
    if not done.is_known:
        raise GatekeeperError(
            "there is no such batch or code, or all of it was cancelled before",
            hint="`gatekeeper codes list` names the batches",
        )
    if as_json:
        click.echo(json.dumps({"cancelled": done.cancelled, "redeemed": done.redeemed}))
        return
    click.echo(f"cancelled {done.cancelled}, {done.redeemed} were redeemed before and stay so")


@contextmanager
def _sheet(name: str | None) -> Iterator[TextIO | None]:
    """Where the table goes. A new file that only its owner may read; one that is there is never written over."""
    if name is None or name == "-":
        yield None if name is None else sys.stdout
        return
    try:
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise GatekeeperError(
            f"cannot write {name}: {error.strerror}", hint="name a file that is not there yet"
        ) from error
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        try:
            yield file
        except BaseException:
            Path(name).unlink()
            raise


def _write_table(
    sheet: TextIO, made: NewBatch, product: str, interval: str | None, ends: datetime | None, origin: str
) -> None:
    table = csv.writer(sheet, lineterminator="\n")
    table.writerow(["code", "link", "product", "interval", "expires", "batch", "id"])
    for one in made.codes:
        link = f"{origin}{routes.REDEEM}?code={one.code}"
        until = ends.isoformat() if ends is not None else ""
        table.writerow([one.code, link, product, interval or "", until, made.id, one.id])
    sheet.flush()
