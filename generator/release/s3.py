"""A bucket of an S3-compatible server as an object store, through boto3.

- What was sent is compared by Content-MD5, which the server checks before it stores anything.
- A request is tried three times within ten seconds, with jitter. A conditional put that was tried more than once and finds its object there
  looks whether it is its own (Z12).
"""

from __future__ import annotations

import base64
import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from generator.errors import StoreError
from generator.release.s3_clients import clients
from generator.release.settings import S3Access
from generator.release.store import Body, ConditionFailedError, StoredObject, checked_key, checked_prefix

TRIES = 3
PATIENCE_SECONDS = 10.0  # no new try begins after this
MAXIMUM_BYTES = 5 * 1024**3  # of one put, everywhere
_PAUSE_SECONDS = 0.5  # before the second try, doubled before the third, each times a random factor

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_CONDITION = frozenset({"412", "PreconditionFailed"})
_RACE = frozenset({"409", "ConditionalRequestConflict", "OperationAborted"})  # another put is under way
_PASSING = _RACE | {"SlowDown", "RequestTimeout", "Throttling", "BadDigest", "429"}  # beside every 5xx
_HINTS = {
    "NoSuchBucket": "make the bucket, or name another in LYCEUM_STORE or LYCEUM_PUBLIC_STORE",
    "InvalidAccessKeyId": "check AWS_ACCESS_KEY_ID",
    "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY and AWS_REGION",
    "ExpiredToken": "get a new AWS_SESSION_TOKEN",
    "AccessDenied": "give this account s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket",
    "403": "check the credentials and what they allow: s3:GetObject, s3:PutObject, s3:DeleteObject, s3:ListBucket",
    "RequestTimeTooSkewed": "set this machine's clock",
    "QuotaExceeded": "make room in the bucket or raise its quota",
    "EntityTooLarge": "the server takes no file of this size; split it",
}


class S3Store:
    """The objects of `bucket` below `prefix` (empty or with a final slash)."""

    def __init__(
        self,
        access: S3Access,
        *,
        bucket: str,
        prefix: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self._sleep = sleep
        self._client, self._stranger = clients(access)

    @property
    def label(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"

    def put(
        self,
        key: str,
        body: Body,
        *,
        media_type: str,
        cache_control: str,
        if_none_match: bool = False,
        if_match: str | None = None,
    ) -> StoredObject:
        size, md5 = _measured(body)
        arguments: dict[str, Any] = {
            "Bucket": self._bucket,
            "Key": self._key(key),
            "ContentType": media_type,
            "CacheControl": cache_control,
            "ContentLength": size,
            "ContentMD5": base64.b64encode(md5).decode(),
        }
        if if_none_match:
            arguments["IfNoneMatch"] = "*"
        if if_match is not None:
            arguments["IfMatch"] = if_match

        def send() -> StoredObject:
            if isinstance(body, bytes):
                answer = self._client.put_object(Body=body, **arguments)
            else:
                with body.open("rb") as file:
                    answer = self._client.put_object(Body=file, **arguments)
            return StoredObject(key=key, size_bytes=size, etag=_bare(answer["ETag"]))

        def settle() -> StoredObject | None:
            """After an unknown outcome: the object, if what lies there now is what we sent."""
            found = self.head(key)
            if (
                found is None
                or found.size_bytes != size
                or hashlib.md5(self.get(key) or b"", usedforsecurity=False).digest() != md5
            ):
                return None
            return found

        try:
            return self._try(send, key, settle if if_none_match or if_match is not None else None)
        except OSError as error:
            raise StoreError(
                f"a file cannot be read: {error.strerror or error}", where=str(body), hint="build again"
            ) from error

    def get(self, key: str) -> bytes | None:
        name = self._key(key)

        def fetch() -> bytes:
            # raises IncompleteReadError when fewer bytes come than were announced
            return self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()

        return self._unless_missing(fetch, key)

    def head(self, key: str) -> StoredObject | None:
        name = self._key(key)

        def look() -> StoredObject:
            answer = self._client.head_object(Bucket=self._bucket, Key=name)
            return StoredObject(key=key, size_bytes=answer["ContentLength"], etag=_bare(answer["ETag"]))

        return self._unless_missing(look, key)

    def list(self, prefix: str, *, after: str = "") -> Iterator[StoredObject]:
        whole = self._prefix + checked_prefix(prefix)
        start = self._prefix + after if after else ""
        token = ""
        while True:
            arguments: dict[str, Any] = {"Bucket": self._bucket, "Prefix": whole}
            if token:
                arguments["ContinuationToken"] = token
            elif start:
                arguments["StartAfter"] = start
            page = self._try(partial(self._client.list_objects_v2, **arguments), prefix)
            for found in page.get("Contents", []):
                key = found["Key"].removeprefix(self._prefix)
                yield StoredObject(key=key, size_bytes=found["Size"], etag=_bare(found["ETag"]))
            token = page.get("NextContinuationToken", "")
            if not page.get("IsTruncated") or not token:
                return

    def delete(self, key: str) -> None:
        name = self._key(key)
        self._unless_missing(lambda: self._client.delete_object(Bucket=self._bucket, Key=name), key)

    def open_doors(self, key: str) -> Sequence[str]:
        doors = []
        name = self._key(key)
        if self._answers(partial(self._stranger.head_object, Bucket=self._bucket, Key=name)):
            doors.append("read its objects")
        if self._answers(partial(self._stranger.list_objects_v2, Bucket=self._bucket, MaxKeys=1)):
            doors.append("list them")
        return doors

    def _answers(self, request: Callable[[], object]) -> bool:
        try:
            self._try(request, "")
        except _RefusedError:
            return False
        return True

    def _key(self, key: str) -> str:
        return checked_key(self._prefix + checked_key(key))

    def _unless_missing(self, request: Callable[[], _T], key: str) -> _T | None:
        try:
            return self._try(request, key)
        except _RefusedError as error:
            if error.code in _MISSING:
                return None
            raise

    def _try(self, request: Callable[[], _T], key: str, settle: Callable[[], _T | None] | None = None) -> _T:
        """The answer to `request`, tried again after passing faults.

        settle: for a conditional put: the outcome, if an earlier try was carried out although its answer said otherwise.
        """
        started = time.monotonic()
        for tried in range(1, TRIES + 1):
            try:
                return request()
            except ClientError as error:
                status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
                code = error.response.get("Error", {}).get("Code", "") or str(status)
                if code in _CONDITION:
                    if tried > 1 and settle is not None and (own := settle()) is not None:
                        return own
                    raise self._condition_failed(key) from error
                if status < 500 and code not in _PASSING:
                    raise self._refused(code, status, key) from error
                trouble: Exception = error
                name = f"{status} {code}"
            except BotoCoreError as error:
                trouble, name = error, type(error).__name__
            except (KeyError, ResponseParserError) as error:
                raise StoreError(
                    "the server does not answer like an S3 store",
                    where=self.label,
                    hint="check LYCEUM_S3_ENDPOINT",
                ) from error
            if tried == TRIES or time.monotonic() - started > PATIENCE_SECONDS:
                break
            _log.info("store request repeated: %s, try %d", name, tried + 1)
            self._sleep(_PAUSE_SECONDS * 2 ** (tried - 1) * (0.5 + random.random()))  # noqa: S311 - jitter
        if settle is not None and (own := settle()) is not None:
            return own
        if isinstance(trouble, ClientError) and name.split()[-1] in _RACE:
            raise self._condition_failed(key) from trouble
        raise StoreError(
            f"the store did not do it in {tried} tries: {name}",
            where=f"{self.label}{key}",
            hint="check LYCEUM_S3_ENDPOINT and the network; what was published still is",
        ) from trouble

    def _condition_failed(self, key: str) -> ConditionFailedError:
        return ConditionFailedError(
            "the object is there already, or is another version",
            where=f"{self.label}{key}",
            hint="somebody else was first",
        )

    def _refused(self, code: str, status: int, key: str) -> _RefusedError:
        error = _RefusedError(
            f"the store refused: {code}",
            where=f"{self.label}{key}",
            hint=_HINTS.get(code, f"the server answered {status}"),
        )
        error.code = code
        return error


class _RefusedError(StoreError):
    """The server understood and said no. code: S3's."""

    code = ""


def _measured(body: Body) -> tuple[int, bytes]:
    """Bytes and MD5, which is what S3 compares an upload with; it protects against faults, not attackers."""
    if isinstance(body, bytes):
        return len(body), hashlib.md5(body, usedforsecurity=False).digest()
    try:
        with body.open("rb") as file:
            digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).digest()
            size = file.tell()
    except OSError as error:
        raise StoreError(
            f"a file cannot be read: {error.strerror or error}", where=str(body), hint="build again"
        ) from error
    if size > MAXIMUM_BYTES:
        raise StoreError(
            "a file is larger than a store takes at once (5 GiB)", where=str(body), hint="split it"
        )
    return size, digest


def _bare(etag: str) -> str:
    """An etag without its quotes: Ceph 16 compares `If-Match` with the bare text, and the others take both."""
    return etag.strip('"')
