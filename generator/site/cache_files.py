"""The files of a cache folder, taken and put while builds may be using it.

- Databases are copied with SQLite's backup, in one transaction, so that a build that runs meanwhile is neither disturbed nor seen
  half done. Other files are whole wherever they lie: the cache puts them there in one step.
- Not shared: previews (made for a role on one machine), `local/`, locks, and what SQLite keeps beside a database.
- No symbolic link is followed, neither to read nor to write.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from generator.errors import LyceumError

_SQLITE = b"SQLite format 3\0"
_BESIDE = ("-wal", "-shm", "-journal")
_NOT_SHARED = frozenset({"local", "preview"})
_PATIENCE_SECONDS = 60.0  # for a build that holds the database


def shareable(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file of the cache `folder` that another machine has a use for, with its path, in order."""
    for place in sorted(folder.rglob("*")):
        if is_shared(path := place.relative_to(folder).as_posix()) and not _is_linked(folder, place):
            try:
                if place.is_file():
                    yield path, place
            except FileNotFoundError:  # a build has just removed it
                continue


def is_shared(path: str) -> bool:
    parts = path.split("/")
    name = parts[-1]
    return not (parts[0] in _NOT_SHARED or name == "lock" or name.endswith((".lock", *_BESIDE)))


def copy_still(folder: Path, to: Path) -> None:
    """Copy what `folder` shares into the empty folder `to`, every file whole and at rest.

    A file that a running build removes meanwhile is left out. Raises LyceumError for a database that cannot be copied.
    """
    for path, place in shareable(folder):
        target = to / path
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            if _is_database(place):
                _copy_database(place, target)
            else:
                shutil.copyfile(place, target)
        except FileNotFoundError:
            target.unlink(missing_ok=True)


def take_over(still: Path, folder: Path) -> None:
    """Move every file of `still` to its place in the cache `folder`: first the files, then the databases that name them."""
    found = list(shareable(still))
    databases = [(path, place) for path, place in found if _is_database(place)]
    for path, place in [*(each for each in found if each not in databases), *databases]:
        target = folder / path
        if _is_linked(folder, target):
            raise LyceumError(
                "a symbolic link lies in the build cache", where=path, hint="delete .cache/lyceum"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        if _is_database(place):
            _copy_database(place, target)
        else:
            place.replace(target)


def _is_linked(folder: Path, place: Path) -> bool:
    """Whether `place` or a folder between it and `folder` is a symbolic link."""
    way = [place, *place.parents]
    return any(step.is_symlink() for step in way[: way.index(folder)])


def _is_database(place: Path) -> bool:
    with place.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _copy_database(source: Path, target: Path) -> None:
    """Make the database `target` the same as `source`, in one transaction, while others may use either."""
    deadline = time.monotonic() + _PATIENCE_SECONDS

    def impatient(_status: int, _remaining: int, _total: int) -> None:
        if time.monotonic() > deadline:
            raise TimeoutError("it is in use")

    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new, progress=impatient)
    except (sqlite3.Error, TimeoutError) as error:
        raise LyceumError(
            f"a database of the build cache cannot be copied: {error}",
            where=source.name,
            hint="wait for other builds, or delete .cache/lyceum: the next build makes it anew",
        ) from error
