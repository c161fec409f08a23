"""Definitions: link references, footnotes and abbreviations, which stand anywhere and serve the whole text.

When a lesson is cut each goes to the half, or halves, that use it, footnotes' bodies included. What the public half uses is
what the Markdown engine uses when it renders it: a mention in code is no use. A definition that the public half does not use is never in
it, wherever it stands; one that nobody uses stays private. Where both halves define the same name, each keeps its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from markdown.blockprocessors import ReferenceProcessor

from generator.access import engine
from generator.access.blocks import CODE_INDENT, container, has_raw_html, indentation

_FOOTNOTE = re.compile(r"\[\^([^\]]*)\]:[ ]*(.*)")
_ABBREVIATION = re.compile(r"\*\[([^\\]*?)\][ ]?:[ ]*(.*)")
_PREFIX = re.compile(r"[ ]*(?:>[ ]?)*[ ]*")
_MAYBE = re.compile(r"[ >]*(?:(?:[*+-]|\d+\.)[ ]+)*[ >]*\*?\[([^\]\n]+)\][ ]?:")
_LABEL = re.compile(r"\[([^\[\]]*)\]")
_LABELLED = re.compile(r"\[\^?[^\]]*\]")
_PROBE = "lyceumdefinition"
_SPACE = re.compile(r"\s+")


class Kind(Enum):
    REFERENCE = "link reference"
    FOOTNOTE = "footnote"
    ABBREVIATION = "abbreviation"


Name = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Definition:
    """start, end: line indexes, end exclusive. text: its Markdown at the margin. body: what may use other definitions."""

    kind: Kind
    key: str
    start: int
    end: int
    text: str
    body: str

    @property
    def name(self) -> Name:
        return self.kind, self.key


def definitions(lines: list[str], mask: bytearray) -> list[Definition]:
    """Every definition in `lines` (normalized), in order. mask: 1 where a line is fenced code."""
    found: list[Definition] = []
    if not any("]" in line and _MAYBE.match(line) for line in lines):
        return found
    owner = ""
    index, count = 0, len(lines)
    while index < count:
        if mask[index] or not lines[index]:
            if mask[index] and indentation(lines[index]) < CODE_INDENT and (not index or not mask[index - 1]):
                owner = ""
            index += 1
            continue
        end = index
        while end < count and lines[end] and not mask[end]:
            end += 1
        if indentation(lines[index]) < CODE_INDENT:
            owner = container(lines, index, end)
        elif not owner:
            index = end  # indented code
            continue
        index = _in_block(lines, mask, index, end, bool(owner), found)
    return found


def _in_block(
    lines: list[str], mask: bytearray, index: int, end: int, nested: bool, found: list[Definition]
) -> int:
    """Adds the definitions in the block [index, end); returns where the next block starts, past footnotes' bodies."""
    while index < end:
        line = lines[index]
        if "]" not in line or not (nested or indentation(line) < CODE_INDENT):
            index += 1
            continue
        content = line[_PREFIX.match(line).end() :] if nested else line.lstrip(" ")  # type: ignore[union-attr]
        footnote = _FOOTNOTE.fullmatch(content)
        if footnote:
            index = _footnote(lines, mask, index, end, footnote, found)
            end = max(end, index)
            continue
        stop = index + 1
        abbreviation = _ABBREVIATION.fullmatch(content)
        if abbreviation:
            title = abbreviation[2].strip()
            if not title and stop < end:
                title, stop = lines[stop].strip(), stop + 1
            key = abbreviation[1].strip()
            if key and title:
                found.append(Definition(Kind.ABBREVIATION, key, index, stop, f"*[{key}]: {title}", ""))
                index = stop
                continue
        rest = "\n".join([content, *(each.lstrip(" ") for each in lines[index + 1 : min(index + 3, end)])])
        reference = ReferenceProcessor.RE.match(rest) if content.startswith("[") else None
        if reference:
            stop = index + 1 + reference[0].count("\n")
            key = reference[1].strip().lower()
            found.append(Definition(Kind.REFERENCE, key, index, stop, " ".join(reference[0].split("\n")), ""))
            index = stop
            continue
        index += 1
    return end


def _footnote(
    lines: list[str], mask: bytearray, start: int, end: int, match: re.Match[str], found: list[Definition]
) -> int:
    base = indentation(lines[start])
    stop = start + 1
    while stop < end and not _FOOTNOTE.match(lines[stop].lstrip(" ")):
        stop += 1
    if stop == end:
        stop = _indented(lines, mask, end, base + CODE_INDENT)
    body = [match[2], *(_dedented(line, base + CODE_INDENT) for line in lines[start + 1 : stop])]
    text = [lines[start][base:], *(line[min(base, indentation(line)) :] for line in lines[start + 1 : stop])]
    found.append(
        Definition(Kind.FOOTNOTE, match[1], start, stop, "\n".join(text).rstrip("\n"), "\n".join(body))
    )
    return stop


def _indented(lines: list[str], mask: bytearray, start: int, width: int) -> int:
    """The end of the blocks from `start` on whose first lines are indented by at least `width`."""
    stop = index = start
    while index < len(lines):
        if not lines[index]:
            index += 1
            continue
        if indentation(lines[index]) < width or _FOOTNOTE.match(lines[index].lstrip(" ")):
            break
        while index < len(lines) and (lines[index] or mask[index]):
            if not mask[index] and _FOOTNOTE.match(lines[index]):
                return index
            index += 1
        stop = index
    return stop


def _dedented(line: str, width: int) -> str:
    return line[width:] if indentation(line) >= width else line.lstrip(" ")


def unreadable(
    lines: list[str], mask: bytearray, found: Sequence[Definition], lead: range, shown: str
) -> tuple[list[Definition], list[int]]:
    """`found` without what only looks like a definition, and the lines of definitions that reading lines missed.

    Asks the engine, and only when HTML or an odd place makes reading lines uncertain and the public half is concerned.
    lead: the public half's lines; shown: its text.
    """
    inside = {line for one in found for line in range(one.start, one.end)}
    labels = _labels(shown)
    odd = [
        index
        for index, line in enumerate(lines)
        if "]" in line and not mask[index] and index not in inside and (match := _MAYBE.match(line))
        if index in lead or _normal(match[1].lstrip("^")) in labels or match[1] in shown
    ]
    prose = "\n".join("" if mask[index] else line for index, line in enumerate(lines))
    if not odd and not (found and has_raw_html(prose)):
        return list(found), []
    # Each one found gets a name of its own, so that the engine says which of them are real, and what else it knows.
    probed = list(lines)
    for number, one in enumerate(found):
        label = f"[^{_PROBE}{number}]" if one.kind is Kind.FOOTNOTE else f"[{_PROBE}{number}]"
        probed[one.start] = _LABELLED.sub(label, probed[one.start], count=1)
    real = engine.defined("\n".join(probed))
    names = real.references | real.footnotes | real.abbreviations
    kept = [one for number, one in enumerate(found) if f"{_PROBE}{number}" in names]
    missed = {_normal(name) for name in names if not name.startswith(_PROBE)}
    lost = [
        index
        for index in odd
        if any(_normal(match[1].lstrip("^")) in missed for match in _LABEL.finditer(lines[index]))
    ]
    return kept, lost


def used_in_public(text: str, available: Sequence[Definition]) -> set[Name]:
    """The names among `available` that the engine uses when it renders `text`, and those that they use in turn."""
    used: set[Name] = set()
    bodies = {one.name: one.body for one in available if one.kind is Kind.FOOTNOTE}
    waiting = [text]
    while waiting:
        part = waiting.pop()
        fresh = _asked(part, available) - used
        used |= fresh
        waiting.extend(bodies[name] for name in fresh if name in bodies)
    return used


def _asked(text: str, available: Sequence[Definition]) -> set[Name]:
    likely = mentioned(text, available)
    if not likely:
        return set()
    parts = [text, ""]
    for one in likely:
        parts += [f"[^{one.key}]: x" if one.kind is Kind.FOOTNOTE else one.text, ""]
    uses = engine.uses("\n".join(parts))
    return {
        *((Kind.REFERENCE, key) for key in uses.references),
        *((Kind.FOOTNOTE, key) for key in uses.footnotes),
        *((Kind.ABBREVIATION, key) for key in uses.abbreviations),
    }


def mentioned_in(text: str, available: Sequence[Definition]) -> set[Name]:
    """The names that `text` might use, and those that they might use in turn: never too few, for the private half."""
    used: set[Name] = set()
    waiting = [text]
    while waiting:
        for one in mentioned(waiting.pop(), available):
            if one.name not in used:
                used.add(one.name)
                if one.body:
                    waiting.append(one.body)
    return used


def mentioned(text: str, available: Sequence[Definition]) -> list[Definition]:
    """Those of `available` whose names stand in `text` in a way that could be a use, in code or not."""
    if not available or not text:
        return []
    labels = _labels(text)
    return [
        one
        for one in available
        if (
            one.key in text
            if one.kind is Kind.ABBREVIATION
            else f"[^{one.key}]" in text
            if one.kind is Kind.FOOTNOTE
            else _normal(one.key) in labels
        )
    ]


def _labels(text: str) -> set[str]:
    return {_normal(match[1]) for match in _LABEL.finditer(text)} if "[" in text else set()


def _normal(label: str) -> str:
    return _SPACE.sub(" ", label).strip().lower()
