"""Public bytes → the texts that stand in them, however they are written.

A text can stand between tags, inside one (an attribute, a comment), in a JSON string, behind backslash escapes, percent
escapes or entities. `read` gives every reading of a text that could hold a phrase; a reading too many costs time, one
too few would hide a leak. `BREAK` keeps readings apart: it is no word of any private text.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import unquote

BREAK = "\nlyceumbreakoftexts\n"
JSON_SUFFIXES = frozenset({".json", ".map", ".ipynb", ".webmanifest", ".geojson", ".jsonld"})

_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_HIGHLIGHT = re.compile(r'<span class="\w{1,3}">')
# The inside of tags that could hold a phrase; the spans of highlighted code are by far the most frequent and hold none.
_INSIDE = re.compile(r'<(?!/|span class="\w{1,3}">)([^<>]{8,})>')
_ENTITY = re.compile(r"&(?:#[0-9]|#[xX][0-9a-fA-F]|[a-zA-Z][a-zA-Z0-9]*;)")
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([nrt])|([\"'/\\`]))")
_SURROGATES = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ADDRESS_END = re.compile(r"[\s\"'<>()]+")
_DATA_URI = re.compile(r"data:([\w.+/-]*)(?:;[\w=.-]+)*;base64,([A-Za-z0-9+/=_%-]{16,})")
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{64,}={0,2}\s*")
_MARKED_UP = re.compile(r"</?[a-zA-Z!]")


def read(text: str, suffix: str) -> list[str]:
    """All readings of a public `text`, the plainest first. suffix: of its file's name, lower case."""
    if suffix in JSON_SUFFIXES:
        with suppress(ValueError, RecursionError):  # what is not JSON is read as it stands
            text = "\n".join(strings_of(json.loads(text)))
    elif text.lstrip("\ufeff \t\r\n")[:1] == "<":
        return read_markup(text)
    # Private texts are decoded, too: what stands in the text as written stands in it decoded.
    readings = [decode_entities(text)]
    if _MARKED_UP.search(text):
        readings += read_markup(text, is_read=True)
    return list(dict.fromkeys(readings + _unescaped(text)))


def read_markup(text: str, *, is_read: bool = False) -> list[str]:
    """All readings of HTML or XML: what is shown; what stands inside tags; what either says when decoded again.

    is_read: `text` as it stands is read elsewhere.
    """
    shown = without_tags(text)
    hidden = _INSIDE.findall(text)
    if not is_read and (
        "<" in shown or ">" in shown
    ):  # a quoted bracket, a comment, a script: as it stands, too
        hidden.append(text)
    readings = [decode_entities(shown)]
    if hidden:
        readings.append(decode_entities(BREAK.join(hidden)))
    for reading in tuple(readings):
        if "<" in reading and _MARKED_UP.search(reading):
            readings.append(decode_entities(without_tags(reading)))
        readings += _unescaped(reading)
    return readings


def without_tags(text: str) -> str:
    """`text` with a space for each tag, but nothing for the spans of highlighted code: these cut words of the source."""
    return _TAG.sub(" ", _HIGHLIGHT.sub("", text).replace("</span>", ""))


def decode_entities(text: str) -> str:
    if "&" not in text:
        return text
    text = text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    for _ in range(3):  # text that was escaped more than once
        if "&" not in text or not _ENTITY.search(text):
            break
        text = html.unescape(text)
    return text


def strings_of(value: object) -> Iterator[str]:
    """Every string in a JSON value, keys included, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings_of(item)


def embedded(text: str, suffix: str) -> Iterator[bytes]:
    """Files that stand in a text as base64: data URIs, and long strings of JSON."""
    if "base64," in text:
        for found in _DATA_URI.finditer(text):
            yield from _base64(unquote(found[2]))
    if suffix in JSON_SUFFIXES:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return
        for string in strings_of(value):
            if _BASE64.fullmatch(string):
                yield from _base64(string)


def _unescaped(text: str) -> list[str]:
    """What the backslash and percent escapes in `text` stand for."""
    more = []
    if "\\" in text and _ESCAPE.search(text):
        plain = _SURROGATES.sub(_astral, _ESCAPE.sub(_character, text))
        more = [plain, decode_entities(without_tags(plain))]
    if _PERCENT.search(text):
        more += [unquote(piece, errors="replace") for piece in _ADDRESS_END.split(text) if "%" in piece]
    return more


def _character(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2] or escape[3]
    if code is None:
        return " " if escape[4] else escape[5]
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF else " "


def _astral(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _base64(text: str) -> Iterator[bytes]:
    text = "".join(text.split()).replace("-", "+").replace("_", "/")
    try:
        yield base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return
