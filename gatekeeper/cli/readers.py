"""grant, revoke, sign-out: what an operator does for and to readers."""

from __future__ import annotations

from datetime import datetime

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
