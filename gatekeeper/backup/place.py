"""Where backups lie: a file, a folder or a bucket. In the last two each is named by its time, and only the newest are kept.

    /var/backups/lyceum.backup          that file, which must not be there yet
    /var/backups/lyceum/                a folder (it exists, or the name ends with a slash)
    s3://bucket/prefix                  the same in a bucket; LYCEUM_S3_ENDPOINT and AWS_… as for the store

A file appears whole or not at all, readable by its owner alone.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol

from gatekeeper.backup.form import BackupError
from gatekeeper.contract.address import StoreAddress, parse_store
from gatekeeper.errors import StoreError

if TYPE_CHECKING:
    from gatekeeper.stores.address import S3Account

NAME = re.compile(r"lyceum-[0-9]{8}T[0-9]{6}Z\.backup(?:\.age)?", re.ASCII)


def name_of(now: datetime, *, is_sealed: bool) -> str:
    return f"lyceum-{now:%Y%m%dT%H%M%SZ}.backup" + (".age" if is_sealed else "")


class Place(Protocol):
    def keep(self, name: str, fill: Callable[[IO[bytes]], None]) -> str:
        """Puts there what `fill` writes. Returns where it is now."""

    def names(self) -> list[str]:
        """The backups that lie there, the oldest first; not those of other names."""

    def remove(self, name: str) -> None: ...


def forget_old(place: Place, *, keep: int) -> list[str]:
    """Removes all but the newest `keep` backups. Returns their names."""
    old = place.names()[:-keep]
    for name in old:
        place.remove(name)
    return old


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """file: the one name that is used; without it, each backup's own."""

    root: Path
    file: str | None = None

    def keep(self, name: str, fill: Callable[[IO[bytes]], None]) -> str:
        target = self.root / (self.file or name)
        if target.exists():
            raise BackupError(
                "there is a file of that name", where=str(target), hint="name another one, or a folder"
            )
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.root, prefix=".backup-", delete=False) as file:
                half = Path(file.name)
                try:
                    fill(file)
                    file.flush()
                    os.fsync(file.fileno())
                    os.link(half, target)  # refuses to replace a file, unlike a rename
                finally:
                    half.unlink()
        except OSError as error:
            raise BackupError(f"the backup cannot be written: {error.strerror}", where=str(target)) from error
        return str(target)

    def names(self) -> list[str]:
        return sorted(entry.name for entry in self.root.iterdir() if NAME.fullmatch(entry.name))

    def remove(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    address: StoreAddress
    account: S3Account | None

    def keep(self, name: str, fill: Callable[[IO[bytes]], None]) -> str:
        with tempfile.TemporaryFile() as file, _answered():
            fill(file)
            file.seek(0)
            self._client().upload_fileobj(file, self.address.bucket, self.address.prefix + name)
        return f"s3://{self.address.bucket}/{self.address.prefix}{name}"

    def names(self) -> list[str]:
        with _answered():
            pages = (
                self._client()
                .get_paginator("list_objects_v2")
                .paginate(Bucket=self.address.bucket, Prefix=self.address.prefix)
            )
            keys = [found["Key"] for page in pages for found in page.get("Contents", ())]
        names = [key.removeprefix(self.address.prefix) for key in keys]
        return sorted(name for name in names if NAME.fullmatch(name))

    def remove(self, name: str) -> None:
        with _answered():
            self._client().delete_object(Bucket=self.address.bucket, Key=self.address.prefix + name)

    def fetch(self, name: str, file: IO[bytes]) -> None:
        with _answered():
            self._client().download_fileobj(self.address.bucket, self.address.prefix + name, file)

    def _client(self) -> Any:
        try:
            import boto3
            from botocore.config import Config
        except ImportError as error:
            raise BackupError(
                "backups in a bucket need boto3", hint="pip install 'lyceum[backup]'"
            ) from error
        if self.account is None:
            return boto3.client("s3")
        style: Literal["virtual", "path"] = "virtual" if self.account.is_virtual_hosted else "path"
        token = self.account.session_token
        return boto3.client(
            "s3",
            endpoint_url=self.account.endpoint,
            region_name=self.account.region,
            aws_access_key_id=self.account.access_key,
            aws_secret_access_key=self.account.secret_key.reveal_text(),
            aws_session_token=token.reveal_text() if token is not None else None,
            config=Config(s3={"addressing_style": style}),
        )


def place_of(text: str, account: S3Account | None) -> Folder | Bucket:
    """The place that an operator names."""
    if "://" in text:
        address = _address(text)
        return (
            Bucket(address=address, account=account)
            if address.folder is None
            else Folder(root=address.folder)
        )
    path = Path(text)
    if text[-1:] == "/" or path.is_dir():
        return Folder(root=path)
    return Folder(root=path.parent, file=path.name)


@contextmanager
def opened(text: str, account: S3Account | None) -> Iterator[IO[bytes]]:
    """The backup at this path or address: a file that can be read from its beginning."""
    address = _address(text) if "://" in text else None
    if address is not None and address.folder is None:
        prefix, _, name = address.prefix.rstrip("/").rpartition("/")
        bucket = Bucket(
            address=StoreAddress(bucket=address.bucket, prefix=f"{prefix}/" if prefix else ""),
            account=account,
        )
        with tempfile.TemporaryFile() as fetched:
            bucket.fetch(name, fetched)
            fetched.seek(0)
            yield fetched
        return
    path = Path(text) if address is None or address.folder is None else address.folder
    try:
        file = path.open("rb")
    except OSError as error:
        raise BackupError(f"the backup cannot be opened: {error.strerror}", where=str(path)) from error
    with file:
        yield file


def _address(text: str) -> StoreAddress:
    try:
        return parse_store(text)
    except ValueError as error:
        raise BackupError(f"that place {error}", where=text) from error


@contextmanager
def _answered() -> Iterator[None]:
    """The bucket's errors as ours; their texts may hold addresses of requests, so only their kinds are told."""
    try:
        from boto3.exceptions import S3UploadFailedError
        from botocore.exceptions import BotoCoreError, ClientError
    except ImportError as error:
        raise BackupError("backups in a bucket need boto3", hint="pip install 'lyceum[backup]'") from error
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", "?"))
        raise StoreError(
            f"the bucket answered {code}", hint="check its name, the key and its rights"
        ) from error
    except (BotoCoreError, S3UploadFailedError) as error:
        raise StoreError(
            f"the bucket did not answer: {type(error).__name__}", hint="check endpoint and network"
        ) from error
