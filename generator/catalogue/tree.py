"""The content folder as it lies on disk: which files there are, and the text of one of them.

Refused, each with its place: names that cannot be addresses (`names`), symbolic links and special files (an author's link
could point at anything on the building machine; case P16), text that is not UTF-8. Names starting with a dot are ignored.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path, PurePosixPath

from generator.catalogue import names
from generator.catalogue.findings import Findings

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Tree:
    """sizes: every regular file → bytes. folders: every folder but the root. markdown: by first path part, in order."""

    root: Path
    sizes: dict[PurePosixPath, int]
    folders: frozenset[PurePosixPath]
    markdown: dict[str, list[PurePosixPath]]


def walk(root: Path, findings: Findings) -> Tree:
    return _tree(root, _entries(root, PurePosixPath(), findings))


def walk_parts(root: Path, parts: Iterable[PurePosixPath], findings: Findings) -> Tree:
    """The files of these folders, and those that lie in the root itself."""
    top = [(path, size) for path, size in _top(root) if size is not None]
    return _tree(root, chain(top, *(_entries(root, part, findings) for part in parts)))


def _top(root: Path) -> Iterator[tuple[PurePosixPath, int | None]]:
    with os.scandir(root) as found:
        for entry in sorted(found, key=lambda entry: entry.name):
            if entry.is_file(follow_symlinks=False):
                yield PurePosixPath(entry.name), entry.stat(follow_symlinks=False).st_size


def _tree(root: Path, entries: Iterable[tuple[PurePosixPath, int | None]]) -> Tree:
    sizes: dict[PurePosixPath, int] = {}
    folders: set[PurePosixPath] = set()
    for path, size in entries:
        if size is None:
            folders.add(path)
        else:
            sizes[path] = size
    markdown: dict[str, list[PurePosixPath]] = {}
    for path in sizes:
        if path.name.lower().endswith(".md"):
            markdown.setdefault(path.parts[0], []).append(path)
    return Tree(root, sizes, frozenset(folders), markdown)


def _entries(
    root: Path, folder: PurePosixPath, findings: Findings
) -> Iterator[tuple[PurePosixPath, int | None]]:
    try:
        with os.scandir(root / folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        findings.error(folder, 0, f"cannot be read: {error.strerror}", "check the folder's permissions")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        path = folder / entry.name
        shown = _printable(path)
        if not names.is_allowed(entry.name):
            kind = "folder" if entry.is_dir(follow_symlinks=False) else "file"
            findings.error(
                shown,
                0,
                f"the {kind} name may only have letters a-z, digits, '.', '_' and '-'",
                f"rename it, for example to '{names.suggestion(entry.name)}'",
            )
        if entry.is_symlink():
            findings.error(shown, 0, "a symbolic link", "put the file itself here")
            continue
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            findings.error(shown, 0, f"cannot be read: {error.strerror}", "check the file's permissions")
            continue
        if stat.S_ISDIR(status.st_mode):
            yield path, None
            yield from _entries(root, path, findings)
        elif stat.S_ISREG(status.st_mode):
            yield path, status.st_size
        else:
            findings.error(shown, 0, "neither a file nor a folder", "take it out of the content folder")


def _printable(path: PurePosixPath) -> str:
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def text(root: Path, path: PurePosixPath, findings: Findings) -> str | None:
    """The file's text, without BOM and with LF line ends, or None after reporting why not."""
    try:
        data = (root / path).read_bytes()
    except OSError as error:
        findings.error(path, 0, f"cannot be read: {error.strerror}", "check the file's permissions")
        return None
    return decoded(data, path, findings)


def decoded(data: bytes, path: PurePosixPath, findings: Findings) -> str | None:
    try:
        found = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        findings.error(path, line, "not UTF-8 text", "save the file with the encoding UTF-8")
        return None
    if "\r" in found:
        found = found.replace("\r\n", "\n").replace("\r", "\n")
    control = _CONTROL.search(found)
    if control:
        line = found.count("\n", 0, control.start()) + 1
        findings.error(path, line, f"a control character (U+{ord(control[0]):04X})", "take it out")
        return None
    return found
