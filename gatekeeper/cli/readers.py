"""grant, revoke, why, codes: what an operator does for and to readers."""

from __future__ import annotations

import json
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

    settings = settings_here()
    manifest = current_manifest(settings)
    with opened_database(settings) as database:
        answer = operator.why(database, manifest, email, lesson, now=utc_now())
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

    settings = settings_here()
    manifest = current_manifest(settings)
    known_product(manifest, product)
    with opened_database(settings) as database:
        made = operator.new_codes(
            database,
            settings.secret_key,
            product=product,
            interval=manifest.products[product].interval,
            count=count,
            last_day=expires,
            now=utc_now(),
        )
    click.echo(json.dumps({"product": product, "codes": made}) if as_json else "\n".join(made))
