"""A bucket of an S3-compatible server as an object store.

- What was sent is compared by SHA-256, which is signed, and by Content-MD5: the server checks before it stores anything. An etag that is
  not the MD5 of what was sent is looked at again, once a store: some encrypt, and then etags are something else.
- A request is tried three times within ten seconds in all, with full jitter, also when a try hangs; large bodies have time besides.
  A conditional put that was tried more than once and finds its object there looks whether it is its own (Z12).
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import quote
from xml.etree import ElementTree

from generator.errors import StoreError
from generator.release.s3_answers import (
    CONDITION,
    HINTS,
    MISSING,
    PASSING,
    RACE,
    Refusal,
    bare,
    header,
    nothing,
    page_of,
    refusal_of,
)
from generator.release.s3_wire import Answer, NoAnswerError, Wire
from generator.release.settings import S3Access
from generator.release.store import (
    Body,
    ConditionFailedError,
    Hashed,
    ObjectStore,
    StoredObject,
    checked_key,
    checked_prefix,
)

TRIES = 3
PATIENCE_SECONDS = 10.0  # for all tries and pauses of one request together
MINIMUM_BYTES_PER_SECOND = 64 * 1024  # what a body's own time is reckoned by
MAXIMUM_BYTES = 5 * 1024**3  # of one put, everywhere
_PAUSE_SECONDS = 1.0  # at most, before the second try; twice that before the third
_CHUNK_BYTES = 1024 * 1024
_LEAST_SECONDS = 0.2  # a try with less time than this is not begun

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class S3Store:
    """The objects of `bucket` below `prefix` (empty or with a final slash)."""

    is_near = False

    def __init__(
        self,
        access: S3Access,
        *,
        bucket: str,
        prefix: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._access = access
        self._bucket = bucket
        self._prefix = prefix
        self._sleep = sleep
        self._wire = Wire(access, bucket)
        self._etags_are_md5 = True

    @property
    def label(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}"

    @property
    def address(self) -> str:
        return f"{self._access.endpoint or self._access.region} {self.label}"

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
        size, md5, sha256 = _measured(body)
        headers = {
            "Content-Type": media_type,
            "Cache-Control": cache_control,
            "Content-Length": str(size),
            "Content-MD5": base64.b64encode(md5).decode(),
        }
        if if_none_match:
            headers["If-None-Match"] = "*"
        if if_match is not None:
            headers["If-Match"] = if_match
        name = self._key(key)

        def send(deadline: float) -> Answer:
            return self._wire.request(
                "PUT", name, deadline=deadline, sha256=sha256, headers=headers, body=body
            )

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

        def stored(answer: Answer) -> StoredObject:
            etag = bare(header(answer, "etag"))
            if self._etags_are_md5 and etag != md5.hex():
                etag = self._looked_at(key, size, etag)
            return StoredObject(key=key, size_bytes=size, etag=etag)

        is_conditional = if_none_match or if_match is not None
        try:
            return self._try(send, stored, key, settle if is_conditional else None, size_bytes=size)
        except OSError as error:
            raise StoreError(
                f"a file cannot be read: {error.strerror or error}", where=str(body), hint="build again"
            ) from error

    def copy(
        self, source: ObjectStore, source_key: str, key: str, *, media_type: str, cache_control: str
    ) -> bool:
        if not isinstance(source, S3Store) or source._access != self._access:
            return False
        headers = {
            "Content-Type": media_type,
            "Cache-Control": cache_control,
            "Content-Length": "0",
            "x-amz-metadata-directive": "REPLACE",
            "x-amz-copy-source": quote(f"/{source._bucket}/{source._key(source_key)}", safe="/~-._"),
        }
        name = self._key(key)

        def send(deadline: float) -> Answer:
            answer = self._wire.request("PUT", name, deadline=deadline, headers=headers)
            if (
                answer.status == 200 and b"<Error>" in answer.body
            ):  # a copy may fail after its answer has begun
                raise NoAnswerError("copy failed")
            return answer

        self._try(send, nothing, key)
        return True

    def get(self, key: str) -> bytes | None:
        name = self._key(key)
        return self._unless_missing(
            lambda deadline: self._wire.request("GET", name, deadline=deadline),
            lambda answer: answer.body,
            key,
        )

    def head(self, key: str) -> StoredObject | None:
        name = self._key(key)

        def seen(answer: Answer) -> StoredObject:
            modified = email.utils.parsedate_to_datetime(header(answer, "last-modified"))
            return StoredObject(
                key=key,
                size_bytes=int(header(answer, "content-length")),
                etag=bare(header(answer, "etag")),
                modified=modified.timestamp(),
            )

        return self._unless_missing(
            lambda deadline: self._wire.request("HEAD", name, deadline=deadline), seen, key
        )

    def list(self, prefix: str, *, after: str = "") -> Iterator[StoredObject]:
        query = {"list-type": "2", "prefix": self._prefix + checked_prefix(prefix), "encoding-type": "url"}
        if after:
            query["start-after"] = self._prefix + after
        while True:
            found, token = self._try(
                lambda deadline: self._wire.request("GET", deadline=deadline, query=query), page_of, prefix
            )
            for stored in found:
                yield StoredObject(
                    key=stored.key.removeprefix(self._prefix),
                    size_bytes=stored.size_bytes,
                    etag=stored.etag,
                    modified=stored.modified,
                )
            if not token:
                return
            query["continuation-token"] = token

    def delete(self, key: str) -> None:
        name = self._key(key)
        self._unless_missing(
            lambda deadline: self._wire.request("DELETE", name, deadline=deadline), nothing, key
        )

    def open_doors(self, key: str) -> Sequence[str]:
        doors = []
        if self._answers("HEAD", self._key(key), {}):
            doors.append("read its objects")
        if self._answers("GET", "", {"list-type": "2", "max-keys": "1"}):
            doors.append("list them")
        return doors

    def _answers(self, method: str, name: str, query: Mapping[str, str]) -> bool:
        """Whether somebody without credentials is answered."""
        try:
            self._try(
                lambda deadline: self._wire.request(
                    method, name, deadline=deadline, query=query, is_signed=False
                ),
                nothing,
                "",
            )
        except (
            _RefusedError,
            ConditionFailedError,
        ):  # Swift calls an address that a stranger may not have a failed condition
            return False
        return True

    def _looked_at(self, key: str, size: int, etag: str) -> str:
        """The etag of what was just put, whose answer's etag was not the MD5 of what was sent."""
        found = self.head(key)
        if found is None or found.size_bytes != size:
            raise StoreError(
                "an uploaded object is missing or incomplete in the store",
                where=f"{self.label}{key}",
                hint="nothing was switched; publish again",
            )
        self._etags_are_md5 = found.etag != etag  # it says the same again: then that is how it makes them
        return found.etag

    def _key(self, key: str) -> str:
        return checked_key(self._prefix + checked_key(key))

    def _unless_missing(
        self, request: Callable[[float], Answer], understood: Callable[[Answer], _T], key: str
    ) -> _T | None:
        try:
            return self._try(request, understood, key)
        except _RefusedError as error:
            if error.code in MISSING:
                return None
            raise

    def _try(
        self,
        request: Callable[[float], Answer],
        understood: Callable[[Answer], _T],
        key: str,
        settle: Callable[[], _T | None] | None = None,
        *,
        size_bytes: int = 0,
    ) -> _T:
        """What the answer to `request` means, tried again after passing faults.

        request: is given its deadline. settle: for a conditional put: the outcome, if an earlier try was carried out although its
        answer said otherwise. size_bytes: of the body, which has time of its own.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS + size_bytes / MINIMUM_BYTES_PER_SECOND
        for tried in range(1, TRIES + 1):
            try:
                answer = request(deadline)
            except NoAnswerError as error:
                trouble: Exception | None = error
                code = name = str(error)
            else:
                if answer.status < 300:
                    return self._understood(answer, understood)
                refusal = refusal_of(answer)
                if refusal.code in CONDITION:
                    if tried > 1 and settle is not None and (own := settle()) is not None:
                        return own
                    raise self._condition_failed(key)
                if refusal.status < 500 and refusal.code not in PASSING:
                    raise self._refused(refusal, key)
                trouble, code, name = None, refusal.code, f"{refusal.status} {refusal.code}"
            pause = random.uniform(0, _PAUSE_SECONDS * 2 ** (tried - 1))  # noqa: S311 - jitter
            if tried == TRIES or time.monotonic() + pause + _LEAST_SECONDS > deadline:
                break
            _log.info("store request repeated: %s, try %d", name, tried + 1)
            self._sleep(pause)
        if settle is not None and (own := settle()) is not None:
            return own
        if code in RACE:
            raise self._condition_failed(key) from trouble
        raise StoreError(
            f"the store did not do it in {tried} {'try' if tried == 1 else 'tries'}: {name}",
            where=f"{self.label}{key}",
            hint="check LYCEUM_S3_ENDPOINT and the network; what was published still is",
        ) from trouble

    def _understood(self, answer: Answer, understood: Callable[[Answer], _T]) -> _T:
        try:
            return understood(answer)
        except (KeyError, ValueError, TypeError, ElementTree.ParseError) as error:
            raise StoreError(
                "the server does not answer like an S3 store",
                where=self.label,
                hint="check LYCEUM_S3_ENDPOINT",
            ) from error

    def _condition_failed(self, key: str) -> ConditionFailedError:
        return ConditionFailedError(
            "the object is there already, or is another version",
            where=f"{self.label}{key}",
            hint="somebody else was first",
        )

    def _refused(self, refusal: Refusal, key: str) -> _RefusedError:
        error = _RefusedError(
            f"the store refused: {refusal.code}",
            where=f"{self.label}{key}",
            hint=HINTS.get(refusal.code, f"the server answered {refusal.status}"),
        )
        error.code = refusal.code
        return error


class _RefusedError(StoreError):
    """The server understood and said no. code: S3's."""

    code = ""


def _measured(body: Body) -> tuple[int, bytes, str]:
    """Bytes, MD5 and SHA-256 in hex. MD5 is what servers compare uploads with; it protects against faults, not attackers."""
    if isinstance(body, Hashed):
        return len(body), body.md5, body.sha256
    if isinstance(body, bytes):
        return len(body), hashlib.md5(body, usedforsecurity=False).digest(), hashlib.sha256(body).hexdigest()
    md5, sha256, size = hashlib.md5(usedforsecurity=False), hashlib.sha256(), 0
    try:
        with body.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                md5.update(chunk)
                sha256.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise StoreError(
            f"a file cannot be read: {error.strerror or error}", where=str(body), hint="build again"
        ) from error
    if size > MAXIMUM_BYTES:
        raise StoreError(
            "a file is larger than a store takes at once (5 GiB)", where=str(body), hint="split it"
        )
    return size, md5.digest(), sha256.hexdigest()
