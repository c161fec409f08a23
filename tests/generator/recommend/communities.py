"""Made-up readers for the models' tests: Interactions and Readings without files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from generator.recommend.interactions import NO_TIME, Interactions
from generator.recommend.readings import Readings, build


def interactions(events: Iterable[tuple[int, str] | tuple[int, str, int]]) -> Interactions:
    """events: (reader, lesson's name) or (reader, lesson's name, seconds since 1970)."""
    listed = list(events)
    lessons = tuple(sorted({event[1] for event in listed}))
    code = {name: place for place, name in enumerate(lessons)}
    return Interactions(
        reader_count=1 + max((event[0] for event in listed), default=-1),
        lessons=lessons,
        reader=np.array([event[0] for event in listed], np.int32),
        lesson=np.array([code[event[1]] for event in listed], np.int32),
        at=np.array([event[2] if len(event) == 3 else NO_TIME for event in listed], np.int64),
        weight=np.ones(len(listed), np.float32),
    )


def readings(histories: Sequence[Sequence[int]], lessons: int, *, timed: bool = False) -> Readings:
    """histories: lessons of each reader, in the order in which they were taken up, an hour apart."""
    ids = tuple(f"lesson-{place:03}" for place in range(lessons))
    reader = np.repeat(np.arange(len(histories)), [len(one) for one in histories]).astype(np.int64)
    lesson = np.array([place for one in histories for place in one], np.int64)
    at = np.array([3600 * place for one in histories for place in range(len(one))], np.int64)
    return build(ids, reader, lesson, at if timed else None)


def groups(readers: int, lessons: int, *, count: int = 4, length: int = 8, seed: int = 1) -> list[list[int]]:
    """Histories of readers who keep to one group of lessons, with a lesson from anywhere now and then."""
    lot = np.random.default_rng(seed)
    found = []
    for _ in range(readers):
        own = np.flatnonzero(np.arange(lessons) % count == lot.integers(count))
        history = lot.permutation(own)[:length].tolist()
        if lot.random() < 0.5:
            history.append(int(lot.integers(lessons)))
        found.append(list(dict.fromkeys(history)))
    return found


def at_random(readers: int, lessons: int, *, length: int = 6, seed: int = 1) -> list[list[int]]:
    """Histories that say nothing but what is popular."""
    lot = np.random.default_rng(seed)
    share = 1 / np.arange(1, lessons + 1)
    return [
        lot.choice(lessons, length, replace=False, p=share / share.sum()).tolist() for _ in range(readers)
    ]
