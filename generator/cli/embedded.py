"""The embedded object store: a folder beside the school, for whoever has named no other.

`.lyceum/store` is the private store, `.lyceum/site` the public one, `.lyceum/content.key` the key that names private
objects; it is made once, with mode 0600. The demo and `lyceum publish` without settings use the same one.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from generator.cli.output import say
from generator.errors import SettingsError

FOLDER = ".lyceum"


def embedded_environment(folder: Path) -> dict[str, str]:
    """Settings that name the embedded store in `folder`. Raises SettingsError when it cannot be written."""
    key = folder / "content.key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "store").mkdir(mode=0o700, exist_ok=True)  # nobody but the gatekeeper reads it
        if not key.exists():
            handle = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
    except OSError as error:
        raise SettingsError(
            f"cannot write: {error.strerror or error}",
            where=str(folder),
            hint="check the folder's permissions, or name another",
        ) from error
    return {
        "LYCEUM_STORE": (folder / "store").as_uri(),
        "LYCEUM_PUBLIC_STORE": (folder / "site").as_uri(),
        "LYCEUM_CONTENT_KEY_FILE": str(key),
    }


def store_environment(root: Path, environ: Mapping[str, str]) -> Mapping[str, str]:
    """`environ`, or the embedded store's settings where it names no store at all."""
    if environ.get("LYCEUM_STORE") or environ.get("LYCEUM_PUBLIC_STORE"):
        return environ
    folder = root / FOLDER
    say(f"LYCEUM_STORE is not set: using the embedded store in {folder}")
    return {**environ, **embedded_environment(folder)}
