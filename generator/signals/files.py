"""The files that signals are kept in: Parquet with the columns of `recommend.interactions`, and `product` for what was bought.

A file is written whole beside its place and then moved there, so that nobody ever reads half of one.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.errors import LyceumError, SettingsError
from generator.recommend.interactions import COLUMNS

if TYPE_CHECKING:
    import pyarrow as arrow


class Row(NamedTuple):
    """One signal; the columns of `recommend.interactions` in their order, and product."""

    reader: str
    lesson: str | None
    kind: str
    at: int | None
    value: float | None = None
    list: str | None = None
    place: int | None = None
    variant: str | None = None
    product: str | None = None


def schema() -> arrow.Schema:
    """Raises SettingsError if pyarrow is not installed."""
    try:
        import pyarrow as arrow
    except ImportError as error:
        raise SettingsError(
            "signals are kept as Parquet, which needs pyarrow", hint="pip install 'lyceum[recommend]'"
        ) from error
    types = {
        "VARCHAR": arrow.string(),
        "BIGINT": arrow.int64(),
        "DOUBLE": arrow.float64(),
        "INTEGER": arrow.int32(),
    }
    fields = [(name, types[type_]) for name, type_ in COLUMNS.items()]
    return arrow.schema([*fields, ("product", arrow.string())])


def table_of(rows: Sequence[Row]) -> Any:
    import pyarrow as arrow

    shape = schema()
    columns = list(zip(*rows, strict=True)) or [()] * len(shape)
    return arrow.table(
        [arrow.array(column, field.type) for column, field in zip(columns, shape, strict=True)], schema=shape
    )


def write(path: Path, table: Any) -> None:
    """Puts the table there, whole. Raises LyceumError if the folder cannot be written."""
    from pyarrow import parquet

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
        os.close(descriptor)
        try:
            parquet.write_table(table, name, compression="zstd")
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise LyceumError(
            f"signals cannot be written: {error.strerror}",
            where=str(path),
            hint="name another folder with --out",
        ) from error
