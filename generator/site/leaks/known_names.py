"""Private names against public files, as far as grams tell; and what was found out about each name. Part of the ledger.

- A file can hold a name only if it holds all of the name's words and pairs of words. Whether it does, letter by letter, is confirmed by
  `settling`, once: the answer is kept until the file changes.
- A name that a public text says is nobody's secret. That is kept until that text changes.
- New names are looked for in all files; the others in changed files.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np

from generator.site.leaks.lasting import Grams, LastingVocabulary
from generator.site.leaks.private import PrivateName
from generator.site.leaks.sets import distinct, is_in
from generator.site.leaks.shelf import Shelf

NAMES = ("leaks_names", "leaks_met")
TABLES = """
CREATE TABLE IF NOT EXISTS leaks_names (
    id INTEGER PRIMARY KEY, text TEXT NOT NULL, is_file INTEGER NOT NULL, grams BLOB NOT NULL, program_grams BLOB NOT NULL,
    said_by TEXT, UNIQUE (text, is_file));
CREATE INDEX IF NOT EXISTS leaks_names_said ON leaks_names (said_by) WHERE said_by IS NOT NULL;
CREATE TABLE IF NOT EXISTS leaks_met (
    path TEXT NOT NULL, name INTEGER NOT NULL, is_absent INTEGER NOT NULL, PRIMARY KEY (path, name)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS leaks_met_by_name ON leaks_met (name);
"""
_FEW_FILES = 200  # up to so many are asked for their grams one by one

Key = tuple[str, bool]  # a name's text, and whether it is that of a file


class KnownNames:
    """The names of a database, and the files that could hold them."""

    def __init__(self, database: sqlite3.Connection, grams: Shelf) -> None:
        """grams: by piece."""
        self._database = database
        self._grams = grams

    @property
    def count(self) -> int:
        row = self._database.execute("SELECT value FROM leaks_state WHERE name = 'names'").fetchone()
        return int(row[0]) if row else 0

    def take(self, names: Sequence[PrivateName], *, forgotten: Iterable[str]) -> set[int]:
        """Make `names` all there are. forgotten: units whose public texts are others than before.

        Returns the names that have to be looked for everywhere.
        """
        self._database.execute("INSERT OR REPLACE INTO leaks_state VALUES ('names', ?)", (len(names),))
        fresh = self._replace(names)
        for key in forgotten:
            rows = self._database.execute("SELECT id FROM leaks_names WHERE said_by = ?", (key,)).fetchall()
            fresh |= {id_ for (id_,) in rows}
        self._database.executemany(
            "UPDATE leaks_names SET said_by = NULL WHERE id = ?", [(id_,) for id_ in fresh]
        )
        return fresh

    def meet(self, fresh: Collection[int], changed: Collection[str]) -> None:
        """Look for `fresh` names in all files, and for the others that nobody says in the `changed` ones."""
        self._database.executemany("DELETE FROM leaks_met WHERE path = ?", [(path,) for path in changed])
        secret = {
            id_ for (id_,) in self._database.execute("SELECT id FROM leaks_names WHERE said_by IS NULL")
        }
        self._meet(secret.difference(fresh), changed)
        self._meet(fresh, None)

    def suspects(self) -> set[str]:
        """The files that could hold a name, as far as nobody looked."""
        return {path for path, _ in self.open()}

    def open(self) -> list[tuple[str, Key]]:
        """Every (path, name) that nobody has looked into yet or that was confirmed, in order."""
        rows = self._database.execute(
            "SELECT path, text, is_file FROM leaks_met JOIN leaks_names ON leaks_names.id = leaks_met.name"
            " WHERE said_by IS NULL AND NOT is_absent ORDER BY path, text, is_file"
        )
        return [(path, (text, bool(is_file))) for path, text, is_file in rows]

    def is_said(self, name: Key, unit: str) -> None:
        """The public texts of `unit` say the name. Of a unit that the ledger does not know this is not remembered."""
        if self._database.execute("SELECT 1 FROM leaks_units WHERE key = ?", (unit,)).fetchone() is None:
            return
        (id_,) = self._database.execute(
            "SELECT id FROM leaks_names WHERE text = ? AND is_file = ?", name
        ).fetchone()
        self._database.execute("UPDATE leaks_names SET said_by = ? WHERE id = ?", (unit, id_))
        self._database.execute("DELETE FROM leaks_met WHERE name = ?", (id_,))

    def is_absent(self, name: Key, path: str) -> None:
        """The file was read: the name is not in it."""
        self._database.execute(
            "UPDATE leaks_met SET is_absent = 1 WHERE path = ?"
            " AND name = (SELECT id FROM leaks_names WHERE text = ? AND is_file = ?)",
            (path, *name),
        )

    def _replace(self, names: Sequence[PrivateName]) -> set[int]:
        """Make these the known names; returns the ids of those that were not."""
        wanted = {(name.text, name.is_file) for name in names}
        known = {
            (text, bool(is_file)): id_
            for id_, text, is_file in self._database.execute("SELECT id, text, is_file FROM leaks_names")
        }
        for name in known.keys() - wanted:
            self._database.execute("DELETE FROM leaks_met WHERE name = ?", (known[name],))
            self._database.execute("DELETE FROM leaks_names WHERE id = ?", (known[name],))
        vocabulary = LastingVocabulary()
        fresh: set[int] = set()
        for text, is_file in sorted(wanted - known.keys()):
            program = vocabulary.grams(text, of_a_program=True) if is_file else np.zeros(0, np.uint32)
            added = self._database.execute(
                "INSERT INTO leaks_names (text, is_file, grams, program_grams) VALUES (?, ?, ?, ?)",
                (text, is_file, vocabulary.grams(text).tobytes(), program.tobytes()),
            )
            fresh.add(int(added.lastrowid or 0))
        return fresh

    def _meet(self, ids: Collection[int], paths: Collection[str] | None) -> None:
        """Remember which of the files could hold which of the names. paths: all, if None."""
        wanted = self._wanted(ids)
        if not wanted or (paths is not None and not paths):
            return
        if paths is not None and len(paths) <= _FEW_FILES:
            met = self._met_one_by_one(wanted, paths)
        else:
            met = self._met(wanted, paths)
        self._database.executemany("INSERT OR IGNORE INTO leaks_met VALUES (?, ?, 0)", sorted(met))

    def _wanted(self, ids: Collection[int]) -> list[tuple[int, Grams]]:
        """(name, grams that a file must have to hold it); a name of a file has a second chance in programs."""
        if not ids:
            return []
        rows = self._database.execute("SELECT id, grams, program_grams FROM leaks_names ORDER BY id")
        return [
            (id_, np.frombuffer(grams, np.uint32))
            for id_, *both in rows
            if id_ in ids
            for grams in both
            if grams
        ]

    def _met_one_by_one(
        self, wanted: list[tuple[int, Grams]], paths: Iterable[str]
    ) -> Iterator[tuple[str, int]]:
        every = np.concatenate([grams for _, grams in wanted])
        starts = np.cumsum([0, *(len(grams) for _, grams in wanted[:-1])])
        for path in paths:
            row = self._database.execute("SELECT pieces FROM leaks_files WHERE path = ?", (path,)).fetchone()
            pieces = np.frombuffer(row[0] if row else b"", np.int64).tolist()
            if pieces:
                held = np.sort(np.concatenate([self._grams.of(piece) for piece in pieces]))
                whole = np.logical_and.reduceat(is_in(every, held), starts)
                yield from ((path, wanted[place][0]) for place in np.flatnonzero(whole).tolist())

    def _met(
        self, wanted: list[tuple[int, Grams]], paths: Collection[str] | None
    ) -> Iterator[tuple[str, int]]:
        by_piece: defaultdict[int, set[int]] = defaultdict(set)
        for piece, gram in self._grams.holders(distinct(np.concatenate([grams for _, grams in wanted]))):
            by_piece[int(piece)].add(gram)
        pieces = np.sort(np.fromiter(by_piece, np.int64, len(by_piece)))
        by_gram: defaultdict[int, set[str]] = defaultdict(set)
        for path, ids in self._database.execute("SELECT path, pieces FROM leaks_files"):
            if paths is None or path in paths:
                held = np.frombuffer(ids, np.int64)
                for piece in held[is_in(held, pieces)].tolist():
                    for gram in by_piece[piece]:
                        by_gram[gram].add(path)
        for id_, grams in wanted:
            holders = sorted((by_gram.get(gram, set()) for gram in grams.tolist()), key=len)
            yield from ((path, id_) for path in set.intersection(*holders))
