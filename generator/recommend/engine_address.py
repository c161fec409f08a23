"""How an author's own engine is named in the settings, and how it is named in messages."""

from __future__ import annotations

from urllib.parse import urlsplit

URL = "LYCEUM_SIGNALS_ENGINE_URL"
TABLE = "LYCEUM_SIGNALS_ENGINE_TABLE"
FORM = "write it like postgres://user:password@host:5432/database, duckdb:///folder/file.duckdb, clickhouse://… or bigquery://…"


def address(url: str) -> str:
    """The URL without anything secret: no user, no password, no options. Raises ValueError for what is no URL."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return f"{parts.scheme}://{host}{f':{parts.port}' if parts.port else ''}{parts.path}"
