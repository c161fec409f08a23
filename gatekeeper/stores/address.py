"""Where a store is: a folder, or a bucket with a prefix, and the account that opens it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gatekeeper.contract import keys
from gatekeeper.secrets import Secret

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAddress:
    """Either `folder` (absolute) or `bucket` with a `prefix` that is empty or ends with a slash."""

    folder: Path | None = None
    bucket: str = ""
    prefix: str = ""

    @property
    def is_s3(self) -> bool:
        return self.folder is None


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Account:
    """endpoint: scheme and authority without a final slash."""

    endpoint: str
    region: str
    is_virtual_hosted: bool
    access_key: str
    secret_key: Secret
    session_token: Secret | None = None


def parse_store(text: str) -> StoreAddress:
    """The store that `file:///abs/dir` or `s3://bucket[/prefix]` names. Raises ValueError that says what is wrong."""
    parts = urlsplit(text)
    if parts.query or parts.fragment:
        raise ValueError("has a query or a fragment")
    if parts.scheme == "file":
        folder = Path(unquote(parts.path))
        if parts.netloc not in {"", "localhost"} or not folder.is_absolute() or "\0" in str(folder):
            raise ValueError("is not an absolute folder")
        return StoreAddress(folder=folder)
    if parts.scheme == "s3":
        if not _BUCKET.fullmatch(parts.netloc):
            raise ValueError("does not name a bucket")
        prefix = parts.path.strip("/")
        if prefix and not keys.is_key(prefix):
            raise ValueError("has a prefix that is not made of letters, digits, '.', '_', '-' and '/'")
        return StoreAddress(bucket=parts.netloc, prefix=f"{prefix}/" if prefix else "")
    raise ValueError("is neither file:// nor s3://")
