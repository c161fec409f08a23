"""What S3 servers answer: refusals, listings and headers, read into values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_plus
from xml.etree import ElementTree

from generator.release.s3_wire import Answer
from generator.release.store import StoredObject

MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
CONDITION = frozenset({"412", "PreconditionFailed"})
RACE = frozenset({"409", "ConditionalRequestConflict", "OperationAborted"})  # another put is under way
PASSING = RACE | {
    "SlowDown",
    "RequestTimeout",
    "Throttling",
    "BadDigest",
    "XAmzContentSHA256Mismatch",
    "429",
}  # beside every 5xx
HINTS = {
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What a server said that did not do it. code: S3's, or the status where it gave none."""

    status: int
    code: str


def refusal_of(answer: Answer) -> Refusal:
    code = ""
    if answer.body:
        try:
            code = ElementTree.fromstring(answer.body).findtext("{*}Code") or ""  # noqa: S314 - the store's own words
        except ElementTree.ParseError:
            code = ""
    return Refusal(status=answer.status, code=code or str(answer.status))


def page_of(answer: Answer) -> tuple[list[StoredObject], str]:
    """The objects of one page of a listing, and the token of the next, "" for none."""
    page = ElementTree.fromstring(answer.body)  # noqa: S314 - the store's own words
    if not page.tag.endswith("ListBucketResult"):
        raise ValueError(page.tag)
    is_encoded = page.findtext("{*}EncodingType") == "url"
    found = []
    for entry in page.iterfind("{*}Contents"):
        key, size = entry.findtext("{*}Key") or "", entry.findtext("{*}Size") or ""
        moment = datetime.fromisoformat(entry.findtext("{*}LastModified") or "")
        found.append(
            StoredObject(
                key=unquote_plus(key) if is_encoded else key,
                size_bytes=int(size),
                etag=bare(entry.findtext("{*}ETag") or ""),
                modified=(moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp(),
            )
        )
    is_cut = page.findtext("{*}IsTruncated") == "true"
    return found, (page.findtext("{*}NextContinuationToken") or "") if is_cut else ""


def nothing(_answer: Answer) -> None:
    """An answer that says no more than that it was done."""


def header(answer: Answer, name: str) -> str:
    """Raises KeyError where it is missing: then it is no S3 server."""
    return answer.headers[name]


def bare(etag: str) -> str:
    """An etag without its quotes: Ceph 16 compares `If-Match` with the bare text, and the others take both."""
    return etag.strip('"')
