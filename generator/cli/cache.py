"""`lyceum cache pull|push`: machines share the build cache through the object store, so that a fresh one starts warm."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.cli import EXIT_CODES
from generator.cli.embedded import store_environment
from generator.cli.output import print_json, say, stage
from generator.cli.project import school_option
from generator.errors import LyceumError, SettingsError

if TYPE_CHECKING:
    from generator.release import ObjectStore


@click.group(epilog=EXIT_CODES)
def command() -> None:
    """Share the build cache (.cache/lyceum) through the private store.

    It holds private text, so it lies in LYCEUM_STORE alone, where nothing serves it. What is pulled must have been pushed with the same
    LYCEUM_CONTENT_KEY; a damaged or changed cache is refused as a whole.

    \b
    Examples:
      lyceum cache pull && lyceum publish && lyceum cache push
      lyceum cache push --keep 5
    """


@command.command(epilog=EXIT_CODES)
@school_option
@click.option("--replace", is_flag=True, help="Also where there is a build cache already.")
@click.option("--json", "as_json", is_flag=True, help="Print what was pulled as JSON.")
def pull(root: Path, replace: bool, as_json: bool) -> None:
    """Take the newest shared cache over, before a build.

    A missing, damaged or unreachable cache is a warning and exits with 0: the build that follows is slower and not wrong. Where there is a
    build cache already it stays, unless --replace is given.

    \b
    Examples:
      lyceum cache pull
      lyceum cache pull --replace --json
    """
    from generator.site import shared_cache
    from generator.site.project import Project

    folder = Project(root=root).cache
    pulled = None
    store, content_key = _store(root)
    try:
        if not replace and not shared_cache.is_empty(folder):
            say("there is a build cache already: kept ('--replace' takes the shared one)")
        else:
            with stage("cache") as line:
                pulled = shared_cache.pull(folder, store, content_key=content_key, progress=line)
                if pulled:
                    line.facts = (
                        f"{pulled.files} files, {pulled.size_bytes / 1e6:.1f} MB from {pulled.snapshot}"
                    )
                else:
                    line.facts = "no shared cache yet"
    except LyceumError as error:
        say(f"warning: no shared cache is used: {error}")
        if error.hint:
            say(f"hint: {error.hint}")
    for what in pulled.skipped if pulled else ():
        say(f"warning: a newer shared cache was passed over: {what}")
    if as_json:
        print_json(pulled)


@command.command(epilog=EXIT_CODES)
@school_option
@click.option(
    "--keep",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="How many shared caches stay in the store, this one included.",
)
@click.option("--whole", is_flag=True, help="Send everything again, also what the store seems to have.")
@click.option("--json", "as_json", is_flag=True, help="Print what was pushed as JSON.")
def push(root: Path, keep: int, whole: bool, as_json: bool) -> None:
    """Share this build cache, after a build; only what the store lacks is sent.

    \b
    Examples:
      lyceum cache push
      lyceum cache push --keep 5 --json
    """
    from generator.cli.pipeline import moment
    from generator.site import shared_cache
    from generator.site.project import Project

    store, content_key = _store(root)
    with stage("cache") as line:
        pushed = shared_cache.push(
            Project(root=root).cache,
            store,
            content_key=content_key,
            now=moment(),
            progress=line,
            keep=keep,
            is_whole=whole,
        )
        line.facts = (
            f"{pushed.files} files, {pushed.size_bytes / 1e6:.1f} MB; {pushed.uploaded} packs uploaded "
            f"({pushed.uploaded_bytes / 1e6:.1f} MB), {pushed.dropped} old objects dropped"
        )
    if as_json:
        print_json(pushed)


def _store(root: Path) -> tuple[ObjectStore, bytes]:
    """The private store, and the key that a shared cache is authenticated with."""
    from generator.release import ReleaseSettings, open_stores

    settings = ReleaseSettings.from_environment(store_environment(root, os.environ), needs_release_key=False)
    if settings.content_key is None:
        raise SettingsError("LYCEUM_CONTENT_KEY is missing", hint="it authenticates the shared cache")
    return open_stores(settings).private, settings.content_key
