"""The folder store behind signed URLs: whole objects or one range of them, never anything that was not signed for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from gatekeeper.gate.sign import FolderSigner
from gatekeeper.stores.reader import FolderReader
from gatekeeper.web.answer import NOT_FOUND, STORE_POLICY, Answer, Headers, as_json

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.ASCII)
_CHUNK_BYTES = 128 * 1024
_UNSIGNED = as_json("403 Forbidden", {"reason": "signature"})


class Shelf:
    """Serves `/store/<key>?<signature>`."""

    def __init__(self, folder: FolderReader, signer: FolderSigner) -> None:
        self._folder = folder
        self._signer = signer

    def answer(self, key: str, query: str, *, wanted: str, condition: str, now: int) -> Answer:
        """wanted, condition: the request's Range and If-Range headers, or "". Several ranges are answered in full."""
        labels = self._signer.opened(key, query, now)
        if labels is None:
            return _UNSIGNED
        place = self._folder.find(key)
        if place is None:
            return NOT_FOUND
        size = place.stat().st_size
        etag = f'"{place.name}"'  # a key is named after the content
        span = _span(wanted, size) if condition in {"", etag} else (0, size)
        headers: Headers = (
            ("Content-Type", labels.media_type),
            ("Content-Disposition", labels.disposition),
            ("ETag", etag),
            ("Accept-Ranges", "bytes"),
        )
        if span is None:
            nothing = (("Content-Range", f"bytes */{size}"),)
            return as_json("416 Range Not Satisfiable", {"reason": "range"}, headers=nothing)
        start, end = span
        if span != (0, size):
            headers = (*headers, ("Content-Range", f"bytes {start}-{end - 1}/{size}"))
        return Answer(
            status="200 OK" if span == (0, size) else "206 Partial Content",
            body=_read(place, start, end),
            size_bytes=end - start,
            headers=headers,
            policy=STORE_POLICY,
        )


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; None if no byte of the object is wanted. RFC 9110, section 14."""
    form = _RANGE.fullmatch(wanted)
    if form is None or form.groups() == ("", ""):
        return 0, size
    first, last = form.groups()
    if not first:  # the last so many bytes
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return 0, size
    return (start, end) if start < end else None


def _read(place: Path, start: int, end: int) -> bytes | Iterator[bytes]:
    if end - start <= _CHUNK_BYTES:
        with place.open("rb") as file:
            file.seek(start)
            return file.read(end - start)
    return _chunks(place, start, end)


def _chunks(place: Path, start: int, end: int) -> Iterator[bytes]:
    with place.open("rb") as file:
        file.seek(start)
        while start < end and (chunk := file.read(min(_CHUNK_BYTES, end - start))):
            start += len(chunk)
            yield chunk
