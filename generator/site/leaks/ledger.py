"""The state of the leak check between builds: which windows are secret, and which of them stand in public files.

- A window is secret when a unit has it as private and no unit has it as public.
- A file is suspect when it holds a secret window that nothing explains, a private name that is not known to be public, the bytes of a private
  file, something that cannot be read, or a piece that nobody told.
- `judge` is given everything, or what changed since the last time. Either way the verdict is the same: of a change only the windows that it
  touches are asked for, in sorted arrays (`shelf`).
- `settling` looks closer at suspects and tells the ledger what clears them.

Everything happens in the transaction of the caller, who commits or not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generator.site.leaks import copies, findings, known_names, public_files, shelf
from generator.site.leaks.findings import Findings
from generator.site.leaks.known_names import KnownNames
from generator.site.leaks.private import PrivateName
from generator.site.leaks.public_files import PublicFiles
from generator.site.leaks.sets import distinct, in_one_only, is_in, once
from generator.site.leaks.shelf import Shelf
from generator.site.leaks.units import FileReading, Unit
from generator.site.leaks.words import Hashes

FORMAT = 1  # raised with every change of what is kept, and of how words and windows are hashed
_PARTS = 256  # a whole school is compared in so many parts, each small enough for the processor's cache
_TABLES = f"""
CREATE TABLE IF NOT EXISTS leaks_state (name TEXT PRIMARY KEY, value NOT NULL);
CREATE TABLE IF NOT EXISTS leaks_units (key TEXT PRIMARY KEY, source BLOB NOT NULL);
{shelf.TABLES}{findings.TABLES}{public_files.TABLES}{known_names.TABLES}"""
_CLEARED = ("leaks_units", *findings.NAMES, *public_files.NAMES, *known_names.NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """phrases: how many different secret windows and names were looked for; suspects: paths of public files, in order."""

    phrases: int
    suspects: tuple[str, ...]


class Ledger:
    """The state that lies in `database` and, its great arrays, in `folder`.

    is_complete: whether there is a state to which changes can be told; otherwise `judge` has to be given everything.
    names: what is known of private names.
    """

    def __init__(self, database: sqlite3.Connection, folder: Path, *, environment: bytes = b"") -> None:
        """environment: stands for the settings and versions that public Markdown is rendered with; with another one,
        what its rendering explained is forgotten."""
        self._database = database
        for statement in _TABLES.split(";"):
            database.execute(statement)
        self._private = Shelf(database, folder, "private")
        self._public = Shelf(database, folder, "public")
        self._files = PublicFiles(database, folder)
        self._findings = Findings(database)
        self.names = KnownNames(database, self._files.grams)
        self._shelves = (self._private, self._public, self._files.windows, self._files.grams)
        self.is_complete = self._get("format") == FORMAT and all(each.is_whole for each in self._shelves)
        if self._get("environment") != environment:
            self._findings.forget_all()
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

        units, files: by key and by path; None removes. If `complete` each is gone through once, so that a mapping may load as
            it goes.
        names, fingerprints: always all of them; fingerprints (SHA-256 → name) are those of private files, and of the files in
            them, that no public file of the content folder has.
        Raises ValueError for changes to an incomplete state.
        """
        if not complete and not self.is_complete:
            raise ValueError("an incomplete ledger has to be told everything")
        if complete:
            self._take_all(units, files)
        forgotten = set() if complete else self._take_changes(units, files)
        self.names.meet(self.names.take(names, forgotten=forgotten), () if complete else files)
        copies.judge(self._database, fingerprints)
        for each in self._shelves:
            each.compact()
        return self.verdict()

    def verdict(self) -> Verdict:
        """The verdict on the present state."""
        suspects = set(self.files_with(self.unexplained())) | self.names.suspects() | self._files.suspects()
        return Verdict(phrases=self._phrases + self.names.count, suspects=tuple(sorted(suspects)))

    # For `settling`

    def tell(self, files: Mapping[str, FileReading]) -> None:
        """Files as they were read once more."""
        self._take_changes({}, files)
        self.names.meet((), files)

    def untold(self) -> list[str]:
        """The files of which a piece was never told: an earlier reading of a process that is no more would have."""
        return self._files.untold()

    def unexplained(self) -> Hashes:
        """The secret windows that stand in public files and that nothing explains, sorted."""
        return self._findings.unexplained()

    def explain(self, key: str, shown: Hashes) -> None:
        """What else the unit `key` shows in public, sorted: some of what was found, perhaps. Holds until its texts change."""
        if self._source_of(key) is not None:
            self._findings.explain(key, shown)

    def files_with(self, hashes: Hashes) -> list[str]:
        """The files in which any of the sorted `hashes` stands, in order."""
        return self._files.holding(hashes)

    # Everything

    def _take_all(self, units: Mapping[str, Unit | None], files: Mapping[str, FileReading | None]) -> None:
        for table in _CLEARED:
            self._database.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own tables
        private, public = self._private.begin(), self._public.begin()
        for key, unit in units.items():
            if unit is not None:
                private.add(key, unit.private)
                public.add(key, unit.public)
                self._database.execute("INSERT INTO leaks_units VALUES (?, ?)", (key, unit.source))
        private.close()
        public.close()
        self._files.take_all(files)
        phrases, found = self._compare_all()
        self._set("phrases", phrases)
        self._set("format", FORMAT)
        self._findings.replace(found)
        self.is_complete = True

    def _compare_all(self) -> tuple[int, Hashes]:
        """How many different secret windows there are, and which of them stand in files."""
        every = (self._private.ordered(), self._public.ordered(), self._files.windows.ordered())
        edges = np.arange(1, _PARTS, dtype=np.uint64) * np.uint64(2**64 // _PARTS)
        cuts = [[0, *np.searchsorted(each, edges).tolist(), len(each)] for each in every]
        phrases = 0
        found = [np.zeros(0, np.uint64)]
        for part in range(_PARTS):
            private, public, shown = (
                each[cut[part] : cut[part + 1]] for each, cut in zip(every, cuts, strict=True)
            )
            secret = once(private)
            secret = secret[~is_in(secret, public)]
            phrases += len(secret)
            found.append(secret[is_in(secret, shown)])
        return phrases, np.concatenate(found)

    # Changes

    def _take_changes(
        self, units: Mapping[str, Unit | None], files: Mapping[str, FileReading | None]
    ) -> set[str]:
        """Returns the units whose public texts are others than before."""
        touched = self._touched_by(units)
        was = self._is_secret(touched)
        forgotten = {key for key, unit in units.items() if self._put_unit(key, unit)}
        self._findings.forget(forgotten)
        new = self._files.take(files)
        is_ = self._is_secret(touched)
        self._set("phrases", self._phrases + int(is_.sum()) - int(was.sum()))
        asked = distinct(np.concatenate([touched[is_ & ~was], new, self._findings.all()]))
        held = asked[self._is_secret(asked)]
        self._findings.replace(held[self._files.windows.counts(held) > 0])
        return forgotten

    def _touched_by(self, units: Mapping[str, Unit | None]) -> Hashes:
        """The windows that a unit has and had not, or had and has not."""
        touched = [np.zeros(0, np.uint64)]
        for key, unit in units.items():
            new = unit or Unit()
            touched.append(in_one_only(self._private.of(key), new.private))
            touched.append(in_one_only(self._public.of(key), new.public))
        return distinct(np.concatenate(touched))

    def _put_unit(self, key: str, unit: Unit | None) -> bool:
        """Whether its public texts are others than before."""
        before = self._source_of(key)
        self._database.execute("DELETE FROM leaks_units WHERE key = ?", (key,))
        if unit is None:
            self._private.put(key, None)
            self._public.put(key, None)
            return before is not None
        self._database.execute("INSERT INTO leaks_units VALUES (?, ?)", (key, unit.source))
        for each, hashes in ((self._private, unit.private), (self._public, unit.public)):
            if not each.has(key) or not np.array_equal(each.of(key), hashes):
                each.put(key, hashes)
        return before is not None and before != unit.source

    def _is_secret(self, hashes: Hashes) -> NDArray[np.bool_]:
        secret: NDArray[np.bool_] = self._private.counts(hashes) > 0
        secret[secret] = self._public.counts(hashes[secret]) == 0
        return secret

    # Small things

    @property
    def _phrases(self) -> int:
        return int(self._get("phrases") or 0)

    def _source_of(self, key: str) -> bytes | None:
        row = self._database.execute("SELECT source FROM leaks_units WHERE key = ?", (key,)).fetchone()
        return row and bytes(row[0])

    def _get(self, name: str) -> Any:
        row = self._database.execute("SELECT value FROM leaks_state WHERE name = ?", (name,)).fetchone()
        return row and row[0]

    def _set(self, name: str, value: int | bytes) -> None:
        self._database.execute("INSERT OR REPLACE INTO leaks_state VALUES (?, ?)", (name, value))
