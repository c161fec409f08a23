"""Readers who never were: behaviour for a demo, drawn from a seed, so that a school without readers shows what it would recommend.

Every reader has a language, comes on some days and on fewer as time goes by, begins mostly where courses begin, goes on to the next lesson,
to one of two companions that every lesson has by the seed, or to what is read anyway. Some finish, some click a list, a few buy. It is no model
of people and no claim about any: `lyceum demo` says so, puts it in its own folder and never into a store.

The same school, seed and moment give the same file, byte for byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from generator.access.edition import Edition
from generator.catalogue.model import Lesson
from generator.recommend.holdout import variant
from generator.recommend.interactions import COLUMNS

if TYPE_CHECKING:
    from numpy.random import Generator

NAME = "demo.parquet"
READERS = 400
DAYS = 150
_DAY_SECONDS = 86_400
_NEXT, _COMPANION = 0.55, 0.3  # where a reader goes on to; else what is popular
_STAYS = 0.78  # comes again after a day


@dataclass(slots=True, kw_only=True)
class _Event:
    reader: str
    lesson: str | None
    kind: str
    at: int
    value: float | None = None
    list: str | None = None
    place: int | None = None
    variant: str | None = None


def write(folder: Path, edition: Edition, now: datetime, *, readers: int = READERS, seed: int = 7) -> Path:
    """Put the file into `folder`, made if it is missing."""
    import pyarrow as arrow
    from pyarrow import parquet

    lessons = [lesson for course in edition.courses for lesson in course.lessons]
    events = _events(lessons, int(now.timestamp()), readers, np.random.default_rng(seed)) if lessons else []
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    types = {
        "VARCHAR": arrow.string(),
        "BIGINT": arrow.int64(),
        "DOUBLE": arrow.float64(),
        "INTEGER": arrow.int32(),
    }
    columns = {
        name: arrow.array([getattr(event, name) for event in events], types[type_])
        for name, type_ in COLUMNS.items()
    }
    parquet.write_table(arrow.table(columns), path, compression="zstd")
    return path


def _events(lessons: Sequence[Lesson], now: int, readers: int, random: Generator) -> list[_Event]:
    count = len(lessons)
    companions = random.integers(0, count, (count, 2))
    popular = 1 / np.arange(1, count + 1) ** 0.7
    popular = random.permutation(popular)
    found: list[_Event] = []
    for number in range(readers):
        name = hashlib.sha256(f"demo reader {number}".encode()).hexdigest()[:32]
        found += _reader(name, lessons, companions, popular, now, random)
    return sorted(found, key=lambda event: (event.at, event.reader, event.kind))


def _reader(
    name: str,
    lessons: Sequence[Lesson],
    companions: np.ndarray[tuple[int, int], np.dtype[np.int64]],
    popular: np.ndarray[tuple[int], np.dtype[np.float64]],
    now: int,
    random: Generator,
) -> list[_Event]:
    languages = sorted({lesson.language for lesson in lessons})
    own = languages[int(random.integers(len(languages)))]
    reads_all = random.random() < 0.2
    open_to = np.array([reads_all or lesson.language == own for lesson in lessons])
    starts = [place for place in np.flatnonzero(open_to) if _begins(lessons, int(place))]
    here = (
        int(random.choice(starts)) if random.random() < 0.8 else int(random.choice(np.flatnonzero(open_to)))
    )
    at = now - int(random.integers(1, DAYS) * _DAY_SECONDS - random.integers(0, 12 * 3600))
    pace = float(random.gamma(1.2, 3.0)) + 0.5  # days between visits
    lot = variant(name)
    read: set[int] = set()
    found: list[_Event] = []
    while at < now:
        for _ in range(int(random.integers(1, 4))):
            if at >= now:
                break
            read.add(here)
            found += _reading(name, lessons[here].id, at, lot, random)
            at += int(random.integers(300, 2400))
            here = _onward(here, lessons, companions, popular, open_to, random)
        if len(read) >= 3 and lessons[here].products and random.random() < 0.06:
            found.append(
                _Event(reader=name, lesson=lessons[here].id, kind="bought", at=min(at, now - 1), variant=lot)
            )
        if random.random() > _STAYS:
            break
        at += int(random.exponential(pace) * _DAY_SECONDS) + _DAY_SECONDS // 2
    return [event for event in found if event.at < now]


def _reading(name: str, lesson: str, at: int, lot: str, random: Generator) -> list[_Event]:
    depth = float(random.beta(3, 1.2))
    seconds = round(float(random.gamma(2.0, 180)))
    found = [
        _Event(reader=name, lesson=lesson, kind="view", at=at, variant=lot),
        _Event(reader=name, lesson=lesson, kind="depth", at=at + 60, value=round(depth, 2), variant=lot),
        _Event(reader=name, lesson=lesson, kind="time", at=at + 90, value=float(seconds), variant=lot),
    ]
    if depth > 0.7:
        found.append(_Event(reader=name, lesson=lesson, kind="finished", at=at + 120, variant=lot))
    if random.random() < (0.2 if lot == "model" else 0.14):
        place = int(random.integers(1, 5))
        found.append(
            _Event(reader=name, lesson=lesson, kind="clicked", at=at, list="lesson", place=place, variant=lot)
        )
    return found


def _onward(
    here: int,
    lessons: Sequence[Lesson],
    companions: np.ndarray[tuple[int, int], np.dtype[np.int64]],
    popular: np.ndarray[tuple[int], np.dtype[np.float64]],
    open_to: np.ndarray[tuple[int], np.dtype[np.bool_]],
    random: Generator,
) -> int:
    way = random.random()
    if way < _NEXT and here + 1 < len(lessons) and lessons[here + 1].course == lessons[here].course:
        return here + 1
    if way < _NEXT + _COMPANION:
        other = int(companions[here][int(random.integers(2))])
        if open_to[other]:
            return other
    chances = popular * open_to
    return int(random.choice(len(lessons), p=chances / chances.sum()))


def _begins(lessons: Sequence[Lesson], place: int) -> bool:
    return place == 0 or lessons[place - 1].course != lessons[place].course
