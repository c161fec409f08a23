"""Reading objects, for manifests, composed pages and the folder store. A missing object is None; anything else is StoreError.

Nothing here writes. A folder is read without following symbolic links out of it (attack case P16); S3 is asked with URLs
of our own signer over http.client, with time limits and a cap on the size, so that the service needs no SDK.
"""

from __future__ import annotations

import errno
import http.client
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import quote, urlsplit

from gatekeeper.contract.address import StoreAddress
from gatekeeper.errors import StoreError
from gatekeeper.gate.sign import S3Signer
from gatekeeper.stores.address import S3Account

TIMEOUT_SECONDS = 5.0
MAXIMUM_OBJECT_BYTES = 512 * 1024 * 1024
_URL_SECONDS = 60


class StoreReader(Protocol):
    def get(self, path: str) -> bytes | None:
        """The bytes of the object `path`, or None if there is none. Raises StoreError if the store is away."""


class FolderReader:
    def __init__(self, root: Path) -> None:
        self._root = root

    def find(self, path: str) -> Path | None:
        """The regular file `path` below the root, if there is one and no symbolic link leads to it."""
        parts = path.split("/")
        if any(part in {"", ".", ".."} or "\\" in part or "\0" in part for part in parts):
            return None
        place = self._root.joinpath(*parts)
        try:
            if any(step.is_symlink() for step in [place, *place.parents][: len(parts)]):
                return None
            return place if place.is_file() else None
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                return None
            raise _unreadable(error) from error

    def get(self, path: str) -> bytes | None:
        place = self.find(path)
        try:
            return place.read_bytes() if place is not None else None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(error) from error


def _unreadable(error: OSError) -> StoreError:
    return StoreError(
        f"the store folder cannot be read: {error.strerror}", hint="check the folder's permissions"
    )


class HttpReader:
    """Reads below a base URL; `locate` turns a path into the URL to ask (signed, or simply below the base)."""

    def __init__(self, locate: Callable[[str], str], *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._locate = locate
        self._timeout = timeout_seconds

    def get(self, path: str) -> bytes | None:
        parts = urlsplit(self._locate(path))
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection = http.client.HTTPSConnection(parts.netloc, timeout=self._timeout, context=context)
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=self._timeout)
        try:
            connection.request("GET", target)
            answer = connection.getresponse()
            body = answer.read(MAXIMUM_OBJECT_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise StoreError(
                f"{parts.hostname} did not answer: {type(error).__name__}", hint="check address and network"
            ) from error
        finally:
            connection.close()
        if answer.status == http.HTTPStatus.NOT_FOUND:
            return None
        if answer.status != http.HTTPStatus.OK:
            raise StoreError(
                f"{parts.hostname} answered {answer.status}",
                hint="check the credentials; s3:ListBucket lets a missing object answer 404 instead of 403",
            )
        if len(body) > MAXIMUM_OBJECT_BYTES:
            raise StoreError(f"{parts.hostname} sent an object of more than {MAXIMUM_OBJECT_BYTES} bytes")
        return body


def reader_of(address: StoreAddress, account: S3Account | None) -> StoreReader:
    """The reader of a store. account: needed for S3."""
    if address.folder is not None:
        return FolderReader(address.folder)
    if account is None:
        raise ValueError("an S3 store needs an account")
    signer = S3Signer(account, bucket=address.bucket, prefix=address.prefix, lifetime_seconds=_URL_SECONDS)

    def locate(path: str) -> str:
        return signer.sign(path, media_type="", disposition="", now=int(time.time())).url

    return HttpReader(locate)


def site_reader(site_url: str) -> StoreReader:
    """Reads public pages from the site itself. site_url: with a final slash."""
    return HttpReader(lambda path: site_url + quote(path, safe="/-._~"))
