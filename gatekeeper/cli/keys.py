"""keys new, list, retire: rotating the keys of entitlement tokens while the service runs (`gatekeeper.keyring`)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gatekeeper.cli.opened import settings_here, utc_now
from gatekeeper.cli.root import EXIT_CODES, cli
from gatekeeper.errors import GatekeeperError

if TYPE_CHECKING:
    from gatekeeper.settings import Settings


@cli.group(epilog=EXIT_CODES)
def keys() -> None:
    """The keys that entitlement tokens are signed with."""


@keys.command("new", epilog=EXIT_CODES)
@click.option("--print", "only_print", is_flag=True, help="Print the new line; change no file.")
def keys_new(only_print: bool) -> None:
    """Make a key. It signs from a minute later on, when every process has read it; the ones before still verify.

    \b
    Examples:
      gatekeeper keys new
      gatekeeper keys new --print >> token_keys
    """
    import secrets

    from gatekeeper import keyring

    made = keyring.new_key(secrets.token_hex(32), now=_now())
    if only_print:
        click.echo(keyring.line(made))
        return
    file = _file(settings_here())
    keyring.write_keys(file, (*keyring.read_keys(file), made))
    click.echo(f"{made.kid} signs from {_moment(made.signs_from)}")


@keys.command("list", epilog=EXIT_CODES)
@click.option("--json", "as_json", is_flag=True, help="Print the public keys as a JWKS.")
def keys_list(as_json: bool) -> None:
    """List the keys, oldest first: their id, what they do, since when they sign. Nothing secret is shown.

    \b
    Examples:
      gatekeeper keys list
      gatekeeper keys list --json > jwks.json
    """
    from gatekeeper.keyring import jwks
    from gatekeeper.secrets import signing_key

    settings = settings_here()
    now = _now()
    if as_json:
        click.echo(json.dumps(jwks(settings.token_keys), indent=2))
        return
    signs = signing_key(settings.token_keys, now)
    for key in settings.token_keys:
        state = "signs" if key is signs else "waits" if key.signs_from > now else "verifies"
        since = f"  from {_moment(key.signs_from)}" if key.signs_from else ""
        click.echo(f"{key.kid}  {state}{since}")


@keys.command("retire", epilog=EXIT_CODES)
@click.argument("kid")
@click.option("--now", "at_once", is_flag=True, help="Even if tokens under it are alive: after a theft.")
def keys_retire(kid: str, at_once: bool) -> None:
    """Take a key out. KID may be shortened. Tokens under it are refused within seconds; readers' pages renew theirs by themselves.

    \b
    Examples:
      gatekeeper keys retire 9r2Vd
      gatekeeper keys retire 9r2Vd --now
    """
    from gatekeeper import keyring

    file = _file(settings_here())
    held = keyring.read_keys(file)
    left = keyring.without(held, kid, now=_now(), at_once=at_once)
    keyring.write_keys(file, left)
    (gone,) = (key for key in held if key not in left)
    click.echo(f"retired {gone.kid}")


def _file(settings: Settings) -> Path:
    if settings.token_keys_file is None:
        raise GatekeeperError(
            "LYCEUM_TOKEN_KEYS stands in the environment, which only a restart reads again",
            hint="put the keys into a file and name it in LYCEUM_TOKEN_KEYS_FILE, or use `keys new --print`",
        )
    return settings.token_keys_file


def _now() -> int:
    return int(utc_now().timestamp())


def _moment(unix: int) -> str:
    return f"{datetime.fromtimestamp(unix, UTC):%Y-%m-%d %H:%M:%S} UTC"
