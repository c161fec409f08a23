"""A passkey device in software, as WebAuthn describes one: makes keys, signs challenges, and lies when it is told to.

    device = Authenticator("gate.example.test", "https://gate.example.test")
    answer = device.make(options)          what the page's script puts into the form
    answer = device.sign(options)

Every argument of `make` and `sign` beside the options is a lie about one part of the answer.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


def base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One device with one key. count: of its signatures; 0 for ever if it does not count."""

    domain: str
    origin: str
    count: int = 0
    counts: bool = True
    user: bytes = b""
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any], **lies: Any) -> str:
        """The answer to `navigator.credentials.create`."""
        self.user = from_base64url(options["user"]["id"])
        x, y = (
            number.to_bytes(32)
            for number in (self.key.public_key().public_numbers().x, self.key.public_key().public_numbers().y)
        )
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        known = self.credential
        data = self._data(lies, HAS_KEY) + b"\0" * 16 + len(known).to_bytes(2) + known + cose
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": self._client_data("webauthn.create", options, lies),
                "attestationObject": attestation,
            }
        )

    def sign(self, options: dict[str, Any], **lies: Any) -> str:
        """The answer to `navigator.credentials.get`."""
        if self.counts:
            self.count = lies.get("count", self.count + 1)
        data = self._data(lies, 0)
        client_data = self._client_data("webauthn.get", options, lies)
        key: ec.EllipticCurvePrivateKey = lies.get("key", self.key)
        signature = key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256()))
        return self._answer(
            {
                "clientDataJSON": client_data,
                "authenticatorData": data,
                "signature": lies.get("signature", signature),
                "userHandle": lies.get("user", self.user),
            }
        )

    def _data(self, lies: dict[str, Any], flags: int) -> bytes:
        domain: str = lies.get("domain", self.domain)
        flags |= lies.get("flags", PRESENT | VERIFIED)
        return hashlib.sha256(domain.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _client_data(self, kind: str, options: dict[str, Any], lies: dict[str, Any]) -> bytes:
        told = {
            "type": lies.get("type", kind),
            "challenge": lies.get("challenge", options["challenge"]),
            "origin": lies.get("origin", self.origin),
            "crossOrigin": False,
        }
        return json.dumps(told).encode()

    def _answer(self, response: dict[str, bytes]) -> str:
        return json.dumps(
            {
                "id": base64url(self.credential),
                "rawId": base64url(self.credential),
                "type": "public-key",
                "authenticatorAttachment": "platform",
                "clientExtensionResults": {},
                "response": {name: base64url(value) for name, value in response.items()},
            }
        )
