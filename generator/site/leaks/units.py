"""What the screen keeps of a school: of lessons, courses and theme their private and public windows; of public files their pieces.

A value is a few sorted arrays. `dumps` and `loads` turn it into bytes and back, for a cache or another process; bytes that are
not such a value raise ValueError.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from generator.site.leaks.lasting import Grams
from generator.site.leaks.words import Hashes

_UNIT = struct.Struct("<4s16sQQ")
_FILE = struct.Struct("<4s32sQQQQQ")
_UNIT_MARK, _FILE_MARK = b"LLU1", b"LLF2"
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
class Told(Mapping[int, Piece]):
    """Pieces by id, in columns: a page has a hundred, and each array of its own would cost more than what it holds.

    ids: of the pieces, each once. hashes, grams: of all pieces, one piece after the other; hash_counts, gram_counts: how many of them are
    each piece's.
    """

    ids: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    hash_counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    gram_counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    hashes: Hashes = field(default_factory=_none)
    grams: Grams = field(default_factory=lambda: np.zeros(0, np.uint32))

    @classmethod
    def of(cls, pieces: Mapping[int, Piece]) -> Told:
        return cls(
            ids=np.fromiter(pieces, np.int64, len(pieces)),
            hash_counts=np.array([len(piece.hashes) for piece in pieces.values()], np.int64),
            gram_counts=np.array([len(piece.grams) for piece in pieces.values()], np.int64),
            hashes=np.concatenate([_none(), *(piece.hashes for piece in pieces.values())]),
            grams=np.concatenate([np.zeros(0, np.uint32), *(piece.grams for piece in pieces.values())]),
        )

    @classmethod
    def joined(cls, several: Sequence[Told]) -> Told:
        """All of `several`, of which no two have the same piece."""
        if len(several) < 2:
            return several[0] if several else cls()
        return cls(
            ids=np.concatenate([told.ids for told in several]),
            hash_counts=np.concatenate([told.hash_counts for told in several]),
            gram_counts=np.concatenate([told.gram_counts for told in several]),
            hashes=np.concatenate([told.hashes for told in several]),
            grams=np.concatenate([told.grams for told in several]),
        )

    def without(self, known: Set[int]) -> Told:
        """What is told of other pieces than these."""
        is_new = [id_ not in known for id_ in self.ids.tolist()]
        if all(is_new):
            return self
        new = np.array(is_new)
        return Told(
            ids=self.ids[new],
            hash_counts=self.hash_counts[new],
            gram_counts=self.gram_counts[new],
            hashes=self.hashes[np.repeat(new, self.hash_counts)],
            grams=self.grams[np.repeat(new, self.gram_counts)],
        )

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[int]:
        return iter(self.ids.tolist())

    def __getitem__(self, id_: int) -> Piece:
        return self.apart()[id_]

    def apart(self) -> dict[int, Piece]:
        """Each piece by itself; for many of them."""
        ends = zip(np.cumsum(self.hash_counts).tolist(), np.cumsum(self.gram_counts).tolist(), strict=True)
        counts = zip(self.hash_counts.tolist(), self.gram_counts.tolist(), strict=True)
        return {
            id_: Piece(hashes=self.hashes[last - hashes : last], grams=self.grams[end - grams : end])
            for id_, (last, end), (hashes, grams) in zip(self.ids.tolist(), ends, counts, strict=True)
        }


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FileReading:
    """One public file as far as the check is concerned.

    pieces: ids of all its pieces, its address included, sorted, each once. told: the pieces that this reading tells; the others
    were told by an earlier reading of the same process. members: name and SHA-256 of the file and of every file inside it.
    problem: why it could not be read, or "".
    """

    sha256: bytes
    pieces: NDArray[np.int64]
    told: Told = field(default_factory=Told)
    members: tuple[tuple[str, bytes], ...] = ()
    problem: str = ""

    def dumps(self) -> bytes:
        told = self.told
        notes = {
            "members": [[name, sha256.hex()] for name, sha256 in self.members],
            "problem": self.problem,
        }
        text = json.dumps(notes, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        sizes = len(self.pieces), len(text), len(told), len(told.hashes), len(told.grams)
        columns = (
            self.pieces,
            told.ids,
            told.hash_counts,
            told.gram_counts,
            told.hashes,
            told.grams,
        )
        return b"".join(
            (_FILE.pack(_FILE_MARK, self.sha256, *sizes), text, *(column.tobytes() for column in columns))
        )

    @classmethod
    def loads(cls, data: bytes) -> FileReading:
        if len(data) < _FILE.size:
            raise ValueError("too short for the reading of a file")
        mark, sha256, pieces, text, told, hashes, grams = _FILE.unpack_from(data)
        if mark != _FILE_MARK:
            raise ValueError("not the reading of a file")
        place = _FILE.size + text
        if len(data) != place + 8 * (pieces + 3 * told + hashes) + 4 * grams:
            raise ValueError("not the whole reading of a file")
        notes = json.loads(data[_FILE.size : place])
        ids = np.frombuffer(data, np.int64, pieces, place)
        told_ids, hash_counts, gram_counts = (
            np.frombuffer(data, np.int64, told, place + 8 * (pieces + column * told)) for column in range(3)
        )
        place += 8 * (pieces + 3 * told)
        return cls(
            sha256=sha256,
            pieces=ids,
            told=Told(
                ids=told_ids,
                hash_counts=hash_counts,
                gram_counts=gram_counts,
                hashes=np.frombuffer(data, np.uint64, hashes, place),
                grams=np.frombuffer(data, np.uint32, grams, place + 8 * hashes),
            ),
            members=tuple((name, bytes.fromhex(digest)) for name, digest in notes["members"]),
            problem=notes["problem"],
        )
