"""What a backup looks like, line by line; it names no engine, so a backup of one is restored into the other.

Gzip of JSON lines:

    {"backup": 1, "revision": "0010", "taken_at": "2026-11-22T03:15:00Z"}
    {"table": "readers", "columns": ["id", "email", …]}          a table, parents before children
    ["Jq3…", "ada@example.org", …]                               its rows, in the order of the primary key
    {"rows": {"readers": 1, …}, "sha256": "…"}                   how many there are, and the digest of all lines before this one

A moment is UTC in ISO 8601, bytes are base64. A backup whose last line is missing or does not fit is no backup.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, cast

import msgspec

from gatekeeper.errors import GatekeeperError

FORMAT = 1
_LEVEL = 6
_MOST_LINE_BYTES = 64 * 1024 * 1024

Row = Sequence[Any]


class BackupError(GatekeeperError):
    """The backup cannot be taken, read or put back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a whole backup says about itself. revision: of the schema. rows: table → how many. sha256: of its lines."""

    revision: str
    taken_at: datetime
    rows: Mapping[str, int]
    sha256: str

    def as_json(self) -> dict[str, object]:
        return {
            "revision": self.revision,
            "taken_at": f"{self.taken_at:%Y-%m-%dT%H:%M:%SZ}",
            "rows": dict(self.rows),
            "sha256": self.sha256,
        }


def write(
    file: IO[bytes],
    tables: Iterable[tuple[str, Sequence[str], Iterable[Row]]],
    *,
    revision: str,
    taken_at: datetime,
) -> Manifest:
    """Writes a backup. tables: name, columns and rows of each, parents before children."""
    digest, counts = hashlib.sha256(), {}
    encode = msgspec.json.Encoder(enc_hook=_plain).encode
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=_LEVEL, mtime=0) as packed:

        def put(value: object) -> None:
            line = encode(value) + b"\n"
            digest.update(line)
            packed.write(line)

        put({"backup": FORMAT, "revision": revision, "taken_at": f"{taken_at:%Y-%m-%dT%H:%M:%SZ}"})
        for name, columns, rows in tables:
            put({"table": name, "columns": list(columns)})
            counts[name] = 0
            for row in rows:
                put([_utc(value) for value in row])
                counts[name] += 1
        manifest = Manifest(revision=revision, taken_at=taken_at, rows=counts, sha256=digest.hexdigest())
        put({"rows": counts, "sha256": manifest.sha256})
    return manifest


class Reading:
    """A backup that is being read. The manifest is there once `tables` has come to its end, and not before."""

    def __init__(self, file: IO[bytes]) -> None:
        self._packed = gzip.GzipFile(fileobj=file, mode="rb")
        self._digest = hashlib.sha256()
        self._counts: dict[str, int] = {}
        self._next: object = None
        self._last = b""
        self.manifest: Manifest | None = None
        head = self._line()
        if not isinstance(head, dict) or "backup" not in head:
            raise BackupError(
                "this is no backup of the gatekeeper", hint="name a file that `gatekeeper backup` wrote"
            )
        if head["backup"] != FORMAT:
            raise BackupError(
                f"the backup has format {head['backup']}", hint="a newer version wrote it; install that one"
            )
        self.revision = str(head["revision"])
        self.taken_at = datetime.fromisoformat(str(head["taken_at"]))

    def tables(self) -> Iterator[tuple[str, list[str], Iterator[Row]]]:
        """Name, columns and rows of each table. Rows come once, before the next table is asked for."""
        self._next = self._line()
        while isinstance(self._next, dict) and "table" in self._next:
            name, columns = str(self._next["table"]), [str(one) for one in self._next["columns"]]
            self._counts[name] = 0
            rows = self._rows(name)
            yield name, columns, rows
            for _ in rows:  # whatever the caller left
                pass
        end, sha256 = self._next, self._digest.hexdigest()
        if not isinstance(end, dict) or end.get("rows") != self._counts or end.get("sha256") != sha256:
            raise _broken()
        if self._read():
            raise _broken()
        self.manifest = Manifest(
            revision=self.revision, taken_at=self.taken_at, rows=self._counts, sha256=sha256
        )

    def _rows(self, name: str) -> Iterator[Row]:
        while True:
            value = self._line()
            if not isinstance(value, list):
                self._next = value
                return
            self._counts[name] += 1
            yield value

    def _read(self) -> bytes:
        try:
            return self._packed.readline(_MOST_LINE_BYTES)
        except (OSError, EOFError, zlib.error) as error:
            raise _broken() from error

    def _line(self) -> object:
        line = self._read()
        if not line.endswith(b"\n"):
            raise _broken()
        self._digest.update(self._last)  # of all lines before this one
        self._last = line
        try:
            return cast(object, json.loads(line))
        except ValueError as error:
            raise _broken() from error


def reader_of_values(types: Sequence[type[object] | None]) -> Callable[[Row], list[Any]]:
    """What makes a row's values of its JSON again. types: of each column, as far as JSON does not have it: datetime or bytes."""
    makers = [_MAKERS.get(kind) if kind is not None else None for kind in types]

    def read(row: Row) -> list[Any]:
        if len(row) != len(makers):
            raise _broken()
        try:
            return [
                value if make is None or value is None else make(value)
                for make, value in zip(makers, row, strict=True)
            ]
        except (ValueError, TypeError, binascii.Error) as error:
            raise _broken() from error

    return read


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


_MAKERS: Mapping[type[object], Callable[[Any], object]] = {datetime: _moment, bytes: _bytes}


def _utc(value: object) -> object:
    """SQLite gives moments without a zone; they are UTC."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value


def _plain(value: object) -> object:
    if isinstance(value, memoryview):
        return bytes(value)
    raise NotImplementedError(f"a backup has no form for {type(value).__name__}")


def _broken() -> BackupError:
    return BackupError(
        "the backup is damaged or not whole", hint="take another one; verify backups as they are taken"
    )
