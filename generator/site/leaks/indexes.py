"""The search index: a page's text in its fragment, the words of all pages in the rest.

Pagefind's files are gzip around a signature and JSON (a fragment) or CBOR (everything else). Chinese stands in them in pairs of
characters (see `generator.site.search.words`); it is read as it was before. Of CBOR every string counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import cbor2

from generator.site.leaks.archives import Budget, Members, UnreadableError
from generator.site.search import words

SIGNATURE = b"pagefind_dcd"


def pagefind(data: bytes, _budget: Budget) -> Members:
    content = data[len(SIGNATURE) :]
    if content.startswith(b"\0asm"):
        yield "search.wasm", content
        return
    if content.startswith(b"{"):
        try:
            value = json.loads(content)
        except ValueError as error:
            raise UnreadableError("a page of the search index is damaged") from error
        yield "page.txt", "\n".join(words.decode(text) for text in _strings(value)).encode()
        return
    try:
        value = cbor2.loads(content)
    except cbor2.CBORDecodeError as error:
        raise UnreadableError("a file of the search index is damaged") from error
    yield "words.txt", "\n".join(_strings(value)).encode()


def _strings(value: object) -> Iterator[str]:
    """Every string in a decoded document, in order."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, bytes):
            yield one.decode("utf-8", "replace")
        elif isinstance(one, list | tuple):
            # Nearly all of an index are the numbers of places in pages, by the hundred thousand.
            waiting += [part for part in reversed(one) if type(part) is not int]
        elif isinstance(one, dict):
            waiting += reversed([part for pair in one.items() for part in pair])
