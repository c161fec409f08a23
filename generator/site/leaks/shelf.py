"""Millions of hashes by owner, kept on disk: what an owner has, and how often each of a few hashes is owned.

- The base of a shelf is two files that never change: all hashes owner by owner, and the same hashes sorted. Both are mapped into memory, so
  that a question reads a few pages of them. The sorted one is left out where nobody asks for hashes.
- What changed since then lies in the database, next to the places of each owner's hashes in the base. A question counts the base, adds what is new
  and takes off what is void. When that grows, `compact` writes a new base.
- A base is written under another name, made durable and renamed before the database names it; one that the database names is removed
  by a later run. One that is missing, too short or not what was written makes the shelf unusable (`is_whole`).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from generator.site.leaks.sets import counts_in, is_in

Array = NDArray[Any]
Owner = str | int

_SAMPLES = 64  # blocks of a base that are compared when it is opened
_SAMPLE_BYTES = 512
_FEW_OWNERS = 2_000  # up to so many are looked up one by one
_TABLE_BITS = 18
_CHUNK = 1 << 20
_PREFIX = "leaks-"
_FRESH_ROWS = 100_000  # beside the base; more, and more than a thirty-second of it, and a new base is written

TABLES = """
CREATE TABLE IF NOT EXISTS leaks_bases (shelf TEXT PRIMARY KEY, base TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS leaks_rows (
    shelf TEXT NOT NULL, owner NOT NULL, place INTEGER, size INTEGER NOT NULL, changed INTEGER NOT NULL, fresh BLOB,
    PRIMARY KEY (shelf, owner)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS leaks_changed ON leaks_rows (shelf) WHERE changed;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    """The two files of a base. rows: how many hashes; marks: SHA-256 of a sample of each file."""

    name: str
    rows: int
    marks: tuple[str, ...]


class Shelf:
    """One shelf of a database. Everything happens in the caller's transaction."""

    def __init__(
        self,
        database: sqlite3.Connection,
        folder: Path,
        name: str,
        *,
        dtype: type = np.uint64,
        is_sorted: bool = True,
    ) -> None:
        self._database = database
        self._folder = folder
        self._name = name
        self._dtype = np.dtype(dtype)
        self._suffixes = (".owned", ".sorted") if is_sorted else (".owned",)
        self._base = self._named_base()
        self._maps: dict[str, Array] = {}
        self._overlay: tuple[Array, Array] | None = None
        self.is_whole = self._base is not None and self._is_undamaged(self._base)

    # What is there

    def of(self, owner: Owner) -> Array:
        """The hashes of one owner; none if it is unknown."""
        row = self._database.execute(
            "SELECT place, size, changed, fresh FROM leaks_rows WHERE shelf = ? AND owner = ?",
            (self._name, owner),
        ).fetchone()
        return np.zeros(0, self._dtype) if row is None else self._hashes(*row)

    def has(self, owner: Owner) -> bool:
        """Whether the owner is known, whatever it has."""
        row = self._database.execute(
            "SELECT NOT changed OR fresh IS NOT NULL FROM leaks_rows WHERE shelf = ? AND owner = ?",
            (self._name, owner),
        ).fetchone()
        return bool(row and row[0])

    def unknown(self, owners: Set[int]) -> set[int]:
        """Those of `owners` that are not known."""
        if len(owners) < _FEW_OWNERS:
            return {owner for owner in owners if not self.has(owner)}
        rows = self._database.execute(
            "SELECT owner FROM leaks_rows WHERE shelf = ? AND (NOT changed OR fresh IS NOT NULL)",
            (self._name,),
        )
        return set(owners).difference(owner for (owner,) in rows)

    def items(self) -> Iterator[tuple[Owner, Array]]:
        """Every owner with its hashes, in the order of the base, then the fresh ones."""
        rows = self._database.execute(
            "SELECT owner, place, size, changed, fresh FROM leaks_rows WHERE shelf = ? ORDER BY changed, place, owner",
            (self._name,),
        ).fetchall()
        for owner, place, size, changed, fresh in rows:
            if not changed or fresh is not None:
                yield owner, self._hashes(place, size, changed, fresh)

    def counts(self, hashes: Array) -> NDArray[np.int64]:
        """How many owners have each of the sorted `hashes`."""
        added, void = self._beside()
        return counts_in(hashes, self._map(".sorted")) + counts_in(hashes, added) - counts_in(hashes, void)

    def holders(self, hashes: Array) -> list[tuple[Owner, int]]:
        """Every owner of any of the sorted `hashes`, with the hash. Reads the whole shelf."""
        if not len(hashes):
            return []
        rows = self._database.execute(
            "SELECT owner, place, changed FROM leaks_rows WHERE shelf = ? AND size ORDER BY place",
            (self._name,),
        ).fetchall()
        owned = self._map(".owned")
        places = _places_of(owned, hashes)
        index = np.searchsorted(np.array([row[1] for row in rows], np.int64), places, side="right") - 1
        found: list[tuple[Owner, int]] = [
            (rows[row][0], int(value))
            for row, value in zip(index.tolist(), owned[places].tolist(), strict=True)
            if not rows[row][2]
        ]
        for owner, held in self._fresh():
            found += [(owner, int(value)) for value in held[_places_of(held, hashes)].tolist()]
        return found

    # What changes

    def put(self, owner: Owner, hashes: Array | None) -> None:
        """Give an owner other hashes, or none and forget it."""
        self._overlay = None
        if hashes is None:
            self._database.execute(
                "DELETE FROM leaks_rows WHERE shelf = ? AND owner = ? AND place IS NULL", (self._name, owner)
            )
            self._database.execute(
                "UPDATE leaks_rows SET changed = 1, fresh = NULL WHERE shelf = ? AND owner = ?",
                (self._name, owner),
            )
            return
        self._database.execute(
            "INSERT INTO leaks_rows (shelf, owner, size, changed, fresh) VALUES (?, ?, 0, 1, ?)"
            " ON CONFLICT (shelf, owner) DO UPDATE SET changed = 1, fresh = excluded.fresh",
            (self._name, owner, hashes.tobytes()),
        )

    def begin(self) -> Writer:
        """Write the whole shelf anew; what it held counts until `Writer.close`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return Writer(self, self._folder / f"{_PREFIX}{self._name}-{secrets.token_hex(8)}")

    def compact(self) -> None:
        """Write a new base if much lies beside it."""
        added, void = self._beside()
        rows = 0 if self._base is None else self._base.rows
        if len(added) + len(void) <= max(_FRESH_ROWS, rows // 32):
            return
        writer = self.begin()
        for owner, held in self.items():
            writer.add(owner, held)
        writer.close()

    def take_base(self, base: _Base, rows: Iterable[tuple[Owner, int, int]]) -> None:
        """Let the shelf be what a Writer wrote. rows: owner, place, size."""
        before = self._base
        self._database.execute("DELETE FROM leaks_rows WHERE shelf = ?", (self._name,))
        self._database.executemany(
            "INSERT INTO leaks_rows (shelf, owner, place, size, changed) VALUES (?, ?, ?, ?, 0)",
            ((self._name, *row) for row in sorted(rows, key=itemgetter(0))),
        )
        text = json.dumps({"name": base.name, "rows": base.rows, "marks": base.marks})
        self._database.execute("INSERT OR REPLACE INTO leaks_bases VALUES (?, ?)", (self._name, text))
        self._base, self._maps, self._overlay, self.is_whole = base, {}, None, True
        self._clear_away({base.name} | ({before.name} if before else set()))

    @property
    def suffixes(self) -> tuple[str, ...]:
        return self._suffixes

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._dtype

    def ordered(self) -> Array:
        """All hashes of the base, sorted; of a shelf that was just written all there are."""
        return self._map(".sorted")

    # How it lies

    def _hashes(self, place: int | None, size: int, changed: int, fresh: bytes | None) -> Array:
        if changed:
            return np.frombuffer(fresh or b"", self._dtype)
        if place is None:
            return np.zeros(0, self._dtype)
        return self._map(".owned")[place : place + size]

    def _fresh(self) -> Iterator[tuple[Owner, Array]]:
        rows = self._database.execute(
            "SELECT owner, fresh FROM leaks_rows WHERE shelf = ? AND changed AND fresh IS NOT NULL",
            (self._name,),
        )
        for owner, fresh in rows:
            yield owner, np.frombuffer(fresh, self._dtype)

    def _beside(self) -> tuple[Array, Array]:
        """What is new beside the base, and what of the base is void; both sorted."""
        if self._overlay is None:
            none = np.zeros(0, self._dtype)
            owned = self._map(".owned")
            rows = self._database.execute(
                "SELECT place, size FROM leaks_rows WHERE shelf = ? AND changed AND place IS NOT NULL",
                (self._name,),
            )
            void = [owned[place : place + size] for place, size in rows]
            added = [held for _, held in self._fresh()]
            self._overlay = np.sort(np.concatenate([none, *added])), np.sort(np.concatenate([none, *void]))
        return self._overlay

    def _map(self, suffix: str) -> Array:
        mapped = self._maps.get(suffix)
        if mapped is None:
            mapped = np.zeros(0, self._dtype)
            if self._base is not None and self._base.rows:
                mapped = np.asarray(np.memmap(self._folder / (self._base.name + suffix), self._dtype, "r"))
            self._maps[suffix] = mapped
        return mapped

    def _named_base(self) -> _Base | None:
        row = self._database.execute("SELECT base FROM leaks_bases WHERE shelf = ?", (self._name,)).fetchone()
        if row is None:
            return None
        value = json.loads(row[0])
        return _Base(name=value["name"], rows=value["rows"], marks=tuple(value["marks"]))

    def _is_undamaged(self, base: _Base) -> bool:
        try:
            return all(
                sample(self._folder / (base.name + suffix), base.rows * self._dtype.itemsize) == mark
                for suffix, mark in zip(self._suffixes, base.marks, strict=True)
            )
        except (OSError, ValueError):
            return False

    def _clear_away(self, kept: set[str]) -> None:
        """Remove the bases of earlier runs; the one before this stays until the caller's transaction is over."""
        for path in self._folder.glob(f"{_PREFIX}{self._name}-*"):
            if path.stem not in kept:
                path.unlink(missing_ok=True)


class Writer:
    """Writes a new base, owner by owner."""

    def __init__(self, shelf: Shelf, path: Path) -> None:
        self._shelf = shelf
        self._path = path
        self._rows: list[tuple[Owner, int, int]] = []
        self._count = 0
        self._file: IO[bytes] = path.with_suffix(".new").open("wb", buffering=1 << 20)

    def add(self, owner: Owner, hashes: Array) -> None:
        self._rows.append((owner, self._count, len(hashes)))
        self._count += len(hashes)
        self._file.write(hashes.tobytes())

    def add_all(self, owners: NDArray[np.int64], counts: NDArray[np.int64], hashes: Array) -> None:
        """Many owners at once. hashes: of all, one owner after the other; counts: how many are each one's."""
        places = self._count + np.cumsum(counts) - counts
        self._rows += zip(owners.tolist(), places.tolist(), counts.tolist(), strict=True)
        self._count += len(hashes)
        self._file.write(hashes.tobytes())

    def close(self) -> None:
        """Make it durable, and the base of its shelf."""
        self._finish(self._file, ".owned")
        size_bytes = self._count * self._shelf.dtype.itemsize
        if ".sorted" in self._shelf.suffixes:
            ordered = np.fromfile(self._path.with_suffix(".owned"), self._shelf.dtype)
            ordered.sort()
            with self._path.with_suffix(".new").open("wb") as file:
                ordered.tofile(file)
                self._finish(file, ".sorted")
        marks = tuple(sample(self._path.with_suffix(suffix), size_bytes) for suffix in self._shelf.suffixes)
        base = _Base(name=self._path.name, rows=self._count, marks=marks)
        self._shelf.take_base(base, self._rows)

    def _finish(self, file: IO[bytes], suffix: str) -> None:
        file.flush()
        os.fsync(file.fileno())
        file.close()
        self._path.with_suffix(".new").replace(self._path.with_suffix(suffix))


def sample(path: Path, size_bytes: int) -> str:
    """SHA-256 of blocks from all over a file. Raises ValueError if it has another size, OSError if it cannot be read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size != size_bytes:
            raise ValueError("of another size")
        for number in range(_SAMPLES):
            file.seek(size_bytes * number // _SAMPLES)
            digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def _places_of(values: Array, wanted: Array) -> NDArray[np.int64]:
    """Where in `values` any of the sorted `wanted` stands. A table of their first bits lets nearly all others pass at once."""
    shift = values.dtype.type(values.dtype.itemsize * 8 - _TABLE_BITS)
    table = np.zeros(1 << _TABLE_BITS, np.bool_)
    table[wanted >> shift] = True
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(values), _CHUNK):
        chunk = values[start : start + _CHUNK]
        likely = np.flatnonzero(table[chunk >> shift])
        found.append(likely[is_in(chunk[likely], wanted)] + start)
    return np.concatenate(found)
