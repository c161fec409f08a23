"""Secrets: how they are held, derived and made. Nothing here logs or prints one.

- A `Secret` shows stars in every repr; its bytes come out only by `reveal()`.
- Everything keyed is derived from LYCEUM_SECRET_KEY by HKDF-SHA256 (RFC 5869), one label a purpose, so that a value made
  for one purpose is worthless for another.
- Token keys are Ed25519 seeds (64 hex digits), oldest first; all verify, and the newest signs, from the moment written behind it
  (`<seed>@<Unix seconds>`), so that every process knows a key before the first token comes under it. A key's id is its
  RFC 7638 thumbprint, so no second name has to be kept. Anything else, a PEM text for example, is refused.
- In demo mode missing secrets are made once in the state folder (files 0600) and used again.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import re
import secrets as random_source
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

MINIMUM_SECRET_BYTES = 32
_MINIMUM_DISTINCT_BYTES = (
    12  # 32 random bytes have about 30 different ones, and practically never fewer than 20
)
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+", re.ASCII)
_SEED = re.compile(r"([0-9a-fA-F]{64})(?:@([0-9]{1,12}))?", re.ASCII)


class Secret:
    """Bytes that must not be shown. Equal to nothing but another Secret, compared in constant time."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes | str) -> None:
        self._value = value.encode() if isinstance(value, str) else value

    def reveal(self) -> bytes:
        return self._value

    def reveal_text(self) -> str:
        return self._value.decode()

    def __repr__(self) -> str:
        return "Secret('**********')"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return random_source.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash((Secret, self._value))


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """One Ed25519 key pair. kid: its public name in tokens; seed: 32 secret bytes; signs_from: Unix seconds."""

    kid: str
    seed: Secret
    signs_from: int = 0

    def private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed.reveal())

    def public(self) -> Ed25519PublicKey:
        return self.private().public_key()


def derive(secret_key: Secret, purpose: str, *, length_bytes: int = 32) -> bytes:
    """A key for one purpose: HKDF-SHA256 of the secret key with the purpose's label. Stable for ever for a label."""
    if not purpose:
        raise ValueError("a derived key needs a purpose")
    info = b"lyceum v1\0" + purpose.encode()
    return HKDF(algorithm=SHA256(), length=length_bytes, salt=None, info=info).derive(secret_key.reveal())


def secret_from_hex(text: str) -> Secret:
    """The secret in `text`. Raises ValueError, which does not repeat it, if it is not hex, too short or guessable."""
    if not _HEX.fullmatch(text):
        raise ValueError("is not an even number of hex digits")
    value = bytes.fromhex(text)
    if len(value) < MINIMUM_SECRET_BYTES:
        raise ValueError(f"has {len(value)} bytes; at least {MINIMUM_SECRET_BYTES} are needed")
    if len(set(value)) < _MINIMUM_DISTINCT_BYTES:
        raise ValueError("repeats itself, so it was not made at random")
    return Secret(value)


def token_key(seed: Secret, *, signs_from: int = 0) -> TokenKey:
    public = Ed25519PrivateKey.from_private_bytes(seed.reveal()).public_key()
    raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    x = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    thumbprint = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest()
    kid = base64.urlsafe_b64encode(thumbprint).rstrip(b"=").decode()
    return TokenKey(kid=kid, seed=seed, signs_from=signs_from)


def signing_key(keys: Sequence[TokenKey], now: int) -> TokenKey:
    """The key that signs at `now` (Unix seconds): the newest whose moment has come, else the oldest."""
    return next((key for key in reversed(keys) if key.signs_from <= now), keys[0])


def token_keys_from_text(text: str) -> tuple[TokenKey, ...]:
    """The keys in `text`, oldest first: seeds of 64 hex digits, each with `@<Unix seconds>` or not, separated by commas or white space.

    Raises ValueError, which does not repeat them, if one is not a seed, is guessable or stands twice.
    """
    keys: list[TokenKey] = []
    for number, word in enumerate(text.replace(",", " ").split(), start=1):
        form = _SEED.fullmatch(word)
        if form is None:
            raise ValueError(f"key {number} is not an Ed25519 seed of 64 hex digits")
        try:
            key = token_key(secret_from_hex(form[1]), signs_from=int(form[2] or 0))
        except ValueError as error:
            raise ValueError(f"key {number} {error}") from None
        if any(key.kid == other.kid for other in keys):
            raise ValueError(f"key {number} stands there twice")
        keys.append(key)
    if not keys:
        raise ValueError("holds no key")
    return tuple(keys)


def public_keys(keys: Sequence[TokenKey]) -> Mapping[str, Ed25519PublicKey]:
    """kid → public key, to verify with."""
    return {key.kid: key.public() for key in keys}


def kept_hex(path: Path, *, length_bytes: int = 32) -> str:
    """The hex text in the file `path`; made at random and written first (0600) when there is no such file.

    Two processes that start together agree: the file appears whole, and the first one wins. Raises OSError.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp makes it 0600
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(random_source.token_hex(length_bytes) + "\n")
            with contextlib.suppress(FileExistsError):  # the other process was first; its secret counts
                os.link(name, path)
        finally:
            Path(name).unlink()
    return path.read_text("ascii").strip()


def is_rsa_key(text: Secret) -> bool:
    """Whether `text` is an RSA private key of at least 2048 bits in PEM, without a password."""
    try:
        key = load_pem_private_key(text.reveal(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return isinstance(key, RSAPrivateKey) and key.key_size >= 2048
