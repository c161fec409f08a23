"""Reads what another system wrote down: CSV, JSON, JSON lines, Parquet, or a web server's access log, as rows of texts with their line numbers.

The form follows from the file's name; `log` is any other. A log's columns are `reader` (address and browser together), `lesson` (the path),
`time`; only pages that were found count, and no programs.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.errors import LyceumError, SettingsError

_FORMS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_OTHERS = {".xlsx", ".xls", ".ods", ".html", ".pdf", ".zip", ".gz"}
FORMS = ("csv", "json", "jsonl", "parquet", "log")
# Combined log format of Apache and nginx; the common one has no referrer and no browser.
_LOG_LINE = re.compile(
    r'(?P<host>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>[A-Z]+) (?P<path>\S+)[^"]*" (?P<status>\d{3}) \S+'
    r'(?: "(?:[^"\\]|\\.)*" "(?P<agent>(?:[^"\\]|\\.)*)")?'
)
_PROGRAM = re.compile(r"bot|crawl|spider|slurp|curl|wget|python|headless|monitor|preview|^-?$", re.IGNORECASE)
_PAGE = re.compile(r"/(?:[^./?#]*(?:\.html)?)?(?:[?#].*)?$")


@dataclass(frozen=True, slots=True)
class Line:
    """number: in its file, from 1. values: column → text; None where the line itself is wrong, and `what` says how."""

    number: int
    values: Mapping[str, str] | None
    what: str = ""


def form_of(file: Path) -> str:
    """By its name. Raises LyceumError for a spreadsheet or what is packed."""
    if file.suffix.lower() in _OTHERS:
        raise LyceumError(
            "this kind of file is not read",
            where=str(file),
            hint="export it as CSV, JSON, JSON lines or Parquet, or unpack it",
        )
    return _FORMS.get(file.suffix.lower(), "log")


def lines(file: Path, form: str) -> Iterator[Line]:
    """The file's lines. Raises LyceumError if it cannot be read at all."""
    try:
        yield from {"csv": _csv, "json": _json, "jsonl": _jsonl, "parquet": _parquet, "log": _log}[form](file)
    except UnicodeDecodeError as error:
        raise LyceumError(
            "the file is not UTF-8",
            where=str(file),
            hint="write it anew as UTF-8, for example with `iconv -t utf-8`",
        ) from error
    except OSError as error:
        raise LyceumError(f"the file cannot be read: {error.strerror}", where=str(file)) from error


def _csv(file: Path) -> Iterator[Line]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        first = opened.readline()
        opened.seek(0)
        sign = max(",;\t|", key=first.count)
        rows = csv.reader(opened, delimiter=sign, strict=True)
        try:
            names = [name.strip() for name in next(rows, [])]
            for row in rows:
                if not row:
                    continue
                if len(row) != len(names):
                    yield Line(rows.line_num, None, f"{len(row)} columns instead of {len(names)}")
                else:
                    yield Line(rows.line_num, dict(zip(names, row, strict=True)))
        except csv.Error as error:
            yield Line(rows.line_num, None, f"no CSV: {error}")


def _jsonl(file: Path) -> Iterator[Line]:
    with file.open(encoding="utf-8-sig") as opened:
        for number, text in enumerate(opened, 1):
            if not text.strip():
                continue
            try:
                value = json.loads(text)
            except (ValueError, RecursionError):
                yield Line(number, None, "no JSON")
                continue
            if isinstance(value, dict):
                yield Line(number, {str(name): _text(one) for name, one in value.items()})
            else:
                yield Line(number, None, "no JSON object")


def _json(file: Path) -> Iterator[Line]:
    """A list of objects, or of lists whose columns have no names; it may lie in a list by itself, as Moodle writes it."""
    try:
        found = json.loads(file.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        if isinstance(error, UnicodeDecodeError):
            raise
        raise LyceumError(
            "the file is no JSON", where=str(file), hint="is it JSON lines? Say so with --format jsonl"
        ) from error
    if isinstance(found, list) and len(found) == 1 and isinstance(found[0], list) and _is_table(found[0]):
        found = found[0]
    if not isinstance(found, list):
        raise LyceumError(
            "the file holds no list of events", where=str(file), hint="a list of objects is read: [{…}, {…}]"
        )
    for number, value in enumerate(found, 1):
        if isinstance(value, dict):
            yield Line(number, {str(name): _text(one) for name, one in value.items()})
        elif isinstance(value, list):
            yield Line(number, {str(place): _text(one) for place, one in enumerate(value, 1)})
        else:
            yield Line(number, None, "no JSON object")


def _is_table(value: list[Any]) -> bool:
    return all(isinstance(one, (dict, list)) for one in value)


def is_program(agent: str) -> bool:
    """Whether the browser of this name says that it is none."""
    return bool(_PROGRAM.search(agent))


def _parquet(file: Path) -> Iterator[Line]:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise SettingsError(
            "reading Parquet needs pyarrow", hint="pip install 'lyceum[recommend]'"
        ) from error
    try:
        with parquet.ParquetFile(file) as opened:
            number = 0
            for batch in opened.iter_batches():
                for values in batch.to_pylist():
                    number += 1
                    yield Line(number, {str(name): _text(one) for name, one in values.items()})
    except arrow.ArrowInvalid as error:
        raise LyceumError(
            "the file is no Parquet", where=str(file), hint="say its form with --format"
        ) from error


def _log(file: Path) -> Iterator[Line]:
    with file.open(encoding="utf-8", errors="replace") as opened:
        for number, text in enumerate(opened, 1):
            if not text.strip():
                continue
            found = _LOG_LINE.match(text)
            if found is None:
                yield Line(number, None, "no line of an access log")
            elif (
                found["method"] == "GET"
                and found["status"] in {"200", "206", "304"}
                and _PAGE.search(found["path"])
                and not is_program(found["agent"] or "-")
            ):
                who = found["user"] if found["user"] != "-" else f"{found['host']} {found['agent']}"
                yield Line(number, {"reader": who, "lesson": found["path"], "time": found["time"]})


def _text(value: Any) -> str:
    if value is None:
        return ""
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return value if isinstance(value, str) else json.dumps(value)
