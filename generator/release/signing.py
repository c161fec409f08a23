"""The publisher's signature: what it is put under, and what of a store's content is believed because of it.

The release key is an Ed25519 key of the school's own (LYCEUM_RELEASE_KEY); the gatekeeper holds the public half. A bucket's
credentials alone neither publish nor move the school back, and a manifest or list that was altered in the bucket is not put
back by a rollback either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gatekeeper.contract import signature, statement, trust
from gatekeeper.contract.pointer import Pointer
from gatekeeper.contract.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """known: key id → public key of this key and of those before it, whose releases may still be gone back to."""

    key: Ed25519PrivateKey = field(repr=False)
    known: Mapping[str, Ed25519PublicKey]

    def pointer(self, moved: Pointer) -> Pointer:
        return trust.signed(moved, self.key)

    def manifest(self, data: bytes) -> bytes:
        """The detached signature of a manifest's bytes."""
        return signature.sign(data, self.key, purpose=signature.MANIFEST)

    def statement(self, unsigned: Statement) -> Statement:
        document = statement.document(unsigned)
        return replace(unsigned, signature=signature.sign(document, self.key, purpose=signature.STATEMENT))

    def vouches_for(self, moved: Pointer) -> bool:
        """Whether a known key signed this pointer."""
        try:
            trust.check_pointer(moved, self.known)
        except trust.TrustError:
            return False
        return True


def signer(key: Ed25519PrivateKey, earlier: Mapping[str, Ed25519PublicKey] | None = None) -> Signer:
    public = key.public_key()
    return Signer(key=key, known={**(earlier or {}), signature.key_id(public): public})
