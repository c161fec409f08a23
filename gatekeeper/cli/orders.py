"""orders show, reconcile, replay, refund: what an operator does about money. What changes something does so only with --apply."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.opened import opened_database, settings_here, utc_now
from gatekeeper.cli.root import EXIT_CODES, cli
from gatekeeper.errors import GatekeeperError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatekeeper.commerce.payments import PaymentProvider
    from gatekeeper.commerce.receipts import ReceiptPost
    from gatekeeper.settings import Settings
    from gatekeeper.storage.engine import Database

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


class _Duration(click.ParamType[timedelta]):
    """`30m`, `24h`, `7d`."""

    name = "duration"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([0-9]{1,4})([mhd])", value, re.ASCII)
        if found is None or int(found[1]) == 0:
            self.fail(f"{value!r} is no duration; write 30m, 24h or 7d", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


DURATION = _Duration()


@cli.group(epilog=EXIT_CODES)
def orders() -> None:
    """Orders, payments, and what providers say about them."""


@orders.command("show", epilog=EXIT_CODES)
@click.argument("number")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def orders_show(number: str, as_json: bool) -> None:
    """Print an order and its lines in the ledger.

    \b
    Examples:
      gatekeeper orders show L-20261122-7K3F9Q
      gatekeeper orders show L-20261122-7K3F9Q --json
    """
    from gatekeeper.commerce import ledger
    from gatekeeper.commerce import orders as room
    from gatekeeper.commerce.entitlements import order_state

    with opened_database(settings_here()) as database, database.read() as connection:
        order = room.find(connection, number)
        lines = ledger.of_order(connection, number)
    if order is None:
        raise GatekeeperError(f"there is no order {number!r}", hint="numbers look like L-20261122-7K3F9Q")
    state = order_state(lines).value
    if as_json:
        shown = {
            "number": order.number,
            "reader": order.reader,
            "product": order.product,
            "amount_minor": order.price.amount_minor,
            "currency": order.price.currency,
            "provider": order.provider,
            "state": state,
            "ledger": [
                {
                    "at": line.at.isoformat(),
                    "kind": line.kind.value,
                    "amount_minor": line.amount_minor,
                    "currency": line.currency,
                    "until": line.until.isoformat() if line.until else None,
                    "payment": line.payment,
                    "event": line.event,
                }
                for line in lines
            ],
        }
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    click.echo(
        f"{order.number}  {order.product}  {order.price} {order.price.currency}  {order.provider}  {state}"
    )
    for line in lines:
        amount = f"{line.amount_minor} {line.currency}" if line.amount_minor else "-"
        click.echo(
            f"  {line.at:%Y-%m-%d %H:%M:%S}  {line.kind.value:<14} {amount:<12} {line.source} {line.event}"
        )


@orders.command("reconcile", epilog=EXIT_CODES)
@click.option("--since", type=DURATION, default="24h", show_default=True, help="How far back: 30m, 24h, 7d.")
@click.option("--apply", "is_applied", is_flag=True, help="Record what is missing. Default: only say it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def orders_reconcile(ctx: click.Context, since: timedelta, is_applied: bool, as_json: bool) -> None:
    """Ask the providers what has happened, and find what their messages did not bring. Exits with 6 if one did not answer.

    \b
    Examples:
      gatekeeper orders reconcile --since 24h
      gatekeeper orders reconcile --since 7d --apply
    """
    from gatekeeper.commerce.reconcile import Found, reconcile

    with _shop() as (database, providers, post):
        findings = list(
            reconcile(
                database,
                providers,
                since=utc_now() - since,
                post=post,
                clock=utc_now,
                is_applied=is_applied,
            )
        )
    if as_json:
        click.echo(json.dumps({"findings": [finding.as_json() for finding in findings]}, indent=2))
    else:
        for finding in findings:
            click.echo(
                f"{finding.found.value:<10} {finding.provider} {finding.order} {finding.what}".rstrip()
            )
        if not findings:
            click.echo("nothing is missing")
        elif not is_applied and any(finding.found is Found.MISSING for finding in findings):
            click.echo("nothing was changed; repeat with --apply to record it", err=True)
    ctx.exit(6 if any(finding.found is Found.AWAY for finding in findings) else 0)


@orders.command("replay", epilog=EXIT_CODES)
@click.option("--since", type=DURATION, default="24h", show_default=True, help="How far back: 30m, 24h, 7d.")
@click.option("--all", "is_all", is_flag=True, help="Also what was processed. Default: what failed or waits.")
@click.option("--apply", "is_applied", is_flag=True, help="Process them. Default: only list them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def orders_replay(since: timedelta, is_all: bool, is_applied: bool, as_json: bool) -> None:
    """Process stored messages of providers again. What is recorded stays recorded once.

    \b
    Examples:
      gatekeeper orders replay
      gatekeeper orders replay --since 7d --all --apply
    """
    from gatekeeper.commerce.replay import replay

    with _shop() as (database, providers, post):
        replayed = list(
            replay(
                database,
                providers,
                since=utc_now() - since,
                only_unprocessed=not is_all,
                post=post,
                clock=utc_now,
                is_applied=is_applied,
            )
        )
    if as_json:
        click.echo(json.dumps({"messages": [message.as_json() for message in replayed]}, indent=2))
        return
    for message in replayed:
        outcome = message.outcome or "unprocessed"
        click.echo(
            f"{outcome:<14} {message.received_at:%Y-%m-%d %H:%M:%S} {message.provider} {message.event}"
        )
    if not replayed:
        click.echo("no message")
    elif not is_applied:
        click.echo("nothing was changed; repeat with --apply to process them", err=True)


@orders.command("refund", epilog=EXIT_CODES)
@click.argument("number")
@click.option(
    "--amount", type=click.IntRange(min=1), help="In minor units, like cents. Default: all that is left."
)
@click.option(
    "--apply", "is_applied", is_flag=True, help="Give the money back. Default: only say what would be."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def orders_refund(number: str, amount: int | None, is_applied: bool, as_json: bool) -> None:
    """Give an order's money back through its provider. A full refund ends the access that came with it, a smaller one does not.

    \b
    Examples:
      gatekeeper orders refund L-20261122-7K3F9Q
      gatekeeper orders refund L-20261122-7K3F9Q --amount 500 --apply
    """
    from gatekeeper.commerce import refunds

    with _shop() as (database, providers, post):
        planned = refunds.plan(database, number, amount_minor=amount)
        is_done = is_applied and refunds.apply(database, providers, planned, post=post, now=utc_now())
    state = "refunded" if is_done else "taken on" if is_applied else "planned"
    if as_json:
        click.echo(json.dumps({"state": state, **planned.as_json()}, indent=2))
        return
    consequence = "access ends" if planned.ends_access else "access stays"
    click.echo(f"{state}  {planned.money} {planned.money.currency} of {number}; {consequence}")
    if not is_applied:
        click.echo("nothing was changed; repeat with --apply to refund", err=True)


@contextmanager
def _shop() -> Iterator[tuple[Database, Mapping[str, PaymentProvider], ReceiptPost]]:
    from gatekeeper.commerce.providers.shelf import open_providers

    settings = settings_here()
    with opened_database(settings) as database:
        yield database, open_providers(settings), _post(settings)


def _post(settings: Settings) -> ReceiptPost:
    """Writes the mails of what is recorded."""
    from gatekeeper.cli.opened import letter_writer
    from gatekeeper.commerce.receipts import ReceiptPost

    return ReceiptPost(
        letters=letter_writer(settings), origin=settings.gatekeeper_url, seller=settings.seller
    )
