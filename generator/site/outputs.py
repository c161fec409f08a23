"""What a build writes: only what differs from what lies there, and the size, time and digest of each file for the next build.

Paths are relative to the build folder: `public/…` the stage, `site/…` the site, `mkdocs.yml`, `manifest.json`. The folders `public` and
`site` belong to the build: what is not wanted there is removed. The search index in `site/pagefind/` is kept by its own stage.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from generator.site import inputs
from generator.site.cache import Stamp

STAGE = "public/"
SITE = "site/"
INDEX = "site/pagefind/"
SETTINGS = "mkdocs.yml"
MANIFEST = "manifest.json"
_OWN_FOLDERS = (STAGE.rstrip("/"), SITE.rstrip("/"))


def found(build: Path) -> dict[str, os.stat_result]:
    """Every output that lies in the build folder, whoever put it there."""
    files = {
        f"{folder}/{path}": status
        for folder in _OWN_FOLDERS
        for path, status in inputs.below(build / folder).items()
    }
    for name in (SETTINGS, MANIFEST):
        if (build / name).is_file():
            files[name] = (build / name).stat()
    return files


def write(path: Path, data: bytes, sha256: bytes | None = None) -> Stamp:
    """Put `data` at `path` and say how it lies there."""
    try:
        file = path.open("wb")
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("wb")
    with file:
        file.write(data)
        file.flush()
        status = os.fstat(file.fileno())
    return Stamp(status.st_size, status.st_mtime_ns, sha256 or hashlib.sha256(data).digest())


def is_as(path: Path, stamp: Stamp) -> bool:
    """Whether the file lies there as it was written."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    return status.st_size == stamp.size and status.st_mtime_ns == stamp.mtime


class Outputs:
    """The outputs of one build. before: as the last build left them.

    wrong: those that are not so any more. Afterwards `now` holds everything that was kept or written; `written` what was written.
    """

    def __init__(
        self,
        build: Path,
        before: Mapping[str, Stamp],
        here: Mapping[str, os.stat_result],
        *,
        kept: tuple[str, ...] = (INDEX,),
    ) -> None:
        """kept: folders that others look after, each with a final slash."""
        self.build = build
        self._kept = kept
        self.before = before
        self.here = here
        self.wrong = inputs.differing(here, before)
        self.now: dict[str, Stamp] = {}
        self.written: set[str] = set()
        self.removed: set[str] = set()

    def has(self, path: str, sha256: bytes) -> bool:
        """Whether `path` lies there as the last build left it, with this content."""
        stamp = self.before.get(path)
        return stamp is not None and stamp.sha256 == sha256 and path not in self.wrong

    def keep(self, path: str) -> None:
        self.now[path] = self.before[path]

    def put(self, path: str, data: bytes, sha256: bytes | None = None) -> None:
        """Write `data` unless it lies there already."""
        sha256 = sha256 or hashlib.sha256(data).digest()
        if self.has(path, sha256):
            self.keep(path)
        else:
            self.wrote(path, write(self.build / path, data, sha256))

    def wrote(self, path: str, stamp: Stamp) -> None:
        self.now[path] = stamp
        self.written.add(path)

    def clear(self, wanted: Collection[str]) -> None:
        """Remove what lies in the build's folders and is not wanted, before anything is written, so that a file may take a folder's place."""
        strange = {path for path, status in self.here.items() if not stat.S_ISREG(status.st_mode)}
        for path in sorted((self.here.keys() - set(wanted)) | strange):  # nothing is written through a link
            if not path.startswith((STAGE, SITE)) or path.startswith(self._kept):
                continue
            (self.build / path).unlink(missing_ok=True)
            self.removed.add(path)
        for folder in {parent for path in self.removed for parent in _folders(path)}:
            _remove_empty(self.build / folder)

    def is_changed(self, path: str) -> bool:
        """Whether the content of an output is another than the last build's."""
        before = self.before.get(path)
        return before is None or before.sha256 != self.now[path].sha256

    @property
    def gone(self) -> set[str]:
        """What the last build had and this one has not."""
        kept = (*self._kept, MANIFEST)
        return {path for path in self.before if path not in self.now and not path.startswith(kept)}


def _folders(path: str) -> Iterator[str]:
    parent, _, _ = path.rpartition("/")
    if parent and parent not in _OWN_FOLDERS:
        yield parent


def _remove_empty(folder: Path) -> None:
    while folder.name not in _OWN_FOLDERS:
        try:
            folder.rmdir()
        except OSError:  # not empty, or gone already
            return
        folder = folder.parent
