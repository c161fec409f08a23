"""Signs CloudFront's custom policies into URLs and cookies.

RSA with SHA-1 is what CloudFront takes of RSA keys; a policy is short-lived, and the key signs nothing else. What an answer's labels are (media
type, disposition) is not part of a policy: the objects have their type in the bucket, and the distribution's response headers
keep HTML and SVG from running (docs/deploy/cloudfront.md).

Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-creating-signed-url-custom-policy.html
Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
"""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gatekeeper.gate.sign import MAXIMUM_SECONDS, SignedUrl
from gatekeeper.secrets import Secret

_INSTEAD = bytes.maketrans(b"+=/", b"-_~")  # CloudFront's own alphabet


class PolicySigner:
    """key: an RSA private key in PEM. key_id: CloudFront's name of its public half."""

    def __init__(self, key: Secret, *, key_id: str, lifetime_seconds: int) -> None:
        if not 0 < lifetime_seconds <= MAXIMUM_SECONDS:
            raise ValueError(
                f"a policy opens an object for 1 to {MAXIMUM_SECONDS} seconds, not {lifetime_seconds}"
            )
        loaded = load_pem_private_key(key.reveal(), password=None)
        if not isinstance(loaded, RSAPrivateKey):
            raise ValueError("CloudFront's signer needs an RSA key")
        self._key = loaded
        self._key_id = key_id
        self.lifetime_seconds = lifetime_seconds

    def sign(self, resource: str, *, now: int) -> dict[str, str]:
        """Policy, Signature and Key-Pair-Id that open `resource` (a URL that may end with `*`) from now on for the lifetime."""
        if "?" in resource or "*" in resource[:-1]:
            raise ValueError("a resource is one address, or all below one")
        statement = {
            "Resource": resource,
            "Condition": {"DateLessThan": {"AWS:EpochTime": now + self.lifetime_seconds}},
        }
        policy = json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()
        signature = self._key.sign(policy, PKCS1v15(), SHA1())  # noqa: S303  (CloudFront's choice, see above)
        return {"Policy": _encoded(policy), "Signature": _encoded(signature), "Key-Pair-Id": self._key_id}

    def cookies(self, resource: str, *, now: int) -> dict[str, str]:
        """The same as cookies, name → value."""
        return {f"CloudFront-{name}": value for name, value in self.sign(resource, now=now).items()}


class CloudFrontUrls:
    """Signed URLs of a distribution before the private bucket, one object each (a `gate.sign.UrlSigner`). origin: without a final slash."""

    def __init__(self, signer: PolicySigner, *, origin: str) -> None:
        self._signer = signer
        self._origin = origin

    def sign(self, key: str, *, media_type: str, disposition: str, now: int) -> SignedUrl:
        address = f"{self._origin}/{quote(key)}"
        query = "&".join(f"{name}={value}" for name, value in self._signer.sign(address, now=now).items())
        return SignedUrl(f"{address}?{query}", now + self._signer.lifetime_seconds)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).translate(_INSTEAD).decode()
