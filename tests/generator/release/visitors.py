"""Publishers as processes that can be killed, and readers who look on all the while."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gatekeeper.contract.address import parse_store
from gatekeeper.gate.library import Library
from gatekeeper.stores.reader import FolderReader
from gatekeeper.stores.shown import shown_release

ROOT = Path(__file__).resolve().parents[3]
SAID = re.compile(rb"release (\d+)")


class Nursery:
    """Publishers as processes of their own."""

    def __init__(self, kind: str, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.generator.release.publisher", kind, str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )

    def start(self, number: int) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        _, _ = self._process.communicate()
        assert self._process.returncode == 0


def kill(pid: int) -> None:
    """Returns when the process is gone, so that its locks are free."""
    os.kill(pid, signal.SIGKILL)
    with suppress(ProcessLookupError):
        while True:
            os.kill(pid, 0)
            time.sleep(0.001)


@contextmanager
def nursery(kind: str, root: Path) -> Iterator[Nursery]:
    made_one = Nursery(kind, root)
    try:
        yield made_one
    finally:
        made_one.close()


def _laid(link: Path) -> tuple[int, int]:
    """Which link this is: each switch lays a new one."""
    status = link.lstat()
    return status.st_ino, status.st_mtime_ns


class Visitor(threading.Thread):
    """Reads the site of a web server on this machine, again and again, and the private half as the gatekeeper does."""

    COMMON = ("index.html", "demo/paid/index.html", "课程/第一课/index.html", "404.html", "assets/extra.js")

    def __init__(self, root: Path, *, gatekeeper: bool = True) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._gatekeeper = gatekeeper
        self._stop_reading = threading.Event()
        self.visits = 0
        self.comparisons = 0
        self.releases: set[str] = set()
        self.faults: list[str] = []

    def run(self) -> None:
        store = FolderReader(self._root / "private")
        library = Library(store, {}, shown=shown_release(parse_store((self._root / "public").as_uri())))
        while not self._stop_reading.is_set():
            try:
                self._visit()
                if self._gatekeeper:
                    self._ask(library, store)
                    self._compare(library)
            except Exception as error:  # whatever a reader meets is a fault, and is shown at the end
                self.faults.append(f"{type(error).__name__}: {error}")
            self.visits += 1

    def stop(self) -> None:
        self._stop_reading.set()
        self.join()

    def _visit(self) -> None:
        (self._root / "public/site/index.html").read_bytes()  # one look-up, as a web server does it
        site = self._root / "public/site"
        folder = os.open(site, os.O_RDONLY | os.O_DIRECTORY)
        before = site.readlink().name
        try:
            texts = []
            for path in self.COMMON:
                with os.fdopen(os.open(path, os.O_RDONLY, dir_fd=folder), "rb") as file:
                    texts.append(file.read())
        except FileNotFoundError:
            # a reader may be slower than several publishes, and then its folder is gone; that is no broken switch
            if site.readlink().name == before:
                raise
            return
        finally:
            os.close(folder)
        said = {match[1] for match in map(SAID.search, texts) if match}
        if len(said) != 1:
            self.faults.append(f"pages of several releases in one folder: {said}")

    def _compare(self, library: Library) -> None:
        """Pages and private half are of one release, unless the site moved while we looked."""
        link = self._root / "public/site"
        before, laid = link.readlink().name, _laid(link)
        library.refresh()
        if link.readlink().name != before or _laid(link) != laid:  # also when it moved there and back again
            return
        assert library.manifest is not None
        self.comparisons += 1
        if library.manifest.release != before:
            self.faults.append(f"pages of {before}, private half of {library.manifest.release}")

    def _ask(self, library: Library, store: FolderReader) -> None:
        library.refresh()
        whole = library.manifest
        assert whole is not None
        self.releases.add(whole.release)
        for entry in (*whole.parts.values(), *whole.files.values()):
            data = store.get(entry.key)
            if data is None or hashlib.sha256(data).hexdigest() != entry.sha256:
                self.faults.append(f"{whole.release} names an object that is not there")
