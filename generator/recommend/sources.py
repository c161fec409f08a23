"""Where the signals lie that a build learns from: in a folder of Parquet files, or in a table of an author's own engine.

    a folder that a command names (`--signals`)     that folder
    LYCEUM_SIGNALS_ENGINE_URL is set                the table LYCEUM_SIGNALS_ENGINE_TABLE (default `signals`) there
    else                                            .lyceum/signals

What changed is told in two steps. `mark` costs next to nothing and is looked at by every build: the folder's files by size and time; of an
engine only which table it is, for nobody wants to wait for a warehouse to see a sentence reworded. `state` is looked at when lists may be
made anew, which is when the whole school is read and before everything is published: the files' bytes; of an engine what one scan says
(`queries.STATE`: how many signals, their times, the first and last reader). Equal states mean equal lists, so nothing is worked out again.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from generator.errors import SettingsError
from generator.recommend.engine_address import FORM, TABLE, URL, address

if TYPE_CHECKING:
    from generator.recommend.interactions import Events, Interactions

_USUAL_TABLE = "signals"
_LIBRARIES = ("scipy", "sklearn")


class Source(Protocol):
    """where: for messages. is_elsewhere: whether it may change without any file of the school changing."""

    @property
    def where(self) -> str: ...

    @property
    def is_elsewhere(self) -> bool: ...

    @property
    def libraries(self) -> tuple[str, ...]:
        """What must be installed to learn from it."""
        ...

    def mark(self) -> bytes:
        """See the module; nothing where there are no signals."""
        ...

    def state(self) -> str:
        """See the module."""
        ...

    def interactions(self) -> Interactions: ...

    def events(self) -> Events: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """`*.parquet` in a folder. Reading raises LyceumError for a file that is none, SettingsError without DuckDB."""

    path: Path

    @property
    def where(self) -> str:
        return str(self.path)

    @property
    def is_elsewhere(self) -> bool:
        return False

    @property
    def libraries(self) -> tuple[str, ...]:
        return ("duckdb", *_LIBRARIES)

    def mark(self) -> bytes:
        found = {path.name: path.stat() for path in self._files()}
        files = [[name, status.st_size, status.st_mtime_ns] for name, status in found.items()]
        return json.dumps(files).encode() if files else b""

    def state(self) -> str:
        return repr([(path.name, _sha256(path)) for path in self._files()])

    def interactions(self) -> Interactions:
        from generator.recommend.counting import load_interactions

        return load_interactions(self.path)

    def events(self) -> Events:
        from generator.recommend.counting import load_events

        return load_events(self.path)

    def _files(self) -> list[Path]:
        return sorted(self.path.glob("*.parquet"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A table of an engine that Ibis reaches. Reading raises SettingsError and StoreError, as `connecting` says."""

    url: str = field(repr=False)
    table: str

    @property
    def where(self) -> str:
        return f"{address(self.url)}, table {self.table}"

    @property
    def is_elsewhere(self) -> bool:
        return True

    @property
    def libraries(self) -> tuple[str, ...]:
        return ("ibis", *_LIBRARIES)

    def mark(self) -> bytes:
        return json.dumps({"engine": self.where}).encode()

    def state(self) -> str:
        from generator.recommend.connecting import connected
        from generator.recommend.engines import state_on

        with connected(self.url, self.table) as backend:
            return f"{self.where} {state_on(backend, table=self.table)}"

    def interactions(self) -> Interactions:
        from generator.recommend.connecting import connected
        from generator.recommend.engines import interactions_on

        with connected(self.url, self.table) as backend:
            return interactions_on(backend, table=self.table)

    def events(self) -> Events:
        from generator.recommend.connecting import connected
        from generator.recommend.engines import events_on

        with connected(self.url, self.table) as backend:
            return events_on(backend, table=self.table)


def source_of(named: Path | None, usual: Path, environ: Mapping[str, str] = os.environ) -> Source:
    """named: a folder that a command was told. usual: the school's own. Raises SettingsError for settings that are wrong."""
    if named is not None:
        return Folder(path=named)
    if not (environ.get(URL, "").strip() or environ.get(f"{URL}_FILE", "").strip()):
        return Folder(path=usual)
    from generator.release.settings import signals_engine_url

    url, table = signals_engine_url(environ), environ.get(TABLE, "").strip() or _USUAL_TABLE
    try:
        address(url)
    except ValueError as error:
        raise SettingsError(f"{URL} is no URL", where="environment", hint=FORM) from error
    if not all(table.split(".")):
        raise SettingsError(
            f"{TABLE} names no table", where="environment", hint="write it like signals or schema.signals"
        )
    return Engine(url=url, table=table)


def missing(source: Source) -> tuple[str, ...]:
    """Which of the libraries that learning from it needs are not installed."""
    return tuple(name for name in source.libraries if importlib.util.find_spec(name) is None)


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
