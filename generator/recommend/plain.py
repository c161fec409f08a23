"""What to read next where nobody has read anything yet: the next lesson of the course, and lessons that share a tag.

Made of titles, tags and the order of courses alone, which the pages of a school show of each other anyway: whatever changes it makes
more than the text of one lesson another, so an incremental build prints what a clean one would. No library beyond the standard one.

Of a tag's lessons only those near in the order of the school count (NEAR on either side): a tag that everything has says nothing, and the
cost stays that of the number of tags.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import log

from generator.access.edition import Edition
from generator.catalogue.model import Course, Lesson
from generator.recommend.recommendations import Reason, Recommendations, Suggestion

MODEL = "course order and tags"
LENGTH = 5
COURSE_LENGTH = 4
OF_ONE_COURSE = 3
NEAR = 10


def plain(edition: Edition) -> Recommendations:
    """Lists for every published lesson and visible course; a school of one lesson has none."""
    lessons = [lesson for course in edition.courses for lesson in course.lessons]
    tagged = _tagged(lessons)
    places = {lesson.id: place for place, lesson in enumerate(lessons)}
    found: dict[str, tuple[Suggestion, ...]] = {}
    courses: dict[str, tuple[Suggestion, ...]] = {}
    for course in edition.courses:
        for number, lesson in enumerate(course.lessons):
            after = course.lessons[number + 1 : number + 2]
            suggestions = _list([lesson], after, tagged, places, lessons, LENGTH)
            if suggestions:
                found[lesson.id] = suggestions
        if suggestions := _of_course(course, tagged, places, lessons):
            courses[course.id] = suggestions
    return Recommendations(model=MODEL, lessons=found, courses=courses, popular=())


def _tagged(lessons: Iterable[Lesson]) -> Mapping[str, list[Lesson]]:
    tagged: dict[str, list[Lesson]] = defaultdict(list)
    for lesson in lessons:
        for tag in dict.fromkeys(lesson.tags):
            tagged[tag].append(lesson)
    return tagged


def _of_course(
    course: Course,
    tagged: Mapping[str, list[Lesson]],
    places: Mapping[str, int],
    lessons: Sequence[Lesson],
) -> tuple[Suggestion, ...]:
    """For somebody at the course's end: lessons elsewhere on its topics."""
    others = _list(list(course.lessons), (), tagged, places, lessons, COURSE_LENGTH + len(course.lessons))
    own = {lesson.id for lesson in course.lessons}
    return tuple(one for one in others if one.lesson not in own)[:COURSE_LENGTH]


def _list(
    read: Sequence[Lesson],
    after: Sequence[Lesson],
    tagged: Mapping[str, list[Lesson]],
    places: Mapping[str, int],
    lessons: Sequence[Lesson],
    length: int,
) -> tuple[Suggestion, ...]:
    scores: dict[str, float] = defaultdict(float)
    best: dict[str, tuple[float, str]] = {}
    known = {lesson.id for lesson in (*read, *after)}
    for lesson in read:
        for tag in dict.fromkeys(lesson.tags):
            worth = log(1 + len(lessons) / len(tagged[tag]))
            for other in _near(tagged[tag], lesson, places):
                if other.id in known:
                    continue
                worth_here = worth if other.language == lesson.language else worth / 4
                scores[other.id] += worth_here
                best[other.id] = max(best.get(other.id, (0.0, "")), (worth_here, tag))
    chosen = [Suggestion(lesson=lesson.id, reason=Reason.NEXT) for lesson in after]
    counts: dict[str, int] = defaultdict(int)
    for id_ in sorted(scores, key=lambda id_: (-scores[id_], places[id_])):
        course = lessons[places[id_]].course
        if counts[course] < OF_ONE_COURSE and len(chosen) < length:
            counts[course] += 1
            chosen.append(Suggestion(lesson=id_, reason=Reason.TOPIC, subject=best[id_][1]))
    return tuple(chosen)


def _near(holders: Sequence[Lesson], lesson: Lesson, places: Mapping[str, int]) -> Sequence[Lesson]:
    if len(holders) <= 2 * NEAR:
        return holders
    here = bisect_left(holders, places[lesson.id], key=lambda other: places[other.id])
    return holders[max(0, here - NEAR) : here + NEAR + 1]
