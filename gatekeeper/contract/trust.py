"""Which pointer and manifest of a store are to be believed. Pure rules: bytes, known keys and what runs now → a value or a refusal.

1. Pointer n calls itself n, and a known key has signed it.
2. Its number is not below that of the last pointer that was believed: a chain that was cut off, or replaced by an older copy of
   itself, moves nobody back.
3. A known key has signed the manifest, and the manifest names the pointer's release.
4. The manifest was not created before the one that runs, unless the signed pointer says `rollback`.

So whoever can write to the bucket, but has no release key, can neither alter what a release grants nor choose another release.
`keys` may be empty where an operator allows unsigned releases: then 1 and 3 ask for no signature, and 2 for nothing.
Every refusal is a `TrustError`; whoever reads a store keeps the last good release then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gatekeeper.contract import pointer, signature
from gatekeeper.contract.pointer import Kind, Pointer

Keys = Mapping[str, Ed25519PublicKey]

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", re.ASCII)


class TrustError(ValueError):
    """What lies in the store is not what a publisher of this school put there, or is older than what runs."""


def signed(moved: Pointer, key: Ed25519PrivateKey) -> Pointer:
    """`moved` with its signature."""
    return replace(moved, signature=signature.sign(pointer.document(moved), key, purpose=signature.POINTER))


def read_pointer(data: bytes, number: int, keys: Keys) -> Pointer:
    """The pointer that lies at place `number` of the chain. Raises TrustError, or PointerError if it is none."""
    read = pointer.loads(data)
    if read.number != number:
        raise TrustError(f"pointer {number} calls itself {read.number}")
    if keys:
        check_pointer(read, keys)
    return read


def check_pointer(read: Pointer, keys: Keys) -> None:
    """Raises TrustError unless one of `keys` signed it."""
    if not read.signature:
        raise TrustError(f"pointer {read.number} is not signed")
    try:
        signature.verify(pointer.document(read), read.signature, keys, purpose=signature.POINTER)
    except signature.SignatureError as error:
        raise TrustError(f"pointer {read.number}: {error}") from error


def check_manifest(data: bytes, detached: bytes | None, keys: Keys) -> None:
    """Raises TrustError unless a known key signed exactly these bytes of a manifest; detached: its `manifest.sig`, None if missing."""
    if not keys:
        return
    if detached is None:
        raise TrustError("the manifest is not signed")
    try:
        signature.verify(data, detached, keys, purpose=signature.MANIFEST)
    except signature.SignatureError as error:
        raise TrustError(f"the manifest: {error}") from error


def check_succession(
    moved: Pointer, created: str, *, believed: Pointer | None, running_created: str | None, keys: Keys
) -> None:
    """Raises TrustError if following `moved` to its release, created then, would move readers back without a publisher's word.

    created, running_created: of the two manifests, RFC 3339 UTC in whole seconds. believed, running_created: None at a start.
    """
    if keys and not _MOMENT.fullmatch(created):
        raise TrustError("the manifest does not say when it was created")
    if believed is None or running_created is None:
        return
    if keys and moved.number < believed.number:
        raise TrustError(
            f"pointer {moved.number} is older than pointer {believed.number}, which was followed before"
        )
    if moved.kind is not Kind.ROLLBACK and created < running_created:
        raise TrustError(
            f"release {moved.release} is older than the one that runs, and its pointer does not say rollback"
        )
