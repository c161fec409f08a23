"""A folder as an object store: a key is a path below it.

- A put writes a temporary file in `.lyceum-tmp/`, flushes it to the disk, and moves it into place; `if_none_match` links it there,
  which fails when the name exists; `if_match` compares and moves under a lock (`flock`), which dies with its process.
- Nothing is followed or written through a symbolic link below the root (attack case P16).
- Temporary files that a killed process left are removed after a day.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from generator.errors import StoreError
from generator.release.store import (
    Body,
    ConditionFailedError,
    ObjectStore,
    StoredObject,
    checked_key,
    checked_prefix,
)

TEMPORARY = ".lyceum-tmp"
_LOCK = "lock"
_STALE_SECONDS = 24 * 3600


class FolderStore:
    """The folder `root`; it is made by the first put."""

    is_near = True

    def __init__(self, root: Path) -> None:
        self.root = root
        self._swept = False

    @property
    def label(self) -> str:
        return self.root.as_uri()

    @property
    def address(self) -> str:
        return self.root.absolute().as_uri()

    def path(self, key: str) -> Path:
        """Where `key` lies. Raises StoreError for what is no key, or when a symbolic link is on the way."""
        parts = checked_key(key).split("/")
        if parts[0] == TEMPORARY:
            raise StoreError(f"not a name for an object: {key!r}", hint="this name is the store's own")
        place = self.root
        for part in parts:
            place = place / part
            if place.is_symlink():
                raise StoreError(
                    "a symbolic link lies in the store", where=str(place), hint="remove it; objects are files"
                )
        return place

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
        place = self.path(key)
        try:
            temporary = self._written(body)
            try:
                self._make_folder(place.parent)
                if if_none_match:
                    os.link(temporary, place)
                elif if_match is not None:
                    self._replace(temporary, place, if_match)
                else:
                    temporary.replace(place)
                _flush_folder(place.parent)
            finally:
                temporary.unlink(missing_ok=True)
            return _stored(key, place.stat())
        except FileExistsError as error:
            if if_none_match and place.is_file():
                raise ConditionFailedError(
                    "the object exists already", where=key, hint="somebody else was first"
                ) from error
            raise self._failed(error) from error
        except OSError as error:
            raise self._failed(error) from error

    def copy(
        self, source: ObjectStore, source_key: str, key: str, *, media_type: str, cache_control: str
    ) -> bool:
        """Never: a folder that is a public site links files itself."""
        return False

    def get(self, key: str) -> bytes | None:
        try:
            return self.path(key).read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise self._failed(error) from error

    def head(self, key: str) -> StoredObject | None:
        try:
            status = self.path(key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._failed(error) from error
        return _stored(key, status) if stat.S_ISREG(status.st_mode) else None

    def list(self, prefix: str, *, after: str = "") -> Iterator[StoredObject]:
        folder = self.path(prefix[:-1]) if checked_prefix(prefix) else self.root
        try:
            found = sorted(self._below(folder, prefix), key=lambda stored: stored.key)
        except OSError as error:
            raise self._failed(error) from error
        return (stored for stored in found if stored.key > after)

    def delete(self, key: str) -> None:
        place = self.path(key)
        try:
            place.unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return
        except OSError as error:
            raise self._failed(error) from error
        for folder in place.relative_to(self.root).parents[:-1]:
            try:
                (self.root / folder).rmdir()
            except OSError:  # not empty, or another put has just made it again
                return

    def open_doors(self, key: str) -> Sequence[str]:
        """None: a folder answers nobody. That it lies outside the public one is checked where the settings are read."""
        return ()

    def _below(self, folder: Path, prefix: str) -> Iterator[StoredObject]:
        try:
            entries = list(os.scandir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if prefix or entry.name != TEMPORARY:
                    yield from self._below(Path(entry.path), f"{prefix}{entry.name}/")
            elif entry.is_file(follow_symlinks=False):
                with contextlib.suppress(FileNotFoundError):  # deleted since
                    yield _stored(prefix + entry.name, entry.stat(follow_symlinks=False))

    def _written(self, body: Body) -> Path:
        """A temporary file with the content of `body`, safely on the disk."""
        folder = self.root / TEMPORARY
        folder.mkdir(parents=True, exist_ok=True)
        self._sweep(folder)
        temporary = folder / secrets.token_hex(16)
        try:
            with temporary.open("xb") as file:
                if isinstance(body, Path):
                    with body.open("rb") as source:
                        shutil.copyfileobj(source, file)
                else:
                    file.write(body)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return temporary

    def _sweep(self, folder: Path) -> None:
        if self._swept:
            return
        self._swept = True
        oldest = time.time() - _STALE_SECONDS  # compared with the file system's clock, which is this one
        for path in folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.name != _LOCK and path.stat().st_mtime < oldest:
                    path.unlink()

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            for parent in (folder, *folder.parents):
                if not parent.is_relative_to(self.root):
                    break
                _flush_folder(parent)

    def _replace(self, temporary: Path, place: Path, etag: str) -> None:
        with (self.root / TEMPORARY / _LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                now = _stored("", place.stat()).etag
            except FileNotFoundError:
                now = ""
            if now != etag:
                raise ConditionFailedError(
                    "the object is not the expected version", where=place.name, hint="somebody else was first"
                )
            temporary.replace(place)

    def _failed(self, error: OSError) -> StoreError:
        hints = {
            errno.EACCES: "give this user write access to the folder",
            errno.EPERM: "give this user write access to the folder",
            errno.EROFS: "the file system is mounted read-only",
            errno.ENOSPC: "make room on the disk; the release that runs is untouched, publish again",
            errno.EDQUOT: "make room within the quota; the release that runs is untouched, publish again",
            errno.ENAMETOOLONG: "give the file a shorter name",
            errno.ENOTDIR: "a file lies where a folder is needed; is this the right folder?",
        }
        return StoreError(
            f"the store folder failed: {error.strerror or error}",
            where=str(self.root),
            hint=hints.get(error.errno or 0, "check that the folder exists and can be written"),
        )


def _stored(key: str, status: os.stat_result) -> StoredObject:
    etag = f"{status.st_mtime_ns:x}-{status.st_ino:x}-{status.st_size:x}"
    return StoredObject(key=key, size_bytes=status.st_size, etag=etag, modified=status.st_mtime)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
