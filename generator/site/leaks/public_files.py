"""The public files of a school, as pieces that they share. Part of the ledger.

A piece is kept as long as a file has it. One that a file has and nobody told cannot be judged: the file has a problem until it is read again.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Set
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.site.leaks import copies
from generator.site.leaks.sets import is_in
from generator.site.leaks.shelf import Shelf
from generator.site.leaks.units import FileReading, Piece
from generator.site.leaks.words import Hashes

NAMES = ("leaks_files", "leaks_pieces", *copies.NAMES)
TABLES = f"""
CREATE TABLE IF NOT EXISTS leaks_files (
    path TEXT PRIMARY KEY, sha256 BLOB NOT NULL, pieces BLOB NOT NULL, problem TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS leaks_problems ON leaks_files (path) WHERE problem <> '';
CREATE TABLE IF NOT EXISTS leaks_pieces (id INTEGER PRIMARY KEY, files INTEGER NOT NULL);
{copies.TABLES}"""
_UNTOLD = "a piece of it was never told"


class PublicFiles:
    """windows, grams: by piece."""

    def __init__(self, database: sqlite3.Connection, folder: Path) -> None:
        self._database = database
        self.windows = Shelf(database, folder, "pieces")
        self.grams = Shelf(database, folder, "grams", dtype=np.uint32, is_sorted=False)

    def take_all(self, files: Mapping[str, FileReading | None]) -> None:
        """Let these be all there are."""
        windows, grams = self.windows.begin(), self.grams.begin()
        counts: Counter[int] = Counter()
        told: set[int] = set()
        for path, reading in files.items():
            if reading is None:
                continue
            self._add(path, reading)
            counts.update(reading.pieces.tolist())
            new = reading.told.without(told)  # each process that read some of the files told what these share
            told.update(new)
            windows.add_all(new.ids, new.hash_counts, new.hashes)
            grams.add_all(new.ids, new.gram_counts, new.grams)
        windows.close()
        grams.close()
        self._database.executemany("INSERT INTO leaks_pieces VALUES (?, ?)", sorted(counts.items()))
        self._blame(counts.keys() - told)

    def take(self, files: Mapping[str, FileReading | None]) -> Hashes:
        """These have changed; None is gone. Returns the windows of pieces that no file had before."""
        told: dict[int, Piece] = {}
        change: Counter[int] = Counter()
        for path, reading in files.items():
            change.subtract(self._pieces_of(path).tolist())
            self._drop(path)
            if reading is not None:
                change.update(reading.pieces.tolist())
                told |= reading.told.apart()
                self._add(path, reading)
        held = {id_ for id_, difference in change.items() if not difference or self._count(id_, difference)}
        new = [np.zeros(0, np.uint64)]
        untold = self.windows.unknown(
            held
        )  # and perhaps since earlier: a file that is read again changes no count
        for id_ in untold & told.keys():
            self.windows.put(id_, told[id_].hashes)
            self.grams.put(id_, told[id_].grams)
            new.append(told[id_].hashes)
        self._blame(untold - told.keys())
        return np.concatenate(new)

    def holding(self, hashes: Hashes) -> list[str]:
        """The files in which any of the sorted windows stands, in order."""
        return self._having({int(owner) for owner, _ in self.windows.holders(hashes)})

    def untold(self) -> list[str]:
        rows = self._database.execute(
            "SELECT path FROM leaks_files WHERE problem = ? ORDER BY path", (_UNTOLD,)
        )
        return [path for (path,) in rows]

    def suspects(self) -> set[str]:
        """The files that could not be read, and those that hold a private file."""
        statements = "SELECT path FROM leaks_files WHERE problem <> ''", "SELECT path FROM leaks_copies"
        return {path for statement in statements for (path,) in self._database.execute(statement)}

    def _count(self, id_: int, difference: int) -> bool:
        """Whether any file has a piece from now on."""
        row = self._database.execute("SELECT files FROM leaks_pieces WHERE id = ?", (id_,)).fetchone()
        count = (row[0] if row else 0) + difference
        if count > 0:
            self._database.execute("INSERT OR REPLACE INTO leaks_pieces VALUES (?, ?)", (id_, count))
            return True
        self._database.execute("DELETE FROM leaks_pieces WHERE id = ?", (id_,))
        self.windows.put(id_, None)
        self.grams.put(id_, None)
        return False

    def _add(self, path: str, reading: FileReading) -> None:
        self._database.execute(
            "INSERT INTO leaks_files VALUES (?, ?, ?, ?)",
            (path, reading.sha256, reading.pieces.tobytes(), reading.problem),
        )
        copies.add(self._database, path, reading.members)

    def _drop(self, path: str) -> None:
        self._database.execute("DELETE FROM leaks_files WHERE path = ?", (path,))
        copies.drop(self._database, path)

    def _blame(self, untold: Set[int]) -> None:
        self._database.executemany(
            "UPDATE leaks_files SET problem = ? WHERE path = ?",
            [(_UNTOLD, path) for path in self._having(untold)],
        )

    def _pieces_of(self, path: str) -> NDArray[np.int64]:
        row = self._database.execute("SELECT pieces FROM leaks_files WHERE path = ?", (path,)).fetchone()
        return np.frombuffer(row[0] if row else b"", np.int64)

    def _having(self, pieces: Set[int]) -> list[str]:
        if not pieces:
            return []
        wanted = np.sort(np.fromiter(pieces, np.int64, len(pieces)))
        rows = self._database.execute("SELECT path, pieces FROM leaks_files ORDER BY path")
        return [path for path, ids in rows if is_in(np.frombuffer(ids, np.int64), wanted).any()]
