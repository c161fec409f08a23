"""Archives and compressed files: what is inside them, as far as a budget of unpacked bytes reaches."""

from __future__ import annotations

import bz2
import importlib
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

MAXIMUM_UNPACKED_BYTES = 512 * 1024 * 1024
LISTING = "names.txt"  # the names and comments of an archive's members


class UnreadableError(Exception):
    """A public file holds something that cannot be looked into."""


class Budget:
    def __init__(self) -> None:
        self.left = MAXIMUM_UNPACKED_BYTES

    def take(self, name: str, size_bytes: int) -> None:
        self.left -= size_bytes
        if self.left < 0:
            raise UnreadableError(f"{name} unpacks to more than {MAXIMUM_UNPACKED_BYTES} bytes")


Members = Iterator[tuple[str, bytes]]
Opener = Callable[[bytes, Budget], Members]


def stream(make: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor]) -> Opener:
    def opened(data: bytes, budget: Budget) -> Members:
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


def gzip(data: bytes, budget: Budget) -> Members:
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


def _inflate(data: bytes, wbits: int, whole: bytearray, budget: Budget) -> bytes:
    """Appends to `whole` what `data` inflates to; returns what follows the compressed bytes."""
    decompressor = zlib.decompressobj(wbits)
    rest = data
    while rest and not decompressor.eof:
        _grow(whole, decompressor.decompress(rest, 1 << 20), budget)
        rest = decompressor.unconsumed_tail
    return decompressor.unused_data


def _grow(whole: bytearray, chunk: bytes, budget: Budget) -> None:
    whole += chunk
    if len(whole) > budget.left:
        raise UnreadableError(f"a compressed file unpacks to more than {MAXIMUM_UNPACKED_BYTES} bytes")


def inflated(data: bytes, budget: Budget) -> bytes:
    whole = bytearray()
    with suppress(zlib.error):
        _inflate(data, zlib.MAX_WBITS, whole, budget)
    return bytes(whole)


def zipped(data: bytes, budget: Budget) -> Members:
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


def tar(data: bytes, budget: Budget) -> Members:
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


def zstandard(data: bytes, _budget: Budget) -> Members:
    for module in ("compression.zstd", "backports.zstd", "zstandard"):
        try:
            library = importlib.import_module(module)
        except ImportError:
            continue
        try:
            if module == "zstandard":
                content = library.ZstdDecompressor().decompressobj().decompress(data)
            else:
                content = library.decompress(data)
        except library.ZstdError:
            return  # damaged: nobody else can unpack it either
        yield "unpacked", content
        return
    raise UnreadableError("a Zstandard file cannot be read here; install the package 'zstandard'")


def brotli(data: bytes, _budget: Budget) -> Members:
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
