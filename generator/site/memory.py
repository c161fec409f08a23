"""A large school's texts are needed while its pages are made, and no longer: what comes after must not lie on top of them."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from dataclasses import replace

from generator.access.edition import Edition
from generator.catalogue.model import Lesson


def without_texts(edition: Edition) -> Edition:
    """The edition without the texts of its visible lessons; those that nobody may see yet keep theirs."""
    awaited = {lesson.path for lesson in (*edition.upcoming, *edition.hidden)}

    def bare(lesson: Lesson) -> Lesson:
        return lesson if lesson.path in awaited else replace(lesson, body="")

    lessons = {
        id_: replace(
            cut,
            lesson=bare(cut.lesson),
            public_markdown="",
            private_markdown=None if cut.private_markdown is None else "",
        )
        for id_, cut in edition.lessons.items()
    }
    courses = tuple(replace(course, lessons=tuple(map(bare, course.lessons))) for course in edition.courses)
    every = tuple(
        replace(course, lessons=tuple(map(bare, course.lessons))) for course in edition.school.courses
    )
    return replace(edition, school=replace(edition.school, courses=every), courses=courses, lessons=lessons)


def give_back_memory() -> None:
    """Hand what was freed to the system, where the C library can."""
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
