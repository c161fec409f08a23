"""The embedded object store: a folder beside the school, for whoever has named no other.

`.lyceum/store` is the private store, `.lyceum/site` the public one, `.lyceum/content.key` the key that names private
objects, `.lyceum/release.key` the one that signs releases; each is made once, with mode 0600. The demo and `lyceum publish` without settings use the same one.
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
    content_key, release_key = folder / "content.key", folder / "release.key"
    from gatekeeper.contract.signature import private_key, public_text

    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "store").mkdir(mode=0o700, exist_ok=True)  # nobody but the gatekeeper reads it
        for key in (content_key, release_key):
            if not key.exists():
                write_key(key)
        public = public_text(private_key(release_key.read_text("ascii").strip()).public_key())
    except OSError as error:
        raise SettingsError(
            f"cannot write: {error.strerror or error}",
            where=str(folder),
            hint="check the folder's permissions, or name another",
        ) from error
    except ValueError as error:
        raise SettingsError(
            f"{error}", where=str(release_key), hint="delete this file, and a new key is made"
        ) from error
    return {
        "LYCEUM_STORE": (folder / "store").as_uri(),
        "LYCEUM_PUBLIC_STORE": (folder / "site").as_uri(),
        "LYCEUM_CONTENT_KEY_FILE": str(content_key),
        "LYCEUM_RELEASE_KEY_FILE": str(release_key),
        "LYCEUM_RELEASE_PUBLIC_KEYS": public,
    }


def write_key(place: Path) -> str:
    """32 random bytes as hex in the new file `place`, readable by its owner alone; returns the text. Raises OSError."""
    text = secrets.token_hex(32)
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text + "\n")
    return text


def store_environment(root: Path, environ: Mapping[str, str]) -> Mapping[str, str]:
    """`environ`, or the embedded store's settings where it names no store at all."""
    if environ.get("LYCEUM_STORE") or environ.get("LYCEUM_PUBLIC_STORE"):
        return environ
    folder = root / FOLDER
    say(f"LYCEUM_STORE is not set: using the embedded store in {folder}")
    return {**environ, **embedded_environment(folder)}
