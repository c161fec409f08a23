"""Weights → the lists that pages print, and the rows that browsers add up.

- A lesson's list begins with the next of its course, if there is one; then what the weights say, best first.
- Diversity: at most OF_ONE_COURSE lessons of any course, as long as others are to be had.
- Exploration: one place in ten, by lot, goes to a lesson that the weights or the texts name further down and that stands in the fewest
  lists so far; so that what nobody knows yet gets its chance, and is counted when it is clicked.
- What is missing then is filled with what is popular, first in the lesson's own language, never with lessons that fewer than LEAST_READERS took up.
- The lot falls the same way for equal inputs (`seed`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from generator.recommend.evidence import Evidence, Row
from generator.recommend.packing import NO_TAG, Entry, pack
from generator.recommend.queries import LEAST_READERS
from generator.recommend.recommendations import Reason, Suggestion
from generator.recommend.sparse import Vector

LENGTH = 5
COURSE_LENGTH = 4
OF_ONE_COURSE = 3
EXPLORED_PERCENT = 10
MOST_POPULAR = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    lessons: dict[str, tuple[Suggestion, ...]]
    courses: dict[str, tuple[Suggestion, ...]]
    popular: tuple[Suggestion, ...]


def lists(
    known: Evidence,
    weights: csr_array,
    counts: Vector,
    courses: Sequence[tuple[str, Sequence[int]]],
    *,
    seed: int,
) -> Lists:
    """weights: lessons × lessons, what a list is ordered by. counts: readers of each lesson. courses: id, places of its lessons."""
    favourites = _most_read(counts, [lesson.language for lesson in known.lessons])
    shown: Counter[int] = Counter()
    lot = np.random.default_rng(seed)
    tried = [_tried(lot) for _ in known.lessons]
    found: dict[str, tuple[Suggestion, ...]] = {}
    for place, lesson in enumerate(known.lessons):
        row = known.row(place)
        made = _lesson_list(row, _best(weights, place), favourites[lesson.language], tried[place], shown)
        if made:
            found[lesson.id] = made
    after = {
        id_: made for id_, places in courses if (made := _course_list(known, places, weights, favourites))
    }
    popular = tuple(_popular(known, place) for place in _of_each_language(known, counts))
    return Lists(lessons=found, courses=after, popular=popular)


def packed_rows(known: Evidence, weights: csr_array, keys: dict[str, int]) -> dict[str, bytes]:
    """Lesson → its row, for lessons that have one. keys: of the lessons that may be named."""
    rows = {}
    for place, lesson in enumerate(known.lessons):
        row = known.row(place)
        here = slice(weights.indptr[place], weights.indptr[place + 1])
        entries = [
            _entry(row, other, weight, keys[known.lessons[other].id])
            for other, weight in zip(weights.indices[here].tolist(), weights.data[here].tolist(), strict=True)
            if known.lessons[other].id in keys
        ]
        if entries:
            rows[lesson.id] = pack(entries)
    return rows


def _entry(row: Row, other: int, weight: float, key: int) -> Entry:
    reason = row.reason(other)
    return Entry(
        key=key, weight=weight, reason=reason, tag=row.tag(other) if reason is Reason.TOPIC else NO_TAG
    )


def _lesson_list(
    row: Row, best: list[int], favourites: list[int], tried: int | None, shown: Counter[int]
) -> tuple[Suggestion, ...]:
    after = row.evidence.following.get(row.lesson)
    first = [after] if after is not None else []
    chosen = _diverse(row.evidence, first, [place for place in best if place != row.lesson], LENGTH)
    further = [place for place in dict.fromkeys([*best, *row.texts]) if place not in {row.lesson, *chosen}]
    explored = -1
    if tried is not None and len(first) <= tried < len(chosen) and further:
        explored = min(further, key=lambda other: shown[other])  # of equal ones the best
        chosen[tried] = explored
    shown.update(chosen)
    made = [row.suggestion(other, explored=other == explored) for other in chosen]
    for place in favourites:
        if len(made) == LENGTH:
            break
        if place != row.lesson and place not in chosen:
            made.append(_popular(row.evidence, place))
    return tuple(made)


def _tried(lot: np.random.Generator) -> int | None:
    """Which place of a list explores, if any: never the first, and over all lists EXPLORED_PERCENT of places."""
    place = int(lot.integers(1, LENGTH))
    return place if lot.integers(0, 100) < EXPLORED_PERCENT * LENGTH else None


def _course_list(
    known: Evidence, own: Sequence[int], weights: csr_array, favourites: Mapping[str, list[int]]
) -> tuple[Suggestion, ...]:
    """For somebody at the course's end: what its lessons together lead to, elsewhere."""
    inside = set(own)
    if not inside:
        return ()
    total = np.asarray(weights[list(own)].sum(axis=0)).ravel()
    order = [place for place in _order(total, np.flatnonzero(total > 0)) if place not in inside]
    made = []
    for other in _diverse(known, [], order, COURSE_LENGTH):
        source = max(own, key=lambda place: (float(weights[place, other]), -place))
        made.append(known.row(source).suggestion(other))
    named = {one.lesson for one in made}
    for place in favourites[known.lessons[own[0]].language]:
        if len(made) == COURSE_LENGTH:
            break
        if place not in inside and known.lessons[place].id not in named:
            made.append(_popular(known, place))
    return tuple(made)


def _diverse(known: Evidence, first: list[int], best: list[int], length: int) -> list[int]:
    """`first`, then the best with at most OF_ONE_COURSE of a course; the places that this leaves empty go to the best of the rest."""
    chosen = list(first)
    of_course = Counter(known.lessons[place].course for place in chosen)
    rest = []
    for place in best:
        if len(chosen) == length:
            break
        if place in chosen:
            continue
        course = known.lessons[place].course
        if of_course[course] < OF_ONE_COURSE:
            of_course[course] += 1
            chosen.append(place)
        else:
            rest.append(place)
    return [*chosen, *rest[: length - len(chosen)]]


def _best(weights: csr_array, row: int) -> list[int]:
    here = slice(weights.indptr[row], weights.indptr[row + 1])
    values, columns = weights.data[here], weights.indices[here]
    return [int(columns[place]) for place in np.lexsort((columns, -values)) if values[place] > 0]


def _order(values: NDArray[np.float32], places: NDArray[np.int64]) -> list[int]:
    chosen: list[int] = places[np.lexsort((places, -values[places]))].tolist()
    return chosen


def _most_read(counts: Vector, languages: Sequence[str]) -> dict[str, list[int]]:
    """Language → the lessons that enough readers took up, those in that language first, each part by readers."""
    order = _order(counts, np.flatnonzero(counts >= LEAST_READERS))
    return {
        language: sorted(order, key=lambda place: languages[place] != language) for language in set(languages)
    }


def _of_each_language(known: Evidence, counts: Vector) -> list[int]:
    """By readers, MOST_POPULAR of each language at most, so that none is crowded out by another."""
    taken: Counter[str] = Counter()
    chosen = []
    for place in _order(counts, np.flatnonzero(counts >= LEAST_READERS)):
        language = known.lessons[place].language
        if taken[language] < MOST_POPULAR:
            taken[language] += 1
            chosen.append(place)
    return chosen


def _popular(known: Evidence, place: int) -> Suggestion:
    return Suggestion(lesson=known.lessons[place].id, reason=Reason.POPULAR)
