"""What a page's telling must look like: strict JSON of `contract.signals`, nothing more and nothing else.

- Unknown fields, NaN, a value outside its kind's range, a name with other signs than letters, digits, `-` and `_`: the whole telling is
  refused, for our own page does not write such a thing (attack cases X12, X13).
- Events of lessons that the current release does not have are left out: pages may be older than the release.
- The time that is kept is the gatekeeper's, less the age that the page states, at most OLDEST_SECONDS; older events are left out
  (attack case E03).
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from gatekeeper.contract.signals import MOST_EVENTS, OLDEST_SECONDS

_NAME = r"\A[A-Za-z0-9_-]{16,40}\Z"
_WORD = r"\A[a-z0-9][a-z0-9-]{0,39}\Z"
_LONGEST_AGE = 10**12  # milliseconds; what is above is no clock's

Name = Annotated[str, msgspec.Meta(pattern=_NAME)]
Word = Annotated[str, msgspec.Meta(pattern=_WORD)]
Kind = Literal["view", "depth", "time", "finished", "search", "copied", "clicked", "bought"]

# kind → the range of its value; kinds that are not here have none
_RANGES = {"depth": (0.0, 1.0), "time": (0.0, 3600.0), "search": (0.0, 1_000_000.0)}
_WITHOUT_LESSON = frozenset({"search"})


class TellingError(ValueError):
    """The body is no telling. The message says why and repeats nothing of it."""


class TooManyError(TellingError):
    """More than MOST_EVENTS events."""


class _Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Name
    kind: Kind
    age: Annotated[int, msgspec.Meta(ge=0, le=_LONGEST_AGE)]
    lesson: Annotated[str, msgspec.Meta(min_length=1, max_length=400)] | None = None
    value: float | None = None
    list: Word | None = None
    place: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None
    variant: Word | None = None


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    v: Literal[1]
    reader: Name
    events: list[_Event] = []
    forget: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event. lesson: of the current release, or None for a search elsewhere. at: by the gatekeeper's clock."""

    id: str
    kind: str
    at: datetime
    lesson: str | None = None
    value: float | None = None
    list_: str | None = None
    place: int | None = None
    variant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """browser: the name that the page gives. is_farewell: everything told under it is to be deleted."""

    browser: str
    events: tuple[Told, ...]
    is_farewell: bool = False


_decoder = msgspec.json.Decoder(_Body)


def read_telling(body: bytes, *, lessons: Container[str], now: datetime) -> Telling:
    """The telling in `body`. lessons: those of the current release. Raises TellingError for anything that is none."""
    try:
        told = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise TellingError("not a telling of signals") from error
    if len(told.events) > MOST_EVENTS:
        raise TooManyError(f"more than {MOST_EVENTS} events")
    if told.forget and told.events:
        raise TellingError("a farewell tells nothing")
    for event in told.events:
        _check(event)
    return Telling(
        browser=told.reader,
        events=tuple(
            _told(event, now)
            for event in told.events
            if event.age <= OLDEST_SECONDS * 1000
            and (event.lesson in lessons if event.lesson is not None else event.kind in _WITHOUT_LESSON)
        ),
        is_farewell=told.forget,
    )


def _check(event: _Event) -> None:
    if event.kind in _RANGES:
        least, most = _RANGES[event.kind]
        if event.value is None or not least <= event.value <= most:
            raise TellingError(f"the value of {event.kind} is out of range")
    elif event.value is not None:
        raise TellingError(f"{event.kind} has no value")
    if event.lesson is None and event.kind not in _WITHOUT_LESSON:
        raise TellingError(f"{event.kind} names no lesson")


def _told(event: _Event, now: datetime) -> Told:
    return Told(
        id=event.id,
        kind=event.kind,
        at=now - timedelta(milliseconds=event.age),
        lesson=event.lesson,
        value=event.value,
        list_=event.list,
        place=event.place,
        variant=event.variant,
    )
