"""Where a store is. Both sides read the same settings, so both must understand them alike.

file:///absolute/folder      a folder
s3://bucket[/prefix]         a bucket of an S3-compatible server
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gatekeeper.contract import keys

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


def parse_store(text: str) -> StoreAddress:
    """The store that a setting names. Raises ValueError that says what is wrong with it."""
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise ValueError("is not an address") from error
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
