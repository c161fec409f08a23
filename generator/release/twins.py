"""Compressed twins of a site's texts, beside them, for web servers that send what lies ready: nginx with `gzip_static` or `brotli_static`.

The same text gives the same bytes everywhere: no time and no name stand in them. A twin that is not smaller by a tenth is left out. A file that
is the same one as in the earlier site takes over its twin.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from generator.errors import LyceumError
from generator.release import media
from generator.release.parallel import each
from generator.release.public import Progress

GZIP, BROTLI = "gzip", "br"
ENCODINGS = {GZIP: ".gz", BROTLI: ".br"}
ENDINGS = tuple(ENCODINGS.values())
_LEAST_BYTES = 512  # below, a packet is a packet
_WORTH = 0.9


def add(
    root: Path, paths: Iterable[str], encodings: Sequence[str], earlier: Path | None, progress: Progress
) -> None:
    """Put the twins of the texts among `paths` below `root` beside them. earlier: the site to take unchanged ones from."""
    packers = {ENCODINGS[encoding]: _packer(encoding) for encoding in encodings}
    names = frozenset(paths)
    texts = [path for path in sorted(names) if media.is_compressible(path)] if packers else []

    def pack(path: str) -> None:
        place = root / path
        data: bytes | None = None
        for ending, packed in packers.items():
            if path + ending in names:  # the author's own file has that name
                continue
            if earlier is not None and _took_over(earlier / path, place, ending):
                continue
            data = place.read_bytes() if data is None else data
            if len(data) < _LEAST_BYTES:
                return
            twin = packed(data)
            if len(twin) < _WORTH * len(data):
                _write(place.with_name(place.name + ending), twin)

    each("compressed", texts, pack, progress)


def _took_over(before: Path, place: Path, ending: str) -> bool:
    """Whether `place`, being the same file as `before`, now has its twin too."""
    try:
        if not before.samefile(place):
            return False
        os.link(before.with_name(before.name + ending), place.with_name(place.name + ending))
    except OSError:
        return False
    return True


def _packer(encoding: str) -> Callable[[bytes], bytes]:
    if encoding == GZIP:
        return lambda data: gzip.compress(data, 9, mtime=0)
    try:
        import brotli
    except ImportError as error:
        raise LyceumError(
            "Brotli is not installed", where="LYCEUM_PRECOMPRESS", hint="pip install brotli, or leave br out"
        ) from error
    return lambda data: bytes(brotli.compress(data, mode=brotli.MODE_TEXT, quality=9))


def _write(place: Path, data: bytes) -> None:
    with place.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
