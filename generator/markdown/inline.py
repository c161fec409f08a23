"""Inline markup without the patterns that cannot match: the same result, at half the cost.

Python-Markdown tries every inline pattern on every piece of text. Nearly all of them need a sign that most pieces do not hold: a
bracket, a backtick, an ampersand (`signs`).
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree.ElementTree import Element

import markdown
from markdown.inlinepatterns import InlineProcessor as InlinePattern
from markdown.treeprocessors import InlineProcessor
from markdown.util import AtomicString

from generator.markdown.signs import Sieve, any_of, first_signs, needed_signs

_PRIORITY = 20  # of Python-Markdown's own
_NAME = "inline"


class QuickInline(InlineProcessor):
    """Python-Markdown's inline processor; passes over patterns whose signs are missing, and over text before the first of them."""

    def __init__(self, md: markdown.Markdown) -> None:
        super().__init__(md)
        self._known: list[tuple[Any, re.Pattern[str]]] = []
        self._starts: list[re.Pattern[str] | None] = []
        self._sieve = Sieve(())

    def run(self, tree: Element, ancestors: list[str] | None = None) -> Element:
        patterns = [(pattern, pattern.getCompiledRegExp()) for pattern in self.md.inlinePatterns]
        if patterns != self._known:
            self._known = patterns
            self._starts = [_start(pattern, expression) for pattern, expression in patterns]
            self._sieve = Sieve([needed_signs(expression) for _, expression in patterns])
        return super().run(tree, ancestors)

    def _InlineProcessor__handleInline(self, data: str, patternIndex: int = 0) -> str:  # noqa: N802, N803 - the names are Markdown's
        if isinstance(data, AtomicString):
            return data
        count = len(self._known)
        following = self._sieve.following(data)
        here, start = patternIndex, 0
        while (index := following[here]) < count:
            if index != here:
                start = 0
            first = self._starts[index]
            if first is not None:
                sign = first.search(data, start)
                if sign is None:
                    here, start = index + 1, 0
                    continue
                start = sign.start()
            changed, matched, start = self._InlineProcessor__applyPattern(  # type: ignore[attr-defined]
                self._known[index][0], data, index, start
            )
            here = index if matched else index + 1
            if changed is not data:
                data = changed
                following = self._sieve.following(data)
        return data


def _start(pattern: Any, expression: re.Pattern[str]) -> re.Pattern[str] | None:
    """What every match of the pattern begins with, where that is worth looking for by itself."""
    signs = first_signs(expression)
    if not isinstance(pattern, InlinePattern) or signs is None or not signs.isdisjoint(" \n"):
        return None
    return any_of(signs)


def hasten(md: markdown.Markdown) -> None:
    """Let `md`, with all its extensions in place, pass over patterns that cannot match."""
    if type(md.treeprocessors[_NAME]) is InlineProcessor:
        md.treeprocessors.register(QuickInline(md), _NAME, _PRIORITY)
