"""Reads a large manifest, and gives it up, without stopping the process: 100,000 lessons in a second, and no request waits for longer than a piece of it.

The contract's own reader builds everything in one go, which holds Python's lock for seconds. Here the three long sections (lessons, parts,
files) are read in pieces of some hundred entries, and between two pieces other threads have their turn. What remains, the manifest with
those sections empty, goes through `contract.manifest.loads`, so that there is one reader of what a manifest is.

Pieces are cut where an entry seems to end, and each has to be a whole JSON object by itself; cut in the middle of a string or a nested
object it is not, and is made longer. So the members of the pieces are the members of the section. Wherever something is not
as expected (spaces between tokens, a name that looks like a section), the contract's reader reads the whole and has the last word.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

import msgspec

from gatekeeper.contract import keys, manifest
from gatekeeper.contract.access import Rule, rule_from_json
from gatekeeper.contract.manifest import LessonEntry, Manifest, ObjectEntry

SMALL_BYTES: Final = 1 << 20
_PIECE_BYTES: Final = 1 << 15
_HELD_SECONDS: Final = 10.0  # the longest that an answer under way holds a manifest
_BIT: Final = 500
PAUSE_SECONDS: Final = 0.001
_Entry = TypeVar("_Entry")


class _Lesson(msgspec.Struct, gc=False):
    course: str
    title: str
    url: str
    access: msgspec.Raw
    parts: tuple[str, ...]
    files: tuple[str, ...]


class _Object(msgspec.Struct, gc=False):
    key: str
    sha256: str
    bytes: int
    media_type: str
    access: msgspec.Raw


class _UnexpectedError(ValueError):
    """This manifest is not written as ours are; the contract's reader knows better."""


def read(data: bytes, *, pause_seconds: float = 0.0) -> Manifest:
    """The manifest in `data`, as `contract.manifest.loads` reads it. Raises ManifestError.

    pause_seconds: between two pieces, where others are to be answered meanwhile; a mere offer of the turn is not taken by a
    thread that the system has to wake first.
    """
    if len(data) < SMALL_BYTES:
        return manifest.loads(data)
    was_collecting = gc.isenabled()
    gc.disable()  # nothing here is a cycle, and looking for some among a million new objects takes longer than all the rest
    try:
        return _in_pieces_or_whole(data, pause_seconds)
    finally:
        if was_collecting:
            gc.enable()


def _in_pieces_or_whole(data: bytes, pause_seconds: float = 0.0) -> Manifest:
    try:
        return _in_pieces(data, pause_seconds)
    except (ValueError, msgspec.DecodeError):
        return manifest.loads(data)


def _in_pieces(data: bytes, pause_seconds: float) -> Manifest:
    rules: dict[bytes, Rule] = {}

    def rule(raw: msgspec.Raw) -> Rule:
        text = bytes(raw)
        known = rules.get(text)
        if known is None:
            known = rules[text] = rule_from_json(msgspec.json.decode(text))
        return known

    def lesson(raw: _Lesson) -> LessonEntry:
        return LessonEntry(
            course=raw.course,
            title=raw.title,
            url=raw.url,
            access=rule(raw.access),
            parts=raw.parts,
            files=raw.files,
        )

    def stored(raw: _Object) -> ObjectEntry:
        if raw.bytes < 0 or not keys.is_key(raw.key):
            raise _UnexpectedError
        return ObjectEntry(
            key=raw.key,
            sha256=raw.sha256,
            size_bytes=raw.bytes,
            media_type=raw.media_type,
            access=rule(raw.access),
        )

    files, begin, first = _section(data, 0, b',"files":{', _Object, stored, pause_seconds)
    head = data[:begin]
    lessons, begin, second = _section(data, first, b',"lessons":{', _Lesson, lesson, pause_seconds)
    middle = data[first:begin]
    parts, begin, third = _section(data, second, b',"parts":{', _Object, stored, pause_seconds)
    rest = manifest.loads(b"".join((head, middle, data[second:begin], data[third:])))
    if rest.lessons or rest.parts or rest.files:  # what was taken out was something else of that name
        raise _UnexpectedError
    return replace(rest, lessons=lessons, parts=parts, files=files)


def _section(
    data: bytes,
    start: int,
    opening: bytes,
    kind: type[Any],
    made: Callable[[Any], _Entry],
    pause_seconds: float,
) -> tuple[dict[str, _Entry], int, int]:
    """The entries of the next section that opens so, and where they begin and end in `data`, braces left out."""
    begin = end = data.find(opening, start) + len(opening)
    if begin < len(opening):
        raise _UnexpectedError
    decode = msgspec.json.Decoder(dict[str, kind]).decode  # type: ignore[valid-type]
    entries: dict[str, _Entry] = {}
    is_open = data[begin : begin + 1] != b"}"
    while is_open:
        piece, end, is_open = _piece(data, end, decode)
        for name, raw in piece.items():
            entries[name] = made(raw)
        end += is_open  # the comma
        time.sleep(pause_seconds)  # others' turn
    return entries, begin, end


def _piece(
    data: bytes, start: int, decode: Callable[[bytes], dict[str, Any]]
) -> tuple[dict[str, Any], int, bool]:
    """Entries from `start` on, where the comma or brace behind them stands, and whether more follow."""
    for mark, at_least, more in ((b'},"', _PIECE_BYTES, True), (b"}}", 0, False), (b'},"', 0, True)):
        end = start + at_least
        for _ in range(64):
            end = data.find(mark, end)
            if end < 0:
                break
            end += 1
            piece = data[start:end]
            try:
                piece.decode()  # what msgspec skips it does not look at
                return decode(b"{%b}" % piece), end, more
            except (ValueError, msgspec.DecodeError):
                time.sleep(0)
    raise _UnexpectedError


def take_apart(given_up: list[Manifest | None]) -> None:
    """Gives up the entries of a manifest that nobody else holds any more, a bit at a time: all at once would stop every thread."""
    old = given_up.pop()
    if old is None:
        return
    large = [cast("dict[str, Any]", entries) for entries in (old.lessons, old.parts, old.files)]
    if sum(map(len, large)) < _BIT:
        return
    end = time.monotonic() + _HELD_SECONDS
    while sys.getrefcount(old) > _references_of_one_name():
        if time.monotonic() > end:  # it will go by itself, all at once
            return
        time.sleep(0.05)
    for entries in large:
        while entries:
            for _ in range(min(_BIT, len(entries))):
                entries.popitem()
            time.sleep(PAUSE_SECONDS)


def _references_of_one_name() -> int:
    """What `sys.getrefcount` says of an object that one local name holds; versions of Python count differently."""
    alone = object()
    return sys.getrefcount(alone)
