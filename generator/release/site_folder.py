"""The public site in a folder, for a web server on this machine.

    sites/<release id>/     each release whole; files with the same bytes are hard links to one another
    site                    a symbolic link to the current one: this is what the web server serves

A switch replaces the link in one step (`rename`), so a reader meets one release or the other, never a mixture or nothing (Z02). A
release's folder is built under another name and renamed when it is complete; the new link lies ready before the pointer moves, so that
the step itself needs no room on the disk.

- The folders of the releases before stay for readers who are in the middle of them, and for rolling back. When a lesson stops being free,
  everything in them that is not public now goes at once (P21).
- Texts have a compressed twin beside them (`x.gz`, `x.br`) for web servers that send those (`gzip_static`, `brotli_static`).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from gatekeeper.contract import keys
from generator.errors import StoreError
from generator.release import twins
from generator.release.parallel import each
from generator.release.public import Progress, Scene
from generator.release.release import PublicFile
from generator.release.store import Body

SITES = "sites"
SITE = keys.SITE
_BUILDING = ".building-"
_REMOVING = ".removing-"
_LINK = ".site-"
_LOCK = ".lock"
_IN_FLIGHT_SECONDS = 0.1  # so long a reader who has looked the link up may take to open the file behind it


class FolderSite:
    """encodings: of the compressed twins, see `twins`."""

    is_gradual = False
    grace_seconds = 0

    def __init__(self, root: Path, *, encodings: Sequence[str] = ()) -> None:
        self.root = root
        self._encodings = tuple(encodings)

    @property
    def label(self) -> str:
        return self.root.as_uri()

    @property
    def shown(self) -> str:
        """The release that is shown, "" for none."""
        try:
            return (self.root / SITE).readlink().name
        except OSError:
            return ""

    def is_showing(self, release: str) -> bool:
        return self.shown == release and (self.root / SITE).is_dir()

    def check(self) -> None:
        with self._failures():
            (self.root / SITES).mkdir(parents=True, exist_ok=True)
            place = self.root / SITE
            if place.exists() and not place.is_symlink():
                raise StoreError(
                    "there is something else where the link to the site belongs",
                    where=str(place),
                    hint="move it away; LYCEUM_PUBLIC_STORE names a folder of Lyceum's own",
                )
            probe = self.root / SITES / f"{_BUILDING}probe-{secrets.token_hex(8)}"
            probe.mkdir()
            probe.rmdir()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        with self._failures():
            (self.root / SITES).mkdir(parents=True, exist_ok=True)
            lock = (self.root / SITES / _LOCK).open("ab")
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # given back by the kernel when its holder dies
            yield

    def bring(self, scene: Scene, progress: Progress) -> None:
        sites = self.root / SITES
        place = self.root / keys.site_folder(scene.release)
        with self._failures():
            self._lay_link(scene.release)
            if place.is_dir():  # renamed here when it was complete
                return
            building = sites / f"{_BUILDING}{scene.release}-{secrets.token_hex(8)}"
            try:
                self._build(building, scene, progress)
                building.rename(place)
                _flush_folder(sites)
            except OSError as error:
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST} or not place.is_dir():
                    raise
                # the same release from another publisher
            finally:
                shutil.rmtree(building, ignore_errors=True)

    def show(self, scene: Scene, progress: Progress) -> None:
        with self._failures():
            link = self._lay_link(scene.release)
            link.replace(self.root / SITE)
            _flush_folder(self.root)
        progress("public site", 1, 1)

    def clear(self, scene: Scene, keep: Sequence[str], progress: Progress) -> Sequence[str]:
        """Old releases' folders go, and what killed publishers left; the shown one stays whatever is asked."""
        kept = {*keep, scene.release, self.shown}
        with self._failures():
            for path in sorted((self.root / SITES).iterdir()):
                if not path.is_dir() or path.name in kept or self._is_being_built(path):
                    continue
                doomed = path
                if not path.name.startswith("."):
                    doomed = path.with_name(f"{_REMOVING}{path.name}-{secrets.token_hex(8)}")
                    path.rename(doomed)
                shutil.rmtree(doomed)
            for path in self.root.iterdir():
                if path.is_symlink() and path.name.startswith(_LINK):
                    path.unlink(missing_ok=True)
            if scene.closes:
                self._close(kept - {self.shown, scene.release})
        return ()

    def remove(self, paths: Sequence[str]) -> None:
        """Nothing: `clear` leaves nothing here."""

    def _close(self, older: AbstractSet[str]) -> None:
        """Take from the folders of `older` releases whatever is not public now. A folder that is no longer whole gives up its name."""
        now = self.root / SITES / self.shown
        time.sleep(_IN_FLIGHT_SECONDS)
        for release in sorted(older):
            root = self.root / SITES / release
            if not release or not root.is_dir():
                continue
            doomed = [
                place
                for place in root.rglob("*")
                if place.is_file() and not _is_same(place, now / place.relative_to(root))
            ]
            if doomed:
                renamed = root.with_name(f"{_REMOVING}{release}-{secrets.token_hex(8)}")
                root.rename(renamed)
                for place in doomed:
                    (renamed / place.relative_to(root)).unlink(missing_ok=True)

    def _lay_link(self, release: str) -> Path:
        """A link to the release's folder, ready to be moved into place."""
        link = self.root / f"{_LINK}{release}"
        with contextlib.suppress(FileExistsError):
            link.symlink_to(keys.site_folder(release).rstrip("/"))
        return link

    def _build(self, building: Path, scene: Scene, progress: Progress) -> None:
        """Every file of the scene below `building`, which is locked while we live so that nobody takes it for a left one."""
        building.mkdir()
        lock = os.open(building, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            earlier = self.root / SITES / self.shown if self.shown else None
            folders = {building}
            foreign: list[str] = []  # what no file of this disk can be linked for
            for path, file in sorted(scene.files.items()):
                place = building / path
                if place.parent not in folders:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    folders.add(place.parent)
                blob = scene.blob(file.sha256)
                if not (
                    (blob and _linked(blob, place, file.size_bytes))
                    or (
                        earlier
                        and _holds(earlier / path, file)
                        and _linked(earlier / path, place, file.size_bytes)
                    )
                ):
                    foreign.append(path)
            each("public site", foreign, lambda path: _write(building / path, scene.body(path)), progress)
            twins.add(building, scene.files, self._encodings, earlier, progress)
            for folder in folders:
                _flush_folder(folder)
        finally:
            os.close(lock)

    def _is_being_built(self, path: Path) -> bool:
        if not path.name.startswith(_BUILDING):
            return False
        try:
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            return True  # just renamed: complete
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    @contextlib.contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"the folder of the public site failed: {error.strerror or error}",
                where=str(self.root),
                hint="check that the folder exists, can be written and has room; what is shown is untouched",
            ) from error


def _holds(place: Path, file: PublicFile) -> bool:
    """Whether `place` is a regular file with this very content: what is shown now need not be what a pointer says."""
    try:
        if not stat.S_ISREG(place.stat(follow_symlinks=False).st_mode):
            return False
        with place.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest() == file.sha256
    except OSError:
        return False


def _is_same(old: Path, new: Path) -> bool:
    """Whether both are files with the same bytes; mostly they are one file under two names."""
    try:
        if old.samefile(new):
            return True
        return old.stat().st_size == new.stat().st_size and old.read_bytes() == new.read_bytes()
    except OSError:
        return False


def _linked(source: Path, place: Path, size_bytes: int) -> bool:
    """Whether `place` is now a hard link to `source`, a regular file of this size."""
    try:
        status = source.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode) or status.st_size != size_bytes:
            return False
        os.link(source, place)
    except OSError:  # another file system, too many links, no such file: it is copied instead
        return False
    return True


def _write(place: Path, body: Body) -> None:
    with place.open("xb") as file:
        if isinstance(body, Path):
            with body.open("rb") as source:
                shutil.copyfileobj(source, file)
        else:
            file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
