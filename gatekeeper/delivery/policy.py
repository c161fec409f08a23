"""Signs CloudFront's custom policies into cookies. RSA with SHA-1 is what CloudFront takes of RSA keys; the policy is short-lived, and the
key signs nothing else.

Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gatekeeper.gate.sign import MAXIMUM_SECONDS
from gatekeeper.secrets import Secret

_INSTEAD = bytes.maketrans(b"+=/", b"-_~")  # CloudFront's own alphabet


class CookieSigner:
    """key: an RSA private key in PEM. key_id: CloudFront's name of its public half."""

    def __init__(self, key: Secret, *, key_id: str, lifetime_seconds: int) -> None:
        if not 0 < lifetime_seconds <= MAXIMUM_SECONDS:
            raise ValueError(
                f"cookies open an object for 1 to {MAXIMUM_SECONDS} seconds, not {lifetime_seconds}"
            )
        loaded = load_pem_private_key(key.reveal(), password=None)
        if not isinstance(loaded, RSAPrivateKey):
            raise ValueError("CloudFront's signer needs an RSA key")
        self._key = loaded
        self._key_id = key_id
        self._lifetime = lifetime_seconds

    def cookies(self, resource: str, *, now: int) -> Mapping[str, str]:
        """The three cookies, name → value, that open `resource` (a URL that may end with `*`) from now on for the lifetime."""
        statement = {
            "Resource": resource,
            "Condition": {"DateLessThan": {"AWS:EpochTime": now + self._lifetime}},
        }
        policy = json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()
        signature = self._key.sign(policy, PKCS1v15(), SHA1())  # noqa: S303  (CloudFront's choice, see above)
        return {
            "CloudFront-Policy": _encoded(policy),
            "CloudFront-Signature": _encoded(signature),
            "CloudFront-Key-Pair-Id": self._key_id,
        }


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).translate(_INSTEAD).decode()
