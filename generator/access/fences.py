"""Fenced code: which lines of a text stand in it, exactly as pymdownx.superfences reads them.

The rules, with `relaxed_headers` as the project configures it: a fence opens at three or more backticks or tildes after any
indentation or quotation marks; it closes at the very same run, equally indented, alone in its line; a fence whose text becomes less
indented, or whose quotation ends, was none; and one that never closes swallows the look of every fence after it.
A property test holds this against superfences itself.
Source: `SuperFencesBlockPreprocessor.search_nested` of pymdown-extensions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_OPENING = re.compile(r"([> ]*)(`{3,}|~{3,})(.*)")


@dataclass(frozen=True, slots=True)
class Fence:
    """start: line index of the opening; end: of the line after the closing."""

    start: int
    end: int
    mark: str


@dataclass(frozen=True, slots=True)
class Fences:
    """unclosed: line index of an opening at the left margin or in a list that the text's end leaves open, or None."""

    found: tuple[Fence, ...]
    unclosed: int | None

    def around(self, line: int) -> Fence | None:
        return next((fence for fence in self.found if fence.start <= line < fence.end), None)

    def mask(self, count: int) -> bytearray:
        """One byte a line, 1 where it belongs to fenced code."""
        mask = bytearray(count)
        for fence in self.found:
            mask[fence.start : fence.end] = b"\x01" * (fence.end - fence.start)
        return mask


NONE = Fences((), None)


def fences(lines: list[str]) -> Fences:
    """lines: without tabs (see `normalized`)."""
    found: list[Fence] = []
    index, count = 0, len(lines)
    while index < count:
        line = lines[index]
        if "```" not in line and "~~~" not in line:
            index += 1
            continue
        opening = _OPENING.fullmatch(line)
        if not opening:
            index += 1
            continue
        indent, mark = opening[1], opening[2]
        outcome = _quoted(lines, index, indent, mark) if ">" in indent else _plain(lines, index, indent, mark)
        stop, closed = outcome
        if closed:
            found.append(Fence(index, stop + 1, mark))
        elif stop == count:
            return Fences(tuple(found), index)
        index = stop + 1
    return Fences(tuple(found), None)


def _plain(lines: list[str], start: int, indent: str, mark: str) -> tuple[int, bool]:
    """Where the fence ends, and whether by its closing line; the number of lines if it does not end."""
    width = len(indent)
    for index in range(start + 1, len(lines)):
        line = lines[index]
        if not width:
            if line.startswith(mark) and line[len(mark) :].strip(" ") == "":
                return index, True
            continue
        if not line.strip():
            continue
        before, rest = _prefix(line, width)
        if ">" in before:
            return index, False
        if len(before) != width and rest:
            if not (before + rest).strip():
                continue
            return index, False
        if rest.startswith(mark) and rest[len(mark) :].strip(" ") == "":
            return index, True
    return len(lines), False


def _quoted(lines: list[str], start: int, indent: str, mark: str) -> tuple[int, bool]:
    width, level = len(indent), indent.count(">")
    blank = False
    for index in range(start + 1, len(lines)):
        before, rest = _prefix(lines[index], width)
        depth = before.count(">")
        if depth > level:
            return index, False
        if rest == "":
            blank = True
        elif len(before) < width or (blank and depth < level):
            return index, False
        elif rest.startswith(mark) and rest[len(mark) :].strip(" ") == "":
            return index, True
        else:
            blank = False
    return len(lines), False


def _prefix(line: str, width: int) -> tuple[str, str]:
    """Up to `width` leading signs of indentation or quotation, and the rest."""
    end = 0
    while end < len(line) and end < width and line[end] in "> ":
        end += 1
    return line[:end], line[end:]


def normalized(text: str) -> list[str]:
    """The lines of `text` as Python-Markdown's first preprocessors leave them: no tabs, no blanks in blank lines."""
    if "\t" in text:
        text = text.expandtabs(4)
    return [line if line.strip(" ") else "" for line in text.split("\n")]
