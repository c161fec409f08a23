"""Which public files hold the bytes of a private one, whole or packed. Part of the ledger.

Bytes are compared by SHA-256. A change of either side asks for what changed only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

NAMES = ("leaks_members", "leaks_fingerprints", "leaks_copies")
TABLES = """
CREATE TABLE IF NOT EXISTS leaks_members (
    path TEXT NOT NULL, sha256 BLOB NOT NULL, PRIMARY KEY (path, sha256)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS leaks_members_by_content ON leaks_members (sha256);
CREATE TABLE IF NOT EXISTS leaks_fingerprints (sha256 BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leaks_copies (
    sha256 BLOB NOT NULL, path TEXT NOT NULL, PRIMARY KEY (sha256, path)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS leaks_copies_by_path ON leaks_copies (path);
"""


def add(database: sqlite3.Connection, path: str, members: Iterable[tuple[str, bytes]]) -> None:
    """What a new public file holds. members: name and SHA-256 of itself and of every file in it."""
    for _, sha256 in members:
        database.execute("INSERT OR IGNORE INTO leaks_members VALUES (?, ?)", (path, sha256))
        database.execute(
            "INSERT OR IGNORE INTO leaks_copies SELECT sha256, ? FROM leaks_fingerprints WHERE sha256 = ?",
            (path, sha256),
        )


def drop(database: sqlite3.Connection, path: str) -> None:
    """A public file is gone, or is another."""
    database.execute("DELETE FROM leaks_members WHERE path = ?", (path,))
    database.execute("DELETE FROM leaks_copies WHERE path = ?", (path,))


def judge(database: sqlite3.Connection, fingerprints: Mapping[bytes, str]) -> None:
    """Compare with what is private from now on."""
    known = {sha256 for (sha256,) in database.execute("SELECT sha256 FROM leaks_fingerprints")}
    for sha256 in known - fingerprints.keys():
        database.execute("DELETE FROM leaks_fingerprints WHERE sha256 = ?", (sha256,))
        database.execute("DELETE FROM leaks_copies WHERE sha256 = ?", (sha256,))
    for sha256 in fingerprints.keys() - known:
        database.execute("INSERT INTO leaks_fingerprints VALUES (?)", (sha256,))
        database.execute(
            "INSERT OR IGNORE INTO leaks_copies SELECT sha256, path FROM leaks_members WHERE sha256 = ?",
            (sha256,),
        )
