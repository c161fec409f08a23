"""Short-lived URLs: how an object of the private store is handed to a reader who may have it.

Whatever the store, a URL fixes the object's key, the end of its life (at most five minutes), the media type and the
disposition of the answer; changing any of them spoils the signature.

- `S3Signer`: AWS Signature Version 4 in the query (presigned GET), path and virtual-hosted style, session tokens, any
  endpoint; the day's signing key is kept. Byte for byte what botocore writes.
  Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
- `FolderSigner`: HMAC-SHA256 over a JSON list, so that no field can run into the next. A URL is checked by writing the
  one right query again and comparing it whole, in constant time: an added, repeated, reordered or respelt parameter is wrong.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol
from urllib.parse import parse_qsl, quote, urlsplit

from gatekeeper.contract import keys, routes
from gatekeeper.secrets import Secret
from gatekeeper.stores.address import S3Account

MAXIMUM_SECONDS = 300
_DIGITS = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SignedUrl:
    """expires_at: Unix seconds. The URL is a secret for as long as it lives: never log it."""

    url: str
    expires_at: int


class UrlSigner(Protocol):
    def sign(self, key: str, *, media_type: str, disposition: str, now: int) -> SignedUrl:
        """A URL under which the object `key` can be fetched for the next minutes, labelled as said."""


class S3Signer:
    """Presigns GETs of one bucket."""

    def __init__(self, account: S3Account, *, bucket: str, prefix: str = "", lifetime_seconds: int) -> None:
        parts = urlsplit(account.endpoint)
        authority = f"{bucket}.{parts.netloc}" if account.is_virtual_hosted else parts.netloc
        self._host = _without_default_port(parts.scheme, authority)
        self._root = f"/{prefix}" if account.is_virtual_hosted else f"/{bucket}/{prefix}"
        self.origin = f"{parts.scheme}://{authority}"
        self._account = account
        self._lifetime = _lifetime(lifetime_seconds)
        token = account.session_token.reveal_text() if account.session_token else ""
        self._token = f"&X-Amz-Security-Token={quote(token, safe='-._~')}" if token else ""
        self._scope = f"{account.region}/s3/aws4_request"
        self._moment = _Moment(second=-1, day="", key=b"", query="", signature=_started_v4(b"", "", ""))

    def sign(self, key: str, *, media_type: str, disposition: str, now: int) -> SignedUrl:
        url = self.presign(self._root + key, _overrules(media_type, disposition), now)
        return SignedUrl(url, now + self._lifetime)

    def presign(self, path: str, answer: str, now: int) -> str:
        """The URL of `path` (from the bucket's host, not yet encoded). answer: encoded parameters in order, each with
        a final `&`; their names sort after `X-Amz-…`, as those that overrule an answer's headers do."""
        moment = self._at(now)
        head = moment.query
        encoded = quote(path, safe="/-._~")
        query = f"{head}{self._token}&X-Amz-SignedHeaders=host"  # in the order of names, as the signature wants it
        if answer:
            query = f"{query}&{answer[:-1]}"
        request = f"GET\n{encoded}\n{query}\nhost:{self._host}\n\nhost\nUNSIGNED-PAYLOAD"
        signature = _finished_v4(moment.signature, request)
        # the order that botocore writes: what overrules the answer first, the session token last
        return f"{self.origin}{encoded}?{answer}{head}&X-Amz-SignedHeaders=host{self._token}&X-Amz-Signature={signature}"

    def _at(self, now: int) -> _Moment:
        moment = self._moment
        if moment.second != now:
            stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
            day, key = stamp[:8], moment.key
            if day != moment.day:
                key = signing_key_v4(self._account.secret_key, day, self._account.region, "s3")
            scope = f"{day}/{self._scope}"
            credential = f"{self._account.access_key}/{scope}".replace("/", "%2F")
            moment = _Moment(
                second=now,
                day=day,
                key=key,
                query=f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={stamp}&X-Amz-Expires={self._lifetime}",
                signature=_started_v4(key, stamp, scope),
            )
            self._moment = moment  # swapped whole: threads share it
        return moment


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """What all URLs of one second share. key: of its day; signature: begun, never finished, only copied."""

    second: int
    day: str
    key: bytes
    query: str
    signature: hmac.HMAC


class FolderSigner:
    """Signs and checks URLs of the gatekeeper's own `/store/…`, behind which lies a folder."""

    def __init__(self, key: bytes, *, origin: str, lifetime_seconds: int) -> None:
        if len(key) < 32:
            raise ValueError("the key that signs store URLs has at least 32 bytes")
        self._started = hmac.new(key, digestmod="sha256")
        self._origin = origin
        self._lifetime = _lifetime(lifetime_seconds)

    def sign(self, key: str, *, media_type: str, disposition: str, now: int) -> SignedUrl:
        expires = now + self._lifetime
        query = self._query(key, expires, disposition, media_type)
        return SignedUrl(f"{self._origin}{routes.STORE}{quote(key)}?{query}", expires)

    def opened(self, key: str, query: str, now: int) -> Labels | None:
        """What the answer for `key` has to say of itself, or None if `query` is not a valid, living signature for it."""
        try:
            fields = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=8, errors="strict"))
        except ValueError:
            return None
        expires, disposition, media_type = (
            fields.get(name, "") for name in ("expires", "disposition", "type")
        )
        if not keys.is_key(key) or not _DIGITS.fullmatch(expires):
            return None
        right = self._query(key, int(expires), disposition, media_type)
        if not hmac.compare_digest(right.encode(), query.encode("utf-8", "replace")):
            return None
        if not now < int(expires) <= now + MAXIMUM_SECONDS:
            return None
        return Labels(media_type=media_type, disposition=disposition)

    def _query(self, key: str, expires: int, disposition: str, media_type: str) -> str:
        content = json.dumps(["store url v1", key, expires, disposition, media_type])
        seal = self._started.copy()
        seal.update(content.encode())
        return f"expires={expires}{_stated(media_type, disposition)}&signature={seal.hexdigest()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """The headers that a signature fixes. disposition: a whole Content-Disposition value."""

    media_type: str
    disposition: str


def signing_key_v4(secret: Secret, day: str, region: str, service: str) -> bytes:
    """The key of one day (`YYYYMMDD`), region and service: four nested HMACs."""
    key = b"AWS4" + secret.reveal()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signature_v4(key: bytes, stamp: str, scope: str, canonical_request: str) -> str:
    """The hex signature of a canonical request. stamp: `YYYYMMDDTHHMMSSZ`."""
    return _finished_v4(_started_v4(key, stamp, scope), canonical_request)


def _started_v4(key: bytes, stamp: str, scope: str) -> hmac.HMAC:
    return hmac.new(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n".encode(), "sha256")


def _finished_v4(started: hmac.HMAC, canonical_request: str) -> str:
    finished = started.copy()  # a copy costs a sixth of a new HMAC
    finished.update(hashlib.sha256(canonical_request.encode()).hexdigest().encode())
    return finished.hexdigest()


@lru_cache(maxsize=4096)
def _overrules(media_type: str, disposition: str) -> str:
    """The parameters that overrule an S3 answer's headers, in the order of names, each with a final `&`."""
    named = (("disposition", disposition), ("type", media_type))
    return "".join(f"response-content-{name}={quote(text, safe='-._~')}&" for name, text in named if text)


@lru_cache(maxsize=4096)
def _stated(media_type: str, disposition: str) -> str:
    return f"&disposition={quote(disposition, safe='')}&type={quote(media_type, safe='')}"


def _without_default_port(scheme: str, authority: str) -> str:
    """The authority as clients write it in Host, which is what the signature covers."""
    default = {"http": ":80", "https": ":443"}.get(scheme, "")
    return authority.removesuffix(default) if default else authority


def _lifetime(seconds: int) -> int:
    if not 0 < seconds <= MAXIMUM_SECONDS:
        raise ValueError(f"a signed URL lives 1 to {MAXIMUM_SECONDS} seconds, not {seconds}")
    return seconds
