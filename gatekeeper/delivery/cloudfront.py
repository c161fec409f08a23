"""CloudFront: one signed policy opens what a reader may have of a course, for five minutes at most.

A policy names one resource, so objects need addresses by course, while in the bucket they lie under unguessable names without one. The
address is therefore

    https://<distribution>/c/<group>/<seal>/<object key>

- The group is the course with a digest of the access rule: a lesson for members and one that is sold are two groups, so that
  cookies for the first open nothing of the second.
- The seal is a keyed hash of group and object key. A function at the edge (docs/deploy/cloudfront/seal.js) checks it and takes group
  and seal off; so an object cannot be asked for under a group that it does not belong to.
- The cookies' policy ends with `/c/<group>/*`; they are set for that path alone, Secure, HttpOnly, SameSite=Lax, for the domain that
  gatekeeper and distribution share. CloudFront fixes their names, so they cannot be `__Host-` cookies.

Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-setting-signed-cookie-custom-policy.html
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from urllib.parse import quote

from gatekeeper.contract.access import Rule, rule_to_json
from gatekeeper.contract.manifest import ObjectEntry
from gatekeeper.delivery.policy import PolicySigner

SEAL_DIGITS = 32
_GROUP_DIGITS = 16
_SEAL_DOMAIN = "lyceum course object v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """url: the object's, to be asked for with the cookies. cookies: whole Set-Cookie values."""

    url: str
    cookies: tuple[str, ...]


class CourseCookies:
    """origin: the distribution's, without a final slash. domain: of the cookies. seal_key: see `seal`."""

    def __init__(self, signer: PolicySigner, *, origin: str, domain: str, seal_key: bytes) -> None:
        self._signer = signer
        self._origin = origin
        self._domain = domain
        self._seal_key = seal_key

    def give(self, entry: ObjectEntry, *, course: str, now: int) -> Given:
        """For a reader who may have `entry`, which was decided before."""
        root = f"/c/{group(course, entry.access)}/"
        seal_ = seal(self._seal_key, group(course, entry.access), entry.key)
        cookies = self._signer.cookies(f"{self._origin}{root}*", now=now)
        attributes = f"Domain={self._domain}; Path={root}; Max-Age={self._signer.lifetime_seconds}; Secure; HttpOnly; SameSite=Lax"
        return Given(
            url=f"{self._origin}{root}{seal_}/{entry.key}",
            cookies=tuple(f"{name}={value}; {attributes}" for name, value in cookies.items()),
        )


def group(course: str, rule: Rule) -> str:
    """The course's objects under one rule, as one part of a path."""
    stated = json.dumps(rule_to_json(rule), sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(f"{course}\n{stated}".encode()).hexdigest()[:_GROUP_DIGITS]
    return f"{quote(course, safe='')}.{digest}"


def seal(key: bytes, group_: str, object_key: str) -> str:
    """What proves at the edge that the object belongs to the group. key: the bytes whose hex the edge's key-value store holds."""
    message = f"{_SEAL_DOMAIN}\n{group_}\n{object_key}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:SEAL_DIGITS]
