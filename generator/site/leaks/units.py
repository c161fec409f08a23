"""What the screen keeps of a school: of lessons, courses and theme their private and public windows; of public files their pieces.

A value is a few sorted arrays. `dumps` and `loads` turn it into bytes and back, for a cache or another process; bytes that are
not such a value raise ValueError.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from generator.site.leaks.lasting import Grams
from generator.site.leaks.words import Hashes

_UNIT = struct.Struct("<4s16sQQ")
_FILE = struct.Struct("<4s32sQQ")
_UNIT_MARK, _FILE_MARK = b"LLU1", b"LLF1"
_SOURCE_BYTES = 16

SCHOOL = "school"
THEME = "theme"


def lesson_key(id_: str) -> str:
    """The key of a visible lesson's unit."""
    return f"lesson {id_}"


def awaited_key(id_: str) -> str:
    """The key of the unit of a lesson that is not out yet."""
    return f"awaited {id_}"


def course_key(id_: str) -> str:
    return f"course {id_}"


def _none() -> Hashes:
    return np.zeros(0, np.uint64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unit:
    """The windows of one lesson, course, school or theme, each side sorted and without repetition.

    source: 16 bytes that change with the public texts as written; what was concluded from these holds as long as it stays.
    """

    private: Hashes = field(default_factory=_none)
    public: Hashes = field(default_factory=_none)
    source: bytes = bytes(_SOURCE_BYTES)

    def dumps(self) -> bytes:
        head = _UNIT.pack(_UNIT_MARK, self.source, len(self.private), len(self.public))
        return b"".join((head, self.private.tobytes(), self.public.tobytes()))

    @classmethod
    def loads(cls, data: bytes) -> Unit:
        if len(data) < _UNIT.size:
            raise ValueError("too short for a unit")
        mark, source, private, public = _UNIT.unpack_from(data)
        if mark != _UNIT_MARK or len(data) != _UNIT.size + 8 * (private + public):
            raise ValueError("not a unit")
        return cls(
            private=np.frombuffer(data, np.uint64, private, _UNIT.size),
            public=np.frombuffer(data, np.uint64, public, _UNIT.size + 8 * private),
            source=source,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """Part of a public file. hashes: of its windows; grams: of its words and pairs of words; neither sorted."""

    hashes: Hashes
    grams: Grams


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileReading:
    """One public file as far as the check is concerned.

    pieces: ids of all its pieces, its address included, sorted, each once. told: the pieces that this reading tells; the others
    were told by an earlier reading of the same process. members: name and SHA-256 of the file and of every file inside it.
    problem: why it could not be read, or "".
    """

    sha256: bytes
    pieces: NDArray[np.int64]
    told: Mapping[int, Piece] = field(default_factory=dict)
    members: tuple[tuple[str, bytes], ...] = ()
    problem: str = ""

    def dumps(self) -> bytes:
        notes = {
            "members": [[name, sha256.hex()] for name, sha256 in self.members],
            "problem": self.problem,
            "told": [[id_, len(piece.hashes), len(piece.grams)] for id_, piece in self.told.items()],
        }
        text = json.dumps(notes, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        return b"".join(
            (
                _FILE.pack(_FILE_MARK, self.sha256, len(self.pieces), len(text)),
                text,
                self.pieces.tobytes(),
                *(piece.hashes.tobytes() for piece in self.told.values()),
                *(piece.grams.tobytes() for piece in self.told.values()),
            )
        )

    @classmethod
    def loads(cls, data: bytes) -> FileReading:
        if len(data) < _FILE.size:
            raise ValueError("too short for the reading of a file")
        mark, sha256, pieces, text = _FILE.unpack_from(data)
        if mark != _FILE_MARK:
            raise ValueError("not the reading of a file")
        place = _FILE.size + text
        notes = json.loads(data[_FILE.size : place])
        told = notes["told"]
        grams = place + 8 * pieces + 8 * sum(hashes for _, hashes, _ in told)
        if len(data) != grams + 4 * sum(count for _, _, count in told):
            raise ValueError("not the whole reading of a file")
        ids = np.frombuffer(data, np.int64, pieces, place)
        place += 8 * pieces
        found: dict[int, Piece] = {}
        for id_, hash_count, gram_count in told:
            found[id_] = Piece(
                hashes=np.frombuffer(data, np.uint64, hash_count, place),
                grams=np.frombuffer(data, np.uint32, gram_count, grams),
            )
            place, grams = place + 8 * hash_count, grams + 4 * gram_count
        return cls(
            sha256=sha256,
            pieces=ids,
            told=found,
            members=tuple((name, bytes.fromhex(digest)) for name, digest in notes["members"]),
            problem=notes["problem"],
        )
