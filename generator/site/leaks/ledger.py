"""The state of the leak check between builds: which windows are secret, and which of them stand in public files.

- A window is secret when a unit has it as private and no unit has it as public.
- A file is suspect when it holds a secret window that nothing explained, a private name that is not known to be public, the bytes of a private
  file, something that cannot be read, or a piece that nobody told.
- `judge` is given everything, or what changed since the last time. Either way the verdict is the same: a change asks only for the windows that it
  touched, in sorted arrays (`shelf`); the names part is `known_names`, that of files inside files `copies`.
- What is found is remembered by window. `settling` adds what explains it; an explanation is forgotten with the text that it came from.

Everything happens in the transaction of the caller, who commits or not.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.site.leaks import copies, known_names, shelf
from generator.site.leaks.known_names import KnownNames
from generator.site.leaks.private import PrivateName
from generator.site.leaks.sets import distinct, in_one_only, is_in, once
from generator.site.leaks.shelf import Shelf
from generator.site.leaks.units import FileReading, Piece, Unit
from generator.site.leaks.words import Hashes

FORMAT = 1  # raised with every change of what is kept or how words and windows are hashed
_UNTOLD = "a piece of it was never read"
_PARTS = 256  # a whole school is judged in so many parts, each small enough for the processor's cache
_TABLES = f"""
CREATE TABLE IF NOT EXISTS leaks_state (name TEXT PRIMARY KEY, value NOT NULL);
CREATE TABLE IF NOT EXISTS leaks_units (key TEXT PRIMARY KEY, source BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS leaks_files (
    path TEXT PRIMARY KEY, sha256 BLOB NOT NULL, pieces BLOB NOT NULL, problem TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS leaks_problems ON leaks_files (path) WHERE problem <> '';
CREATE TABLE IF NOT EXISTS leaks_pieces (id INTEGER PRIMARY KEY, files INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS leaks_found (hash INTEGER PRIMARY KEY, explained TEXT);
CREATE TABLE IF NOT EXISTS leaks_explanations (key TEXT PRIMARY KEY, hashes BLOB NOT NULL);
{shelf.TABLES}{known_names.TABLES}{copies.TABLES}"""
_CLEARED = ("leaks_units", "leaks_files", "leaks_pieces", "leaks_found", "leaks_explanations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """phrases: how many different secret windows and names were looked for; suspects: paths of public files, in order."""

    phrases: int
    suspects: tuple[str, ...]


class Ledger:
    """The state that lies in `database` and, its great arrays, in `folder`.

    is_complete: whether there is a state to which changes can be told; otherwise `judge` has to be given everything.
    """

    def __init__(self, database: sqlite3.Connection, folder: Path, *, environment: bytes = b"") -> None:
        """environment: stands for the settings and versions that public Markdown is rendered with; with another one,
        what its rendering explained is forgotten."""
        self._database = database
        for statement in _TABLES.split(";"):
            database.execute(statement)
        self._private = Shelf(database, folder, "private")
        self._public = Shelf(database, folder, "public")
        self._pieces = Shelf(database, folder, "pieces")
        self._grams = Shelf(database, folder, "grams", dtype=np.uint32, is_sorted=False)
        self._shelves = (self._private, self._public, self._pieces, self._grams)
        self._names = KnownNames(database, self._grams)
        self.is_complete = self._get("format") == FORMAT and all(each.is_whole for each in self._shelves)
        if self._get("environment") != environment:
            self._forget_explanations(None)
            self._set("environment", environment)

    def judge(
        self,
        *,
        units: Mapping[str, Unit | None],
        files: Mapping[str, FileReading | None],
        names: Sequence[PrivateName],
        fingerprints: Mapping[bytes, str],
        complete: bool,
    ) -> Verdict:
        """The verdict on the school after these changes; or, if `complete`, on a school that is nothing but these.

        units, files: by key and by path; None removes. If `complete` each is gone through once, so that a mapping may load as it goes. names, fingerprints: always all of them; fingerprints are those that
            no public file of the content folder has.
        Raises ValueError for changes to an incomplete state.
        """
        if complete:
            self._begin_anew()
            self._take_all(units, files)
            forgotten: set[str] = set()
        elif not self.is_complete:
            raise ValueError("an incomplete ledger has to be told everything")
        else:
            forgotten = self._take_changes(units, files)
        self._names.meet(self._names.take(names, forgotten=forgotten), () if complete else files)
        copies.judge(self._database, fingerprints)
        for each in self._shelves:
            each.compact()
        return self.verdict()

    def verdict(self) -> Verdict:
        """The verdict on the present state."""
        phrases = int(self._get("phrases") or 0) + self._names.count
        return Verdict(phrases=phrases, suspects=tuple(sorted(self._suspects())))

    # For `settling`

    def tell(self, files: Mapping[str, FileReading]) -> None:
        """Files as they were read once more."""
        self._take_changes({}, files)
        self._names.meet((), files)

    def untold(self) -> list[str]:
        """The files of which a piece was never told: by an earlier reading of a process that is no more."""
        rows = self._database.execute(
            "SELECT path FROM leaks_files WHERE problem = ? ORDER BY path", (_UNTOLD,)
        )
        return [path for (path,) in rows]

    @property
    def names(self) -> KnownNames:
        return self._names

    def unexplained(self) -> Hashes:
        """The secret windows that stand in public files and that nothing explains, sorted."""
        return self._found("WHERE explained IS NULL")

    def explain(self, key: str, hashes: Hashes) -> None:
        """What else the unit `key` shows in public, sorted: some of the found windows, perhaps. Holds until its texts change."""
        if self._database.execute("SELECT 1 FROM leaks_units WHERE key = ?", (key,)).fetchone() is None:
            return
        open_ones = self.unexplained()
        explained = open_ones[is_in(open_ones, hashes)]
        if len(explained):
            self._database.execute(
                "INSERT OR REPLACE INTO leaks_explanations VALUES (?, ?)", (key, hashes.tobytes())
            )
            self._database.executemany(
                "UPDATE leaks_found SET explained = ? WHERE hash = ?",
                ((key, number) for number in explained.view(np.int64).tolist()),
            )

    def files_with(self, hashes: Hashes) -> list[str]:
        """The files in which any of the sorted `hashes` stands."""
        return self._files_of({int(owner) for owner, _ in self._pieces.holders(hashes)})

    # Everything

    def _begin_anew(self) -> None:
        for table in (*_CLEARED, *known_names.NAMES, *copies.NAMES):
            self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables

    def _take_all(self, units: Mapping[str, Unit | None], files: Mapping[str, FileReading | None]) -> None:
        private, public = self._private.begin(), self._public.begin()
        for key, unit in units.items():
            if unit is not None:
                private.add(key, unit.private)
                public.add(key, unit.public)
                self._add_unit(key, unit.source)
        private.close()
        public.close()
        pieces, grams = self._pieces.begin(), self._grams.begin()
        counts: Counter[int] = Counter()
        told: set[int] = set()
        for path, reading in files.items():
            if reading is None:
                continue
            self._add_file(path, reading)
            counts.update(reading.pieces.tolist())
            for id_, piece in reading.told.items():
                if id_ not in told:
                    told.add(id_)
                    pieces.add(id_, piece.hashes)
                    grams.add(id_, piece.grams)
        pieces.close()
        grams.close()
        self._database.executemany("INSERT INTO leaks_pieces VALUES (?, ?)", sorted(counts.items()))
        for path in self._files_of(counts.keys() - told):
            self._set_problem(path, _UNTOLD)
        phrases, found = self._compare_all()
        self._set("phrases", phrases)
        self._set("format", FORMAT)
        self._add_found(found)
        self.is_complete = True

    def _compare_all(self) -> tuple[int, Hashes]:
        """How many different secret windows there are, and which of them stand in files."""
        private, public, pieces = self._private.ordered(), self._public.ordered(), self._pieces.ordered()
        edges = (np.arange(1, _PARTS, dtype=np.uint64) * np.uint64(2**64 // _PARTS)).astype(np.uint64)
        cuts = [[0, *np.searchsorted(each, edges).tolist(), len(each)] for each in (private, public, pieces)]
        phrases = 0
        found = [np.zeros(0, np.uint64)]
        for number in range(_PARTS):
            mine, theirs, shown = (
                each[cut[number] : cut[number + 1]]
                for each, cut in zip((private, public, pieces), cuts, strict=True)
            )
            secret = once(mine)
            secret = secret[~is_in(secret, theirs)]
            phrases += len(secret)
            found.append(secret[is_in(secret, shown)])
        return phrases, np.concatenate(found)

    # Changes

    def _take_changes(
        self, units: Mapping[str, Unit | None], files: Mapping[str, FileReading | None]
    ) -> set[str]:
        touched, changed = self._touched_by(units)
        was = self._is_secret(touched)
        for key, unit in changed.items():
            self._private.put(key, unit.private if unit else None)
            self._public.put(key, unit.public if unit else None)
        forgotten: set[str] = set()
        for key, unit in units.items():
            if self._is_other_source(key, unit.source if unit else None):
                forgotten.add(key)
            self._drop_unit(key)
            if unit is not None:
                self._add_unit(key, unit.source)
        self._forget_explanations(forgotten)
        new = self._take_files(files)
        is_ = self._is_secret(touched)
        self._set("phrases", int(self._get("phrases") or 0) + int(is_.sum()) - int(was.sum()))
        asked = distinct(np.concatenate([touched[is_ & ~was], new, self._found()]))
        held = asked[self._is_secret(asked)]
        self._keep_found(held[self._pieces.counts(held) > 0])
        return forgotten

    def _touched_by(self, units: Mapping[str, Unit | None]) -> tuple[Hashes, dict[str, Unit | None]]:
        """The windows that a unit has or had and now has not or has, and the units that differ."""
        touched = [np.zeros(0, np.uint64)]
        changed: dict[str, Unit | None] = {}
        for key, unit in units.items():
            new = unit or Unit()
            private = in_one_only(self._private.of(key), new.private)
            public = in_one_only(self._public.of(key), new.public)
            if len(private) or len(public) or unit is None:
                touched += [private, public]
                changed[key] = unit
        return distinct(np.concatenate(touched)), changed

    def _take_files(self, files: Mapping[str, FileReading | None]) -> Hashes:
        """Returns the windows of pieces that no file had before."""
        told: dict[int, Piece] = {}
        change: dict[int, int] = {}
        for path, reading in files.items():
            for id_ in self._pieces_of(path).tolist():
                change[id_] = change.get(id_, 0) - 1
            for id_ in reading.pieces.tolist() if reading else ():
                change[id_] = change.get(id_, 0) + 1
            self._drop_file(path)
            if reading is not None:
                told |= reading.told
                self._add_file(path, reading)
        new = [np.zeros(0, np.uint64)]
        untold: set[int] = set()
        for id_, difference in change.items():
            if not difference:
                continue
            row = self._database.execute("SELECT files FROM leaks_pieces WHERE id = ?", (id_,)).fetchone()
            count = (row[0] if row else 0) + difference
            if count <= 0:
                self._database.execute("DELETE FROM leaks_pieces WHERE id = ?", (id_,))
                self._pieces.put(id_, None)
                self._grams.put(id_, None)
                continue
            self._database.execute("INSERT OR REPLACE INTO leaks_pieces VALUES (?, ?)", (id_, count))
            if self._pieces.has(id_):
                continue
            if id_ in told:
                self._pieces.put(id_, told[id_].hashes)
                self._grams.put(id_, told[id_].grams)
                new.append(told[id_].hashes)
            else:
                untold.add(id_)
        for path in self._files_of(untold):
            self._set_problem(path, _UNTOLD)
        return np.concatenate(new)

    # What lies in the database

    def _add_unit(self, key: str, source: bytes) -> None:
        self._database.execute("INSERT INTO leaks_units VALUES (?, ?)", (key, source))

    def _is_other_source(self, key: str, source: bytes | None) -> bool:
        """Whether the public texts of a unit were others before, or it is gone."""
        row = self._database.execute("SELECT source FROM leaks_units WHERE key = ?", (key,)).fetchone()
        return bool(row is not None and row[0] != source)

    def _drop_unit(self, key: str) -> None:
        self._database.execute("DELETE FROM leaks_units WHERE key = ?", (key,))

    def _add_file(self, path: str, reading: FileReading) -> None:
        self._database.execute(
            "INSERT INTO leaks_files VALUES (?, ?, ?, ?)",
            (path, reading.sha256, reading.pieces.tobytes(), reading.problem),
        )
        copies.add(self._database, path, reading.members)

    def _drop_file(self, path: str) -> None:
        self._database.execute("DELETE FROM leaks_files WHERE path = ?", (path,))
        copies.drop(self._database, path)

    def _set_problem(self, path: str, problem: str) -> None:
        self._database.execute("UPDATE leaks_files SET problem = ? WHERE path = ?", (problem, path))

    def _pieces_of(self, path: str) -> NDArray[np.int64]:
        row = self._database.execute("SELECT pieces FROM leaks_files WHERE path = ?", (path,)).fetchone()
        return np.frombuffer(row[0] if row else b"", np.int64)

    def _files_of(self, pieces: set[int]) -> list[str]:
        """The files that have any of the pieces."""
        if not pieces:
            return []
        wanted = np.sort(np.fromiter(pieces, np.int64, len(pieces)))
        rows = self._database.execute("SELECT path, pieces FROM leaks_files ORDER BY path")
        return [path for path, ids in rows if is_in(np.frombuffer(ids, np.int64), wanted).any()]

    def _found(self, where: str = "") -> Hashes:
        rows = self._database.execute(f"SELECT hash FROM leaks_found {where}")  # noqa: S608 - a constant of this module
        return np.sort(np.array([number for (number,) in rows], np.int64).view(np.uint64))

    def _add_found(self, hashes: Hashes) -> None:
        self._database.executemany(
            "INSERT OR IGNORE INTO leaks_found (hash) VALUES (?)",
            ((number,) for number in hashes.view(np.int64).tolist()),
        )
        keys = self._database.execute("SELECT key FROM leaks_explanations ORDER BY key").fetchall()
        for (key,) in keys if len(self.unexplained()) else ():
            row = self._database.execute(
                "SELECT hashes FROM leaks_explanations WHERE key = ?", (key,)
            ).fetchone()
            self.explain(key, np.frombuffer(row[0], np.uint64))

    def _keep_found(self, hashes: Hashes) -> None:
        gone = self._found()
        gone = gone[~is_in(gone, hashes)]
        self._database.executemany(
            "DELETE FROM leaks_found WHERE hash = ?", ((number,) for number in gone.view(np.int64).tolist())
        )
        self._add_found(hashes)

    def _forget_explanations(self, keys: Iterable[str] | None) -> None:
        """Those that came from the units `keys`; all, if that is None."""
        if keys is None:
            self._database.execute("UPDATE leaks_found SET explained = NULL")
            self._database.execute("DELETE FROM leaks_explanations")
            return
        for key in keys:
            self._database.execute("UPDATE leaks_found SET explained = NULL WHERE explained = ?", (key,))
            self._database.execute("DELETE FROM leaks_explanations WHERE key = ?", (key,))

    def _suspects(self) -> set[str]:
        found = set(self.files_with(self.unexplained())) | self._names.suspects()
        for statement in (
            "SELECT path FROM leaks_files WHERE problem <> ''",
            "SELECT path FROM leaks_copies",
        ):
            found |= {path for (path,) in self._database.execute(statement)}
        return found

    def _is_secret(self, hashes: Hashes) -> NDArray[np.bool_]:
        secret: NDArray[np.bool_] = self._private.counts(hashes) > 0
        secret[secret] = self._public.counts(hashes[secret]) == 0
        return secret

    def _get(self, name: str) -> Any:
        row = self._database.execute("SELECT value FROM leaks_state WHERE name = ?", (name,)).fetchone()
        return row and row[0]

    def _set(self, name: str, value: int | bytes) -> None:
        self._database.execute("INSERT OR REPLACE INTO leaks_state VALUES (?, ?)", (name, value))
