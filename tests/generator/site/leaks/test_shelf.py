"""A shelf: what lies on it is what was put there, whichever way; and it knows when its files are not what was written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest

from generator.site.leaks import shelf
from generator.site.leaks.shelf import Shelf
from generator.site.leaks.words import Hashes


def hashes(*values: int) -> Hashes:
    return np.array(sorted(values), np.uint64)


@contextmanager
def opened(folder: Path) -> Iterator[Shelf]:
    with closing(sqlite3.connect(folder / "cache.sqlite")) as database, database:
        for statement in shelf.TABLES.split(";"):
            database.execute(statement)
        yield Shelf(database, folder / "arrays", "test")


def write(kept: Shelf, **owners: Hashes) -> None:
    writer = kept.begin()
    for owner, held in owners.items():
        writer.add(owner, held)
    writer.close()


def killed_while_writing(folder: Path) -> None:
    with opened(folder) as kept:
        write(kept, a=hashes(2))
        raise KeyboardInterrupt


def bases(folder: Path) -> set[str]:
    return {path.stem for path in (folder / "arrays").iterdir()}


def test_a_shelf_holds_what_was_written_and_what_changed_since(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        assert not kept.is_whole
        write(kept, a=hashes(1, 2), b=hashes(2, 3), c=hashes(9))
        kept.put("b", hashes(3, 4))
        kept.put("c", None)
        kept.put("d", hashes(2))
        kept.put("e", hashes(7))
        kept.put("e", None)
    with opened(tmp_path) as kept:
        assert kept.is_whole
        assert kept.counts(hashes(1, 2, 3, 4, 5, 7, 9)).tolist() == [1, 2, 1, 1, 0, 0, 0]
        assert {owner: held.tolist() for owner, held in kept.items()} == {"a": [1, 2], "b": [3, 4], "d": [2]}
        assert [kept.has(owner) for owner in "abcdef"] == [True, True, False, True, False, False]
        assert kept.of("b").tolist() == [3, 4]
        assert kept.of("c").tolist() == []
        assert sorted(kept.holders(hashes(2, 3, 9))) == [("a", 2), ("b", 3), ("d", 2)]
        kept.put("b", hashes(2, 3))
        assert kept.counts(hashes(1, 2, 3, 4)).tolist() == [1, 3, 1, 0]


def test_an_owner_without_hashes_is_not_taken_for_its_neighbour(tmp_path: Path) -> None:
    with opened(tmp_path) as kept:
        write(kept, y=hashes(), b=hashes(5), z=hashes(), d=hashes(6))
        assert kept.holders(hashes(5, 6)) == [("b", 5), ("d", 6)]
        assert kept.has("z")


def test_a_new_base_is_written_when_much_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "_FRESH_ROWS", 3)
    with opened(tmp_path) as kept:
        write(kept, a=hashes(1, 2))
        before = bases(tmp_path)
        kept.put("b", hashes(3))
        kept.compact()
        assert bases(tmp_path) == before
        kept.put("a", hashes(8))
        kept.compact()
        assert len(bases(tmp_path)) == 2
        assert {owner: held.tolist() for owner, held in kept.items()} == {"a": [8], "b": [3]}
        assert kept.counts(hashes(1, 3, 8)).tolist() == [0, 1, 1]


def test_the_base_before_is_removed_by_a_later_run(tmp_path: Path) -> None:
    """Until the transaction is over the database names the one before; a killed run leaves another behind."""
    with opened(tmp_path) as kept:
        write(kept, a=hashes(1))
        first = bases(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        killed_while_writing(tmp_path)
    assert first < bases(tmp_path)
    with opened(tmp_path) as kept:
        assert kept.is_whole
        assert kept.of("a").tolist() == [1]
        write(kept, a=hashes(3))
        assert len(bases(tmp_path)) == 2
        assert first < bases(tmp_path)


@pytest.mark.parametrize("suffix", [".owned", ".sorted"])
@pytest.mark.parametrize("damage", ["missing", "too short", "zeros at its end", "another"])
def test_a_shelf_with_a_damaged_file_is_not_whole(tmp_path: Path, suffix: str, damage: str) -> None:
    with opened(tmp_path) as kept:
        write(kept, a=np.arange(1, 200_000, dtype=np.uint64))
    (path,) = (tmp_path / "arrays").glob(f"*{suffix}")
    data = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {
                "too short": data[:-8],
                "zeros at its end": data[:-50_000] + bytes(50_000),
                "another": bytes(reversed(data)),
            }[damage]
        )
    with opened(tmp_path) as kept:
        assert not kept.is_whole
        write(kept, a=hashes(1))
    with opened(tmp_path) as kept:
        assert kept.is_whole
