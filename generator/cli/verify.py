"""`lyceum verify`: fetch a published school as a stranger would, and prove which release it is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import EXIT_CODES
from generator.cli.output import print_json, say, stage
from generator.cli.project import find_root
from generator.errors import ExposedError, LyceumError, SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from generator.verify import StoreView, Verification


@click.command(epilog=EXIT_CODES)
@click.argument("url")
@click.option(
    "--key",
    "key_text",
    metavar="HEX",
    default=None,
    help="The school's public release key. Default: LYCEUM_RELEASE_PUBLIC_KEYS, or that of LYCEUM_RELEASE_KEY.",
)
@click.option("--release", "expected", default="", help="The release that must be shown.")
@click.option(
    "--store",
    "with_store",
    is_flag=True,
    help="Also use the store that LYCEUM_STORE names: its release must be shown, and nothing of it may answer a stranger.",
)
@click.option(
    "--school",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="LYCEUM_SCHOOL",
    default=None,
    help="With --store and no LYCEUM_STORE: the school beside which the embedded store lies.",
)
@click.option(
    "--wait",
    type=click.IntRange(0, 3600),
    default=0,
    metavar="SECONDS",
    help="How long the site may take to show the expected release.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, 32),
    default=4,
    show_default=True,
    help="Requests at once.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the verification as JSON.")
def command(
    url: str,
    key_text: str | None,
    expected: str,
    with_store: bool,
    school: Path | None,
    wait: int,
    connections: int,
    as_json: bool,
) -> None:
    """Prove that the school at URL is the release that it says it is, and that nothing private answers.

    Fetches the signed release statement, every public file and whatever pages lead to, and tries the addresses where something private could
    answer a stranger. Exits 1 if the site is not its release, 4 if something private answers, 6 if it cannot be reached.

    \b
    Examples:
      lyceum verify https://school.example.org/ --key 88a84bcd…
      lyceum verify https://school.example.org/ --store --wait 180 --json
    """
    from generator.verify import verify

    environ = _environ(school) if with_store else os.environ
    keys = _keys(key_text, environ)
    store = _store(environ) if with_store else None
    with stage("verify") as line:
        found = verify(
            url,
            keys=keys,
            expected=expected,
            store=store,
            connections=connections,
            wait=timedelta(seconds=wait),
            progress=line,
        )
        line.facts = f"{found.files} files compared, {found.asked} private addresses tried"
    if as_json:
        print_json(found)
    else:
        click.echo(describe(found))
    for note in found.notes:
        say(f"note: {note}")
    if found.is_open:
        raise ExposedError([f"{one.where}: {one.what}" for one in found.findings if one.kind == "private"])
    if not found.is_good:
        raise LyceumError(
            f"{len(found.findings)} things are not as the release says",
            where=found.url,
            hint="publish again; if that does not help, look for what else writes to the site, and for caches",
        )


def describe(found: Verification) -> str:
    head = f"{found.url} shows release {found.release}" if found.release else f"{found.url} shows no release"
    if found.created:
        head += f" of {found.created}"
    if found.commit:
        head += f", commit {found.commit[:12]}"
    lines = [head]
    if found.key:
        lines.append(f"signed by {found.key}")
    lines.append(
        f"{found.files} files ({found.size_bytes / 1e6:.1f} MB) are as published; {found.asked} other addresses tried"
    )
    lines += [f"{one.kind.value:<10} {one.where}: {one.what}" for one in found.findings]
    return "\n".join(lines)


def _environ(school: Path | None) -> Mapping[str, str]:
    """The environment, or the embedded store's settings where it names no store."""
    from generator.cli.embedded import store_environment

    return os.environ if os.environ.get("LYCEUM_STORE") else store_environment(find_root(school), os.environ)


def _keys(text: str | None, environ: Mapping[str, str]) -> Mapping[str, Ed25519PublicKey]:
    from gatekeeper.contract import signature
    from generator.release.settings import verifying_keys

    if text is None:
        return verifying_keys(environ)
    try:
        return signature.public_keys(text)
    except ValueError as error:
        raise SettingsError(f"--key {error}", hint="`lyceum keys public` prints one") from error


def _store(environ: Mapping[str, str]) -> StoreView:
    from generator.release import ReleaseSettings, open_stores
    from generator.verify import view_of_store

    settings = ReleaseSettings.from_environment(environ, needs_content_key=False, needs_release_key=False)
    return view_of_store(open_stores(settings))
