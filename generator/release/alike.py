"""Reading a document beside one's own: what stands in both word for word is not parsed again.

A release's documents are as long as the school, and the next release's are nearly the same. Runs of members that a long section of the
document shares with ours are cut out, a mark stands in for each, and only the rest is parsed. A mark that is found as a member of its section
proves that the run had been members of it, too, whatever else the document is: so nothing is believed of it that it does not say.
Where a mark is not found so, or a name is there twice, the document is parsed as it is.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

_RUN = 128  # members that are looked for together
_SLACK_BYTES = 1 << 16  # so much may have come in between since ours
_PATIENCE = 16  # runs that are not found, one after the other, before a section is given up


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """raw: the document, parsed, without what is known. known: section → names of the members that are, byte by byte, our own."""

    raw: Any
    known: Mapping[str, Sequence[str]]


def beside(document: bytes, own: Mapping[str, Mapping[str, str]]) -> Beside:
    """own: section, a field of the document's object → name → our member, both in the document's order. Raises ValueError for what is not JSON."""
    pieces: list[bytes] = []
    marks: dict[str, list[str]] = {}
    known: dict[str, list[str]] = {}
    mark = secrets.token_hex(16)  # nobody can have written it into the document
    end = 0
    for section in sorted(own):
        marks[section], known[section] = [], []
        start = document.find(f'"{section}":{{'.encode(), end)
        if start < 0:
            continue
        for names, begin, after in _runs(document, own[section], start + len(section) + 4):
            marks[section].append(f"{mark}-{len(pieces)}")
            known[section] += names
            pieces += (document[end:begin], f'"{marks[section][-1]}":0'.encode())
            end = after
    raw = json.loads(b"".join((*pieces, document[end:])))
    if isinstance(raw, dict) and all(_fits(raw.get(name), marks[name], known[name]) for name in own):
        return Beside(raw=raw, known=known)
    return Beside(raw=json.loads(document), known=dict.fromkeys(own, ()))


def _fits(section: Any, marks: Sequence[str], known: Sequence[str]) -> bool:
    """Whether all marks are members of this section, which are taken away, and nothing else in it has a name that they stand for."""
    if not isinstance(section, dict):
        return not marks
    if not all(section.pop(mark, None) == 0 for mark in marks):
        return False
    return section.keys().isdisjoint(known)


def _runs(
    document: bytes, members: Mapping[str, str], position: int
) -> Iterator[tuple[Sequence[str], int, int]]:
    """Runs of `members` that stand in the document from `position` on: their names, where they begin and where they end."""
    remaining = iter(members)
    passed = missed = 0
    while (names := list(islice(remaining, _RUN))) and missed < _PATIENCE:
        run = ",".join([members[name] for name in names]).encode()
        begin = position + (document[position : position + 1] == b",")
        if document[begin : begin + len(run)] != run:  # not the next thing that stands there
            begin = document.find(run, position, position + passed + len(run) + _SLACK_BYTES)
        after = begin + len(run)
        if begin < 0 or document[begin - 1 : begin] not in b"{," or document[after : after + 1] not in b"},":
            passed += len(run)
            missed += 1
            continue
        yield names, begin, after
        position, passed, missed = after, 0, 0
