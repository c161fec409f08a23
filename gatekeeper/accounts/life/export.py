"""Everything that is kept about a reader, as a zip: `account.json` for programs, `index.html` to read.

What is in it stands in `kept`, table by table; secrets, marks and keys are left out. Times are UTC, in ISO 8601.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import render_template
from sqlalchemy import Connection, select

from gatekeeper.accounts.life import identities, kept
from gatekeeper.accounts.life.kept import By, Kept
from gatekeeper.accounts.readers import Reader, is_nobody
from gatekeeper.accounts.tables import ReaderRow

FORMAT = 1
Row = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One heading of the export. rows: column → value, as JSON knows it."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def parts_of(connection: Connection, reader: Reader) -> list[Part]:
    """All parts in which something stands, in the order of `kept`."""
    ids = identities.all_of(connection, reader.id)
    emails = [
        email
        for email in connection.execute(select(ReaderRow.email).where(ReaderRow.id.in_(ids))).scalars()
        if not is_nobody(email)
    ]
    found = [_part(connection, line, ids, emails) for line in kept.lines() if line.part is not None]
    return [part for part in found if part.rows]


def zipped(parts: Sequence[Part], *, made_at: datetime, school: str) -> bytes:
    """The zip; inside a request, because the page speaks the reader's language."""
    whole = {
        "format": FORMAT,
        "made_at": made_at.isoformat(),
        "school": school,
        **{part.name: part.rows for part in parts},
    }
    page = render_template("life/export_file.html", parts=parts, made_at=made_at)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("account.json", json.dumps(whole, ensure_ascii=False, indent=2) + "\n"),
            ("index.html", page),
        ):
            entry = zipfile.ZipInfo(name, made_at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)
    return packed.getvalue()


def _part(connection: Connection, line: Kept, ids: Sequence[str], emails: Sequence[str]) -> Part:
    rows = line.rows
    columns = [
        column
        for column in rows.columns
        if column.name not in line.hidden and (column.name != line.column or line.table == "readers")
    ]
    whose = rows.c[line.column].in_(ids if line.by is By.READER else emails)
    found = connection.execute(select(*columns).where(whose).order_by(*rows.primary_key.columns))
    return Part(
        name=line.part or "",
        columns=tuple(column.name for column in columns),
        rows=tuple({name: _plain(value) for name, value in row._mapping.items()} for row in found),
    )


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)
