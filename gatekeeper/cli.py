"""The operator's command line: `gatekeeper`. It reads the same settings as the service and holds no rule of its own.

Data goes to standard output, the rest to standard error. What a command needs is imported when it runs, so that `--help` is quick.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from gatekeeper.errors import GatekeeperError

if TYPE_CHECKING:
    from gatekeeper.contract.manifest import Manifest
    from gatekeeper.settings import Settings
    from gatekeeper.storage.engine import Database

EXIT_CODES = """\
\b
Exit codes: 0 done, 1 failed, 2 usage or settings, 3 content wrong,
4 private text would become public, 5 readers would lose access,
6 store or provider unreachable."""

HELP = {"help_option_names": ["-h", "--help"]}


class _Group(click.Group):
    """Prints our errors as two lines, and leaves with their exit code."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except GatekeeperError as error:
            _print_error(error)
            ctx.exit(error.exit_code)


@click.group(cls=_Group, epilog=EXIT_CODES, context_settings=HELP)
@click.version_option(package_name="lyceum", prog_name="gatekeeper")
def cli() -> None:
    """Run and look after the service that readers sign in to, buy from, and read through.

    \b
    Examples:
      gatekeeper migrate && gatekeeper serve
      gatekeeper doctor --json
    """


@cli.command(epilog=EXIT_CODES)
def serve() -> None:
    """Serve until a signal ends it. Address, store and secrets come from LYCEUM_… settings.

    \b
    Examples:
      gatekeeper serve
      gatekeeper serve 2> gatekeeper.log
    """
    from gatekeeper import server
    from gatekeeper.storage.engine import open_database
    from gatekeeper.storage.migrate import require_migrated

    settings = _settings()
    if not settings.is_demo:  # said here once, rather than by each process
        database = open_database(settings.database_url.reveal_text())
        try:
            with _reachable():
                require_migrated(database)
        finally:
            database.close()
    server.serve(settings)


@cli.command(epilog=EXIT_CODES)
def migrate() -> None:
    """Bring the database to the schema of this version. Safe to repeat; make a backup first.

    \b
    Examples:
      gatekeeper migrate
      gatekeeper migrate && gatekeeper serve
    """
    from gatekeeper.storage.migrate import current_revision, upgrade

    with _database(_settings(), needs_schema=False) as database:
        before = current_revision(database)
        after = upgrade(database)
    click.echo(
        f"already at {after}" if before == after else f"migrated from {before or 'nothing'} to {after}"
    )


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

    settings = _settings()
    manifest = _manifest(settings)
    _known_product(manifest, product)
    with _database(settings) as database:
        end = operator.grant(database, email, product, last_day=until, now=_now())
    click.echo(f"granted {product} {'for good' if end is None else f'until {end:%Y-%m-%d %H:%M} UTC'}")


@cli.command(epilog=EXIT_CODES)
@click.argument("email")
@click.argument("product")
def revoke(email: str, product: str) -> None:
    """End a reader's access to a product, however it began. Tokens in use die within ten minutes. No money moves.

    \b
    Examples:
      gatekeeper revoke reader@example.org rust-course
      gatekeeper revoke reader@example.org all-access
    """
    from gatekeeper import operator

    with _database(_settings()) as database:
        operator.revoke(database, email, product, now=_now())
    click.echo(f"revoked {product}")


@cli.command(epilog=EXIT_CODES)
@click.argument("email")
@click.argument("lesson")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def why(email: str, lesson: str, as_json: bool) -> None:
    """Say why a reader may read a lesson, or why not: rule, ledger, decision.

    \b
    Examples:
      gatekeeper why reader@example.org rust-course/traits
      gatekeeper why reader@example.org rust-course/traits --json
    """
    from gatekeeper import operator

    settings = _settings()
    manifest = _manifest(settings)
    with _database(settings) as database:
        answer = operator.why(database, manifest, email, lesson, now=_now())
    if as_json:
        click.echo(json.dumps(answer.as_json(), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(answer.lines()))


@cli.group(epilog=EXIT_CODES)
def codes() -> None:
    """Redemption codes."""


@codes.command("new", epilog=EXIT_CODES)
@click.argument("product")
@click.option("--count", type=click.IntRange(1, 10_000), default=1, show_default=True, help="How many.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d"]), help="Last day to redeem, UTC. Default: never.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def codes_new(product: str, count: int, expires: datetime | None, as_json: bool) -> None:
    """Make redemption codes for a product and print them, one a line. They are shown this once.

    \b
    Examples:
      gatekeeper codes new rust-course --count 50 > codes.txt
      gatekeeper codes new all-access --expires 2027-01-31
    """
    from gatekeeper import operator

    settings = _settings()
    manifest = _manifest(settings)
    _known_product(manifest, product)
    with _database(settings) as database:
        made = operator.new_codes(
            database,
            settings.secret_key,
            product=product,
            interval=manifest.products[product].interval,
            count=count,
            last_day=expires,
            now=_now(),
        )
    click.echo(json.dumps({"product": product, "codes": made}) if as_json else "\n".join(made))


@cli.command(epilog=EXIT_CODES)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Look at settings, secrets, database, store, signed URLs, mail and clock, and say how to mend what is wrong.

    \b
    Examples:
      gatekeeper doctor
      gatekeeper doctor --json | jq '.findings[] | select(.state != "ok")'
    """
    from gatekeeper import doctor as room

    logging.disable(logging.CRITICAL)  # the findings say it
    try:
        findings = room.examine(os.environ, now=_now())
    finally:
        logging.disable(logging.NOTSET)
    if as_json:
        click.echo(json.dumps({"findings": [finding.as_json() for finding in findings]}, indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.state.value:<7} {finding.name}: {finding.what}")
            if finding.fix:
                click.echo(f"        fix: {finding.fix}")
    ctx.exit(room.exit_code(findings))


def _settings() -> Settings:
    from gatekeeper.environment import read_settings

    return read_settings(os.environ)


@contextmanager
def _database(settings: Settings, *, needs_schema: bool = True) -> Iterator[Database]:
    from gatekeeper.storage.engine import open_database
    from gatekeeper.storage.migrate import require_migrated, upgrade

    database = open_database(settings.database_url.reveal_text())
    try:
        with _reachable():
            if needs_schema:
                if settings.is_demo:
                    upgrade(database)
                require_migrated(database)
            yield database
    finally:
        database.close()


@contextmanager
def _reachable() -> Iterator[None]:
    """Turns a database that is away or locked into an error to read."""
    from sqlalchemy.exc import OperationalError

    from gatekeeper.storage.engine import DatabaseAwayError

    try:
        yield
    except OperationalError as error:
        raise DatabaseAwayError.from_driver(error) from error


def _manifest(settings: Settings) -> Manifest:
    from gatekeeper.gate.library import Library
    from gatekeeper.stores.reader import reader_of

    library = Library(reader_of(settings.store, settings.s3))
    library.refresh()
    if library.manifest is None:
        raise GatekeeperError("the store holds no release", hint="publish one with `lyceum publish`")
    return library.manifest


def _known_product(manifest: Manifest, product: str) -> None:
    if product in manifest.products:
        return
    import difflib

    near = difflib.get_close_matches(product, manifest.products, n=1)
    known = ", ".join(sorted(manifest.products)) or "none"
    raise GatekeeperError(
        f"there is no product {product!r}",
        where=f"release {manifest.release}",
        hint=f"did you mean {near[0]}?" if near else f"products: {known}",
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _print_error(error: GatekeeperError) -> None:
    print(f"error: {error}", file=sys.stderr)
    for line in error.hint.splitlines():
        print(f"hint: {line}", file=sys.stderr)


def main() -> None:
    """The entry point of the `gatekeeper` command."""
    cli(prog_name="gatekeeper")


if __name__ == "__main__":
    main()
