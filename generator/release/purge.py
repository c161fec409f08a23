"""Which addresses a CDN must forget after a switch: every public file that changed or went, under each address it answers to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import quote

from generator.release.publish import Published

_INDEX = "index.html"


def purge_list(done: Published) -> tuple[str, ...]:
    """Whole URLs, sorted; a page below its folder and by its file's name."""
    return tuple(sorted({url for path in (*done.changed, *done.removed) for url in _urls(done.site, path)}))


def _urls(site: str, path: str) -> Iterable[str]:
    place = PurePosixPath(path)
    yield site + quote(path, safe="/~-._")
    if place.name == _INDEX:
        folder = "" if place.parent == PurePosixPath() else f"{place.parent.as_posix()}/"
        yield site + quote(folder, safe="/~-._")
