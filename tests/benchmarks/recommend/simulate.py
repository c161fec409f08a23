"""Readers that never were, as many as one likes: signals with the shape of real ones, drawn from a seed.

How much a reader reads is log-normal, so most read little and a few read everything. Lessons lie in communities of a hundred; seven times in ten a
reader stays in their own, where lessons are as popular as 1 / rank^0.8, else anything is read that is popular everywhere. Each
event is a view or, three times in ten, a lesson finished, at any second of half a year. No model of people; the counts are what matters.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as arrow
from pyarrow import parquet

from generator.signals.files import schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

COMMUNITY = 100  # lessons
HOME = 0.7
FINISHED = 0.3
SKEW = 0.8
SPREAD = 1.0  # of the logarithm of how much a reader reads
FIRST_SECOND = 1_750_000_000
DAYS = 180
_DAY = 86_400


def write_signals(folder: Path, *, readers: int, lessons: int, events: int, seed: int = 0) -> int:
    """Puts `day-….parquet` files into the folder, as `lyceum signals export` does. Returns how many events there are, about `events`."""
    random = np.random.default_rng(seed)
    who, what = _drawn(readers, lessons, events, random)
    at = FIRST_SECOND + random.integers(0, DAYS * _DAY, len(who))
    order = np.argsort(at, kind="stable")
    who, what, at = who[order], what[order], at[order]
    finished = random.random(len(who)) < FINISHED
    names = arrow.array([f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}" for number in range(readers)])
    ids = arrow.array([f"course-{number // 50}/lesson-{number % 50}" for number in range(lessons)])
    kinds = arrow.array(["view", "finished"])
    folder.mkdir(parents=True, exist_ok=True)
    ends = np.searchsorted(at, FIRST_SECOND + _DAY * np.arange(1, DAYS + 1))
    start = 0
    for day, end in enumerate(ends):
        some = slice(start, end)
        known = {
            "reader": names.take(arrow.array(who[some])),
            "lesson": ids.take(arrow.array(what[some])),
            "kind": kinds.take(arrow.array(finished[some].astype(np.int8))),
            "at": arrow.array(at[some]),
        }
        columns = [known.get(field.name, arrow.nulls(int(end - start), field.type)) for field in schema()]
        parquet.write_table(arrow.table(columns, schema=schema()), folder / f"day-{day:03}.parquet")
        start = int(end)
    return len(who)


def _drawn(
    readers: int, lessons: int, events: int, random: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Who read what, one row for each event."""
    eager = random.lognormal(0, SPREAD, readers)
    who = np.repeat(np.arange(readers, dtype=np.int32), random.poisson(eager * events / eager.sum()))
    size = min(COMMUNITY, lessons)
    homes = random.integers(0, max(1, lessons // size), readers).astype(np.int32)
    stays = random.random(len(who)) < HOME
    what = np.empty(len(who), np.int32)
    what[stays] = homes[who[stays]] * size + _ranked(size, int(stays.sum()), random)
    everywhere = random.permutation(lessons).astype(np.int32)
    what[~stays] = everywhere[_ranked(lessons, int((~stays).sum()), random)]
    return who, what


def _ranked(count: int, draws: int, random: np.random.Generator) -> NDArray[np.int32]:
    """Ranks from 0, as popular as 1 / rank^SKEW."""
    shares = np.cumsum(np.arange(1, count + 1) ** -SKEW)
    return np.minimum(np.searchsorted(shares / shares[-1], random.random(draws)), count - 1).astype(np.int32)
