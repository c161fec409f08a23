"""A built index, asked without a browser: the same files, the same words, the same rule of a match.

    parts.json                          the parts
    <part>/pagefind-entry.json          languages → their index
    <part>/pagefind.<hash>.pf_meta      pages (fragment, length), ranges of words → chunk
    <part>/index/<hash>.pf_index        word → pages and places
    <part>/fragment/<hash>.pf_fragment  a page: address, text, filters

Each but the first two is gzip around a signature and CBOR, a fragment JSON. A query is spelled as the search box spells it (see `words`); a page is
found when it holds every word or one that begins with it. Of the chunks only those are read that a browser would fetch.

Source: Pagefind 1.5, `pagefind/src/index` and `pagefind_web/src/index.rs`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cbor2
import snowballstemmer

from generator.errors import LyceumError
from generator.site.search import words

ENTRY = "pagefind-entry.json"
PARTS = "parts.json"
SIGNATURE = b"pagefind_dcd"

_FILTERS = 3  # their place in a pf_meta

_WORD = re.compile(r"[^\W_]+[\w+#]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Chunk:
    first: str
    last: str
    name: str


class Index:
    """The index in a folder. Raises LyceumError when it is missing or cannot be read."""

    def __init__(self, folder: Path) -> None:
        self._stemmer = snowballstemmer.stemmer("english")
        try:
            parts = json.loads((folder / PARTS).read_bytes())
            self._parts = [_Part(folder / str(int(part))) for part in parts]
        except (OSError, ValueError, TypeError) as error:
            raise _unreadable(folder) from error

    @property
    def pages(self) -> int:
        return sum(part.pages for part in self._parts)

    def find(self, query: str) -> list[str]:
        """The addresses of the pages that hold all of `query`, from the site's root, sorted.

        Raises LyceumError when the index cannot be read.
        """
        spelled = self.spell(query)
        return sorted(address for part in self._parts for address in part.find(spelled)) if spelled else []

    def spell(self, query: str) -> list[str]:
        """The words that `query` asks the index for."""
        latin = query
        pairs: list[str] = []
        for run in words.runs(query):
            latin = latin.replace(run, " ")
            pairs += [run] if len(run) == 1 else [run[place : place + 2] for place in range(len(run) - 1)]
        stems = [str(self._stemmer.stemWord(word.lower())) for word in _WORD.findall(latin)]
        return list(dict.fromkeys(stems + pairs))


class _Part:
    """One part of the index. Raises LyceumError when it is missing or cannot be read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._words: dict[str, dict[str, frozenset[int]]] = {}
        try:
            entry = json.loads((folder / ENTRY).read_bytes())
            (language,) = entry["languages"].values()
            meta = self._read(f"pagefind.{language['hash']}.pf_meta")
            self._pages = [str(page[0]) for page in meta[1]]
            self._chunks = [_Chunk(first=first, last=last, name=name) for first, last, name in meta[2]]
        except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise _unreadable(folder) from error

    @property
    def pages(self) -> int:
        return len(self._pages)

    def find(self, spelled: Sequence[str]) -> list[str]:
        """The addresses of the pages that hold each of the words, in the order of the index."""
        found = set(range(len(self._pages)))
        for word in spelled:
            found &= self._holding(word)
        return [self._address(page) for page in sorted(found)]

    def _holding(self, word: str) -> set[int]:
        """The pages that hold `word` or a word that begins with it."""
        pages: set[int] = set()
        for chunk in self._chunks:
            # The names of a chunk's first and last word are cut short where that tells it from its neighbour.
            if chunk.first[: len(word)] <= word and word[: len(chunk.last)] <= chunk.last:
                for known, held in self._load(chunk.name).items():
                    if known.startswith(word):
                        pages |= held
        return pages

    def _load(self, name: str) -> dict[str, frozenset[int]]:
        if name not in self._words:
            try:
                (packed,) = self._read(f"index/{name}.pf_index")
                self._words[name] = {
                    str(word): frozenset(_numbers(pages)).union(*(_numbers(form[1]) for form in forms))
                    for word, pages, forms in packed
                }
            except (OSError, ValueError, TypeError, IndexError) as error:
                raise _unreadable(self._folder) from error
        return self._words[name]

    def _address(self, page: int) -> str:
        try:
            return str(json.loads(opened(self._folder / f"fragment/{self._pages[page]}.pf_fragment"))["url"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _unreadable(self._folder) from error

    def _read(self, name: str) -> Any:
        try:
            return cbor2.loads(opened(self._folder / name))
        except cbor2.CBORDecodeError as error:
            raise ValueError(f"{name} is not CBOR") from error


def without_filters(folder: Path) -> None:
    """Take the index of the filters out: it is in another order after each run, and what a page says of itself stands in its
    fragment, too.

    Raises LyceumError when the index in `folder` cannot be read.
    """
    try:
        entry = json.loads((folder / ENTRY).read_bytes())
        for code, language in entry["languages"].items():
            old = folder / f"pagefind.{language['hash']}.pf_meta"
            meta = cbor2.loads(opened(old))
            meta[_FILTERS] = []
            content = cbor2.dumps(meta)
            language["hash"] = f"{code}_{hashlib.sha256(content).hexdigest()[:10]}"
            old.unlink()
            new = folder / f"pagefind.{language['hash']}.pf_meta"
            new.write_bytes(gzip.compress(SIGNATURE + content, mtime=0))
        (folder / ENTRY).write_text(json.dumps(entry), "utf-8")
    except (
        OSError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        cbor2.CBORDecodeError,
    ) as error:
        raise _unreadable(folder) from error


def opened(path: Path) -> bytes:
    """What a file of the index holds. Raises OSError, ValueError."""
    try:
        content = gzip.decompress(path.read_bytes())
    except (zlib.error, EOFError) as error:
        raise ValueError(f"{path.name} is damaged") from error
    if not content.startswith(SIGNATURE):
        raise ValueError(f"{path.name} is no file of Pagefind")
    return content[len(SIGNATURE) :]


def _numbers(pages: list[list[Any]]) -> list[int]:
    """Page numbers, each written as the distance from the one before."""
    number = 0
    found = []
    for page in pages:
        number += page[0]
        found.append(number)
    return found


def _unreadable(folder: Path) -> LyceumError:
    return LyceumError(
        "the search index is missing or cannot be read", where=folder.name, hint="build the site again"
    )
