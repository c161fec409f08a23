"""Opens an author's own engine by its URL, and looks whether the table is there and has the shape of signals.

Every mistake is the operator's and says what to do: a scheme that Ibis does not know, its driver missing, nobody answering, no such table, a
column missing or of another type. A password is never repeated. Files of DuckDB are opened to be read, so a wrong path makes no new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import parse_qs, unquote_plus, urlsplit

from generator.errors import SettingsError, StoreError
from generator.recommend.engine_address import FORM, TABLE, URL, address
from generator.recommend.interactions import COLUMNS

CONNECT_SECONDS = 15
# A text for each type of COLUMNS: what Ibis calls it, and what to say when it is not that.
_SHAPES = {
    "VARCHAR": ("is_string", "text"),
    "BIGINT": ("is_integer", "a whole number: seconds since 1970"),
    "DOUBLE": ("is_numeric", "a number"),
    "INTEGER": ("is_integer", "a whole number"),
}


@contextmanager
def connected(url: str, table: str) -> Iterator[Any]:
    """A connection of Ibis to an engine that has such a table. Raises SettingsError; StoreError for what fails inside the block."""
    backend = _connect(url)
    try:
        _check(backend, table, url)
        try:
            yield backend
        except Exception as error:  # every engine has errors of its own
            raise StoreError(
                f"the engine did not answer: {_said(error, url)}",
                where=address(url),
                hint=f"its own log may say more; `lyceum signals export` and no {URL} count on this machine",
            ) from error
    finally:
        backend.disconnect()


def _connect(url: str) -> Any:
    try:
        import ibis
    except ImportError as error:
        raise SettingsError(
            f"{URL} is set, but Ibis, which talks to engines, is not installed",
            hint="pip install 'lyceum[recommend]'",
        ) from error
    scheme = urlsplit(url).scheme
    _check_scheme(scheme)
    options: dict[str, Any] = {}
    if scheme == "duckdb":
        options["read_only"] = True
    elif scheme.startswith("postgres") and "connect_timeout" not in parse_qs(urlsplit(url).query):
        options["connect_timeout"] = CONNECT_SECONDS
    try:
        return ibis.connect(url, **options)
    except ImportError as error:
        raise SettingsError(
            f"the driver for {scheme} is not installed",
            where=URL,
            hint=f"pip install 'ibis-framework[{scheme}]'",
        ) from error
    except Exception as error:  # every engine has errors of its own
        raise SettingsError(
            f"the engine of signals cannot be reached: {_said(error, url)}",
            where=address(url),
            hint=f"is it running, may this machine and account come in, and is {URL} right?",
        ) from error


def _check_scheme(scheme: str) -> None:
    known = {entry.name for entry in entry_points(group="ibis.backends")} | {"postgresql"}
    if scheme not in known:
        near = get_close_matches(scheme.partition("+")[0], known, n=1)
        raise SettingsError(
            f"{URL} names no engine that Ibis knows" + (f": {scheme}" if scheme else ""),
            where="environment",
            hint=f"did you mean {near[0]}://?" if near else FORM,
        )


def _check(backend: Any, table: str, url: str) -> None:
    *place, name = table.split(".")
    try:
        found = backend.table(name, database=tuple(place) if len(place) > 1 else next(iter(place), None))
        schema = dict(found.schema().items())
    except Exception as error:  # every engine has errors of its own
        raise SettingsError(
            f"there is no table '{table}': {_said(error, url)}",
            where=address(url),
            hint=f"load the exported Parquet files into it, or name another with {TABLE} (schema.table)",
        ) from error
    wrong = [
        f"'{column}' is missing"
        if column not in schema
        else f"'{column}' is {schema[column]}, not {_SHAPES[type_][1]}"
        for column, type_ in COLUMNS.items()
        if column not in schema or not getattr(schema[column], _SHAPES[type_][0])()
    ]
    if wrong:
        raise SettingsError(
            f"the table '{table}' has not the columns of signals: {', '.join(wrong)}",
            where=address(url),
            hint="docs/recommendations.md lists them; a view can bring a table of another shape into this one",
        )


def _said(error: Exception, url: str) -> str:
    text = str(error).strip().partition("\n")[0].strip()
    if " " not in text:  # a bare name says nothing by itself
        text = f"{type(error).__name__} {text}".strip()
    password = urlsplit(url).password
    for secret in (password, unquote_plus(password)) if password else ():
        text = text.replace(secret, "***")
    return text
