"""The files of a cache folder, taken and put while no build is using it.

- A build holds the folder's lock; whoever copies the folder waits for it, so that files and database are of one moment.
- Databases are copied with SQLite's own backup, which knows about what a killed build left in its journal.
- Taking over begins by removing the databases and ends by putting the new ones there: killed in between, it leaves a cache that
  remembers nothing, never half of one and half of another.
- Not shared: previews (made for a role on one machine), `local/`, locks, and what SQLite keeps beside a database.
- No symbolic link is followed, neither to read nor to write.
"""

from __future__ import annotations

import fcntl
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from generator.errors import LyceumError

LOCK = "build.lock"  # the one that `cache.Cache` holds

_SQLITE = b"SQLite format 3\0"
_BESIDE = ("-wal", "-shm", "-journal")
_NOT_SHARED = frozenset({"local", "preview"})


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
    """Copy what `folder` shares into the empty folder `to`. Raises LyceumError for a database that cannot be copied."""
    if not folder.is_dir():
        return
    with _locked(folder):
        for path, place in shareable(folder):
            target = to / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if _is_database(place):
                _copy_database(place, target)
            else:
                shutil.copyfile(place, target)


def take_over(still: Path, folder: Path) -> None:
    """Make what `folder` shares the files of `still`, which is on the same file system and is empty afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        found = dict(shareable(still))
        for path in found:
            if _is_linked(folder, folder / path):
                raise LyceumError(
                    "a symbolic link lies in the build cache", where=path, hint="delete .cache/lyceum"
                )
        for _, place in sorted(shareable(folder), key=lambda each: not _is_database(each[1])):
            for end in ("", *_BESIDE):
                place.with_name(place.name + end).unlink(missing_ok=True)
        for path, place in sorted(found.items(), key=lambda each: _is_database(each[1])):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            place.replace(target)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_linked(folder: Path, place: Path) -> bool:
    """Whether `place` or a folder between it and `folder` is a symbolic link."""
    way = [place, *place.parents]
    return any(step.is_symlink() for step in way[: way.index(folder)])


def _is_database(place: Path) -> bool:
    with place.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _copy_database(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
    except sqlite3.Error as error:
        raise LyceumError(
            f"a database of the build cache cannot be copied: {error}",
            where=source.name,
            hint="delete .cache/lyceum: the next build makes it anew",
        ) from error
