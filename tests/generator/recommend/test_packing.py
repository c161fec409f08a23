from __future__ import annotations

import random
import struct

import pytest

from generator.errors import LyceumError
from generator.recommend.packing import LONGEST_ROW, NO_TAG, Entry, lesson_key, lesson_keys, pack, unpack
from generator.recommend.recommendations import Reason


def _row(count: int, low: float = 0.0, seed: int = 0) -> list[Entry]:
    chance = random.Random(seed)
    return [
        Entry(
            key=lesson_key(f"course/lesson-{place}"),
            weight=chance.uniform(low, 1.0) + 1e-2,
            reason=chance.choice(list(Reason)),
            tag=chance.choice([0, 5, NO_TAG]),
        )
        for place in range(count)
    ]


def test_a_row_comes_back_with_weights_within_half_a_step() -> None:
    entries = _row(40)
    step = max(entry.weight for entry in entries) / 255
    back = {entry.key: entry for entry in unpack(pack(entries))}
    assert len(back) == 40
    for entry in entries:
        found = back[entry.key]
        assert abs(found.weight - entry.weight) <= step * 0.501
        assert (found.reason, found.tag) == (entry.reason, entry.tag)


def test_negative_weights_keep_their_sign_and_zero_stays_zero() -> None:
    entries = [
        Entry(key=1, weight=0.9),
        Entry(key=2, weight=-0.4),
        Entry(key=3, weight=0.0),
        Entry(key=4, weight=0.3),
    ]
    back = {entry.key: entry.weight for entry in unpack(pack(entries))}
    assert set(back) == {1, 2, 4}
    assert back[1] == pytest.approx(0.9, abs=0.003)
    assert back[2] == pytest.approx(-0.4, abs=0.003)
    assert back[4] == pytest.approx(0.3, abs=0.003)


def test_only_the_fifty_greatest_travel_and_they_fit_into_500_bytes() -> None:
    entries = _row(80)
    row = pack(entries)
    assert len(row) <= 500
    best = sorted(entries, key=lambda entry: -entry.weight)[:LONGEST_ROW]
    assert {entry.key for entry in unpack(row)} == {entry.key for entry in best}


def test_entries_stand_by_weight_and_equal_ones_by_key() -> None:
    row = unpack(pack([Entry(key=9, weight=0.5), Entry(key=3, weight=0.5), Entry(key=7, weight=1.0)]))
    assert [entry.key for entry in row] == [7, 3, 9]


@pytest.mark.parametrize(
    "entries",
    [[], [Entry(key=1, weight=0.0)], [Entry(key=1, weight=1e-60)]],
    ids=["none", "zero", "too small"],
)
def test_a_row_of_nothing_is_a_header(entries: list[Entry]) -> None:
    assert pack(entries) == bytes((1, 0, 0, 0, 0, 0, 0, 0))
    assert unpack(pack(entries)) == ()


def test_the_bytes_are_those_that_browsers_read() -> None:
    """A golden row: change it only together with the format's number."""
    row = pack(
        [
            Entry(key=0x0102030405, weight=2.55, reason=Reason.TOPIC, tag=2),
            Entry(key=0xFF, weight=0.01, reason=Reason.READERS),
        ]
    )
    scale = struct.pack("<f", 0.01)
    assert (
        row
        == b"\x01\x02\x00\x00"
        + scale
        + b"\x05\x04\x03\x02\x01\xff\x00\x00\x00\x00"
        + b"\xff\x01"
        + b"\x42\x3f"
    )


@pytest.mark.parametrize(
    "row",
    [b"", b"\x02" + bytes(7), pack(_row(3))[:-1], pack(_row(3)) + b"x", b"\x01\x33" + bytes(6 + 51 * 7)],
    ids=["empty", "another format", "cut", "longer", "too many"],
)
def test_what_is_no_row_is_told_apart(row: bytes) -> None:
    with pytest.raises(LyceumError):
        unpack(row)


def test_what_is_no_weight_or_key_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        pack([Entry(key=1, weight=float("nan"))])
    with pytest.raises(OverflowError):
        pack([Entry(key=1 << 40, weight=1.0)])


def test_keys_do_not_depend_on_the_other_lessons() -> None:
    assert lesson_key("rust/ownership") == lesson_keys(["rust/ownership", "a", "b"])["rust/ownership"]
    assert lesson_key("rust/ownership") < 1 << 40
    assert len(set(lesson_keys(f"course/{number}" for number in range(10_000)).values())) == 10_000


def test_of_two_lessons_with_one_key_the_first_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.recommend.packing.lesson_key", lambda lesson: len(lesson))
    assert lesson_keys(["bb", "aa", "c"]) == {"aa": 2, "c": 1}
