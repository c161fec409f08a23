"""Detached signatures: who vouches for a manifest, a pointer or a release statement.

The signature of a document is itself a small document of canonical JSON:

    {"format": 1, "kid": "<RFC 7638 thumbprint>", "purpose": "manifest", "sha256": "<hex>", "signature": "<base64url>"}

- One algorithm, Ed25519 (RFC 8032); nothing in the signature can choose another one (RFC 8725, section 3.1).
- What is signed is not the document alone but `lyceum release signature v1 | purpose | SHA-256 of the document`, so that a
  signature made for one purpose is worthless for another, and none of ours is one over a stranger's bytes.
- A signature is read strictly: at most 1 KiB, exactly these fields, each of its one form. Whatever is else is refused.
- A key is known by its RFC 7638 thumbprint and believed only when the reader already has it; the signature never brings one.

The one module of the contract that needs more than the standard library: `cryptography`, which both sides install.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekeeper.contract import canonical

FORMAT = 1
MAXIMUM_BYTES = 1024

# The purposes there are. They stand in signatures that are kept: never rename one.
MANIFEST = "manifest"
POINTER = "pointer"
STATEMENT = "statement"

_DOMAIN = b"lyceum release signature v1\0"
_HEX = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_MINIMUM_DISTINCT_BYTES = 12  # 32 random bytes practically never have fewer than 20 different ones
_FIELDS = frozenset({"format", "kid", "purpose", "sha256", "signature"})
_PURPOSE = re.compile(r"[a-z]{1,32}", re.ASCII)
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{86}", re.ASCII)  # 64 bytes


class SignatureError(ValueError):
    """Nobody whose key is known vouches for these bytes for this purpose; nothing of them may be believed."""


def key_id(public: Ed25519PublicKey) -> str:
    """The key's name: the SHA-256 thumbprint of its JWK in base64url (RFC 7638, RFC 8037 section 2)."""
    x = _encoded(public.public_bytes(Encoding.Raw, PublicFormat.Raw))
    return _encoded(hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest())


def private_key(text: str) -> Ed25519PrivateKey:
    """The release key in `text`, a seed of 64 hex digits. Raises ValueError, which does not repeat it."""
    if not _HEX.fullmatch(text):
        raise ValueError("is not an Ed25519 seed of 64 hex digits")
    seed = bytes.fromhex(text)
    if len(set(seed)) < _MINIMUM_DISTINCT_BYTES:
        raise ValueError("repeats itself, so it was not made at random")
    return Ed25519PrivateKey.from_private_bytes(seed)


def public_text(public: Ed25519PublicKey) -> str:
    """The public key as settings hold it: 64 hex digits."""
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def public_keys(text: str) -> dict[str, Ed25519PublicKey]:
    """Key id → key for the public keys in `text`: 64 hex digits each, separated by commas or white space.

    Raises ValueError if one is not such a key or if there is none.
    """
    known: dict[str, Ed25519PublicKey] = {}
    for number, word in enumerate(text.replace(",", " ").split(), start=1):
        if not _HEX.fullmatch(word):
            raise ValueError(f"key {number} is not an Ed25519 public key of 64 hex digits")
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(word))
        known[key_id(public)] = public
    if not known:
        raise ValueError("holds no key")
    return known


def sign(document: bytes, key: Ed25519PrivateKey, *, purpose: str) -> bytes:
    """The signature of `document` for `purpose` (lower-case letters), as canonical JSON. The same input gives the same bytes."""
    digest = hashlib.sha256(document).digest()
    return canonical.dumps(
        {
            "format": FORMAT,
            "kid": key_id(key.public_key()),
            "purpose": purpose,
            "sha256": digest.hex(),
            "signature": _encoded(key.sign(_message(digest, purpose))),
        }
    )


def verify(document: bytes, signature: bytes, keys: Mapping[str, Ed25519PublicKey], *, purpose: str) -> str:
    """The id of the key among `keys` (id → key) that signed exactly `document` for `purpose`.

    Raises SignatureError, and nothing else, whatever `signature` is.
    """
    raw = _read(signature)
    if raw["purpose"] != purpose:
        raise SignatureError("the signature was made for another purpose")
    digest = hashlib.sha256(document).digest()
    if raw["sha256"] != digest.hex():
        raise SignatureError("the signature is not of these bytes")
    kid = raw["kid"]
    public = keys.get(kid)
    if public is None or key_id(public) != kid:
        raise SignatureError("the signature is by a key that is not known here")
    value = base64.urlsafe_b64decode(raw["signature"] + "==")
    if (
        _encoded(value) != raw["signature"]
    ):  # the last letter has four bits to spare: one text for one signature
        raise SignatureError("the signature's fields do not have their form")
    try:
        public.verify(value, _message(digest, purpose))
    except InvalidSignature as error:
        raise SignatureError("the signature is wrong") from error
    return kid


def _read(signature: bytes) -> dict[str, str]:
    """The text fields of a signature that has exactly the form above."""
    if len(signature) > MAXIMUM_BYTES:
        raise SignatureError("the signature is too long")
    try:
        raw = json.loads(signature)
    except (ValueError, RecursionError) as error:
        raise SignatureError("the signature is not JSON") from error
    if not isinstance(raw, dict) or set(raw) != _FIELDS:
        raise SignatureError("the signature does not have the fields of one")
    number = raw.pop("format")
    if number != FORMAT or not isinstance(number, int) or isinstance(number, bool):
        raise SignatureError(f"the signature's format is not {FORMAT}")
    if not all(isinstance(value, str) for value in raw.values()) or not _SIGNATURE.fullmatch(
        raw["signature"]
    ):
        raise SignatureError("the signature's fields do not have their form")
    try:
        written = canonical.dumps({"format": FORMAT, **raw})
    except UnicodeEncodeError as error:  # half of a surrogate pair, which JSON can name
        raise SignatureError("the signature's fields do not have their form") from error
    if written != signature:  # one text for one signature
        raise SignatureError("the signature is not written in its one form")
    return raw


def _message(digest: bytes, purpose: str) -> bytes:
    if not _PURPOSE.fullmatch(purpose):
        raise ValueError(f"not a purpose: {purpose!r}")
    return _DOMAIN + purpose.encode() + b"\0" + digest


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
