"""Brings in what readers did elsewhere (Ghost, Moodle, plain logs), so that a school starts warm: `lyceum signals import`.

- Names of readers, which may be addresses, become a keyed hash; the key is made once and stays in the folder (`import.key`, never published).
  The same reader has the same name in every file.
- A file becomes `import-<its digest>.parquet`: bringing it in again replaces that. A row that another file brought in already is
  left out, so that overlapping files count once.
- A line that is wrong is told with its number, and nothing is written unless they may be skipped. Lessons that this school does not have
  are counted and left out.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from gatekeeper.contract.signals import KINDS
from generator.errors import LyceumError, Problem
from generator.signals import files, ghost, moodle
from generator.signals.files import Row
from generator.signals.lessons import LessonNames
from generator.signals.moments import AUTO, MomentError, read_moment
from generator.signals.reading import Line, form_of, lines

KEY = "import.key"
MOST_TOLD = 20  # of wrong lines and unknown lessons
_NAME_LENGTH = 24  # hex digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where a file says what. kind: "" where every line is of `every_kind`. kinds: its words → ours. time: "" where there is none.

    other_lesson: a second name of the lesson. time_format, zone: as `read_moment` has them. shaped: brings a system's line into these columns.
    """

    reader: str = "reader"
    lesson: str = "lesson"
    kind: str = "kind"
    time: str = "time"
    every_kind: str = "view"
    kinds: Mapping[str, str] = field(default_factory=dict)
    time_format: str = AUTO
    zone: tzinfo = UTC
    other_lesson: str = ""
    shaped: Callable[[Mapping[str, str]], Mapping[str, str]] | None = None


# Columns as these systems export them; options override each.
KNOWN: Mapping[str, Columns] = {
    "lyceum": Columns(),
    "ghost": Columns(
        lesson="pathname", kind="action", time="timestamp", kinds={"page_hit": "view"}, shaped=ghost.shaped
    ),
    # Activities are numbers or titles there; --lessons says which lessons they are
    "moodle": Columns(
        reader="userid",
        lesson="contextinstanceid",
        other_lesson="context",
        kind="action",
        time="timecreated",
        kinds={"viewed": "view", "completed": "finished", "submitted": "finished"},
        time_format=moodle.TIME_FORMS,
        shaped=moodle.shaped,
    ),
    "log": Columns(kind=""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """What a file held. signals: new ones; again: those that were brought in before. unknown: names of lessons → lines.

    other_kinds: words for kinds that are none of ours → lines. wrong: the first wrong lines; wrong_lines: how many there are.
    """

    file: str
    lines: int
    signals: int
    again: int
    readers: int
    lessons: int
    unknown: Mapping[str, int]
    unknown_lines: int
    other_kinds: Mapping[str, int]
    without_time: int
    wrong: tuple[Problem, ...]
    wrong_lines: int


@dataclass(slots=True, kw_only=True)
class _Tally:
    rows: list[Row] = field(default_factory=list)
    lines: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    other_kinds: Counter[str] = field(default_factory=Counter)
    wrong: list[Problem] = field(default_factory=list)
    wrong_lines: int = 0


def arrive(
    file: Path,
    folder: Path,
    names: LessonNames,
    columns: Columns,
    *,
    now: datetime,
    form: str | None = None,
    is_dry: bool = False,
    skips_wrong: bool = False,
) -> Arrived:
    """Brings the file into the folder. form: one of `reading.FORMS`; by the file's name if None.

    Raises LyceumError if the file cannot be read or lacks a column. With wrong lines nothing is written, unless they may be skipped.
    """
    key = _key(folder, is_kept=not is_dry)
    tally = _Tally()
    for line in lines(file, form or form_of(file)):
        _note(line, file, names, columns, key, now, tally)
    target = folder / f"import-{_digest(file)}.parquet"
    rows = sorted(set(tally.rows), key=lambda row: (row.at or 0, row.reader, row.lesson or "", row.kind))
    fresh = _without_known(rows, [path for path in sorted(folder.glob("import-*.parquet")) if path != target])
    if not is_dry and (skips_wrong or not tally.wrong_lines):
        files.write(target, files.table_of(fresh))
    return Arrived(
        file=str(file),
        lines=tally.lines,
        signals=len(fresh),
        again=len(tally.rows) - len(fresh),
        readers=len({row.reader for row in rows}),
        lessons=len({row.lesson for row in rows}),
        unknown=dict(tally.unknown.most_common(MOST_TOLD)),
        unknown_lines=tally.unknown.total(),
        other_kinds=dict(tally.other_kinds.most_common(MOST_TOLD)),
        without_time=sum(row.at is None for row in rows),
        wrong=tuple(tally.wrong),
        wrong_lines=tally.wrong_lines,
    )


def _note(
    line: Line, file: Path, names: LessonNames, columns: Columns, key: bytes, now: datetime, tally: _Tally
) -> None:
    tally.lines += 1

    def wrong(what: str, hint: str) -> None:
        tally.wrong_lines += 1
        if len(tally.wrong) < MOST_TOLD:
            tally.wrong.append(Problem(f"{file.name}:{line.number}", what, hint))

    if line.values is None:
        wrong(line.what, "mend the line, or leave such lines out with --skip-wrong")
        return
    values = _shaped(line.values, columns, f"{file.name}:{line.number}")
    needed = [columns.reader, columns.lesson]
    missing = [name for name in needed if name not in values]
    if missing:
        there = ", ".join(values) or "nothing"
        raise LyceumError(
            f"there is no column {missing[0]!r}",
            where=f"{file.name}:{line.number}",
            hint=f"name the columns with --reader-column, --lesson-column …; there are: {there}",
        )
    said = values.get(columns.kind, "").strip() if columns.kind else ""
    kind = columns.kinds.get(said, said) if said else columns.every_kind
    if kind not in KINDS:
        tally.other_kinds[said] += 1
        return
    reader = values[columns.reader].strip()
    if not reader:
        wrong("no reader", "every line needs one; leave such lines out with --skip-wrong")
        return
    called = [values[columns.lesson].strip(), values.get(columns.other_lesson, "").strip()]
    lesson = next((found for name in called if name and (found := names.find(name))), None)
    if lesson is None:
        tally.unknown[called[1] or called[0]] += 1
        return
    try:
        at = read_moment(values.get(columns.time, ""), form=columns.time_format, now=now, zone=columns.zone)
    except MomentError as error:
        wrong(str(error), error.hint)
        return
    tally.rows.append(Row(_name(key, reader), lesson, kind, at))


def _shaped(values: Mapping[str, str], columns: Columns, where: str) -> Mapping[str, str]:
    if columns.shaped is None:
        return values
    try:
        return columns.shaped(values)
    except LyceumError as error:
        raise LyceumError(error.what, where=where, hint=error.hint) from error


def _name(key: bytes, reader: str) -> str:
    return hmac.new(key, b"import\0" + reader.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[
        :_NAME_LENGTH
    ]


def _without_known(rows: Sequence[Row], others: Sequence[Path]) -> list[Row]:
    known = set(_rows(others)) if others else set()
    return [row for row in rows if row[:4] not in known]


def _rows(paths: Sequence[Path]) -> Iterator[tuple[object, ...]]:
    from pyarrow import parquet

    for path in paths:
        table = parquet.read_table(path, columns=["reader", "lesson", "kind", "at"])
        yield from zip(*(column.to_pylist() for column in table.columns), strict=True)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:16]


def _key(folder: Path, *, is_kept: bool) -> bytes:
    """The folder's key, made if there is none. is_kept: whether a new one is written down."""
    place = folder / KEY
    try:
        if place.is_file():
            return bytes.fromhex(place.read_text(encoding="ascii"))
        made = secrets.token_bytes(32)
        if is_kept:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as out:
                out.write(made.hex())
    except (OSError, ValueError) as error:
        raise LyceumError(
            "the key of imported readers cannot be kept or read",
            where=str(place),
            hint="make the folder writable; without the old key readers get new names",
        ) from error
    return made
