"""A run of exactly 8 words or 16 characters is found in every kind of public file; one word or character less is not (L01)."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import importlib.util
import json
import lzma
import sqlite3
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from generator.site.leaks import Secrets, archives, containers, examine
from generator.site.leaks.sources import PrivateText
from tests.generator.site.leaks.observatory import png, tarred, zipped
from tests.generator.site.leaks.screening import assert_suspected

EIGHT = "amber basil cedar dahlia elder fennel ginger hyssop"
SEVEN = "amber basil cedar dahlia elder fennel ginger"
SIXTEEN = "春眠不觉晓处处闻啼鸟夜来风雨声花"
FIFTEEN = "春眠不觉晓处处闻啼鸟夜来风雨声"

Container = Callable[[str], tuple[str, bytes]]


def page(body: str) -> tuple[str, bytes]:
    return "page.html", f"<!doctype html><html><body>\n{body}\n</body></html>".encode()


def each(phrase: str, pattern: str, between: str = " ") -> str:
    """The words or characters of a phrase, each in `pattern`."""
    pieces = phrase.split(" ") if " " in phrase else list(phrase)
    return between.join(pattern.format(piece) for piece in pieces)


def database(phrase: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE notes (id INTEGER, body TEXT)")
        connection.execute("INSERT INTO notes VALUES (1, ?)", (phrase,))
        connection.commit()
        return connection.serialize()


def jpeg(marker: int, body: bytes) -> bytes:
    segment = bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body
    return b"\xff\xd8" + segment + b"\xff\xda\x00\x02" + bytes(range(256)) + b"\xff\xd9"


def exif(phrase: str) -> bytes:
    """XPComment, as Windows writes it: UTF-16, little endian."""
    text = phrase.encode("utf-16-le") + b"\0\0"
    entry = b"\x9c\x9c\x01\x00" + len(text).to_bytes(4, "little") + (26).to_bytes(4, "little")
    return b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + b"\0\0\0\0" + text


def pdf(content: bytes) -> bytes:
    packed = zlib.compress(content)
    head = f"%PDF-1.4\n1 0 obj<</Length {len(packed)}/Filter/FlateDecode>>\nstream\n".encode()
    return head + packed + b"\nendstream\nendobj\n%%EOF\n"


def kerned(phrase: str) -> bytes:
    """A line of text as typesetting programs write it: an array that splits words anywhere."""
    raw = phrase.encode()
    pieces = [raw[place : place + 3].replace(b"(", b"\\(") for place in range(0, len(raw), 3)]
    return b"BT /F1 12 Tf [" + b" -20 ".join(b"(" + piece + b")" for piece in pieces) + b"] TJ ET"


CONTAINERS: dict[str, Container] = {
    "paragraph": lambda p: page(f"<p>{p}</p>"),
    "words in tags of their own": lambda p: page(each(p, "<em>{}</em>")),
    "words over lines": lambda p: page("<p>" + each(p, "{}", "\n") + "</p>"),
    "entities": lambda p: page("<p>" + "".join(f"&#{ord(sign)};" for sign in p) + "</p>"),
    "hexadecimal entities": lambda p: page("<p>" + "".join(f"&#x{ord(sign):X};" for sign in p) + "</p>"),
    "entities escaped twice": lambda p: page(
        "<p>" + html.escape("".join(f"&#{ord(sign)};" for sign in p)) + "</p>"
    ),
    "soft hyphens and breaks": lambda p: page(f"<p>{p[:2]}&shy;{p[2:]}</p>"),
    "meta description (L07)": lambda p: page(f'<meta name="description" content="{p}">'),
    "attribute in single quotes": lambda p: page(f"<img alt='{p}' src=x.png>"),
    "attribute with a bracket in it": lambda p: page(f'<img alt="1 > {p} < 2" src="x.png">'),
    "attribute with > between the words": lambda p: page(f'<img alt="{each(p, "{}", " > ")}">'),
    "attribute with < between the words": lambda p: page(f'<img alt="{each(p, "{}", " < ")}">'),
    "attribute over lines": lambda p: page(f'<img\n alt="{each(p, "{}", chr(10))}"\n src="x.png">'),
    "attribute of a link in percent escapes": lambda p: page(f'<a href="/search?q={quote(p)}">x</a>'),
    "comment": lambda p: page(f"<!-- {p} -->"),
    "comment with brackets": lambda p: page(f"<!-- a > b {p} -->"),
    "comment over lines": lambda p: page(f"<!--\n{each(p, '{}', chr(10))}\n-->"),
    "script": lambda p: page(f"<script>if (a < b) say('{p}')</script>"),
    "script with escapes": lambda p: page(f"<script>say({json.dumps(p)})</script>"),
    "JSON-LD (L07)": lambda p: page(
        f'<script type="application/ld+json">{json.dumps({"articleBody": f"<p>{p}</p>"})}</script>'
    ),
    "template with escaped markup": lambda p: page(
        f'<iframe srcdoc="{html.escape(each(p, "<b>{}</b>"))}"></iframe>'
    ),
    "data URI": lambda p: page(
        f'<a href="data:text/plain;base64,{base64.b64encode(p.encode()).decode()}">x</a>'
    ),
    "search index (L02)": lambda p: (
        "search/search_index.json",
        json.dumps({"docs": [{"title": "x", "text": f"<p>{each(p, '<code>{}</code>')}</p>"}]}).encode(),
    ),
    "JSON in Chinese as it is": lambda p: ("x.json", json.dumps([p], ensure_ascii=False).encode()),
    "JSON that is broken": lambda p: ("x.json", json.dumps([p]).encode()[:-1]),
    "JSON lines": lambda p: ("x.json", b"{}\n" + json.dumps([p]).encode()),
    "source map (L12)": lambda p: (
        "app.js.map",
        json.dumps({"version": 3, "sourcesContent": [f"const lesson = {json.dumps(p)}"]}).encode(),
    ),
    "script file": lambda p: ("app.js", f"export const text = {json.dumps(p)};".encode()),
    "style sheet": lambda p: ("a.css", f"/* {p} */".encode()),
    "feed (L03)": lambda p: (
        "feed.xml",
        f"<rss><item><description>{html.escape(each(p, '<b>{}</b>'))}</description></item></rss>".encode(),
    ),
    "feed with CDATA (L03)": lambda p: (
        "atom.xml",
        f"<feed><content><![CDATA[<p>{p}</p>]]></content></feed>".encode(),
    ),
    "Markdown copy (L04)": lambda p: ("lesson/index.md", each(p, "**{}**").encode()),
    "llms.txt (L04)": lambda p: ("llms-full.txt", p.encode()),
    "text in UTF-16": lambda p: ("notes.txt", p.encode("utf-16")),
    "drawing": lambda p: ("a.svg", f"<svg><title>{p}</title></svg>".encode()),
    "drawing's words apart": lambda p: ("a.svg", f"<svg>{each(p, '<tspan>{}</tspan>')}</svg>".encode()),
    "notebook": lambda p: (
        "a.ipynb",
        json.dumps({"cells": [{"source": [f"{line}\n" for line in each(p, "{}", "|").split("|")]}]}).encode(),
    ),
    "gzip": lambda p: ("sitemap.xml.gz", gzip.compress(f"<x>{p}</x>".encode())),
    "gzip without its end": lambda p: ("a.gz", gzip.compress(f"{p}\n".encode() * 200)[:-9]),
    "text after a gzip": lambda p: ("a.gz", gzip.compress(b"nothing here") + p.encode()),
    "bzip2": lambda p: ("a.bz2", bz2.compress(p.encode())),
    "xz": lambda p: ("a.xz", lzma.compress(p.encode())),
    "zip": lambda p: ("a.zip", zipped(notes__txt=p.encode())),
    "zip in a gzip in a zip": lambda p: (
        "a.zip",
        zipped(a__gz=gzip.compress(zipped(b__txt=p.encode()))),
    ),
    "zip named otherwise": lambda p: ("a.bin", zipped(x=p.encode())),
    "document": lambda p: (
        "a.docx",
        zipped(document__xml=f"<w:document>{each(p, '<w:t>{}</w:t>')}</w:document>".encode()),
    ),
    "book (L05)": lambda p: ("a.epub", zipped(chapter__xhtml=page(f"<p>{p}</p>")[1])),
    "tar": lambda p: ("a.tar.gz", gzip.compress(tarred(p.encode()))),
    "PNG text": lambda p: ("a.png", png((b"iTXt", b"Comment\0\0\0\0\0" + p.encode()))),
    "PNG compressed text": lambda p: (
        "a.png",
        png((b"iTXt", b"Comment\0\1\0\0\0" + zlib.compress(p.encode()))),
    ),
    "PNG latin text": lambda p: ("a.png", png((b"tEXt", b"Comment\0" + p.encode()))),
    "PNG zTXt": lambda p: ("a.png", png((b"zTXt", b"Comment\0\0" + zlib.compress(p.encode())))),
    "PNG exif": lambda p: ("a.png", png((b"eXIf", exif(p)[6:]))),
    "after the end of a PNG": lambda p: ("a.png", png() + b"\n" + p.encode()),
    "JPEG comment": lambda p: ("a.jpg", jpeg(0xFE, p.encode())),
    "JPEG exif": lambda p: ("a.jpg", jpeg(0xE1, exif(p))),
    "PDF": lambda p: ("a.pdf", pdf(b"BT (" + p.encode() + b") Tj ET")),
    "PDF with kerning": lambda p: ("a.pdf", pdf(kerned(p))),
    "PDF's title": lambda p: ("a.pdf", b"%PDF-1.4\n<</Title<FEFF" + p.encode("utf-16-be").hex().encode() + b">>>\n"),
    "database": lambda p: ("a.sqlite3", database(p)),
    "binary": lambda p: ("a.bin", bytes(range(256)) + p.encode() + b"\xff\0" * 9),
    "binary with UTF-16": lambda p: ("a.bin", b"\xff\0\1\2" + p.encode("utf-16-le") + b"\xff\xfe\0\0" * 2),
    "file name": lambda p: (f"{p.replace(' ', '-')}.txt", b"nothing"),
    "anchor (L09)": lambda p: page(f'<h2 id="{p.replace(" ", "-")}">Heading</h2>'),
}  # fmt: skip


def hits(folder: Path, private: str, container: tuple[str, bytes]) -> list[str]:
    name, data = container
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    text = PrivateText(lesson="a/b", path="a/b.md", line=1, text=f"begin here\n{private}\nand end here")
    secrets = Secrets(texts=(text,), names=(), public_texts=(), public_markdown={}, root=folder)
    found = examine(folder, secrets)[1]
    assert_suspected(folder, secrets, found)
    return [str(hit) for hit in found]


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize("phrase", [EIGHT, SIXTEEN], ids=["8-words", "16-characters"])
def test_a_run_is_found_in_every_kind_of_file_l01(tmp_path: Path, kind: str, phrase: str) -> None:
    assert hits(tmp_path, phrase, CONTAINERS[kind](phrase)), kind


@pytest.mark.parametrize("kind", CONTAINERS)
@pytest.mark.parametrize(
    ("private", "planted"), [(EIGHT, SEVEN), (SIXTEEN, FIFTEEN)], ids=["7-words", "15-characters"]
)
def test_one_word_or_character_less_is_no_hit(tmp_path: Path, kind: str, private: str, planted: str) -> None:
    assert hits(tmp_path, private, CONTAINERS[kind](planted)) == []


@pytest.mark.parametrize(("suffix", "module"), [(".br", "brotli"), (".zst", "zstandard")])
def test_a_file_that_cannot_be_read_is_never_taken_for_clean(
    tmp_path: Path, suffix: str, module: str
) -> None:
    """Without the library there is no way to tell what is inside; with it, these bytes are damaged."""
    if importlib.util.find_spec(module) is not None:
        pytest.skip(f"{module} is installed here, so such a file can be read")
    data = {".br": b"\x0b\x02\x80 packed", ".zst": b"\x28\xb5\x2f\xfd packed"}[suffix]
    found = hits(tmp_path, EIGHT, (f"page.html{suffix}", data))
    assert len(found) == 1
    assert "cannot be checked" in found[0]
    assert module in found[0]


def test_an_archive_packed_too_often_is_refused(tmp_path: Path) -> None:
    data = b"bottom"
    for _ in range(containers.MAXIMUM_DEPTH + 1):
        data = gzip.compress(data)
    assert "cannot be checked" in hits(tmp_path, EIGHT, ("deep.gz", data))[0]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("bomb.gz", gzip.compress(bytes(40_000_000), 9)),
        ("bomb.xz", lzma.compress(bytes(40_000_000))),
        ("bomb.zip", zipped(zeros=bytes(40_000_000))),
    ],
    ids=["gzip", "xz", "zip"],
)
def test_a_bomb_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes
) -> None:
    monkeypatch.setattr(archives, "MAXIMUM_UNPACKED_BYTES", 1_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(containers.UnreadableError, match="more than 1000000 bytes"):
            list(containers.unpack(name, data))
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_shared_lines_of_pages_do_not_cut_a_run(tmp_path: Path) -> None:
    """Lines that many pages share are read only once; a run may begin in one and end in the next."""
    first, second = "amber basil cedar dahlia", "elder fennel ginger hyssop"
    for number in range(4):
        (tmp_path / f"{number}.html").write_text(f"<p>{first}\n<p>{number}\n<p>{second}\n")
    assert hits(tmp_path, EIGHT, ("5.html", f"<p>{first}\n<p>{second}\n".encode()))
