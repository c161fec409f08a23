"""What a file says of itself when it is served: media type and Cache-Control, from its name alone."""

from __future__ import annotations

import mimetypes
import re
from pathlib import PurePosixPath

PRIVATE_CACHE = "private, no-store"
PART = "text/html; charset=utf-8"
JSON = "application/json"

_PAGE_CACHE = "public, max-age=60, must-revalidate"
_OTHER_CACHE = "public, max-age=300, must-revalidate"
_HASHED_CACHE = "public, max-age=31536000, immutable"
# main.4f1c2a9b.min.css; en_1a2b3c4d.pf_fragment of the search index
_HASHED = re.compile(
    r".+\.[0-9a-f]{8,64}(\.min)?\.[A-Za-z0-9]+|[A-Za-z.-]+_[0-9a-f]{7,64}\.pf_[a-z]+", re.ASCII
)
_PAGES = frozenset({".html", ".htm", ".xml", ".json", ".txt"})  # what changes with the content
_TEXTS = _PAGES | {
    ".css",
    ".js",
    ".mjs",
    ".map",
    ".svg",
    ".md",
    ".py",
    ".csv",
    ".ipynb",
    ".webmanifest",
    ".wasm",
    ".ico",
}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".htm": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".ipynb": "application/x-ipynb+json",
    ".webmanifest": "application/manifest+json",
    ".xml": "application/xml; charset=utf-8",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".ico": "image/x-icon",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".py": "text/x-python; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".gz": "application/gzip",
    ".parquet": "application/vnd.apache.parquet",
}
_KNOWN = mimetypes.MimeTypes(filenames=())  # never the machine's own table: releases are the same everywhere


def media_type(path: str) -> str:
    """The media type of the file `path`; `application/octet-stream` when its ending says nothing."""
    name = PurePosixPath(path).name
    suffix = PurePosixPath(name.lower()).suffix
    if suffix in _TYPES:
        return _TYPES[suffix]
    guessed, encoding = _KNOWN.guess_type("x" + suffix)
    return guessed if guessed and not encoding else "application/octet-stream"


def cache_control(path: str) -> str:
    """For a public file: a year when its name holds its hash, else shortly, so that a publish shows soon (C06)."""
    if is_page(path):
        return _PAGE_CACHE
    return _HASHED_CACHE if is_hashed(path) else _OTHER_CACHE


def is_hashed(path: str) -> bool:
    """Whether the name holds the content's hash: other content has another name, and only a page of that moment knows it."""
    return _HASHED.fullmatch(PurePosixPath(path).name) is not None


def is_compressible(path: str) -> bool:
    """Whether it is text, which is worth sending compressed."""
    return PurePosixPath(path).suffix.lower() in _TEXTS


def is_page(path: str) -> bool:
    """Whether readers come to it directly, so that what it needs must be there first."""
    return PurePosixPath(path).suffix.lower() in _PAGES
