"""How a lesson's row travels to the browser: at most 50 lessons with weights and reasons, at most 500 bytes.

    0      format, 1
    1      n, the number of lessons, 0 to 50
    2      zero, the code that stands for weight 0: 0 unless the row has negative weights
    3      0, kept for later
    4      scale, float32, little-endian
    8      n keys of 5 bytes, little-endian: who is meant
    8+5n   n codes, uint8: weight = (code - zero) × scale
    8+6n   n reasons, uint8: the upper two bits are a place in `Reason`; the lower six, for a topic, say which of the target's own tags
           it is, from 0, and 63 says none of them

Entries stand by weight, the greatest first, equal ones by key. A reader's score of a lesson is the sum of its weights in the rows of
the lessons that the reader has read, each row once; what no row names has no score. A score of zero or less is no suggestion.

A lesson's key is the first 40 bits of the SHA-256 of its id, little-endian: it stays when lessons come and go, so that rows which a browser
has kept add up with rows of a later build. Of lessons with the same key (one school of 10,000 in 20,000 has two) only the first by id
is ever named.

An unknown format, a length that does not fit or a code of Reason that does not exist makes the row unreadable: it is as if it were not there.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from generator.errors import LyceumError
from generator.recommend.recommendations import Reason

FORMAT = 1
LONGEST_ROW = 50
KEY_BYTES = 5
NO_TAG = 63

_HEADER = struct.Struct("<BBBBf")
_REASONS = tuple(Reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One lesson in a row. key: `lesson_key` of its id. tag: for a topic, which of its own tags; NO_TAG for none."""

    key: int
    weight: float
    reason: Reason = Reason.READERS
    tag: int = NO_TAG


def lesson_key(lesson: str) -> int:
    """The 40-bit number that stands for a lesson in rows."""
    return int.from_bytes(hashlib.sha256(lesson.encode()).digest()[:KEY_BYTES], "little")


def lesson_keys(lessons: Iterable[str]) -> dict[str, int]:
    """Id → key, without the lessons whose key an earlier id has."""
    keys: dict[str, int] = {}
    taken: set[int] = set()
    for lesson in sorted(set(lessons)):
        key = lesson_key(lesson)
        if key not in taken:
            taken.add(key)
            keys[lesson] = key
    return keys


def pack(entries: Sequence[Entry]) -> bytes:
    """The row's bytes. Entries beyond LONGEST_ROW, the least by weight, and weights that round to zero are left out.

    Raises ValueError for a weight that is not finite, OverflowError for a key of more than 40 bits.
    """
    kept = sorted(entries, key=lambda entry: (-entry.weight, entry.key))[:LONGEST_ROW]
    if not all(math.isfinite(entry.weight) for entry in kept):
        raise ValueError("a weight is not a number")
    low = min((entry.weight for entry in kept), default=0.0)
    high = max((entry.weight for entry in kept), default=0.0)
    scale = _stored((max(high, 0.0) - min(low, 0.0)) / 255)
    zero = min(255, math.ceil(-min(low, 0.0) / scale)) if scale else 0
    coded = [(entry, _code(entry.weight, zero, scale)) for entry in kept] if scale else []
    coded = [(entry, code) for entry, code in coded if code != zero]
    return b"".join(
        (
            _HEADER.pack(FORMAT, len(coded), zero if coded else 0, 0, scale if coded else 0.0),
            *(entry.key.to_bytes(KEY_BYTES, "little") for entry, _ in coded),
            bytes(code for _, code in coded),
            bytes(_REASONS.index(entry.reason) << 6 | min(entry.tag, NO_TAG) for entry, _ in coded),
        )
    )


def unpack(row: bytes) -> tuple[Entry, ...]:
    """What `pack` was given, with weights as the browser sees them. Raises LyceumError if it is not such a row."""
    if len(row) < _HEADER.size:
        raise LyceumError("a recommendation row is too short")
    format_, count, zero, _, scale = _HEADER.unpack_from(row)
    if format_ != FORMAT:
        raise LyceumError(f"a recommendation row has format {format_}; this version reads {FORMAT}")
    codes = _HEADER.size + count * KEY_BYTES
    if count > LONGEST_ROW or len(row) != codes + 2 * count:
        raise LyceumError("a recommendation row's length does not fit its count")
    return tuple(
        Entry(
            key=int.from_bytes(row[_HEADER.size + place * KEY_BYTES :][:KEY_BYTES], "little"),
            weight=(row[codes + place] - zero) * scale,
            reason=_REASONS[row[codes + count + place] >> 6],
            tag=row[codes + count + place] & NO_TAG,
        )
        for place in range(count)
    )


def _code(weight: float, zero: int, scale: float) -> int:
    return max(0, min(255, round(weight / scale) + zero))


def _stored(scale: float) -> float:
    """`scale` as a float32 keeps it; zero when it is too small to be one."""
    return float(struct.unpack("<f", struct.pack("<f", scale))[0])
