"""What a build remembers: one SQLite database, safe to delete, shared by no two builds at once.

    meta        what the last build was made with and what it came to
    sources     the author's files as they were read; surroundings: settings and theme
    outputs     what was written, below the build folder
    pages       each page: the key of everything it depends on, its HTML, its private half, what was said about it
    anchors     links to headings, by the page that they lead to
    lessons     what others show of a lesson, and whether it may be made anew by itself
    directory   what a link may lead to; slices: what the pages of a course show of each other
    problems    warnings, by the file they are about and the step that found them

A build changes it in one transaction at its end. Killed before that, it leaves the database as it was and some outputs
newer than it says; the next build sees by size and time that these are not what was remembered, and makes them again.
A database that is damaged or of another format is put aside and begun anew. Texts are stored, no code and no pickles: a cache that
was fetched from elsewhere can be wrong, but it cannot run.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from generator.errors import LyceumError, Problem, Severity

Result = TypeVar("Result")

FORMAT = 1
NAME = "build.sqlite"

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE sources (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, sha256 BLOB) WITHOUT ROWID;
CREATE TABLE surroundings (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, sha256 BLOB) WITHOUT ROWID;
CREATE TABLE outputs (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, sha256 BLOB) WITHOUT ROWID;
CREATE TABLE pages (
    path TEXT PRIMARY KEY, key BLOB NOT NULL, lesson TEXT, address TEXT NOT NULL, lookups TEXT NOT NULL, ids TEXT NOT NULL,
    messages TEXT NOT NULL, html_sha256 BLOB NOT NULL, html BLOB NOT NULL, part_sha256 BLOB, part_size INTEGER, part BLOB
);
CREATE INDEX pages_by_lesson ON pages (lesson) WHERE lesson IS NOT NULL;
CREATE TABLE anchors (page TEXT, half INTEGER, target TEXT, fragment TEXT, place TEXT, link TEXT);
CREATE INDEX anchors_by_page ON anchors (page);
CREATE INDEX anchors_by_target ON anchors (target);
CREATE TABLE lessons (
    path TEXT PRIMARY KEY, id TEXT NOT NULL, course TEXT NOT NULL, page TEXT NOT NULL, face BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE directory (path TEXT PRIMARY KEY, target TEXT NOT NULL, page TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE slices (course TEXT PRIMARY KEY, slice TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE problems (path TEXT, step TEXT, problem TEXT);
CREATE INDEX problems_by_path ON problems (path);
"""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A file as it was. mtime: nanoseconds, of its last modification or, for inputs, of its last change."""

    size: int
    mtime: int
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A link to a heading. target: staged path. place: where it stands (`file:line`); link: as its author wrote it."""

    half: bool
    target: str
    fragment: str
    place: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRecord:
    """A page as it was made. address: its file on the site. lookups: staged paths it asked for → whether they were there.

    html, part: of the page and of the private half, as `packed`. ids: what can be linked to in either.
    """

    path: str
    key: bytes
    lesson: str | None
    address: str
    lookups: Mapping[str, bool]
    ids: frozenset[str]
    messages: tuple[Problem, ...]
    anchors: tuple[Anchor, ...]
    html: bytes
    html_sha256: bytes
    part: bytes | None = None
    part_sha256: bytes | None = None
    part_size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonRow:
    id: str
    course: str
    page: str
    face: bytes


class Cache:
    """One school's memory, held by one process. Use as a context manager; `commit` makes what was changed last."""

    def __init__(self, database: sqlite3.Connection, folder: Path | None) -> None:
        self.database = database
        self.folder = folder

    @classmethod
    @contextlib.contextmanager
    def open(cls, folder: Path) -> Iterator[Cache]:
        """The cache in `folder`, made if it is missing. Waits while another build has it. Raises LyceumError when it cannot be written."""
        with contextlib.ExitStack() as held:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                lock = held.enter_context((folder / "build.lock").open("a"))
                fcntl.flock(lock, fcntl.LOCK_EX)
                database = held.enter_context(contextlib.closing(_opened(folder / NAME)))
            except (OSError, sqlite3.Error) as error:
                raise LyceumError(
                    f"the build's cache cannot be used: {error}",
                    where=str(folder),
                    hint="look at the disk's space and permissions, or delete the folder",
                ) from error
            yield cls(database, folder)  # what is not committed when it is closed is as if it had not been

    @classmethod
    @contextlib.contextmanager
    def nothing(cls) -> Iterator[Cache]:
        """A cache that remembers nothing."""
        with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
            database.executescript(_TABLES)
            database.execute("BEGIN")
            yield cls(database, None)

    def commit(self) -> None:
        self.database.commit()
        self.database.execute("BEGIN")

    def abandon(self) -> None:
        """Undo what was changed since the last commit."""
        self.database.rollback()
        self.database.execute("BEGIN")

    def drop_outputs(self) -> None:
        """Drop what was made of the school, not what it was made of."""
        for table in ("pages", "anchors", "outputs"):
            self.database.execute(f"DELETE FROM {table}")  # noqa: S608 - a fixed name

    # What the last build was made with

    def get(self, key: str) -> bytes | None:
        row = self.database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else bytes(row[0])

    def put(self, key: str, value: bytes) -> None:
        if self.get(key) != value:
            self.database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # Files

    def stamps(self, table: str) -> dict[str, Stamp]:
        """table: sources, surroundings or outputs."""
        rows = self.database.execute(f"SELECT path, size, mtime, sha256 FROM {table}")  # noqa: S608 - a fixed name
        return {path: Stamp(size, mtime, sha256) for path, size, mtime, sha256 in rows}

    def stamp(self, table: str, path: str) -> Stamp | None:
        row = self.database.execute(
            f"SELECT size, mtime, sha256 FROM {table} WHERE path = ?",  # noqa: S608 - a fixed name
            (path,),
        ).fetchone()
        return None if row is None else Stamp(*row)

    def put_stamps(self, table: str, changed: Mapping[str, Stamp], gone: Iterable[str] = ()) -> None:
        self.database.executemany(f"DELETE FROM {table} WHERE path = ?", ((path,) for path in gone))  # noqa: S608
        self.database.executemany(
            f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?)",  # noqa: S608
            ((path, stamp.size, stamp.mtime, stamp.sha256) for path, stamp in changed.items()),
        )

    # Pages

    def page_keys(self) -> dict[str, tuple[bytes, str]]:
        """Staged path → key and look-ups (JSON) of every page."""
        return {
            path: (key, lookups)
            for path, key, lookups in self.database.execute("SELECT path, key, lookups FROM pages")
        }

    def put_page(self, record: PageRecord) -> None:
        self.drop_page(record.path)
        self.database.execute(
            "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                record.path,
                record.key,
                record.lesson,
                record.address,
                json.dumps(record.lookups, sort_keys=True),
                json.dumps(sorted(record.ids), ensure_ascii=False),
                json.dumps([_problem_to_json(problem) for problem in record.messages]),
                record.html_sha256,
                record.html,
                record.part_sha256,
                record.part_size,
                record.part,
            ),
        )
        self.database.executemany(
            "INSERT INTO anchors VALUES (?, ?, ?, ?, ?, ?)",
            (
                (record.path, one.half, one.target, one.fragment, one.place, one.link)
                for one in record.anchors
            ),
        )

    def drop_page(self, path: str) -> None:
        self.database.execute("DELETE FROM pages WHERE path = ?", (path,))
        self.database.execute("DELETE FROM anchors WHERE page = ?", (path,))

    def html(self, path: str) -> bytes:
        return zlib.decompress(
            self.database.execute("SELECT html FROM pages WHERE path = ?", (path,)).fetchone()[0]
        )

    def html_digest(self, path: str) -> bytes | None:
        """SHA-256 of a page's HTML."""
        row = self.database.execute("SELECT html_sha256 FROM pages WHERE path = ?", (path,)).fetchone()
        return None if row is None else bytes(row[0])

    def parts(self) -> Parts:
        """The private halves; those of a cache on disk can be read when it is closed, too."""
        return Parts(self.folder / NAME if self.folder else None, self.database, tuple(self.part_digests()))

    def own_parts(self) -> Parts:
        """The private halves as this build has them now: only its own connection can read before the commit."""
        return Parts(None, self.database, tuple(self.part_digests()))

    def part_digests(self) -> dict[str, tuple[bytes, int]]:
        """Lesson → SHA-256 and size of its private half."""
        rows = self.database.execute(
            "SELECT lesson, part_sha256, part_size FROM pages WHERE part IS NOT NULL ORDER BY lesson"
        )
        return {lesson: (sha256, size) for lesson, sha256, size in rows}

    def page_outputs(self) -> dict[str, tuple[str, bytes]]:
        """Staged path → file on the site and its SHA-256, for every page."""
        rows = self.database.execute("SELECT path, address, html_sha256 FROM pages")
        return {path: (address, sha256) for path, address, sha256 in rows}

    def messages(self) -> Iterator[Problem]:
        """What was said about every page, in the order of pages."""
        for (text,) in self.database.execute(
            "SELECT messages FROM pages WHERE messages != '[]' ORDER BY path"
        ):
            yield from (_problem_of_json(problem) for problem in json.loads(text))

    def dangling_anchors(self) -> Iterator[tuple[str, Anchor]]:
        """Links to headings that their page does not have: staged path of the link's page, and the link."""
        rows = self.database.execute(
            "SELECT page, half, target, fragment, place, link, ids FROM anchors JOIN pages ON pages.path = target"
            " ORDER BY page, half, anchors.rowid"
        )
        known: dict[str, frozenset[str]] = {}
        for page, half, target, fragment, place, link, ids in rows:
            if target not in known:
                known[target] = frozenset(json.loads(ids))
            if fragment not in known[target]:
                yield page, Anchor(half=bool(half), target=target, fragment=fragment, place=place, link=link)

    # The school

    def lesson(self, path: str) -> LessonRow | None:
        row = self.database.execute(
            "SELECT id, course, page, face FROM lessons WHERE path = ?", (path,)
        ).fetchone()
        return None if row is None else LessonRow(id=row[0], course=row[1], page=row[2], face=row[3])

    def put_school(
        self,
        lessons: Mapping[str, LessonRow],
        directory: Mapping[str, tuple[str, str]],
        slices: Mapping[str, str],
    ) -> None:
        for table in ("lessons", "directory", "slices"):
            self.database.execute(f"DELETE FROM {table}")  # noqa: S608 - a fixed name
        self.database.executemany(
            "INSERT INTO lessons VALUES (?, ?, ?, ?, ?)",
            ((path, row.id, row.course, row.page, row.face) for path, row in lessons.items()),
        )
        self.database.executemany(
            "INSERT INTO directory VALUES (?, ?, ?)",
            ((path, target, page) for path, (target, page) in directory.items()),
        )
        self.database.executemany("INSERT INTO slices VALUES (?, ?)", slices.items())

    def entry(self, path: str) -> tuple[str, str] | None:
        """Of the directory: what is there, and the page to lead to."""
        row = self.database.execute("SELECT target, page FROM directory WHERE path = ?", (path,)).fetchone()
        return None if row is None else (row[0], row[1])

    def directory_paths(self) -> Iterator[str]:
        return (path for (path,) in self.database.execute("SELECT path FROM directory ORDER BY path"))

    def sources_below(self, folder: str) -> Iterator[str]:
        """The author's files in a folder and its folders."""
        rows = self.database.execute(
            "SELECT path FROM sources WHERE path > ? AND path < ?", (f"{folder}/", f"{folder}0")
        )
        return (path for (path,) in rows)

    def slice(self, course: str) -> str | None:
        row = self.database.execute("SELECT slice FROM slices WHERE course = ?", (course,)).fetchone()
        return None if row is None else str(row[0])

    # The leak check

    def unit_keys(self) -> list[str]:
        return list(json.loads(self.get("unit_keys") or b"[]"))

    def put_unit_keys(self, keys: Iterable[str]) -> None:
        self.put("unit_keys", json.dumps(sorted(set(keys))).encode())

    # Warnings

    def problems(self) -> Iterator[Problem]:
        for (text,) in self.database.execute("SELECT problem FROM problems ORDER BY rowid"):
            yield _problem_of_json(json.loads(text))

    def put_problems(
        self, step: str, problems: Iterable[Problem], paths: Iterable[str] | None = None
    ) -> None:
        """What `step` found, instead of what it had found: altogether, or about `paths` alone."""
        if paths is None:
            self.database.execute("DELETE FROM problems WHERE step = ?", (step,))
        for path in paths or ():
            self.database.execute("DELETE FROM problems WHERE path = ? AND step = ?", (path, step))
        self.database.executemany(
            "INSERT INTO problems VALUES (?, ?, ?)",
            (
                (file_of(problem), step, json.dumps(_problem_to_json(problem), ensure_ascii=False))
                for problem in problems
            ),
        )


class Parts(Mapping[str, bytes]):
    """Lesson → the HTML of its private half, read when it is asked for."""

    def __init__(self, path: Path | None, database: sqlite3.Connection, lessons: tuple[str, ...]) -> None:
        self._path = path
        self._database = database
        self._lessons = lessons

    def __getitem__(self, lesson: str) -> bytes:
        if self._path is None:
            return _part(self._database, lesson)
        with contextlib.closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as database:
            return _part(database, lesson)

    def __iter__(self) -> Iterator[str]:
        return iter(self._lessons)

    def __len__(self) -> int:
        return len(self._lessons)


def _part(database: sqlite3.Connection, lesson: str) -> bytes:
    row = database.execute("SELECT part FROM pages WHERE lesson = ?", (lesson,)).fetchone()
    if row is None or row[0] is None:
        raise KeyError(lesson)
    return zlib.decompress(row[0])


def packed(data: bytes) -> bytes:
    """`data` as it is stored."""
    return zlib.compress(data, 1)


def file_of(problem: Problem) -> str:
    """The file that a problem is about: its place without the line."""
    path, _, line = problem.where.rpartition(":")
    return path if path and line.isdigit() else problem.where


def _problem_to_json(problem: Problem) -> list[str]:
    return [problem.where, problem.what, problem.hint, problem.severity.value]


def _problem_of_json(raw: list[str]) -> Problem:
    return Problem(raw[0], raw[1], raw[2], Severity(raw[3]))


def with_cache(folder: Path, work: Callable[[Cache], Result]) -> Result:
    """What `work` makes of the cache in `folder`; with a new one, if the old one turns out to be damaged."""
    try:
        with Cache.open(folder) as cache:
            return work(cache)
    except (sqlite3.DatabaseError, zlib.error) as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
    discard(folder)
    with Cache.open(folder) as cache:
        return work(cache)


def discard(folder: Path) -> None:
    """Begin anew with the next build."""
    for name in (NAME, f"{NAME}-journal"):
        (folder / name).unlink(missing_ok=True)


def _opened(path: Path) -> sqlite3.Connection:
    database = None
    try:
        database = _connected(path)
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == FORMAT:
            database.execute("SELECT count(*) FROM meta").fetchone()
            database.execute("BEGIN")
            return database
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:  # damaged, or no database at all
        pass
    if database is not None:
        database.close()
    discard(path.parent)
    database = _connected(path)
    database.executescript(_TABLES)
    database.execute(f"PRAGMA user_version = {FORMAT}")
    database.execute("BEGIN")
    return database


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, isolation_level=None, timeout=60)
    try:
        database.execute("PRAGMA journal_mode = DELETE")  # reading alone must not write a file
        database.execute("PRAGMA synchronous = NORMAL")
    except sqlite3.Error:
        database.close()
        raise
    return database
