"""Which signs a regular expression needs, and so which of many expressions a text need not be tried with.

A text without a bracket holds no link. The signs are read from the expression as `re` itself parses it; an expression of which that
cannot be said is always tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from re import _constants as codes  # type: ignore[attr-defined]  # the parser that `re` itself uses
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_REPEATS = frozenset({codes.MAX_REPEAT, codes.MIN_REPEAT, getattr(codes, "POSSESSIVE_REPEAT", None)})
_WITHOUT_WIDTH = frozenset({codes.AT, codes.ASSERT, codes.ASSERT_NOT})
_KEPT_SELECTIONS = 5000

Signs = frozenset[str]


class Sieve:
    """Of several things in a row, those that can concern a text. needs: of each the signs of which one must be there; None: any text."""

    def __init__(self, needs: Sequence[Signs | None]) -> None:
        self._needs = tuple(needs)
        self._signs = any_of(frozenset().union(*(signs for signs in needs if signs)))
        self._selections: dict[Signs, tuple[int, ...]] = {}

    def following(self, text: str) -> tuple[int, ...]:
        """For each place in the row, and for the one after the last: the first place from there on that can concern `text`."""
        signs = frozenset(self._signs.findall(text))
        selection = self._selections.get(signs)
        if selection is None:
            if len(self._selections) > _KEPT_SELECTIONS:
                self._selections.clear()
            selection = self._selections[signs] = self._select(signs)
        return selection

    def _select(self, signs: Signs) -> tuple[int, ...]:
        place = len(self._needs)
        backwards = [place]
        for needed in reversed(self._needs):
            place -= 1
            backwards.append(place if needed is None or not needed.isdisjoint(signs) else backwards[-1])
        return tuple(reversed(backwards))


def any_of(signs: Signs) -> re.Pattern[str]:
    """An expression for one of the signs."""
    return re.compile("[" + "".join(map(re.escape, sorted(signs))) + "]" if signs else r"(?!)")


def needed_signs(expression: re.Pattern[str]) -> Signs | None:
    """Signs of which every text that `expression` matches anywhere holds one; None if there is no such set to be read from it."""
    if expression.flags & re.IGNORECASE:
        return None
    return _needed(parser.parse(expression.pattern, expression.flags & ~re.DEBUG))


def _needed(sequence: Iterable[tuple[Any, Any]]) -> Signs | None:
    found = [signs for code, value in sequence if (signs := _of(code, value)) is not None]
    return min(found, key=_commonness, default=None)


def _commonness(signs: Signs) -> tuple[bool, int, bool]:
    """How little it says that a text holds one of them: a space or the end of a line stands in nearly every text."""
    return (not signs.isdisjoint(" \n"), len(signs), " " in signs)


def _of(code: Any, value: Any) -> Signs | None:
    if code is codes.LITERAL:
        return frozenset({chr(value)})
    if code is codes.IN:
        return _of_set(value)
    if code in _REPEATS:
        least, _, inner = value
        return _needed(inner) if least else None
    if code is codes.SUBPATTERN:
        return None if value[1] & re.IGNORECASE else _needed(value[-1])
    if code is getattr(codes, "ATOMIC_GROUP", None):
        return _needed(value)
    if code is codes.ASSERT:  # what is looked for ahead or behind stands in the text, too
        return _needed(value[1])
    if code is codes.BRANCH:
        return _union(map(_needed, value[1]))
    return None


def _of_set(items: Iterable[tuple[Any, Any]]) -> Signs | None:
    return _union(frozenset({chr(value)}) if code is codes.LITERAL else None for code, value in items)


def _union(several: Iterator[Signs | None]) -> Signs | None:
    union: Signs = frozenset()
    for signs in several:
        if signs is None:
            return None
        union |= signs
    return union


def first_signs(expression: re.Pattern[str]) -> Signs | None:
    """Signs with one of which every match of `expression` begins; None if there is no such set to be read from it."""
    if expression.flags & re.IGNORECASE:
        return None
    return _first(parser.parse(expression.pattern, expression.flags & ~re.DEBUG))


def _first(sequence: Iterable[tuple[Any, Any]]) -> Signs | None:
    for code, value in sequence:
        if code in _WITHOUT_WIDTH:
            continue
        if code is codes.BRANCH:
            return _union(map(_first, value[1]))
        if code is codes.SUBPATTERN:
            return None if value[1] & re.IGNORECASE else _first(value[-1])
        if code is getattr(codes, "ATOMIC_GROUP", None):
            return _first(value)
        if code in _REPEATS:
            return _first(value[2]) if value[0] else None
        return _of(code, value)
    return None
