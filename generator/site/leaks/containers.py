"""Files inside files: whatever a public file can hold, unpacked until there is text.

Decided by the first bytes, not by the name: gzip, bzip2, xz, Zstandard and Brotli (where Python has them), zip and all that
is zip inside (docx, epub, whl), tar, PNG chunks, JPEG segments, PDF streams, SQLite tables, search indexes. Of any other binary file the
printable strings count, in UTF-8 and UTF-16. A file that is nested too deep or unpacks to too much cannot be proven clean and raises
`UnreadableError`, so that doubt stops the build.
"""

from __future__ import annotations

import bz2
import lzma
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from generator.site.leaks import archives, documents, indexes
from generator.site.leaks.archives import LISTING, Budget, Opener, UnreadableError

__all__ = ["Leaf", "UnreadableError", "printable", "text_of", "unpack"]

MAXIMUM_DEPTH = 5

_STRINGS_UTF8 = re.compile(
    rb"(?:[\t\n\r\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){10,}+"
)
_STRINGS_UTF16_LE = re.compile(rb"(?:[\t\n\r\x20-\x7e]\x00){8,}+")
_STRINGS_UTF16_BE = re.compile(rb"(?:\x00[\t\n\r\x20-\x7e]){8,}+")
_OPAQUE = (documents.PNG, b"\x1f\x8b", b"wOF2", indexes.SIGNATURE)
# a JPEG segment holds no more; blocks up to this size are also read as UTF-16 in any script
_METADATA_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A file, or something found inside one. name: `archive.zip!inner/file.txt`; suffix: of the innermost name, lower case.

    is_file: a file or a member of an archive, rather than a piece of a picture, document or database.
    """

    name: str
    data: bytes
    is_file: bool

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name.rpartition("!")[2]).suffix.lower()


def unpack(name: str, data: bytes) -> Iterator[Leaf]:
    """`data` itself and everything inside it. Raises UnreadableError."""
    yield from _unpack(name, data, 0, Budget(), is_file=True)


def _unpack(name: str, data: bytes, depth: int, budget: Budget, *, is_file: bool) -> Iterator[Leaf]:
    if depth > MAXIMUM_DEPTH:
        raise UnreadableError(f"{name} is packed more than {MAXIMUM_DEPTH} times over")
    yield Leaf(name=name, data=data, is_file=is_file)
    opened = _opener(name, data)
    if opened is None:
        return
    for inner, content in opened(data, budget):
        budget.take(name, len(content))
        inside = opened not in _PIECES and inner != LISTING
        yield from _unpack(f"{name}!{inner}", content, depth + 1, budget, is_file=inside)


def _opener(name: str, data: bytes) -> Opener | None:
    head = data[:16]
    for magic, opener in _OPENERS:
        if head.startswith(magic):
            return opener
    if data[257:262] == b"ustar":
        return archives.tar
    if name.endswith(".br"):
        return archives.brotli
    return None


_OPENERS: tuple[tuple[bytes, Opener], ...] = (
    (b"\x1f\x8b", archives.gzip),
    (b"BZh", archives.stream(bz2.BZ2Decompressor)),
    (b"\xfd7zXZ\0", archives.stream(lzma.LZMADecompressor)),
    (b"\x28\xb5\x2f\xfd", archives.zstandard),
    (b"PK\x03\x04", archives.zipped),
    (b"PK\x05\x06", archives.zipped),
    (documents.PNG, documents.png),
    (b"\xff\xd8\xff", documents.jpeg),
    (b"%PDF", documents.pdf),
    (b"SQLite format 3\0", documents.sqlite),
    (indexes.SIGNATURE, indexes.pagefind),
)
_PIECES = frozenset({documents.png, documents.jpeg, documents.pdf, documents.sqlite, indexes.pagefind})


def text_of(data: bytes) -> str | None:
    """The text that `data` is, or None for a binary file."""
    if data.startswith(indexes.SIGNATURE):
        return None  # what is read is inside: as it lies there, `we’ll` is three words
    for bom, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(bom):
            return data.decode(encoding, "replace")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def printable(data: bytes) -> str:
    """The strings in a binary file: UTF-8 and ASCII in UTF-16 anywhere, and all of a small block also as UTF-16.

    Of files that `unpack` takes wholly apart, or that are compressed throughout, there is nothing more to read.
    """
    if data.startswith(_OPAQUE):
        return ""
    found = [piece.decode("utf-8", "ignore") for piece in _STRINGS_UTF8.findall(data)]
    if b"\0" in data:
        found += [piece.decode("utf-16-le") for piece in _STRINGS_UTF16_LE.findall(data)]
        found += [piece.decode("utf-16-be") for piece in _STRINGS_UTF16_BE.findall(data)]
    if len(data) <= _METADATA_BYTES and _opener("", data) is None:
        found += [
            data[offset:].decode(encoding, "replace")
            for encoding in ("utf-16-le", "utf-16-be")
            for offset in (0, 1)
        ]
    return "\n".join(found)
