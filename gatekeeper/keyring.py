"""The token keys in use, read again from their file while the service runs, and what an operator does to that file.

A file holds one key a line, oldest first (`gatekeeper.secrets`). Rotation without a restart:

1. `new` appends a key that signs from a minute later on. By then every process has looked at the file and verifies it.
2. Ten minutes after it began to sign, no token of the key before is alive any more; `retire` takes that one out.

A file that cannot be read, or holds anything that is not a key, changes nothing: the last good keys stay, and the log says so once.
Files are replaced whole, never written into, with the permissions they had (0600 for a new one).
"""

from __future__ import annotations

import base64
import logging
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekeeper.errors import GatekeeperError
from gatekeeper.gate.token import MAXIMUM_LIFETIME_SECONDS
from gatekeeper.secrets import TokenKey, secret_from_hex, signing_key, token_key, token_keys_from_text

_log = logging.getLogger(__name__)

AHEAD_SECONDS = 60


class Keyring:
    """`keys` are those in use, oldest first, never empty. `watch` a function to be told of others."""

    def __init__(self, keys: Sequence[TokenKey], file: Path | None) -> None:
        self.keys: tuple[TokenKey, ...] = tuple(keys)
        self._file = file
        self._trouble = ""
        self._watchers: list[Callable[[Sequence[TokenKey]], object]] = []

    def watch(self, told: Callable[[Sequence[TokenKey]], object]) -> None:
        self._watchers.append(told)

    def refresh(self) -> bool:
        """Reads the file again; whether the keys are others now. Never raises for what is in the file."""
        if self._file is None:
            return False
        try:
            keys = read_keys(self._file)
        except GatekeeperError as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                _log.warning("token keys not renewed, keeping the last ones: %s", error)
            return False
        self._trouble = ""
        if keys == self.keys:
            return False
        self.keys = keys
        for told in self._watchers:
            told(keys)
        _log.info("token keys renewed: %d, newest %s", len(keys), keys[-1].kid)
        return True


def jwks(keys: Sequence[TokenKey]) -> dict[str, list[dict[str, str]]]:
    """The public halves as a JSON Web Key Set (RFC 7517, RFC 8037), oldest first, for other services and edge workers."""
    return {
        "keys": [
            {
                "alg": "EdDSA",
                "crv": "Ed25519",
                "kid": key.kid,
                "kty": "OKP",
                "use": "sig",
                "x": base64.urlsafe_b64encode(key.public().public_bytes(Encoding.Raw, PublicFormat.Raw))
                .rstrip(b"=")
                .decode(),
            }
            for key in keys
        ]
    }


def read_keys(file: Path) -> tuple[TokenKey, ...]:
    try:
        return token_keys_from_text(file.read_text("ascii"))
    except UnicodeDecodeError:
        raise GatekeeperError("the file of token keys is not text", where=str(file)) from None
    except OSError as error:
        raise GatekeeperError(
            f"the file of token keys cannot be read: {error.strerror}", where=str(file)
        ) from error
    except ValueError as error:
        raise GatekeeperError(
            f"the file of token keys: {error}", where=str(file), hint="one key a line, 64 hex digits"
        ) from error


def new_key(seed_hex: str, *, now: int) -> TokenKey:
    """A key of this seed that signs once every process can know it."""
    return token_key(secret_from_hex(seed_hex), signs_from=now + AHEAD_SECONDS)


def without(keys: Sequence[TokenKey], kid: str, *, now: int, at_once: bool) -> tuple[TokenKey, ...]:
    """The keys but `kid` (its id or a beginning of it that is one key's alone).

    Raises GatekeeperError if that would leave no key, or, unless `at_once`, if tokens under it may be alive: readers would be signed out
    of what they read until their page renews, which is what one wants after a theft.
    """
    named = [key for key in keys if kid and key.kid[: len(kid)] == kid]
    if len(named) != 1:
        known = ", ".join(key.kid for key in keys)
        raise GatekeeperError(
            f"{len(named) or 'no'} keys have an id that begins with {kid!r}", hint=f"there are: {known}"
        )
    (gone,) = named
    left = tuple(key for key in keys if key is not gone)
    if not left:
        raise GatekeeperError("this is the only key", hint="make another first: gatekeeper keys new")
    if at_once:
        return left
    if signing_key(keys, now) is gone:
        raise GatekeeperError(
            "this key signs", hint="make another with `gatekeeper keys new`, or use --now after a theft"
        )
    quiet_from = signing_key(keys, now).signs_from + MAXIMUM_LIFETIME_SECONDS
    if keys.index(gone) < keys.index(signing_key(keys, now)) and now < quiet_from:
        raise GatekeeperError(
            f"tokens under this key may live for {quiet_from - now} seconds yet",
            hint="wait, or use --now after a theft",
        )
    return left


def write_keys(file: Path, keys: Sequence[TokenKey]) -> None:
    """Replaces the file whole. Raises GatekeeperError if that cannot be."""
    try:
        mode = file.stat().st_mode & 0o777 if file.exists() else 0o600
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as out:
                out.writelines(f"{line(key)}\n" for key in keys)
                out.flush()
                os.fsync(out.fileno())
            Path(name).chmod(mode)
            Path(name).replace(file)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise GatekeeperError(
            f"the file of token keys cannot be replaced: {error.strerror}",
            where=str(file),
            hint="is it a read-only secret? use --print, and change the secret where it is kept",
        ) from error


def line(key: TokenKey) -> str:
    """The key as the file has it. A secret."""
    seed = key.seed.reveal().hex()
    return f"{seed}@{key.signs_from}" if key.signs_from else seed
