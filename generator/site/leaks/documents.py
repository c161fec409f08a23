"""Pictures, documents and databases: the pieces of them that can hold text."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

from generator.site.leaks.archives import Budget, Members, inflated

PNG = b"\x89PNG\r\n\x1a\n"

_PDF_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
_PDF_STRING = re.compile(rb"\(((?:\\.|[^\\()])*)\)", re.DOTALL)
_PDF_HEX = re.compile(rb"<([0-9A-Fa-f\s]{8,})>")
_PDF_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r?\n|.)", re.DOTALL)


def png(data: bytes, budget: Budget) -> Members:
    place = len(PNG)
    while place + 8 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        kind = data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + size]
        place += 12 + size
        if kind == b"zTXt":
            keyword, _, packed = body.partition(b"\0")
            yield "zTXt", keyword + b"\n" + inflated(packed[1:], budget)
        elif kind == b"iTXt":
            keyword, _, rest = body.partition(b"\0")
            language, _, rest2 = rest[2:].partition(b"\0")
            translated, _, text = rest2.partition(b"\0")
            is_packed = rest[:1] == b"\1"
            yield (
                "iTXt",
                b"\n".join([keyword, language, translated, inflated(text, budget) if is_packed else text]),
            )
        elif kind == b"iCCP":
            yield "iCCP", inflated(body.partition(b"\0")[2][1:], budget)
        elif kind not in {b"IHDR", b"IDAT", b"PLTE", b"IEND"}:
            yield kind.decode("latin-1"), body
        if kind == b"IEND":
            break
    if place < len(data):
        yield "after the end", data[place:]


def jpeg(data: bytes, _budget: Budget) -> Members:
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker, size = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == 0xDA:  # from here on the picture itself
            break
        if marker == 0xFE or 0xE0 <= marker <= 0xEF:
            yield f"segment {marker:02x}", data[place + 4 : place + 2 + size]
        place += 2 + size


def pdf(data: bytes, budget: Budget) -> Members:
    yield "strings.txt", _pdf_strings(data)
    for number, found in enumerate(_PDF_STREAM.finditer(data)):
        content = inflated(found[1].strip(b"\r\n"), budget) or inflated(found[1], budget)
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


def sqlite(data: bytes, _budget: Budget) -> Members:
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
