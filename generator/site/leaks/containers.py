"""Files inside files: whatever a public file can hold, unpacked until there is text.

Decided by the first bytes, not by the name: gzip, bzip2, xz, Zstandard and Brotli (where Python has them), zip and all that
is zip inside (docx, epub, whl), tar, PNG chunks, JPEG segments, PDF streams, SQLite tables. Of any other binary file the printable
strings count, in UTF-8 and UTF-16. A file that is nested too deep or unpacks to too much cannot be proven clean and raises
`UnreadableError`, so that doubt stops the build.
"""

from __future__ import annotations

import bz2
import importlib
import io
import lzma
import re
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import PurePosixPath

MAXIMUM_DEPTH = 5
MAXIMUM_UNPACKED_BYTES = 512 * 1024 * 1024

LISTING = "names.txt"  # the names and comments of an archive's members

_PNG = b"\x89PNG\r\n\x1a\n"
_SQLITE = b"SQLite format 3\0"
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_STRINGS_UTF8 = re.compile(
    rb"(?:[\t\n\r\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){10,}+"
)
_STRINGS_UTF16_LE = re.compile(rb"(?:[\t\n\r\x20-\x7e]\x00){8,}+")
_STRINGS_UTF16_BE = re.compile(rb"(?:\x00[\t\n\r\x20-\x7e]){8,}+")
_OPAQUE = (_PNG, b"\x1f\x8b", b"wOF2")
_METADATA_BYTES = (
    64 * 1024
)  # a JPEG segment holds no more; blocks up to this size are also read as UTF-16 in any script
_PDF_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_PDF_STRING = re.compile(rb"\(((?:\\.|[^\\()])*)\)", re.DOTALL)
_PDF_HEX = re.compile(rb"<([0-9A-Fa-f\s]{8,})>")
_PDF_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r?\n|.)", re.DOTALL)


class UnreadableError(Exception):
    """A public file holds something that cannot be looked into."""


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
    yield from _unpack(name, data, 0, _Budget(), is_file=True)


class _Budget:
    def __init__(self) -> None:
        self.left = MAXIMUM_UNPACKED_BYTES

    def take(self, name: str, size_bytes: int) -> None:
        self.left -= size_bytes
        if self.left < 0:
            raise UnreadableError(f"{name} unpacks to more than {MAXIMUM_UNPACKED_BYTES} bytes")


def _unpack(name: str, data: bytes, depth: int, budget: _Budget, *, is_file: bool) -> Iterator[Leaf]:
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


_Members = Iterator[tuple[str, bytes]]
_Opener = Callable[[bytes, _Budget], _Members]


def _opener(name: str, data: bytes) -> _Opener | None:
    head = data[:16]
    for magic, opener in _OPENERS:
        if head.startswith(magic):
            return opener
    if data[257:262] == b"ustar":
        return _tar
    if name.endswith(".br"):
        return _brotli
    return None


def _stream(make: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor]) -> _Opener:
    def opened(data: bytes, budget: _Budget) -> _Members:
        whole = bytearray()
        rest = data
        try:
            while rest:
                decompressor = make()
                while not decompressor.eof:
                    chunk = decompressor.decompress(rest, 1 << 20)
                    rest = b""
                    if not chunk and decompressor.needs_input:
                        break
                    _grow(whole, chunk, budget)
                rest = decompressor.unused_data
        except (OSError, lzma.LZMAError, EOFError, ValueError):
            pass  # what came out before the damage is read all the same
        yield "unpacked", bytes(whole)

    return opened


def _gzip(data: bytes, budget: _Budget) -> _Members:
    whole = bytearray()
    rest = data
    try:
        while rest[:2] == b"\x1f\x8b":
            rest = _inflate(rest, zlib.MAX_WBITS | 16, whole, budget)
    except zlib.error:
        pass  # what came out before the damage is read all the same
    yield "unpacked", bytes(whole)
    if rest:
        yield "after the end", rest


def _inflate(data: bytes, wbits: int, whole: bytearray, budget: _Budget) -> bytes:
    """Appends to `whole` what `data` inflates to; returns what follows the compressed bytes."""
    decompressor = zlib.decompressobj(wbits)
    rest = data
    while rest and not decompressor.eof:
        _grow(whole, decompressor.decompress(rest, 1 << 20), budget)
        rest = decompressor.unconsumed_tail
    return decompressor.unused_data


def _grow(whole: bytearray, chunk: bytes, budget: _Budget) -> None:
    whole += chunk
    if len(whole) > budget.left:
        raise UnreadableError(f"a compressed file unpacks to more than {MAXIMUM_UNPACKED_BYTES} bytes")


def _inflated(data: bytes, budget: _Budget) -> bytes:
    whole = bytearray()
    with suppress(zlib.error):
        _inflate(data, zlib.MAX_WBITS, whole, budget)
    return bytes(whole)


def _zip(data: bytes, budget: _Budget) -> _Members:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [member.filename for member in archive.infolist()]
            notes = [archive.comment, *(member.comment for member in archive.infolist())]
            yield LISTING, "\n".join(names).encode() + b"\n" + b"\n".join(notes)
            for member in archive.infolist():
                if member.is_dir() or member.flag_bits & 1:
                    continue  # nobody without the password can read an encrypted member either
                if member.file_size > budget.left:
                    raise UnreadableError(
                        f"{member.filename} unpacks to more than {MAXIMUM_UNPACKED_BYTES} bytes"
                    )
                yield member.filename, archive.read(member)
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, OSError, ValueError):
        return


def _tar(data: bytes, budget: _Budget) -> _Members:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            members = archive.getmembers()
            yield LISTING, "\n".join(member.name for member in members).encode()
            for member in members:
                opened = archive.extractfile(member) if member.isfile() else None
                if opened is not None:
                    if member.size > budget.left:
                        raise UnreadableError(
                            f"{member.name} unpacks to more than {MAXIMUM_UNPACKED_BYTES} bytes"
                        )
                    yield member.name, opened.read()
    except (tarfile.TarError, EOFError, OSError, ValueError):
        return


def _zstandard(data: bytes, _budget: _Budget) -> _Members:
    for module in ("compression.zstd", "backports.zstd", "zstandard"):
        try:
            library = importlib.import_module(module)
        except ImportError:
            continue
        if module == "zstandard":
            content = library.ZstdDecompressor().decompressobj().decompress(data)
        else:
            content = library.decompress(data)
        yield "unpacked", content
        return
    raise UnreadableError("a Zstandard file cannot be read here; install the package 'zstandard'")


def _brotli(data: bytes, _budget: _Budget) -> _Members:
    for module in ("brotli", "brotlicffi"):
        try:
            library = importlib.import_module(module)
        except ImportError:
            continue
        try:
            yield "unpacked", library.decompress(data)
        except library.error:
            return
        return
    raise UnreadableError("a Brotli file cannot be read here; install the package 'brotli'")


def _png(data: bytes, budget: _Budget) -> _Members:
    place = len(_PNG)
    while place + 8 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        kind = data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + size]
        place += 12 + size
        if kind == b"zTXt":
            keyword, _, packed = body.partition(b"\0")
            yield "zTXt", keyword + b"\n" + _inflated(packed[1:], budget)
        elif kind == b"iTXt":
            keyword, _, rest = body.partition(b"\0")
            language, _, rest2 = rest[2:].partition(b"\0")
            translated, _, text = rest2.partition(b"\0")
            is_packed = rest[:1] == b"\1"
            yield (
                "iTXt",
                b"\n".join([keyword, language, translated, _inflated(text, budget) if is_packed else text]),
            )
        elif kind == b"iCCP":
            yield "iCCP", _inflated(body.partition(b"\0")[2][1:], budget)
        elif kind not in {b"IHDR", b"IDAT", b"PLTE", b"IEND"}:
            yield kind.decode("latin-1"), body
        if kind == b"IEND":
            break
    if place < len(data):
        yield "after the end", data[place:]


def _jpeg(data: bytes, _budget: _Budget) -> _Members:
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, size = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == 0xDA:  # from here on the picture itself
            break
        if marker == 0xFE or 0xE0 <= marker <= 0xEF:
            yield f"segment {marker:02x}", data[place + 4 : place + 2 + size]
        place += 2 + size


def _pdf(data: bytes, budget: _Budget) -> _Members:
    yield "strings.txt", _pdf_strings(data)
    for number, found in enumerate(_PDF_STREAM.finditer(data)):
        content = _inflated(found[1].strip(b"\r\n"), budget) or _inflated(found[1], budget)
        if content:
            yield f"stream {number}", content
            yield f"stream {number}.txt", _pdf_strings(content)


def _pdf_strings(data: bytes) -> bytes:
    """The text of literal and hexadecimal strings: pieces of one array joined, as kerning splits words anywhere."""
    pieces = []
    for line in data.split(b"\n"):
        literals = [_PDF_ESCAPE.sub(_pdf_character, found) for found in _PDF_STRING.findall(line)]
        encoded = [bytes.fromhex(_even(found)) for found in _PDF_HEX.findall(line)]
        for group in (literals, encoded):
            text = b"".join(group)
            utf16 = text[:2] == b"\xfe\xff"
            pieces.append(text.decode("utf-16-be", "ignore").encode() if utf16 else text)
    return b"\n".join(pieces).decode("utf-8", "replace").encode()


def _even(digits: bytes) -> str:
    text = b"".join(digits.split()).decode()
    return text + "0" * (len(text) % 2)


def _pdf_character(escape: re.Match[bytes]) -> bytes:
    code = escape[1]
    if code[:1].isdigit():
        return bytes([int(code, 8) & 255])
    return {b"n": b"\n", b"r": b"\n", b"t": b"\t"}.get(code, b"" if code.endswith(b"\n") else code)


def _sqlite(data: bytes, _budget: _Budget) -> _Members:
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.deserialize(data)
            database.text_factory = bytes
            tables = database.execute("SELECT name, sql FROM sqlite_master").fetchall()
            yield "schema.txt", b"\n".join(sql for _, sql in tables if sql)
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                quoted = name.decode("utf-8", "replace").replace('"', '""')
                cells = []
                for row in database.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608 - the name comes from the schema, quoted
                    cells += [cell for cell in row if isinstance(cell, bytes)]
                yield f"{quoted}.txt", b"\n".join(cells)
        except sqlite3.Error:
            return


_OPENERS: tuple[tuple[bytes, _Opener], ...] = (
    (b"\x1f\x8b", _gzip),
    (b"BZh", _stream(bz2.BZ2Decompressor)),
    (b"\xfd7zXZ\0", _stream(lzma.LZMADecompressor)),
    (_ZSTANDARD, _zstandard),
    (b"PK\x03\x04", _zip),
    (b"PK\x05\x06", _zip),
    (_PNG, _png),
    (b"\xff\xd8\xff", _jpeg),
    (b"%PDF", _pdf),
    (_SQLITE, _sqlite),
)
_PIECES = frozenset({_png, _jpeg, _pdf, _sqlite})


def text_of(data: bytes) -> str | None:
    """The text that `data` is, or None for a binary file."""
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
