"""Inline markup without the patterns that cannot match: the same result, at half the cost.

Python-Markdown tries every inline pattern on every piece of text. Nearly all of them need a sign that most pieces do not hold: a
bracket, a backtick, an ampersand. Which signs a pattern needs is read from its own expression; one of which that cannot be said is
always tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from re import _constants as codes  # type: ignore[attr-defined]  # the parser that `re` itself uses
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import markdown
from markdown.treeprocessors import InlineProcessor
from markdown.util import AtomicString

_PRIORITY = 20  # of Python-Markdown's own
_REPEATS = frozenset({codes.MAX_REPEAT, codes.MIN_REPEAT, getattr(codes, "POSSESSIVE_REPEAT", None)})
_NAME = "inline"


class QuickInline(InlineProcessor):
    """Python-Markdown's inline processor; passes over patterns whose signs are missing."""

    def __init__(self, md: markdown.Markdown) -> None:
        super().__init__(md)
        self._needs: list[tuple[Any, re.Pattern[str] | None]] = [
            (pattern, _finder(needed_signs(pattern.getCompiledRegExp()))) for pattern in md.inlinePatterns
        ]

    def _InlineProcessor__handleInline(self, data: str, patternIndex: int = 0) -> str:  # noqa: N802, N803 - the names are Markdown's
        if isinstance(data, AtomicString):
            return data
        start = 0
        count = len(self._needs)
        while patternIndex < count:
            pattern, needed = self._needs[patternIndex]
            matched = False
            if needed is None or needed.search(data):
                data, matched, start = self._InlineProcessor__applyPattern(pattern, data, patternIndex, start)  # type: ignore[attr-defined]
            else:
                start = 0
            if not matched:
                patternIndex += 1  # noqa: N806
        return data


def hasten(md: markdown.Markdown) -> None:
    """Let `md`, with all its extensions in place, pass over patterns that cannot match."""
    if type(md.treeprocessors[_NAME]) is InlineProcessor:
        md.treeprocessors.register(QuickInline(md), _NAME, _PRIORITY)


def needed_signs(expression: re.Pattern[str]) -> frozenset[str] | None:
    """Signs of which every text that `expression` matches anywhere holds one; None if there is no such set to be read from it."""
    if expression.flags & re.IGNORECASE:
        return None
    return _needed(parser.parse(expression.pattern, expression.flags & ~re.DEBUG))


def _needed(sequence: Iterable[tuple[Any, Any]]) -> frozenset[str] | None:
    found = [signs for code, value in sequence if (signs := _of(code, value)) is not None]
    return min(found, key=lambda signs: (len(signs), " " in signs), default=None)  # a space says little


def _of(code: Any, value: Any) -> frozenset[str] | None:
    if code is codes.LITERAL:
        return frozenset({chr(value)})
    if code is codes.IN:
        return _of_set(value)
    if code in _REPEATS:
        least, _, inner = value
        return _needed(inner) if least else None
    if code is codes.SUBPATTERN:
        return _needed(value[-1])
    if code is getattr(codes, "ATOMIC_GROUP", None):
        return _needed(value)
    if code is codes.ASSERT:  # what is looked for ahead or behind stands in the text, too
        return _needed(value[1])
    if code is codes.BRANCH:
        return _union(map(_needed, value[1]))
    return None


def _of_set(items: Iterable[tuple[Any, Any]]) -> frozenset[str] | None:
    return _union(frozenset({chr(value)}) if code is codes.LITERAL else None for code, value in items)


def _union(several: Iterator[frozenset[str] | None]) -> frozenset[str] | None:
    union: frozenset[str] = frozenset()
    for signs in several:
        if signs is None:
            return None
        union |= signs
    return union


def _finder(signs: frozenset[str] | None) -> re.Pattern[str] | None:
    return None if signs is None else re.compile("[" + "".join(map(re.escape, sorted(signs))) + "]")
