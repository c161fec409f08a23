"""Files on their way: an author's file is read, what changed is written, what is gone is removed.

Files are copied as bytes; a link that leads out of the content folder is refused (P16).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path, PurePosixPath

from generator.errors import ContentError, Problem


def read_file(content: Path, path: PurePosixPath) -> bytes:
    """The bytes of an author's file. Raises ContentError when it is missing or a link leads out of the content folder."""
    target = content.joinpath(*path.parts)
    if not target.resolve().is_relative_to(content.resolve()):
        raise ContentError(
            [Problem(path.as_posix(), "it leads out of the content folder", "copy the file into the course")]
        )
    try:
        return target.read_bytes()
    except OSError as error:
        raise ContentError(
            [Problem(path.as_posix(), f"cannot be read: {error.strerror or error}")]
        ) from error


def put(path: Path, content: bytes) -> bool:
    """Write `content` unless it stands there already; whether it was written."""
    try:
        if path.read_bytes() == content:
            return False
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return True


def sweep(folder: Path, wanted: Collection[str]) -> set[str]:
    """Remove every file below `folder` that is not wanted, and the folders left empty; the removed files."""
    removed: set[str] = set()
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif (name := path.relative_to(folder).as_posix()) not in wanted:
            path.unlink()
            removed.add(name)
    return removed
