"""Encrypts backups: they hold addresses and what was bought. The format is age (age-encryption.org/v1).

The machine that takes backups needs only public keys (`age1…`), so whoever breaks into it cannot read the older ones. The key to open
one (`AGE-SECRET-KEY-1…`, made by `age-keygen`) lies elsewhere. The `age` program opens them, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

from gatekeeper.backup.form import BackupError

_HEAD = b"age-encryption.org/v1\n"


def seal(plain: IO[bytes], sealed: IO[bytes], recipients: Sequence[str]) -> None:
    """Encrypts for these public keys. Raises BackupError for a text that is none."""
    import pyrage

    try:
        keys = [pyrage.x25519.Recipient.from_str(text) for text in recipients]
    except pyrage.RecipientError as error:
        raise BackupError(
            "that is no age public key", hint="it looks like age1…; make a pair with `age-keygen`"
        ) from error
    pyrage.encrypt_io(plain, sealed, keys)


def is_sealed(file: IO[bytes]) -> bool:
    """Whether the file is encrypted; it is left at its beginning."""
    head = file.read(len(_HEAD))
    file.seek(0)
    return head == _HEAD


def unseal(sealed: IO[bytes], plain: IO[bytes], identity: Path | None) -> None:
    """Decrypts. identity: the file with the private key, as `age-keygen` writes it. Raises BackupError."""
    import pyrage

    if identity is None:
        raise BackupError("the backup is encrypted", hint="name the file with its age key: --identity FILE")
    try:
        lines = [line.strip() for line in identity.read_text("utf-8").splitlines()]
        keys = [pyrage.x25519.Identity.from_str(line) for line in lines if line and line[0] != "#"]
    except (OSError, UnicodeError, pyrage.IdentityError) as error:
        raise BackupError(
            "the age key cannot be read", where=str(identity), hint="it looks like AGE-SECRET-KEY-1…"
        ) from error
    try:
        pyrage.decrypt_io(sealed, plain, keys)
    except (pyrage.DecryptError, OSError) as error:
        raise BackupError(
            "the backup is damaged, or for another key", hint="try the key of the day it was taken"
        ) from error
