"""Secret windows that stand in public files, and what explains them. Part of the ledger.

A unit can show in public what its source text does not say in these words: rendering moves things. What such a rendering shows explains
the windows it holds, wherever they stand, as long as the unit's public texts stay as they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import numpy as np

from generator.site.leaks.sets import is_in
from generator.site.leaks.words import Hashes

NAMES = ("leaks_found", "leaks_explanations")
TABLES = """
CREATE TABLE IF NOT EXISTS leaks_found (hash INTEGER PRIMARY KEY, explained TEXT);
CREATE TABLE IF NOT EXISTS leaks_explanations (key TEXT PRIMARY KEY, hashes BLOB NOT NULL);
"""


class Findings:
    """What was found in a database's school."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def all(self) -> Hashes:
        """Sorted, as everything here."""
        return self._sorted(self._database.execute("SELECT hash FROM leaks_found"))

    def unexplained(self) -> Hashes:
        return self._sorted(self._database.execute("SELECT hash FROM leaks_found WHERE explained IS NULL"))

    def replace(self, hashes: Hashes) -> None:
        """Let these be all that is found; what is known to explain some of them is asked at once."""
        gone = self.all()
        gone = gone[~is_in(gone, hashes)]
        self._database.executemany(
            "DELETE FROM leaks_found WHERE hash = ?", ((number,) for number in gone.view(np.int64).tolist())
        )
        self._database.executemany(
            "INSERT OR IGNORE INTO leaks_found (hash) VALUES (?)",
            ((number,) for number in hashes.view(np.int64).tolist()),
        )
        if len(self.unexplained()):
            for key, shown in self._database.execute("SELECT * FROM leaks_explanations").fetchall():
                self.explain(key, np.frombuffer(shown, np.uint64))

    def explain(self, key: str, shown: Hashes) -> None:
        """The unit `key` shows these windows in public."""
        left = self.unexplained()
        explained = left[is_in(left, shown)]
        if len(explained):
            self._database.execute(
                "INSERT OR REPLACE INTO leaks_explanations VALUES (?, ?)", (key, shown.tobytes())
            )
            self._database.executemany(
                "UPDATE leaks_found SET explained = ? WHERE hash = ?",
                ((key, number) for number in explained.view(np.int64).tolist()),
            )

    def forget(self, keys: Iterable[str]) -> None:
        """What came from these units explains nothing any more."""
        for key in keys:
            self._database.execute("UPDATE leaks_found SET explained = NULL WHERE explained = ?", (key,))
            self._database.execute("DELETE FROM leaks_explanations WHERE key = ?", (key,))

    def forget_all(self) -> None:
        self._database.execute("UPDATE leaks_found SET explained = NULL")
        self._database.execute("DELETE FROM leaks_explanations")

    @staticmethod
    def _sorted(rows: Iterable[tuple[int]]) -> Hashes:
        return np.sort(np.array([number for (number,) in rows], np.int64).view(np.uint64))
