"""mail list, retry: what became of mails, and trying again what failed."""

from __future__ import annotations

import json

import click

from gatekeeper.cli.opened import opened_database, settings_here, utc_now
from gatekeeper.cli.root import EXIT_CODES, cli


@cli.group(epilog=EXIT_CODES)
def mail() -> None:
    """The outbox."""


@mail.command("list", epilog=EXIT_CODES)
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(["waiting", "failed", "sent"]),
    help="Only these; may be repeated. Default: waiting and failed.",
)
@click.option("--most", type=click.IntRange(1, 10_000), default=100, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def mail_list(states: tuple[str, ...], most: int, as_json: bool) -> None:
    """Print mails that wait or failed, the newest first: id, state, tries, moment, what about, to whom, and why not.

    \b
    Examples:
      gatekeeper mail list
      gatekeeper mail list --state failed --json
    """
    from gatekeeper.accounts.post import desk
    from gatekeeper.accounts.post.desk import State

    wanted = [State(state) for state in states] or [State.WAITING, State.FAILED]
    with opened_database(settings_here()) as database, database.read() as connection:
        lines = desk.listed(connection, states=wanted, most=most)
    if as_json:
        click.echo(json.dumps([line.as_json() for line in lines], ensure_ascii=False, indent=2))
        return
    for line in lines:
        facts = f"{line.id:>6}  {line.state.value:<7}  {line.tries}  {line.at:%Y-%m-%d %H:%M}  {line.key}  {line.mailbox}"
        click.echo(f"{facts}  {line.problem}".rstrip())
    if not lines:
        click.echo("no such mail", err=True)


@mail.command("retry", epilog=EXIT_CODES)
@click.argument("ids", nargs=-1, type=int)
@click.option("--all", "is_all", is_flag=True, help="Every mail that failed.")
def mail_retry(ids: tuple[int, ...], is_all: bool) -> None:
    """Try failed mails once more, by their ids or all of them. Codes and links are not sent again: they have an end.

    \b
    Examples:
      gatekeeper mail retry 4711
      gatekeeper mail retry --all
    """
    from gatekeeper.accounts.post import desk

    if bool(ids) == is_all:
        raise click.UsageError("name ids, or --all")
    with opened_database(settings_here()) as database, database.write() as connection:
        count = desk.retry(connection, None if is_all else ids, now=utc_now())
    click.echo(f"{count} mails will be tried again")
