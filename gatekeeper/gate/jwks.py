"""The public half of the token keys as a JSON Web Key Set (RFC 7517, RFC 8037), for other services and edge workers."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gatekeeper.secrets import TokenKey


def jwks(keys: Sequence[TokenKey]) -> dict[str, list[dict[str, str]]]:
    """Every key that verifies, oldest first. Only public members go in; a test holds that."""
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
