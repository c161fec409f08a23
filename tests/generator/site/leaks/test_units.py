"""Units and readings as bytes: the same after the way through a cache; anything else is refused."""

from __future__ import annotations

import numpy as np
import pytest

from generator.site.leaks import FileReading, Reading, Unit
from generator.site.leaks.units import Piece, Told

FILE = b"<p>One two three four five six seven eight nine ten, and a drawing.</p>"


def test_a_unit_is_the_same_after_the_way_through_a_cache() -> None:
    unit = Unit(
        private=np.array([1, 2**64 - 1], np.uint64),
        public=np.array([7], np.uint64),
        source=b"0123456789abcdef",
    )
    again = Unit.loads(unit.dumps())
    assert again.private.tolist() == [1, 2**64 - 1]
    assert again.public.tolist() == [7]
    assert again.source == unit.source


def test_a_reading_is_the_same_after_the_way_through_a_cache() -> None:
    reading = Reading().file("optics/page.html", FILE)
    again = FileReading.loads(reading.dumps())
    assert len(again.told) == len(reading.told) > 0
    assert again.dumps() == reading.dumps()
    assert (again.sha256, again.members, again.problem) == (reading.sha256, reading.members, reading.problem)
    assert again.pieces.tolist() == reading.pieces.tolist()
    for id_, piece in reading.told.items():
        assert again.told[id_].hashes.tolist() == piece.hashes.tolist()
        assert again.told[id_].grams.tolist() == piece.grams.tolist()


def test_what_is_told_of_known_pieces_is_left_out_and_nothing_else() -> None:
    random = np.random.default_rng(3)
    pieces = {
        id_: Piece(
            hashes=random.integers(0, 2**64, int(random.integers(0, 4)), np.uint64),
            grams=random.integers(0, 2**32, int(random.integers(0, 4)), np.uint32),
        )
        for id_ in (5, -7, 2**62, 11, 0)
    }
    told = Told.of(pieces)
    assert told.without({1, 2}) is told
    rest = told.without({-7, 11})
    assert list(rest) == [5, 2**62, 0]
    for id_, piece in rest.items():
        assert piece.hashes.tolist() == pieces[id_].hashes.tolist()
        assert piece.grams.tolist() == pieces[id_].grams.tolist()
    joined = Told.joined([rest, told.without(rest.keys())])
    assert joined.keys() == pieces.keys()
    assert all(joined[id_].grams.tolist() == piece.grams.tolist() for id_, piece in pieces.items())


@pytest.mark.parametrize("value", [Unit(private=np.array([1, 2], np.uint64)), Reading().file("x.html", FILE)])
def test_bytes_that_are_no_such_value_are_refused(value: Unit | FileReading) -> None:
    data = value.dumps()
    for broken in (b"", data[:10], data[:-1], data + b"\0", b"XXXX" + data[4:]):
        with pytest.raises(ValueError, match=r"unit|reading"):
            type(value).loads(broken)
